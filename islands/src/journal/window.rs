//! A moving window over one segment, in buffers that are used again.
//!
//! Rules:
//! 1. A window is 128 KiB (two of them stay in the cache), or as large as the commit in it needs.
//! 2. Bytes are read once: what two windows have in common is copied, so what was checked is what
//!    is handed out.
//! 3. A buffer is used again when nobody else holds it; the reader of blocks bounds how many it
//!    holds.

use std::sync::Arc;

use archipelago_core::journal::frame::SegmentNumber;

use super::error::JournalError;
use super::storage::{Segment, Storage};

/// How much is read at once, in bytes.
const WINDOW_BYTES: u64 = 128 << 10;

/// How many buffers are kept for reuse.
const BUFFERS_MAX: usize = 16;

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
        let same = self.segment == segment.number;
        if same && self.start <= from && to <= end {
            return Ok(());
        }
        let len = ((to - from) * 2).max(WINDOW_BYTES).min(segment.bytes - from) as usize;
        let mut next = self.take_buffer();
        // Nobody else has it: see `take_buffer`.
        let bytes = Arc::make_mut(&mut next);
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        let kept = if same && self.start <= from && from < end {
            let kept = &self.buffer[(from - self.start) as usize..self.filled];
            bytes[..kept.len()].copy_from_slice(kept);
            kept.len()
        } else {
            0
        };
        let offset = from + kept as u64;
        let read = self
            .storage
            .read_at(segment.number, offset, &mut bytes[kept..len])
            .map_err(JournalError::io("read", self.storage.name(segment.number)))?;
        if kept + read < len {
            return Err(JournalError::SegmentShortened {
                file: self.storage.name(segment.number),
                bytes: offset + read as u64,
                expected: segment.bytes,
            });
        }
        self.segment = segment.number;
        self.start = from;
        self.filled = len;
        let used = std::mem::replace(&mut self.buffer, next);
        if self.used.len() < BUFFERS_MAX {
            self.used.push(used);
        }
        Ok(())
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
