//! Faults are values with names and numbers.
//!
//! Rules:
//! 1. A fault is a number of a [`Faults`]; 0 switches it off and changes no draw of the others.
//! 2. A preset is a point to start from, named on the command line.
//! 3. Within the budget (all but [`Faults::lie_ppm`]) nothing may be lost. A lie of the disk is
//!    beyond it: there the journal must refuse to open, by name.
//!
//! It doesn't know how a world carries them out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::world::{Dice, Stream};

/// What may go wrong, and how slow things are. Times are virtual; spans are means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// A frame travels at least so long, in microseconds.
    pub delay_us_min: u64,
    /// Mean of what a frame travels longer, in microseconds: reordering comes from this.
    pub delay_us_mean: u64,
    /// Mean of what all frames of a pair of islands travel longer, in microseconds.
    pub pair_delay_us_mean: u64,
    /// Frames lost, in a million.
    pub loss_ppm: u32,
    /// Frames that arrive twice, in a million.
    pub duplicate_ppm: u32,
    /// Mean time between clogs of a link, in milliseconds; 0: never.
    pub clog_every_ms: u64,
    /// Mean time of a clog, in milliseconds.
    pub clog_ms_mean: u64,
    /// Mean time between cuts of links, one way or both, in milliseconds; 0: never.
    pub cut_every_ms: u64,
    /// Mean time of a cut, in milliseconds.
    pub cut_ms_mean: u64,
    /// Mean time of a commit, in microseconds.
    pub commit_us_mean: u64,
    /// Commits that stall, in a million.
    pub stall_ppm: u32,
    /// Mean time of a stall, in milliseconds.
    pub stall_ms_mean: u64,
    /// Commits that fail (the write, the flush or a full disk), in a million. The process ends.
    pub disk_error_ppm: u32,
    /// Mean time between crashes of the process, in milliseconds; 0: it never crashes.
    pub crash_every_ms: u64,
    /// Mean time that it is down, in milliseconds.
    pub down_ms_mean: u64,
    /// Commits with a crash of the process at one of their boundaries, in a million.
    pub boundary_ppm: u32,
    /// Mean time between crashes of one island, in milliseconds; 0: never.
    pub fall_every_ms: u64,
    /// Crashes after which the disk turns out to have lied (a flush that was none, rot, a write
    /// that went elsewhere, a lost segment), in a million. Beyond the budget.
    pub lie_ppm: u32,
    /// Mean time between pauses of one island, in milliseconds; 0: never.
    pub pause_every_ms: u64,
    /// Mean time of a pause, in milliseconds.
    pub pause_ms_mean: u64,
    /// Mean time between steps of one island's clock, in milliseconds; 0: never.
    pub step_every_ms: u64,
    /// Mean size of a step, forwards or back, in milliseconds.
    pub step_ms_mean: u64,
    /// The most that an island's clock is fast or slow, in a million.
    pub drift_ppm: u32,
    /// Requests that are asked a second time, in a million.
    pub again_ppm: u32,
    /// Commits after which an island saves a snapshot, in a million. It restarts from it.
    pub save_ppm: u32,
    /// Worlds in which a part stays broken for ever, in a million.
    pub left_broken_ppm: u32,
}

/// The presets' names, as they are given.
pub const PRESETS: [&str; 10] = [
    "calm",
    "reorder",
    "lossy",
    "slow_disk",
    "flaky_disk",
    "crash_loop",
    "stall",
    "partition",
    "clocks",
    "swarm",
];

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

impl Default for Faults {
    fn default() -> Self {
        Self::calm()
    }
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub const fn calm() -> Self {
        Self {
            delay_us_min: 5,
            delay_us_mean: 10,
            pair_delay_us_mean: 0,
            loss_ppm: 0,
            duplicate_ppm: 0,
            clog_every_ms: 0,
            clog_ms_mean: 50,
            cut_every_ms: 0,
            cut_ms_mean: 50,
            commit_us_mean: 150,
            stall_ppm: 0,
            stall_ms_mean: 2_000,
            disk_error_ppm: 0,
            crash_every_ms: 0,
            down_ms_mean: 20,
            boundary_ppm: 0,
            fall_every_ms: 0,
            lie_ppm: 0,
            pause_every_ms: 0,
            pause_ms_mean: 100,
            step_every_ms: 0,
            step_ms_mean: 1_000,
            drift_ppm: 0,
            again_ppm: 0,
            save_ppm: 0,
            left_broken_ppm: 0,
        }
    }

    /// Frames overtake each other.
    #[must_use]
    pub const fn reorder() -> Self {
        Self {
            delay_us_mean: 5_000,
            pair_delay_us_mean: 2_000,
            duplicate_ppm: 100_000,
            ..Self::calm()
        }
    }

    /// Frames are lost, doubled and late.
    #[must_use]
    pub const fn lossy() -> Self {
        Self { loss_ppm: 200_000, again_ppm: 100_000, ..Self::reorder() }
    }

    /// Commits take long, so much waits for them.
    #[must_use]
    pub const fn slow_disk() -> Self {
        Self { commit_us_mean: 20_000, ..Self::calm() }
    }

    /// Commits fail, stall and are torn, and now and then the disk has lied.
    #[must_use]
    pub const fn flaky_disk() -> Self {
        Self {
            commit_us_mean: 3_000,
            stall_ppm: 10_000,
            stall_ms_mean: 300,
            disk_error_ppm: 30_000,
            crash_every_ms: 150,
            lie_ppm: 300_000,
            save_ppm: 50_000,
            ..Self::calm()
        }
    }

    /// The process crashes again and again, also in the middle of writes; so do islands.
    #[must_use]
    pub const fn crash_loop() -> Self {
        Self {
            crash_every_ms: 60,
            boundary_ppm: 50_000,
            fall_every_ms: 40,
            save_ppm: 50_000,
            commit_us_mean: 2_000,
            ..Self::calm()
        }
    }

    /// Islands pause, links clog, the disk stalls.
    #[must_use]
    pub const fn stall() -> Self {
        Self {
            stall_ppm: 20_000,
            stall_ms_mean: 1_000,
            pause_every_ms: 50,
            pause_ms_mean: 200,
            clog_every_ms: 30,
            clog_ms_mean: 300,
            ..Self::calm()
        }
    }

    /// Islands are cut off for a while; at the end some stay so in half of the worlds.
    #[must_use]
    pub const fn partition() -> Self {
        Self { cut_every_ms: 100, cut_ms_mean: 300, left_broken_ppm: 500_000, ..Self::calm() }
    }

    /// Clocks step, forwards and back, and drift.
    #[must_use]
    pub const fn clocks() -> Self {
        Self { step_every_ms: 30, drift_ppm: 100_000, fall_every_ms: 100, ..Self::calm() }
    }

    /// These faults, over: what a world heals to in its second phase.
    #[must_use]
    pub const fn healed(self) -> Self {
        Self {
            loss_ppm: 0,
            duplicate_ppm: 0,
            stall_ppm: 0,
            disk_error_ppm: 0,
            boundary_ppm: 0,
            lie_ppm: 0,
            again_ppm: 0,
            ..self
        }
    }

    /// Each family of faults is there or not, and as strong, as the dice say.
    fn swarm(dice: &Dice) -> Self {
        let mut faults = Self::calm();
        let on = |family| dice.happens(Stream::Faults, family, 0, 500_000);
        let upto = |family, most| 1 + dice.below(Stream::Faults, family, 1, most);
        let ppm = |family, most| upto(family, most) as u32;
        if on(1) {
            faults.delay_us_mean = upto(1, 20_000);
        }
        if on(2) {
            faults.loss_ppm = ppm(2, 300_000);
        }
        if on(3) {
            faults.duplicate_ppm = ppm(3, 500_000);
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
        if on(9) {
            faults.pair_delay_us_mean = upto(9, 10_000);
        }
        if on(10) {
            faults.clog_every_ms = 20 + upto(10, 300);
            faults.clog_ms_mean = upto(11, 300);
        }
        if on(12) {
            faults.stall_ppm = ppm(12, 20_000);
            faults.stall_ms_mean = upto(13, 2_000);
        }
        if on(14) {
            faults.disk_error_ppm = ppm(14, 20_000);
        }
        if on(15) {
            faults.boundary_ppm = ppm(15, 50_000);
        }
        if on(16) {
            faults.fall_every_ms = 20 + upto(16, 200);
        }
        if on(17) {
            faults.lie_ppm = ppm(17, 500_000);
        }
        if on(18) {
            faults.pause_every_ms = 20 + upto(18, 300);
            faults.pause_ms_mean = upto(19, 500);
        }
        if on(20) {
            faults.step_every_ms = 20 + upto(20, 300);
            faults.step_ms_mean = upto(21, 5_000);
        }
        if on(22) {
            faults.drift_ppm = ppm(22, 200_000);
        }
        if on(23) {
            faults.again_ppm = ppm(23, 200_000);
        }
        if on(24) {
            faults.save_ppm = ppm(24, 200_000);
        }
        faults.left_broken_ppm = 250_000;
        faults
    }
}

impl Preset {
    /// The faults of one seed.
    #[must_use]
    pub fn faults(self, dice: &Dice) -> Faults {
        match self {
            Self::Fixed(faults) => faults,
            Self::Swarm => Faults::swarm(dice),
        }
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
            "flaky_disk" => Faults::flaky_disk(),
            "crash_loop" => Faults::crash_loop(),
            "stall" => Faults::stall(),
            "partition" => Faults::partition(),
            "clocks" => Faults::clocks(),
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
