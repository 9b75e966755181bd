//! Chance without state: every draw is a hash of the seed and of what it is about.
//!
//! Rules:
//! 1. The same (seed, stream, about) gives the same draw, in any order and in any process.
//! 2. What is asked can be drawn from one seed and all else from another: the same commands in
//!    another weather.
//! 3. Integers only: no draw depends on a machine's floating point.
//!
//! It doesn't know what is decided by it.

use crate::mix::mix;

/// What a draw is about; streams never touch each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Which faults there are at all.
    Faults,
    /// What clients ask: for those who write workloads.
    Workload,
    /// When they ask.
    Arrival,
    /// How long a frame travels, and whether it arrives.
    Links,
    /// How long a commit takes, and what a crash leaves of it.
    Disk,
    /// What a crash of the process or of an island is like.
    Crash,
    /// Which links are cut or clogged, and for how long.
    Partition,
    /// When recurring faults happen.
    Schedule,
    /// Which islands pause, and how clocks go.
    Clock,
    /// What stays broken.
    Heal,
    /// How often islands digest their state.
    Digests,
    /// When somebody reads the journal, and how much of it.
    Subscriber,
}

/// Draws for one seed.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    /// For what is asked.
    seed: u64,
    /// For all else.
    weather: u64,
}

impl Dice {
    /// The dice of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, weather: seed }
    }

    /// The same commands, all else drawn from another seed.
    #[must_use]
    pub const fn in_weather(self, weather: u64) -> Self {
        Self { weather, ..self }
    }

    /// 64 random bits about `(a, b)`.
    #[must_use]
    pub const fn bits(&self, stream: Stream, a: u64, b: u64) -> u64 {
        let seed = if matches!(stream, Stream::Workload) { self.seed } else { self.weather };
        let mut mixed = mix(seed ^ (stream as u64).wrapping_mul(0xa076_1d64_78bd_642f));
        mixed = mix(mixed ^ a);
        mix(mixed ^ b.wrapping_mul(0xe703_7ed1_a0b4_28db))
    }

    /// A number below `limit` (0 when `limit` is 0).
    #[must_use]
    pub const fn below(&self, stream: Stream, a: u64, b: u64, limit: u64) -> u64 {
        ((self.bits(stream, a, b) as u128 * limit as u128) >> 64) as u64
    }

    /// Whether something with a chance of `ppm` in a million happens.
    #[must_use]
    pub const fn happens(&self, stream: Stream, a: u64, b: u64, ppm: u32) -> bool {
        self.below(stream, a, b, 1_000_000) < ppm as u64
    }

    /// A span that is about exponentially distributed around `mean`: halvings are drawn exactly,
    /// and between two halvings it is linear.
    #[must_use]
    pub const fn span(&self, stream: Stream, a: u64, b: u64, mean: u64) -> u64 {
        let bits = self.bits(stream, a, b);
        let halvings = bits.leading_zeros() as u128;
        let between = (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u128;
        // ln 2 = 0.6931, in 16 binary digits.
        let span = (((halvings << 16) + between) * 45_426 * mean as u128) >> 32;
        if span > u64::MAX as u128 { u64::MAX } else { span as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_and_spans_have_their_mean() {
        let dice = Dice::new(7);
        assert_eq!(dice.bits(Stream::Disk, 1, 2), Dice::new(7).bits(Stream::Disk, 1, 2));
        assert_ne!(dice.bits(Stream::Disk, 1, 2), dice.bits(Stream::Crash, 1, 2));
        let sum: u64 = (0..20_000).map(|at| dice.span(Stream::Links, at, 0, 1000)).sum();
        assert!((900..1150).contains(&(sum / 20_000)), "{}", sum / 20_000);
        let happened =
            (0..20_000).filter(|at| dice.happens(Stream::Links, *at, 1, 250_000)).count();
        assert!((4700..5300).contains(&happened), "{happened}");
    }
}
