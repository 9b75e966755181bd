//! What deciding again has found: in how many records, of which kinds, and the first of each.
//!
//! It doesn't know how it was found; see [`Again`](super::Again).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use archipelago_core::journal::frame::CommitNumber;

use super::difference::{Difference, Part};
use super::digests::OtherState;

/// How much was decided again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Records whose input was decided again: all that the journal still has.
    pub records: u64,
    /// The commit of the snapshot it began from, where what came before is archived.
    pub after: Option<CommitNumber>,
    /// Recorded events, evolved on the way.
    pub events: u64,
    /// Digests of states that the journal held, and that were the replay's own.
    pub digests: u64,
    /// How long it took, reading included.
    pub elapsed: Duration,
}

/// Whether a journal is what its decider decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Verified {
    /// How much was decided again.
    pub decided: Decided,
    /// Records that differ.
    pub differing: u64,
    /// The first of them in the order of the journal.
    pub first: Option<Difference>,
    /// The first block whose records lead to another state than when they were decided.
    pub other_state: Option<OtherState>,
}

impl Verified {
    pub(super) fn of(what_if: WhatIf, other_state: Option<OtherState>) -> Self {
        let (decided, differing) = (what_if.decided, what_if.differing());
        let all = what_if.kinds.into_values().flat_map(|kind| kind.first);
        let first = all.min_by_key(Difference::order);
        Self { decided, differing, first, other_state }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { decided, differing, first, other_state } = self;
        if let Some(other) = other_state {
            write!(f, "{other}; ")?;
        }
        match first {
            None => write!(f, "{} records, decided again as recorded", decided.records),
            Some(first) => {
                write!(f, "{differing} of {} records differ; the first: {first}", decided.records)
            }
        }
    }
}

/// A kind of difference: what was decided, and in which parts the decision differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The kind of command: the names of its variants, such as `Stock.Need`; its type's name, if it
    /// is no enum.
    pub command: String,
    /// The parts that differ, ascending.
    pub parts: Vec<Part>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(Part::to_string).collect();
        write!(f, "{} → {}", self.command, parts.join(", "))
    }
}

/// The differences of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindDiffers {
    /// How many records.
    pub records: u64,
    /// The first of them in the order of the journal, as many as were asked for.
    pub first: Vec<Difference>,
}

/// In what another decider would differ, record by record, each given the past as it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct WhatIf {
    /// How much was decided again.
    pub decided: Decided,
    /// The differences, by kind. A record counts once, under all the parts in which it differs.
    pub kinds: BTreeMap<Kind, KindDiffers>,
}

impl WhatIf {
    /// How many records differ.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.kinds.values().map(|kind| kind.records).sum()
    }

    /// Takes in what one worker found.
    pub(super) fn add(
        &mut self,
        decided: Decided,
        kinds: BTreeMap<Kind, KindDiffers>,
        examples: usize,
    ) {
        self.decided.records += decided.records;
        self.decided.events += decided.events;
        self.decided.digests += decided.digests;
        for (kind, found) in kinds {
            let all = self.kinds.entry(kind).or_default();
            all.records += found.records;
            all.first.extend(found.first);
            all.first.sort_by_key(Difference::order);
            all.first.truncate(examples);
        }
    }
}

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} records differ", self.differing(), self.decided.records)?;
        for (kind, found) in &self.kinds {
            write!(f, "\n{:>9}  {kind}", found.records)?;
            for difference in &found.first {
                write!(f, "\n{difference}")?;
            }
        }
        Ok(())
    }
}

/// Counts a difference, and keeps it while it is one of the first `examples` of its kind. They come
/// in any order: islands take turns.
pub(super) fn note(
    kinds: &mut BTreeMap<Kind, KindDiffers>,
    difference: Difference,
    examples: usize,
) {
    let parts = difference.parts.iter().map(|differs| differs.part).collect();
    let kind = kinds.entry(Kind { command: difference.kind.clone(), parts }).or_default();
    kind.records += 1;
    let at = kind.first.partition_point(|kept| kept.order() < difference.order());
    if at < examples {
        kind.first.insert(at, difference);
        kind.first.truncate(examples);
    }
}
