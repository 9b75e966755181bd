//! Fake links: each frame is lost, late, doubled, clogged or cut off, as chance says.
//!
//! Rules:
//! 1. A choice is about the pair and the frame's number on it, so other pairs' frames shift
//!    nothing.
//! 2. An island is always joined to itself: no cut, no loss; its frames may still be late.
//!
//! It doesn't know what frames say.

use std::collections::BTreeSet;

use archipelago_core::id::IslandId;
use archipelago_core::link::frame::Frame;
use archipelago_core::lookup::Lookup;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::decision::{Kind, pair};
use super::dice::Stream;

/// Some islands whose frames to the others don't leave, or don't arrive, or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Which cut it is; 0 is one that a story made.
    pub(super) nth: u64,
    pub(super) islands: BTreeSet<IslandId>,
    pub(super) ways: Ways,
}

/// Which ways are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ways {
    /// What leaves the islands.
    Out,
    /// What comes to the islands.
    In,
    /// Both.
    Both,
}

impl Ways {
    /// All, in the order of their numbers.
    pub(super) const ALL: [Self; 3] = [Self::Out, Self::In, Self::Both];
}

impl From<Ways> for crate::trace::Ways {
    fn from(ways: Ways) -> Self {
        match ways {
            Ways::Out => Self::Out,
            Ways::In => Self::In,
            Ways::Both => Self::Both,
        }
    }
}

impl Cut {
    fn cuts(&self, from: IslandId, to: IslandId) -> bool {
        let (here, there) = (self.islands.contains(&from), self.islands.contains(&to));
        match self.ways {
            Ways::Out => here && !there,
            Ways::In => there && !here,
            Ways::Both => here != there,
        }
    }
}

/// What is known of one pair.
#[derive(Debug, Default)]
struct Pair {
    carried: u64,
    late_us: u64,
}

/// What becomes of a frame: when its copies arrive, in nanoseconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// It does not arrive.
    Lost,
    /// It does not arrive, because the link is cut.
    Cut,
    /// Once.
    Once(u64),
    /// Twice.
    Twice(u64, u64),
}

/// The links of a world.
#[derive(Debug, Default)]
pub(super) struct FakeLinks {
    pairs: Lookup<(IslandId, IslandId), Pair>,
    /// Cuts that will be mended.
    pub(super) cuts: Vec<Cut>,
    /// Cuts that will not.
    pub(super) broken: Vec<Cut>,
    /// Clogged links, and when each is free again.
    pub(super) clogs: Vec<(IslandId, IslandId, u64)>,
    pub(super) lost: u64,
    pub(super) doubled: u64,
}

impl FakeLinks {
    /// What becomes of this frame.
    pub(super) fn carry(&mut self, chance: &mut Chance, now: u64, frame: &Frame) -> Carried {
        let envelope = frame.envelope();
        let (from, to) = (envelope.from, envelope.to);
        let about = pair(from.0, to.0);
        let mean = chance.faults.pair_delay_us_mean;
        let dice = chance.dice;
        let known = self.pairs.get_or_insert_with((from, to), || Pair {
            carried: 0,
            late_us: if mean == 0 { 0 } else { dice.span(Stream::Links, about, 0, mean) },
        });
        known.carried += 1;
        let (number, late_us) = (known.carried, known.late_us);
        let longer = chance.choose(Kind::Delay, about, number, |dice, faults| {
            dice.span(Stream::Links, about, number << 3, faults.delay_us_mean)
        });
        let least = chance.faults.delay_us_min.saturating_add(late_us);
        let nanos = |longer| least.saturating_add(longer).saturating_mul(1000);
        let mut after = nanos(longer).saturating_add(1);
        if from == to {
            return Carried::Once(after);
        }
        let is_cut = |cuts: &[Cut]| cuts.iter().any(|cut| cut.cuts(from, to));
        if is_cut(&self.cuts) || is_cut(&self.broken) {
            self.lost += 1;
            return Carried::Cut;
        }
        if chance.faults.loss_ppm > 0
            && 0 < chance.choose(Kind::Lose, about, number, |dice, faults| {
                u64::from(dice.happens(Stream::Links, about, number << 3 | 1, faults.loss_ppm))
            })
        {
            self.lost += 1;
            return Carried::Lost;
        }
        self.clogs.retain(|(_, _, until)| *until > now);
        if let Some((_, _, until)) = self.clogs.iter().find(|clog| (clog.0, clog.1) == (from, to)) {
            after = after.saturating_add(until - now);
        }
        if chance.faults.duplicate_ppm > 0 {
            let copy = chance.choose(Kind::Double, about, number, |dice, faults| {
                let doubled =
                    dice.happens(Stream::Links, about, number << 3 | 2, faults.duplicate_ppm);
                let late = dice.span(Stream::Links, about, number << 3 | 3, faults.delay_us_mean);
                if doubled { late.saturating_add(1) } else { 0 }
            });
            if copy > 0 {
                self.doubled += 1;
                return Carried::Twice(after, nanos(copy));
            }
        }
        Carried::Once(after)
    }

    /// Whether frames from one to the other are cut off for ever.
    pub(super) fn is_broken(&self, from: IslandId, to: IslandId) -> bool {
        from != to && self.broken.iter().any(|cut| cut.cuts(from, to))
    }
}
