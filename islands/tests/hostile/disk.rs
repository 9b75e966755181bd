//! A disk in memory that can be broken, filled up, or made to wait.
//!
//! Rules: what was written before the fault stays and can be opened again.
//!
//! It doesn't know what is written to it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use archipelago::core::id::Life;
use archipelago::core::journal::frame::SegmentNumber;
use archipelago::journal::{Memory, Segment, Storage};

/// The life of the journals of these tests.
pub(crate) const LIFE: Life = Life(7);

/// What a disk does with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Does it.
    Good,
    /// Writes nothing and says that it is broken.
    Broken,
    /// Writes, but cannot flush.
    NoFlush,
    /// Writes what there is room for, but makes no new segment.
    Full,
    /// Lets changes wait until the mood changes.
    Slow,
}

/// The disk.
pub(crate) struct Disk {
    memory: Memory,
    mood: Mutex<Mood>,
    changed: Condvar,
    /// Changes tried since the fault began.
    pub(crate) tried_while_failing: AtomicU64,
}

impl Disk {
    pub(crate) fn new() -> Arc<Self> {
        Self::on(Memory::new())
    }

    fn on(memory: Memory) -> Arc<Self> {
        Arc::new(Self {
            memory,
            mood: Mutex::new(Mood::Good),
            changed: Condvar::new(),
            tried_while_failing: AtomicU64::new(0),
        })
    }

    /// What a process that starts now would find, on a good disk.
    pub(crate) fn survivor(&self) -> Arc<Self> {
        Self::on(self.memory.clone())
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
        self.changed.notify_all();
    }

    fn mood(&self) -> Mood {
        let guard = self.mood.lock().unwrap();
        let mood = *self.changed.wait_while(guard, |mood| *mood == Mood::Slow).unwrap();
        if mood != Mood::Good {
            self.tried_while_failing.fetch_add(1, Ordering::SeqCst);
        }
        mood
    }
}

impl Storage for Disk {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        self.memory.segments()
    }

    fn create(&self, segment: Segment) -> io::Result<()> {
        match self.mood() {
            Mood::Full => Err(io::ErrorKind::StorageFull.into()),
            Mood::Broken => Err(io::Error::other("the disk is broken")),
            _ => self.memory.create(segment),
        }
    }

    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.memory.read_at(segment, offset, buffer)
    }

    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self.mood() {
            Mood::Broken => Err(io::Error::other("the disk is broken")),
            _ => self.memory.write_at(segment, offset, bytes),
        }
    }

    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        match self.mood() {
            Mood::Broken | Mood::NoFlush => Err(io::Error::other("the disk is broken")),
            _ => self.memory.sync(segment),
        }
    }

    fn forget(&self, _: SegmentNumber) -> io::Result<()> {
        Ok(())
    }

    fn name(&self, segment: SegmentNumber) -> String {
        self.memory.name(segment)
    }
}
