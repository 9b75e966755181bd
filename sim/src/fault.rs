//! Faults are values with names and numbers.
//!
//! Rules:
//! 1. A fault is a number of a [`Faults`]; 0 switches it off and changes no draw of the others.
//! 2. A preset is a point to start from, named on the command line.
//!
//! It doesn't know how a world carries them out.

use std::fmt;
use std::str::FromStr;

use crate::world::{Dice, Stream};

/// What may go wrong, and how slow things are. Times are virtual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// A frame travels at least so long, in microseconds.
    pub delay_us_min: u64,
    /// Mean of what a frame travels longer, in microseconds: reordering comes from this.
    pub delay_us_mean: u64,
    /// Frames lost, in a million.
    pub loss_ppm: u32,
    /// Frames that arrive twice, in a million.
    pub duplicate_ppm: u32,
    /// Mean time of a commit, in microseconds.
    pub commit_us_mean: u64,
    /// Mean time between crashes of the process, in milliseconds; 0: it never crashes.
    pub crash_every_ms: u64,
    /// Mean time that it is down, in milliseconds.
    pub down_ms_mean: u64,
    /// Mean time between cuts of one island from the others, one way or both, in milliseconds.
    pub cut_every_ms: u64,
    /// Mean time of a cut, in milliseconds.
    pub cut_ms_mean: u64,
}

/// The presets' names, as they are given.
pub const PRESETS: [&str; 7] =
    ["calm", "reorder", "lossy", "slow_disk", "crash_loop", "partition", "swarm"];

/// A name that is no preset's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPreset(String);

impl fmt::Display for UnknownPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no preset is called {:?}; there are {}", self.0, PRESETS.join(", "))
    }
}

impl std::error::Error for UnknownPreset {}

/// A preset: fixed faults, or faults drawn anew for each seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The same faults for each seed.
    Fixed(Faults),
    /// Each family of faults is there or not, and as strong, as the seed says.
    Swarm,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub const fn calm() -> Self {
        Self {
            delay_us_min: 5,
            delay_us_mean: 10,
            loss_ppm: 0,
            duplicate_ppm: 0,
            commit_us_mean: 150,
            crash_every_ms: 0,
            down_ms_mean: 20,
            cut_every_ms: 0,
            cut_ms_mean: 50,
        }
    }

    /// Frames overtake each other.
    #[must_use]
    pub const fn reorder() -> Self {
        Self { delay_us_mean: 5_000, duplicate_ppm: 100_000, ..Self::calm() }
    }

    /// Frames are lost, doubled and late.
    #[must_use]
    pub const fn lossy() -> Self {
        Self { loss_ppm: 200_000, ..Self::reorder() }
    }

    /// Commits take long, so much waits for them.
    #[must_use]
    pub const fn slow_disk() -> Self {
        Self { commit_us_mean: 20_000, ..Self::calm() }
    }

    /// The process crashes again and again, also in the middle of writes.
    #[must_use]
    pub const fn crash_loop() -> Self {
        Self { crash_every_ms: 60, commit_us_mean: 2_000, ..Self::calm() }
    }

    /// Islands are cut off for a while.
    #[must_use]
    pub const fn partition() -> Self {
        Self { cut_every_ms: 100, cut_ms_mean: 300, ..Self::calm() }
    }

    /// These faults, over: what a world heals to in its second phase.
    #[must_use]
    pub const fn healed(self) -> Self {
        Self { loss_ppm: 0, duplicate_ppm: 0, crash_every_ms: 0, cut_every_ms: 0, ..self }
    }
}

impl Preset {
    /// The faults of one seed.
    #[must_use]
    pub fn faults(self, dice: &Dice) -> Faults {
        let Self::Swarm = self else {
            let Self::Fixed(faults) = self else { unreachable!("there are two") };
            return faults;
        };
        let mut faults = Faults::calm();
        let on = |family| dice.happens(Stream::Faults, family, 0, 500_000);
        let upto = |family, most| 1 + dice.below(Stream::Faults, family, 1, most);
        if on(1) {
            faults.delay_us_mean = upto(1, 20_000);
        }
        if on(2) {
            faults.loss_ppm = upto(2, 300_000) as u32;
        }
        if on(3) {
            faults.duplicate_ppm = upto(3, 500_000) as u32;
        }
        if on(4) {
            faults.commit_us_mean = upto(4, 30_000);
        }
        if on(5) {
            faults.crash_every_ms = 20 + upto(5, 300);
            faults.down_ms_mean = upto(6, 100);
        }
        if on(7) {
            faults.cut_every_ms = 20 + upto(7, 300);
            faults.cut_ms_mean = upto(8, 500);
        }
        faults
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Ok(Self::Fixed(match name {
            "calm" => Faults::calm(),
            "reorder" => Faults::reorder(),
            "lossy" => Faults::lossy(),
            "slow_disk" => Faults::slow_disk(),
            "crash_loop" => Faults::crash_loop(),
            "partition" => Faults::partition(),
            "swarm" => return Ok(Self::Swarm),
            _ => return Err(UnknownPreset(name.to_owned())),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_its_name_and_a_swarm_differs_from_seed_to_seed() {
        for name in PRESETS {
            assert!(name.parse::<Preset>().is_ok(), "{name}");
        }
        let told = "stormy".parse::<Preset>().unwrap_err().to_string();
        assert!(told.contains("crash_loop"), "{told}");
        let faults = |seed| Preset::Swarm.faults(&Dice::new(seed));
        assert_eq!(faults(1), faults(1));
        assert!((2..40).any(|seed| faults(seed) != faults(1)));
    }
}
