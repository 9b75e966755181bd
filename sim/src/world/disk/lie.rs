//! Lies of a disk: bytes that were synced and are wrong, or not there.
//!
//! Rules:
//! 1. A lie is told of a commit that a later one, whole and durable, proves: its watermark says
//!    that the earlier one was durable. (Of the very last commit no disk can be caught lying; only
//!    a client that has its answer could tell.)
//! 2. A lie can be taken back, as an operator would who puts the right disk in.
//!
//! It doesn't know how a journal finds out.

use std::fmt;

use archipelago_core::journal::frame::{BlockPlace, SECTOR, SegmentNumber};

use super::{Disk, File};
use std::collections::BTreeMap;

/// Where a durable commit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::world) struct Written {
    pub(in crate::world) place: BlockPlace,
    /// Bytes that mean something; the rest of its last sector is padding.
    pub(in crate::world) bytes: u32,
}

impl Written {
    fn range(&self) -> std::ops::Range<usize> {
        let start = self.place.offset as usize;
        start..start + (self.bytes as usize).next_multiple_of(SECTOR)
    }
}

/// A way to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::world) enum Lie {
    /// The flush of a commit was none: its bytes are not there.
    Flush,
    /// A bit has turned.
    Rot,
    /// A commit's bytes stand where another's should, valid checksums and all.
    Misdirected,
    /// A segment's name is gone.
    Entry,
}

impl Lie {
    /// All ways, in the order of their numbers.
    pub(in crate::world) const ALL: [Self; 4] =
        [Self::Flush, Self::Rot, Self::Misdirected, Self::Entry];
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flush => "a flush that was none",
            Self::Rot => "a bit that turned",
            Self::Misdirected => "a write that went elsewhere",
            Self::Entry => "a segment that is gone",
        })
    }
}

/// The disk before it lied.
#[derive(Debug)]
pub(in crate::world) struct Truth(BTreeMap<SegmentNumber, File>);

impl Disk {
    /// Lies about one of `commits` (all but the last may be lied about), chosen by `draw`. `None`
    /// when nothing can be lied about.
    pub(in crate::world) fn lie(
        &self,
        lie: Lie,
        commits: &[Written],
        mut draw: impl FnMut(u64) -> u64,
    ) -> Option<Truth> {
        let (last, before) = commits.split_last()?;
        let chosen = *before.get(draw(before.len() as u64) as usize)?;
        let mut files = self.lock();
        let truth = Truth(files.clone());
        let file = files.get_mut(&chosen.place.segment)?;
        let range = chosen.range();
        match lie {
            Lie::Flush => file.put(range.start, &vec![0; range.len()]),
            Lie::Rot => {
                // A bit of the header or body: the padding means nothing.
                let at = range.start + draw(u64::from(chosen.bytes)) as usize;
                file.turn(at, 1 << draw(8));
            }
            Lie::Misdirected => {
                let other = *before.get(draw(before.len() as u64) as usize)?;
                if other == chosen {
                    return None;
                }
                let mut bytes = vec![0; range.len()];
                file.read(range.start, &mut bytes);
                file.put(range.start, &vec![0; range.len()]);
                let there = files.get_mut(&other.place.segment)?;
                let start = other.place.offset as usize;
                let mut end = (start + bytes.len()).min(there.bytes as usize);
                if other.place.segment == last.place.segment {
                    // It must not reach the last commit, which is to prove the lie.
                    end = end.min(last.place.offset as usize);
                }
                there.put(start, &bytes[..end - start]);
            }
            Lie::Entry => {
                if chosen.place.segment == last.place.segment {
                    return None;
                }
                files.remove(&chosen.place.segment);
            }
        }
        Some(truth)
    }

    /// Takes a lie back.
    pub(in crate::world) fn tell_the_truth(&self, truth: Truth) {
        *self.lock() = truth.0;
    }

    /// Turns a bit of a durable commit: what a story does by hand.
    pub(in crate::world) fn turn_a_bit(&self, of: &Written) -> Option<Truth> {
        let mut files = self.lock();
        let truth = Truth(files.clone());
        let at = of.place.offset as usize + (of.bytes as usize) / 2;
        files.get_mut(&of.place.segment)?.turn(at, 1);
        Some(truth)
    }
}

impl File {
    /// Turns bits of one byte.
    fn turn(&mut self, at: usize, bits: u8) {
        let mut byte = [0];
        self.read(at, &mut byte);
        self.put(at, &[byte[0] ^ bits]);
    }
}
