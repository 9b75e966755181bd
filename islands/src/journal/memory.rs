//! Storage in memory: for islands that need not outlive the process, and for tests.
//!
//! Rules: a segment holds only the bytes written so far, the rest reads as zeros; `sync` does
//! nothing.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archipelago_core::journal::frame::SegmentNumber;

use super::storage::{Segment, Storage, fits, past_the_end};

/// Segments kept in memory.
#[derive(Debug, Default)]
pub struct Memory {
    segments: Mutex<BTreeMap<SegmentNumber, Kept>>,
}

/// One segment: its size, and the bytes up to the last one written.
#[derive(Clone, Debug)]
struct Kept {
    bytes: u64,
    written: Vec<u8>,
}

impl Memory {
    /// No segments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SegmentNumber, Kept>> {
        // Nothing here panics while it holds the lock half-changed.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy with the same bytes: what a process that starts now would find.
impl Clone for Memory {
    fn clone(&self) -> Self {
        Self { segments: Mutex::new(self.lock().clone()) }
    }
}

fn missing(segment: SegmentNumber) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no segment {segment}"))
}

impl Storage for Memory {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        let kept = self.lock();
        Ok(kept
            .iter()
            .map(|(number, kept)| Segment { number: *number, bytes: kept.bytes })
            .collect())
    }

    fn create(&self, segment: Segment) -> io::Result<()> {
        let mut kept = self.lock();
        if kept.contains_key(&segment.number) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        kept.insert(segment.number, Kept { bytes: segment.bytes, written: Vec::new() });
        Ok(())
    }

    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let kept = self.lock();
        let kept = kept.get(&segment).ok_or_else(|| missing(segment))?;
        let len = kept.bytes.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let start = kept.written.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let written = &kept.written[start..kept.written.len().min(start + len)];
        buffer[..written.len()].copy_from_slice(written);
        buffer[written.len()..len].fill(0);
        Ok(len)
    }

    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut kept = self.lock();
        let kept = kept.get_mut(&segment).ok_or_else(|| missing(segment))?;
        if !fits(offset, bytes.len(), kept.bytes) {
            return Err(past_the_end(offset, bytes.len(), kept.bytes));
        }
        let start = offset as usize;
        let end = start + bytes.len();
        if kept.written.len() < end {
            kept.written.resize(end, 0);
        }
        kept.written[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        if self.lock().contains_key(&segment) { Ok(()) } else { Err(missing(segment)) }
    }

    fn forget(&self, _: SegmentNumber) -> io::Result<()> {
        Ok(())
    }

    fn name(&self, segment: SegmentNumber) -> String {
        format!("segment {segment} in memory")
    }
}

#[cfg(test)]
impl Memory {
    /// All bytes of a segment, for tests that damage them.
    pub(crate) fn image(&self, number: SegmentNumber) -> Vec<u8> {
        let kept = &self.lock()[&number];
        let mut image = kept.written.clone();
        image.resize(kept.bytes as usize, 0);
        image
    }

    /// Puts a segment of these bytes in place of what was there.
    pub(crate) fn replace(&self, number: SegmentNumber, image: Vec<u8>) {
        self.lock().insert(number, Kept { bytes: image.len() as u64, written: image });
    }

    /// Loses a segment.
    pub(super) fn remove(&self, number: SegmentNumber) {
        self.lock().remove(&number);
    }
}
