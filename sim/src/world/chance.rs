//! Chance: every choice of a world passes here. It is drawn from the seed and the faults, or stands
//! in a list; and it can be written down.
//!
//! Rules:
//! 1. A choice of a fault that is off draws nothing: it is the default, 0.
//! 2. With the list that was written down the same world happens again.
//!
//! It doesn't know what a choice does.

use std::collections::BTreeMap;

use super::decision::{Decision, Kind};
use super::dice::{Dice, Stream};
use crate::fault::Faults;

/// A fault recurs at most so often in a world: its times are drawn before it begins.
const TIMES_MAX: u64 = 1_000_000;

/// Where choices come from.
#[derive(Clone, Debug, Default)]
pub enum Choices {
    /// The dice.
    #[default]
    Drawn,
    /// The dice, and they are written down.
    Recorded,
    /// Only these requests are asked (number and nanoseconds); all else is drawn and written down.
    Asking(Vec<(u64, u64)>),
    /// This list; what is not in it is the default.
    Listed(Vec<Decision>),
}

/// The choices of one world.
#[derive(Debug)]
pub(super) struct Chance {
    pub(super) dice: Dice,
    /// What goes wrong; changes when the world is healed.
    pub(super) faults: Faults,
    listed: Option<BTreeMap<(Kind, u64, u64), u64>>,
    asking: Option<Vec<(u64, u64)>>,
    record: Option<Vec<Decision>>,
    pub(super) decisions: u64,
}

impl Chance {
    pub(super) fn new(dice: Dice, faults: Faults, choices: Choices) -> Self {
        let (mut listed, mut asking, mut record) = (None, None, None);
        match choices {
            Choices::Drawn => {}
            Choices::Recorded => record = Some(Vec::new()),
            Choices::Asking(asks) => {
                record = Some(Vec::new());
                asking = Some(asks);
            }
            Choices::Listed(list) => {
                let entry = |d: Decision| ((d.kind, d.a, d.b), d.value);
                listed = Some(list.into_iter().map(entry).collect());
            }
        }
        Self { dice, faults, listed, asking, record, decisions: 0 }
    }

    /// What was written down.
    pub(super) fn into_record(self) -> Vec<Decision> {
        self.record.unwrap_or_default()
    }

    /// One choice.
    pub(super) fn choose(
        &mut self,
        kind: Kind,
        a: u64,
        b: u64,
        draw: impl FnOnce(&Dice, &Faults) -> u64,
    ) -> u64 {
        let value = match &self.listed {
            Some(listed) => listed.get(&(kind, a, b)).copied().unwrap_or(0),
            None => draw(&self.dice, &self.faults),
        };
        if value != 0 {
            self.note(Decision { kind, a, b, value });
        }
        value
    }

    fn note(&mut self, decision: Decision) {
        self.decisions += 1;
        if let Some(record) = &mut self.record {
            record.push(decision);
        }
    }

    /// When a recurring fault happens: its numbers and times in nanoseconds, up to `until`.
    pub(super) fn schedule(&mut self, kind: Kind, mean_ms: u64, until: u64) -> Vec<(u64, u64)> {
        let mut times = Vec::new();
        if let Some(listed) = &self.listed {
            let range = (kind, 0, 0)..=(kind, u64::MAX, u64::MAX);
            times.extend(listed.range(range).map(|((_, a, _), value)| (*a, *value)));
        } else if mean_ms > 0 {
            let (mut at, mean) = (0_u64, mean_ms.saturating_mul(1_000_000));
            for nth in 1..=TIMES_MAX {
                let span = self.dice.span(Stream::Schedule, kind as u64, nth, mean);
                at = at.saturating_add(span).saturating_add(1000);
                if at > until {
                    break;
                }
                times.push((nth, at));
            }
        }
        times.iter().for_each(|(a, value)| {
            self.note(Decision { kind, a: *a, b: 0, value: *value });
        });
        times
    }

    /// The requests asked, and when; `own` are beside the workload's.
    pub(super) fn asks(
        &mut self,
        commands: u64,
        every_us: u64,
        own: Vec<(u64, u64)>,
    ) -> Vec<(u64, u64)> {
        if self.listed.is_some() {
            return self.schedule(Kind::Ask, 0, 0);
        }
        let (dice, mut at) = (self.dice, 0_u64);
        let drawn = (1..=commands).map(|number| {
            let span = dice.span(Stream::Arrival, number, 0, every_us.saturating_mul(1000));
            at = at.saturating_add(span).saturating_add(1);
            (number, at)
        });
        let asks: Vec<_> = match self.asking.take() {
            Some(asks) => asks,
            None => drawn.chain(own).collect(),
        };
        for (number, at) in &asks {
            self.note(Decision { kind: Kind::Ask, a: *number, b: 0, value: *at });
        }
        asks
    }
}
