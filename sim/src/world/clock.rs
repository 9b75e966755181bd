//! The islands' clocks: they step and drift, each on its own.
//!
//! It doesn't know who reads them.

use archipelago_core::id::IslandId;
use archipelago_core::time::Millis;

use super::chance::Chance;
use super::decision::Kind;
use super::dice::Stream;

/// Where virtual clocks start: 2020-01-01, in milliseconds since 1970.
const EPOCH: i64 = 1_577_836_800_000;

/// Clocks are not further off than a thousand years.
const AHEAD_MAX: i64 = 1_000 * 366 * 86_400_000;
/// A clock goes on, however slowly.
const DRIFT_MAX: u64 = 900_000;

#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    /// How far it is ahead, in milliseconds.
    ahead: i64,
    /// How much it gains, in a million.
    drift_ppm: i64,
}

/// The clocks of all islands.
#[derive(Debug)]
pub(super) struct Clocks(Vec<Clock>);

impl Clocks {
    pub(super) fn new(chance: &mut Chance, islands: u32) -> Self {
        let clock = |island| {
            let most = chance.faults.drift_ppm;
            let value = chance.choose(Kind::Drift, u64::from(island), 0, |dice, _| {
                dice.below(Stream::Clock, u64::from(island), 0, 2 * u64::from(most) + 1)
            });
            // Even numbers gain, odd ones lose.
            let size = value.div_ceil(2).min(DRIFT_MAX) as i64;
            let drift_ppm = size * if value.is_multiple_of(2) { 1 } else { -1 };
            Clock { ahead: 0, drift_ppm }
        };
        Self((0..islands).map(clock).collect())
    }

    /// What an island's clock shows at `now` (nanoseconds of virtual time).
    pub(super) fn read(&self, island: IslandId, now: u64) -> Millis {
        let Clock { ahead, drift_ppm } = self.0[island.0 as usize];
        let millis = (now / 1_000_000) as i64;
        let gained = millis * drift_ppm / 1_000_000;
        Millis((EPOCH + millis + gained + ahead).max(0) as u64)
    }

    /// When an island's clock will show `when`, in nanoseconds from `now` on; about, and not less
    /// than a millisecond.
    pub(super) fn until(&self, island: IslandId, now: u64, when: Millis) -> u64 {
        let drift_ppm = self.0[island.0 as usize].drift_ppm;
        let left = when.0.saturating_sub(self.read(island, now).0);
        let left = u128::from(left) * 1_000_000 / (1_000_000 + drift_ppm) as u128;
        u64::try_from(left).unwrap_or(u64::MAX).saturating_mul(1_000_000).max(1_000_000)
    }

    /// Steps an island's clock by so many milliseconds.
    pub(super) fn step(&mut self, island: IslandId, by: i64) {
        let ahead = &mut self.0[island.0 as usize].ahead;
        *ahead = ahead.saturating_add(by).clamp(-AHEAD_MAX, AHEAD_MAX);
    }
}
