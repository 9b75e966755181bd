//! The durability gate: what a record causes waits here until the record is durable (links rule
//! R2).
//!
//! It doesn't know what makes records durable.

use std::collections::VecDeque;

use crate::id::{Asker, IslandId, JournalPosition, LinkSeq};
use crate::link::chunk::{Chunk, ChunkBuilder};

/// What waits for one block of records. Its vectors are used again for a later block: a block
/// allocates nothing here.
#[derive(Debug)]
pub(super) struct Held<A> {
    /// The last record it waits for.
    upto: JournalPosition,
    /// Answers to clients.
    pub(super) answers: Vec<(Asker, A)>,
    /// The last message consumed of each island, by island.
    consumed: Vec<(IslandId, LinkSeq)>,
    /// Messages to send, by island.
    sends: Vec<(IslandId, ChunkBuilder)>,
}

impl<A> Default for Held<A> {
    fn default() -> Self {
        Self {
            upto: JournalPosition::ZERO,
            answers: Vec::new(),
            consumed: Vec::new(),
            sends: Vec::new(),
        }
    }
}

impl<A> Held<A> {
    fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.consumed.is_empty() && self.sends.is_empty()
    }

    /// Message `number` of `from` was consumed.
    pub(super) fn consume(&mut self, from: IslandId, number: LinkSeq) {
        *entry(&mut self.consumed, from) = number;
    }

    /// The messages to `to`.
    pub(super) fn sends_to(&mut self, to: IslandId) -> &mut ChunkBuilder {
        entry(&mut self.sends, to)
    }

    /// Takes the messages, per receiver.
    pub(super) fn take_chunks(&mut self) -> impl Iterator<Item = (IslandId, Chunk)> {
        self.sends.drain(..).filter_map(|(to, builder)| Some((to, builder.finish()?)))
    }

    /// Takes what was consumed, per sender.
    pub(super) fn take_consumed(&mut self) -> impl Iterator<Item = (IslandId, LinkSeq)> {
        self.consumed.drain(..)
    }
}

/// The value of an island in a list sorted by island. Most often it is the one asked for last.
fn entry<V: Default>(list: &mut Vec<(IslandId, V)>, island: IslandId) -> &mut V {
    let at = match list.last() {
        Some((last, _)) if *last == island => Ok(list.len() - 1),
        _ => list.binary_search_by_key(&island, |(island, _)| *island),
    };
    let at = at.unwrap_or_else(|at| {
        list.insert(at, (island, V::default()));
        at
    });
    &mut list[at].1
}

/// The gate: blocks sealed and not durable, and the one being filled.
#[derive(Debug)]
pub(super) struct Gate<A> {
    pub(super) open: Held<A>,
    sealed: VecDeque<Held<A>>,
    /// Emptied, to be used again.
    spare: Option<Held<A>>,
    durable: JournalPosition,
}

impl<A> Gate<A> {
    /// A gate at the start: everything up to `durable` is durable.
    pub(super) fn new(durable: JournalPosition) -> Self {
        Self { open: Held::default(), sealed: VecDeque::new(), spare: None, durable }
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
            let next = self.spare.take().unwrap_or_default();
            let mut held = std::mem::replace(&mut self.open, next);
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

    /// Gives back what [`Gate::pop`] gave, emptied.
    pub(super) fn recycle(&mut self, held: Held<A>) {
        debug_assert!(held.is_empty(), "everything has left");
        self.spare = Some(held);
    }
}
