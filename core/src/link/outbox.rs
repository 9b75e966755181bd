//! The sending side of one link.
//!
//! ```text
//! acked <= cursor <= stored <= durable        numbers of messages
//!   in memory: chunks that cover (acked, stored]      in the journal only: (stored, durable]
//! ```
//! Rules:
//! 1. Only durable messages are here. Sent ones stay until they are acked.
//! 2. What does not fit in memory is left to the journal and asked for again (a refill).
//! 3. Nothing is sent above the credit, nor before the peer has answered this session: until then
//!    no peer can have more than what was sent before the start, and one that has is found out.
//!
//! It doesn't know the receiver's state beyond what its control frames said.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::chunk::Chunk;
use crate::bytes::Reader;
use crate::id::LinkSeq;

/// Whether data may flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was ever sent.
    New,
    /// There is something to send, and the peer has not said yet what it has.
    Greeting,
    /// Data flows within the credit.
    Open,
}

/// The sending side of one link.
#[derive(Debug)]
pub(super) struct Outbox {
    phase: Phase,
    sent_at_start: LinkSeq,
    acked_at_start: LinkSeq,
    durable: LinkSeq,
    acked: LinkSeq,
    credit: LinkSeq,
    cursor: LinkSeq,
    stored: LinkSeq,
    chunks: VecDeque<Chunk>,
    refill_asked: Option<LinkSeq>,
    /// `acked` when the link was last looked at, and how many looks saw no progress.
    acked_at_look: LinkSeq,
    looks_without_progress: u32,
}

/// A slice of a chunk to send: first number, count, bytes.
pub(super) type Slice = (LinkSeq, u32, Arc<Vec<u8>>, Range<usize>);

impl Outbox {
    /// A link on which `sent` messages were sent before this start.
    pub(super) fn new(sent: LinkSeq) -> Self {
        let phase = if sent == LinkSeq::ZERO { Phase::New } else { Phase::Greeting };
        Self {
            phase,
            sent_at_start: sent,
            acked_at_start: LinkSeq::ZERO,
            durable: sent,
            acked: LinkSeq::ZERO,
            credit: LinkSeq::ZERO,
            cursor: LinkSeq::ZERO,
            stored: LinkSeq::ZERO,
            chunks: VecDeque::new(),
            refill_asked: None,
            acked_at_look: LinkSeq::ZERO,
            looks_without_progress: 0,
        }
    }

    pub(super) const fn durable(&self) -> LinkSeq {
        self.durable
    }

    pub(super) const fn acked(&self) -> LinkSeq {
        self.acked
    }

    /// What the snapshot of this start knew to be acked.
    pub(super) const fn acked_at_start(&self) -> LinkSeq {
        self.acked_at_start
    }

    /// The last message that may have left: before the peer has answered, none of this session.
    pub(super) fn sent(&self) -> LinkSeq {
        if self.phase == Phase::Open { self.durable } else { self.sent_at_start }
    }

    /// Whether everything sent is acked, and no answer awaited.
    pub(super) fn is_settled(&self) -> bool {
        self.acked == self.durable && self.phase != Phase::Greeting
    }

    /// How many messages stand only in the journal.
    pub(super) const fn spilled(&self) -> u64 {
        self.durable.0 - self.stored.0
    }

    /// How many messages wait for credit, in memory or in the journal: before the peer has answered
    /// the hello, nobody knows which of them it has.
    pub(super) fn backlog(&self) -> u64 {
        if self.phase == Phase::Open { self.durable.0 - self.cursor.0 } else { 0 }
    }

    /// How many messages stand in memory.
    fn kept(&self) -> u64 {
        self.chunks.front().map_or(0, |chunk| self.stored.0 + 1 - chunk.first.0)
    }

    /// Takes over messages that have become durable; keeps them if there is room.
    pub(super) fn release(&mut self, chunk: Chunk, kept_max: u64) -> Release {
        assert_eq!(chunk.first, self.durable.next(), "a hole in an outbox");
        self.durable = chunk.last();
        let follows = self.stored.next() == chunk.first;
        if follows && self.kept() < kept_max {
            self.stored = chunk.last();
            self.chunks.push_back(chunk);
        }
        if self.phase == Phase::New {
            self.phase = Phase::Greeting;
            return Release::SayHello;
        }
        Release::Nothing
    }

    /// Takes over a chunk of a snapshot: everything before the first one was acked.
    pub(super) fn adopt(&mut self, chunk: Chunk) {
        if self.chunks.is_empty() {
            self.acked = LinkSeq(chunk.first.0 - 1);
            self.acked_at_start = self.acked;
            (self.cursor, self.stored) = (self.acked, self.acked);
        }
        if chunk.first == self.stored.next() && chunk.last() <= self.durable {
            self.stored = chunk.last();
            self.chunks.push_back(chunk);
        }
    }

    /// Takes messages read again from the journal. Ones that could not be read, or that don't
    /// follow what is stored, are asked for again at the next look, not at once. Returns whether it
    /// kept them.
    pub(super) fn refill(&mut self, chunk: Option<Chunk>) -> bool {
        let Some(chunk) = chunk else { return false };
        let follows = chunk.first == self.stored.next() && chunk.last() <= self.durable;
        if follows {
            self.stored = chunk.last();
            self.chunks.push_back(chunk);
            self.refill_asked = None;
        }
        follows
    }

    /// The first message to read again from the journal, if there is need and room.
    pub(super) fn wants_refill(&mut self, kept_max: u64) -> Option<LinkSeq> {
        let wanted = self.phase == Phase::Open
            && self.refill_asked.is_none()
            && self.spilled() > 0
            && self.kept() <= kept_max / 2;
        wanted.then(|| {
            let from = self.stored.next();
            self.refill_asked = Some(from);
            from
        })
    }

    /// The peer has durably consumed up to `acked` and takes up to `credit`.
    pub(super) fn on_state(&mut self, acked: LinkSeq, credit: LinkSeq) {
        debug_assert!(acked <= self.durable, "checked by the caller");
        self.acked = self.acked.max(acked);
        self.credit = self.credit.max(credit);
        self.cursor = self.cursor.max(self.acked);
        while self.chunks.front().is_some_and(|chunk| chunk.last() <= self.acked) {
            self.chunks.pop_front();
        }
        self.stored = self.stored.max(self.acked);
    }

    /// The peer has answered this session: data may flow.
    pub(super) fn open(&mut self) {
        self.phase = Phase::Open;
    }

    /// The next slice to send, if credit allows; moves the cursor.
    pub(super) fn next_slice(&mut self) -> Option<Slice> {
        let upto = self.credit.min(self.stored);
        if self.phase != Phase::Open || self.cursor >= upto {
            return None;
        }
        let first = self.cursor.next();
        let at = self.chunks.partition_point(|chunk| chunk.last() < first);
        let chunk = &self.chunks[at];
        let last = chunk.last().min(upto);
        let range = if chunk.first == first && last == chunk.last() {
            0..chunk.bytes.len()
        } else {
            range_of(chunk, first, last)
        };
        self.cursor = last;
        Some((first, (last.0 - first.0 + 1) as u32, Arc::clone(&chunk.bytes), range))
    }

    /// Looks at the link once a period: after two looks without progress (and then after 4, 8, …)
    /// what is not acked is sent again.
    pub(super) fn look(&mut self) -> Look {
        if self.is_settled() {
            self.looks_without_progress = 0;
            return Look::Quiet;
        }
        self.refill_asked = None;
        if self.acked_at_look != self.acked {
            self.acked_at_look = self.acked;
            self.looks_without_progress = 0;
        }
        self.looks_without_progress = self.looks_without_progress.saturating_add(1);
        let overdue = self.looks_without_progress >= 2
            && (self.looks_without_progress.is_power_of_two()
                || self.looks_without_progress.is_multiple_of(64));
        if overdue {
            self.cursor = self.acked;
            Look::SendAgain
        } else {
            Look::Waiting
        }
    }

    /// What is durable and not acked and in memory: for a snapshot (rule R8).
    pub(super) fn unacked(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter()
    }
}

/// What the release of messages asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Release {
    /// Nothing.
    Nothing,
    /// They are the first ones: the peer must say what it has before they go.
    SayHello,
}

/// What a look at a link found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing to wait for.
    Quiet,
    /// Waiting for the peer.
    Waiting,
    /// Waited for too long: say hello again, and send what is not acked again.
    SendAgain,
}

/// Where messages `first..=last` stand in a chunk.
fn range_of(chunk: &Chunk, first: LinkSeq, last: LinkSeq) -> Range<usize> {
    let mut reader = Reader::new(&chunk.bytes);
    let mut skip = |count: u64| {
        for _ in 0..count {
            reader.part("a message").expect("a chunk is whole");
        }
        reader.at()
    };
    let start = skip(first.0 - chunk.first.0);
    start..skip(last.0 - first.0 + 1)
}
