//! Disks that fail, and disks that wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use archipelago_core::journal::frame::SegmentNumber;
use crossbeam::channel::{Receiver, Sender};

use super::{read, settings};
use crate::journal::{GroupJournal, Memory, ScanMode, Segment, Storage};

/// A disk whose n-th write, sync or create fails, once; the verbs after it would work again.
pub(super) struct Failing {
    disk: Memory,
    verb: Verb,
    pub(super) good: AtomicU64,
    pub(super) calls: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verb {
    Write,
    Sync,
    Create,
}

impl Failing {
    pub(super) fn new(verb: Verb, good: u64) -> Arc<Self> {
        let (good, calls) = (AtomicU64::new(good), AtomicU64::new(0));
        Arc::new(Self { disk: Memory::new(), verb, good, calls })
    }

    fn may(&self, verb: Verb) -> io::Result<()> {
        // A segment made ahead, by its thread, is no second try.
        if verb != Verb::Create || self.verb == Verb::Create {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
        if verb == self.verb && self.good.fetch_sub(1, Ordering::Relaxed) == 0 {
            return Err(io::Error::other("the disk is broken"));
        }
        Ok(())
    }
}

impl Storage for Failing {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        self.disk.segments()
    }
    fn create(&self, segment: Segment) -> io::Result<()> {
        self.may(Verb::Create)?;
        self.disk.create(segment)
    }
    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(segment, offset, buffer)
    }
    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.may(Verb::Write)?;
        self.disk.write_at(segment, offset, bytes)
    }
    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        self.may(Verb::Sync)?;
        self.disk.sync(segment)
    }
    fn name(&self, segment: SegmentNumber) -> String {
        self.disk.name(segment)
    }
}

pub(super) fn journal_on(disk: Arc<dyn Storage>) -> GroupJournal {
    let (recovered, _) = read(&*disk, &settings(2), ScanMode::Repair).unwrap();
    GroupJournal::resume(disk, settings(2), &recovered).unwrap()
}

/// A disk whose every write says that it begins, then waits for a word.
pub(super) struct Waiting {
    pub(super) disk: Memory,
    pub(super) begins: Sender<()>,
    pub(super) word: Receiver<()>,
}

impl Storage for Waiting {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        self.disk.segments()
    }
    fn create(&self, segment: Segment) -> io::Result<()> {
        self.disk.create(segment)
    }
    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(segment, offset, buffer)
    }
    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.begins.send(()).map_err(io::Error::other)?;
        self.word.recv().map_err(io::Error::other)?;
        self.disk.write_at(segment, offset, bytes)
    }
    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        self.disk.sync(segment)
    }
    fn name(&self, segment: SegmentNumber) -> String {
        self.disk.name(segment)
    }
}
