//! The durability gate: what a record causes waits here until the record is durable (links rule
//! R2).
//!
//! It doesn't know what makes records durable.

use std::collections::{BTreeMap, VecDeque};

use crate::id::{Asker, IslandId, JournalPosition, LinkSeq};
use crate::link::chunk::{Chunk, ChunkBuilder};

/// What waits for one block of records.
#[derive(Debug)]
pub(super) struct Held<A> {
    /// The last record it waits for.
    pub(super) upto: JournalPosition,
    /// Answers to clients.
    pub(super) answers: Vec<(Asker, A)>,
    /// The last message consumed of each island.
    pub(super) consumed: BTreeMap<IslandId, LinkSeq>,
    /// Messages to send.
    pub(super) sends: BTreeMap<IslandId, ChunkBuilder>,
}

impl<A> Default for Held<A> {
    fn default() -> Self {
        Self {
            upto: JournalPosition::ZERO,
            answers: Vec::new(),
            consumed: BTreeMap::new(),
            sends: BTreeMap::new(),
        }
    }
}

impl<A> Held<A> {
    fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.consumed.is_empty() && self.sends.is_empty()
    }

    /// The messages, per receiver.
    pub(super) fn take_chunks(&mut self) -> impl Iterator<Item = (IslandId, Chunk)> + use<A> {
        let sends = std::mem::take(&mut self.sends);
        sends.into_iter().filter_map(|(to, builder)| Some((to, builder.finish()?)))
    }
}

/// The gate: blocks sealed and not durable, and the one being filled.
#[derive(Debug)]
pub(super) struct Gate<A> {
    pub(super) open: Held<A>,
    sealed: VecDeque<Held<A>>,
    durable: JournalPosition,
}

impl<A> Gate<A> {
    /// A gate at the start: everything up to `durable` is durable.
    pub(super) fn new(durable: JournalPosition) -> Self {
        Self { open: Held::default(), sealed: VecDeque::new(), durable }
    }

    pub(super) const fn durable(&self) -> JournalPosition {
        self.durable
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.sealed.is_empty() && self.open.is_empty()
    }

    /// Whether nothing has come since the last seal.
    pub(super) fn is_open_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Closes what waits for the records up to `upto`.
    pub(super) fn seal(&mut self, upto: JournalPosition) {
        if !self.open.is_empty() {
            let mut held = std::mem::take(&mut self.open);
            held.upto = upto;
            self.sealed.push_back(held);
        }
    }

    /// Everything up to `durable` is durable now.
    pub(super) fn open_upto(&mut self, durable: JournalPosition) {
        assert!(durable >= self.durable, "the durable position went back");
        self.durable = durable;
    }

    /// The next that may leave.
    pub(super) fn pop(&mut self) -> Option<Held<A>> {
        if self.sealed.front()?.upto > self.durable {
            return None;
        }
        self.sealed.pop_front()
    }
}
