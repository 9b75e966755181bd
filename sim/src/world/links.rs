//! Fake links: each frame is lost, late, doubled or cut off, as the dice say.
//!
//! Rules:
//! 1. A draw is about the pair and the frame's number on it, so other pairs' frames shift nothing.
//! 2. An island is always joined to itself: no cut, no loss; its frames may still be late.
//!
//! It doesn't know what frames say.

use std::collections::BTreeMap;

use archipelago_core::id::IslandId;
use archipelago_core::link::frame::Frame;

use super::dice::{Dice, Stream};
use crate::fault::Faults;

/// One cut: an island whose frames don't leave, or don't arrive, or neither.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) island: IslandId,
    pub(super) ways: Ways,
}

/// Which ways are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ways {
    Out,
    In,
    Both,
}

/// The links of a world.
#[derive(Debug, Default)]
pub(super) struct FakeLinks {
    carried: BTreeMap<(IslandId, IslandId), u64>,
    pub(super) cut: Option<Cut>,
    pub(super) lost: u64,
}

impl FakeLinks {
    /// When copies of this frame arrive, in nanoseconds from now.
    pub(super) fn carry(&mut self, dice: &Dice, faults: &Faults, frame: &Frame) -> Vec<u64> {
        let envelope = frame.envelope();
        let (from, to) = (envelope.from, envelope.to);
        let carried = self.carried.entry((from, to)).or_default();
        *carried += 1;
        let number = *carried;
        let pair = u64::from(from.0) << 32 | u64::from(to.0);
        let about = |what: u64| (number << 3) | what;
        let late = |what| {
            let longer = dice.span(Stream::Links, pair, about(what), faults.delay_us_mean);
            (faults.delay_us_min + longer) * 1000 + 1
        };
        if from == to {
            return vec![late(0)];
        }
        if self.is_cut(from, to) || dice.happens(Stream::Links, pair, about(1), faults.loss_ppm) {
            self.lost += 1;
            return Vec::new();
        }
        if dice.happens(Stream::Links, pair, about(2), faults.duplicate_ppm) {
            return vec![late(0), late(3)];
        }
        vec![late(0)]
    }

    fn is_cut(&self, from: IslandId, to: IslandId) -> bool {
        self.cut.is_some_and(|cut| match cut.ways {
            Ways::Out => cut.island == from,
            Ways::In => cut.island == to,
            Ways::Both => cut.island == from || cut.island == to,
        })
    }
}
