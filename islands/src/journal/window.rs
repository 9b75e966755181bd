//! A moving window over one segment, in buffers that are used again.
//!
//! Rules:
//! 1. It is read 128 KiB at a time: what was read is still in the cache when it is checked. It is
//!    as large as the commit in it needs.
//! 2. Bytes are read once: what two windows have in common is copied, so what was checked is what
//!    is handed out.
//! 3. A buffer is used again when nobody else holds it, first of all the one in use: it is in the
//!    cache, and leaves the rest of the cache to the state. The reader of blocks bounds how many
//!    it holds.

use std::sync::Arc;

use archipelago_core::journal::frame::SegmentNumber;

use super::error::JournalError;
use super::storage::{Segment, Storage};

/// How much is read at once, in bytes.
pub(super) const READ_BYTES: u64 = 128 << 10;

/// How many buffers are kept for reuse.
const BUFFERS_MAX: usize = 32;

/// The window. Empty until [`Window::cover`].
pub(super) struct Window<'a> {
    storage: &'a dyn Storage,
    segment: SegmentNumber,
    /// The segment's offset of the first byte.
    start: u64,
    filled: usize,
    buffer: Arc<Vec<u8>>,
    used: Vec<Arc<Vec<u8>>>,
}

impl<'a> Window<'a> {
    pub(super) fn new(storage: &'a dyn Storage) -> Self {
        let buffer = Arc::new(Vec::new());
        Self { storage, segment: SegmentNumber(0), start: 0, filled: 0, buffer, used: Vec::new() }
    }

    /// Makes the window reach from `from` or before to `to` or beyond. `to` is within the segment.
    pub(super) fn cover(
        &mut self,
        segment: Segment,
        from: u64,
        to: u64,
    ) -> Result<(), JournalError> {
        let end = self.start + self.filled as u64;
        let same = self.segment == segment.number && self.start <= from;
        if same && to <= end {
            return Ok(());
        }
        if !(same && from == self.start) || Arc::get_mut(&mut self.buffer).is_none() {
            self.slide(segment.number, from, if same { end } else { from });
        }
        let filled = self.filled as u64;
        let len = (to - from).max(filled + READ_BYTES).min(segment.bytes - from) as usize;
        let bytes = Arc::get_mut(&mut self.buffer).expect("nobody else has it, or it is a new one");
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        let read = self
            .storage
            .read_at(segment.number, from + filled, &mut bytes[self.filled..len])
            .map_err(JournalError::io("read", self.storage.name(segment.number)))?;
        if self.filled + read < len {
            return Err(JournalError::SegmentShortened {
                file: self.storage.name(segment.number),
                bytes: from + (self.filled + read) as u64,
                expected: segment.bytes,
            });
        }
        self.filled = len;
        Ok(())
    }

    /// Begins at `from` with what there is up to `end`; in another buffer if somebody has this one.
    fn slide(&mut self, segment: SegmentNumber, from: u64, end: u64) {
        let kept = end.saturating_sub(from) as usize;
        // What there is begins here; without it, anywhere.
        let at = if kept > 0 { (from - self.start) as usize } else { 0 };
        (self.segment, self.start, self.filled) = (segment, from, kept);
        if let Some(bytes) = Arc::get_mut(&mut self.buffer) {
            bytes.copy_within(at..at + kept, 0);
            return;
        }
        let mut next = self.take_buffer();
        let bytes = Arc::get_mut(&mut next).expect("nobody else has it");
        bytes.resize(bytes.len().max(kept), 0);
        bytes[..kept].copy_from_slice(&self.buffer[at..at + kept]);
        let used = std::mem::replace(&mut self.buffer, next);
        if self.used.len() < BUFFERS_MAX {
            self.used.push(used);
        }
    }

    /// The bytes `from..to` of the segment. They must have been covered.
    pub(super) fn bytes(&self, from: u64, to: u64) -> &[u8] {
        &self.buffer[(from - self.start) as usize..(to - self.start) as usize]
    }

    /// The buffer that holds the window, and where the segment's offset `at` is in it.
    pub(super) fn shared(&self, at: u64) -> (Arc<Vec<u8>>, usize) {
        (Arc::clone(&self.buffer), (at - self.start) as usize)
    }

    fn take_buffer(&mut self) -> Arc<Vec<u8>> {
        let free = self.used.iter_mut().position(|buffer| Arc::get_mut(buffer).is_some());
        match free {
            Some(at) => self.used.swap_remove(at),
            None => {
                if self.used.len() == BUFFERS_MAX {
                    self.used.swap_remove(0);
                }
                Arc::new(Vec::new())
            }
        }
    }
}
