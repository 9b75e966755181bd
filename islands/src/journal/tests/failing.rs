//! A disk that does something before its verbs: fail, wait, count, remember.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use archipelago_core::journal::frame::SegmentNumber;

use super::{read, settings};
use crate::journal::{GroupJournal, Memory, ScanMode, Segment, Storage};

/// A verb that changes the disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verb {
    Write,
    Sync,
    Create,
}

type Hook = dyn Fn(Verb, SegmentNumber, &Memory) -> io::Result<()> + Send + Sync;

/// A disk in memory whose verbs ask `before` first.
pub(super) struct Hooked {
    pub(super) disk: Memory,
    before: Box<Hook>,
}

impl Hooked {
    pub(super) fn new(
        before: impl Fn(Verb, SegmentNumber, &Memory) -> io::Result<()> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { disk: Memory::new(), before: Box::new(before) })
    }

    /// The n-th call of `failing` fails, counted from 0; those after it would work again. All calls
    /// of these verbs are counted in `calls`.
    pub(super) fn failing(verb: Verb, nth: u64, calls: Arc<[AtomicU64; 3]>) -> Arc<Self> {
        Self::new(move |called, _, _| {
            let before = calls[called as usize].fetch_add(1, Ordering::Relaxed);
            let broken = called == verb && before == nth;
            if broken { Err(io::Error::other("the disk is broken")) } else { Ok(()) }
        })
    }
}

impl Storage for Hooked {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        self.disk.segments()
    }
    fn create(&self, segment: Segment) -> io::Result<()> {
        (self.before)(Verb::Create, segment.number, &self.disk)?;
        self.disk.create(segment)
    }
    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(segment, offset, buffer)
    }
    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (self.before)(Verb::Write, segment, &self.disk)?;
        self.disk.write_at(segment, offset, bytes)
    }
    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        (self.before)(Verb::Sync, segment, &self.disk)?;
        self.disk.sync(segment)
    }
    fn forget(&self, segment: SegmentNumber) -> io::Result<()> {
        self.disk.forget(segment)
    }
    fn name(&self, segment: SegmentNumber) -> String {
        self.disk.name(segment)
    }
}

pub(super) fn journal_on(disk: Arc<dyn Storage>) -> GroupJournal {
    let (recovered, _) = read(&*disk, &settings(2), ScanMode::Repair).unwrap();
    GroupJournal::resume(disk, settings(2), &recovered).unwrap()
}
