//! Time as a value: milliseconds and hybrid logical stamps.
//!
//! Rules:
//! 1. The kernel reads no clock: a driver passes [`Millis`] in, and a record keeps a [`Stamp`].
//! 2. A stamp is 48 bits of milliseconds and 16 bits of counter; it never goes back on an island,
//!    and a message's consequence is stamped after its cause. It is never computed again in replay.
//!
//! Source: Kulkarni et al., "Logical Physical Clocks" (2014).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds: since the Unix epoch for an instant, plain for a span.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// This instant plus a span; stays at the largest value instead of wrapping.
    #[must_use]
    pub const fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A hybrid logical stamp: `milliseconds << 16 | counter`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Stamp(pub u64);

impl Stamp {
    /// Before every record.
    pub const ZERO: Self = Self(0);

    /// The wall-clock part.
    #[must_use]
    pub const fn millis(self) -> Millis {
        Millis(self.0 >> 16)
    }

    /// The counter part: orders what happened in one millisecond.
    #[must_use]
    pub const fn counter(self) -> u16 {
        (self.0 & 0xffff) as u16
    }

    /// The stamp of the next record: after `self` (the island's last one), after `cause` (the
    /// message's one, or [`Stamp::ZERO`]) and not before `now`.
    ///
    /// A counter that overflows carries into the milliseconds, so the order always holds.
    #[must_use]
    pub fn next(self, cause: Self, now: Millis) -> Self {
        let latest = self.max(cause).0;
        Self((latest + 1).max((now.0 & 0xffff_ffff_ffff) << 16))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.millis().0, self.counter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_follow_the_clock_the_cause_and_themselves() {
        let first = Stamp::ZERO.next(Stamp::ZERO, Millis(5));
        assert_eq!((first.millis(), first.counter()), (Millis(5), 0));
        let same_millisecond = first.next(Stamp::ZERO, Millis(5));
        assert_eq!((same_millisecond.millis(), same_millisecond.counter()), (Millis(5), 1));
        let clock_went_back = same_millisecond.next(Stamp::ZERO, Millis(1));
        assert!(clock_went_back > same_millisecond);
        let after_cause = first.next(Stamp(9 << 16 | 0xffff), Millis(5));
        assert_eq!((after_cause.millis(), after_cause.counter()), (Millis(10), 0));
    }
}
