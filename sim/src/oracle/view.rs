//! What a crash leaves of a few commits, as a storage: a view over their bytes, nothing is copied.
//!
//! Rules:
//! 1. Everything but the commits it was given reads as zeros.
//! 2. Its segments end with the last commit in them: a real one goes on with zeros, which says the
//!    same.
//! 3. What is written to it is kept beside the bytes, so that a cut can be looked at.
//!
//! It doesn't know what is in a commit.

use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archipelago::journal::{JournalSettings, Recovered, Segment, Storage};
use archipelago_core::journal::frame::{SECTOR, SegmentNumber};

use super::commits::Commit;

/// What is left of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// All of it.
    Whole,
    /// So many bytes, then zeros.
    Upto(usize),
    /// So many bytes, then noise to the end of the sector, then zeros.
    UptoNoise(usize),
    /// All but these bytes, which are zeros.
    Without(Range<usize>),
}

/// Commits, each with what is left of it, after a journal that ends somewhere.
pub(super) struct View<'a> {
    segments: Vec<Segment>,
    pieces: Vec<(&'a Commit, Left)>,
    written: Mutex<Vec<(SegmentNumber, u64, Vec<u8>)>>,
}

impl<'a> View<'a> {
    /// What is left of `pieces` behind a journal that ends at `end`.
    pub(super) fn new(end: &Recovered, pieces: Vec<(&'a Commit, Left)>) -> Self {
        let last = pieces.iter().map(|(commit, _)| commit.place.segment).max();
        let last = last.unwrap_or(end.next.segment).max(end.next.segment);
        let mut segments: Vec<Segment> = (SegmentNumber::FIRST.0..=last.0)
            .map(|number| Segment { number: SegmentNumber(number), bytes: SECTOR as u64 })
            .collect();
        let mut reach = |number: SegmentNumber, upto: u64| {
            let segment = &mut segments[number.0 as usize - 1];
            segment.bytes = segment.bytes.max(upto);
        };
        reach(end.next.segment, u64::from(end.next.offset));
        for (commit, _) in &pieces {
            let end = u64::from(commit.place.offset) + commit.bytes.len() as u64;
            reach(commit.place.segment, end);
        }
        Self { segments, pieces, written: Mutex::default() }
    }

    /// The settings of a journal, for its views.
    pub(super) fn settings(of: &JournalSettings) -> JournalSettings {
        JournalSettings { segment_bytes: SECTOR as u64, ..*of }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(SegmentNumber, u64, Vec<u8>)>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, number: SegmentNumber) -> io::Result<Segment> {
        let found = self.segments.iter().find(|segment| segment.number == number);
        found.copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Lays the part of `bytes` (which start at `at`) that falls into `target` (which starts at `from`)
/// over it.
fn lay(target: &mut [u8], from: u64, bytes: &[u8], at: u64) {
    let start = from.max(at);
    let end = (from + target.len() as u64).min(at + bytes.len() as u64);
    if start < end {
        target[(start - from) as usize..(end - from) as usize]
            .copy_from_slice(&bytes[(start - at) as usize..(end - at) as usize]);
    }
}

fn lay_commit(target: &mut [u8], from: u64, commit: &Commit, left: &Left) {
    let at = u64::from(commit.place.offset);
    let mut lay = |range: Range<usize>| {
        lay(target, from, &commit.bytes[range.clone()], at + range.start as u64);
    };
    let len = commit.bytes.len();
    match left {
        Left::Whole => lay(0..len),
        Left::Upto(upto) => lay(0..*upto),
        Left::Without(lost) => {
            lay(0..lost.start);
            lay(lost.end..len);
        }
        Left::UptoNoise(upto) => {
            lay(0..*upto);
            let end = ((upto / SECTOR + 1) * SECTOR).min(len);
            let start = (*upto).max(from.saturating_sub(at) as usize);
            for inside in start..end {
                let Some(byte) = target.get_mut((at + inside as u64 - from) as usize) else {
                    break;
                };
                // Never what stood there.
                *byte = !commit.bytes[inside];
            }
        }
    }
}

impl Storage for View<'_> {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        Ok(self.segments.clone())
    }

    fn create(&self, _: Segment) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.find(segment)?.bytes.saturating_sub(offset).min(buffer.len() as u64);
        let buffer = &mut buffer[..len as usize];
        buffer.fill(0);
        for (commit, left) in self.pieces.iter().filter(|(c, _)| c.place.segment == segment) {
            lay_commit(buffer, offset, commit, left);
        }
        for (_, at, bytes) in self.lock().iter().filter(|(number, _, _)| *number == segment) {
            lay(buffer, offset, bytes, *at);
        }
        Ok(buffer.len())
    }

    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if offset + bytes.len() as u64 > self.find(segment)?.bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.lock().push((segment, offset, bytes.to_vec()));
        Ok(())
    }

    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        self.find(segment).map(|_| ())
    }

    fn forget(&self, _: SegmentNumber) -> io::Result<()> {
        Ok(())
    }

    fn name(&self, segment: SegmentNumber) -> String {
        format!("segment {segment} after a crash")
    }
}
