//! Leaving: blocks go to the journal; when they are durable, what they caused goes out.
//!
//! It doesn't know what was decided.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Kernel, LOOK_PERIOD};
use crate::id::{IslandId, JournalPosition};
use crate::island::decider::Island;
use crate::island::digests::Due;
use crate::island::values::Output;
use crate::journal::frame::Block;
use crate::journal::trailer::Trailer;
use crate::link::chunk::Chunk;
use crate::replay::{Digest, SnapshotError};

impl<I: Island> Kernel<I> {
    /// The records made since the last seal, to be journaled as one block.
    pub fn seal(&mut self) -> Option<Block> {
        // An answer given again waits for no new record, but for all older ones.
        self.gate.seal(self.image.position);
        if self.block_records == 0 {
            return None;
        }
        let records = std::mem::take(&mut self.block_records);
        let first = JournalPosition(self.image.position.0 + 1 - u64::from(records));
        let body = std::mem::take(&mut self.block);
        let trailer = self.trailer(records, body.len());
        Some(Block { island: self.island, first, records, body, trailer })
    }

    /// The digest of the image as the block's records leave it, when one is due. An island that
    /// has stopped is half changed: no replay would get there.
    fn trailer(&mut self, records: u32, bytes: usize) -> Option<Trailer> {
        let due = self.digests.note(records, bytes);
        if due == Due::NotYet || self.stopped.is_some() {
            return None;
        }
        let image = &self.image;
        let taken = catch_unwind(AssertUnwindSafe(|| Digest::measured(image)));
        // A state that refuses to be serialised has no snapshots either, and these say so.
        let Ok(Ok((digest, hashed))) = taken else {
            self.digests.give_up();
            return None;
        };
        self.digests.taken(hashed);
        self.counters.digests += 1;
        Some(Trailer { state_version: I::STATE_VERSION, digest })
    }

    /// Gives back the memory of a block that has been written.
    pub fn recycle(&mut self, mut body: Vec<u8>) {
        if self.block.capacity() == 0 {
            body.clear();
            self.block = body;
        }
    }

    /// Whether [`Kernel::seal`] has something to close.
    #[must_use]
    pub fn has_unsealed(&self) -> bool {
        self.block_records > 0 || !self.gate.is_open_empty()
    }

    /// Whether nothing waits for durability.
    #[must_use]
    pub fn is_gate_empty(&self) -> bool {
        self.gate.is_empty()
    }

    /// Bytes of records not sealed yet.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.block.len()
    }

    /// Everything up to `position` is durable.
    pub fn durable(&mut self, position: JournalPosition) {
        self.gate.open_upto(position);
    }

    /// Hands out everything that may leave now.
    pub fn drain(&mut self, mut out: impl FnMut(Output<I::Reply>)) {
        while let Some(mut held) = self.gate.pop() {
            for (to, chunk) in held.take_chunks() {
                self.links.release(to, chunk);
                self.next_look.get_or_insert(self.now.plus(LOOK_PERIOD));
            }
            for (from, number) in held.take_consumed() {
                self.links.consumed(from, number);
            }
            held.answers.drain(..).for_each(|(asker, answer)| out(Output::Answer(asker, answer)));
            self.gate.recycle(held);
        }
        let out = std::cell::RefCell::new(out);
        self.links.drain(
            |frame| (out.borrow_mut())(Output::Frame(frame)),
            |to, first| (out.borrow_mut())(Output::Refill { to, first }),
        );
        let mut out = out.into_inner();
        self.links.take_breaches().into_iter().for_each(|breach| out(Output::Breach(breach)));
    }

    /// Messages to `to` read again from the journal after an [`Output::Refill`]; `None` when they
    /// could not be read. Returns whether there is more to drain now.
    pub fn refill(&mut self, to: IslandId, chunk: Option<Chunk>) -> bool {
        self.links.refill(to, chunk)
    }

    /// Appends a snapshot to `out`: the image and the unacked messages that stand in memory. While
    /// [`Links::spilled`](crate::link::Links::spilled) is not 0 the others stand in the journal
    /// only, which must then be kept.
    ///
    /// # Errors
    /// [`SnapshotError::NotNow`] when a record is not durable, or what it caused not drained: the
    /// messages at the gate would be missing; and when the island has stopped, half changed.
    /// [`SnapshotError::Codec`] when the state refuses to be serialised.
    pub fn save(&self, out: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let durable = self.gate.durable() == self.image.position && self.gate.is_empty();
        if self.stopped.is_some() || !durable {
            return Err(SnapshotError::NotNow);
        }
        self.image.save(self.links.unacked_chunks(), out)
    }

    /// Takes over the unacked messages of a snapshot, before the first frame goes out.
    pub fn adopt(&mut self, unacked: Vec<(IslandId, Chunk)>) {
        unacked.into_iter().for_each(|(to, chunk)| self.links.adopt(to, chunk));
    }
}
