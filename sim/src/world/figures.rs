//! What one world was, in figures, or several together.
//!
//! It doesn't know how they are told.

use std::fmt;

use crate::check::Marks;

use super::hash::Rolling;

/// A hash over everything that happened: two runs of one seed must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorldDigest(pub u64);

impl fmt::Display for WorldDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What one world was, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Durable records.
    pub records: u64,
    /// Durable messages.
    pub messages: u64,
    /// Frames lost on their way.
    pub frames_lost: u64,
    /// Crashes of the process.
    pub crashes: u64,
    /// Crashes of one island.
    pub falls: u64,
    /// Lies of the disk that the journal refused by name.
    pub refusals: u64,
    /// Choices that were not the default.
    pub decisions: u64,
    /// Events of the world.
    pub steps: u64,
    /// Virtual time, in nanoseconds.
    pub nanos: u64,
    /// The rare paths taken.
    pub marks: Marks,
    /// Rolls over every event of the world, every durable record and the disk at the end.
    pub digest: WorldDigest,
}

impl Figures {
    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.messages += other.messages;
        self.frames_lost += other.frames_lost;
        self.crashes += other.crashes;
        self.falls += other.falls;
        self.refusals += other.refusals;
        self.decisions += other.decisions;
        self.steps += other.steps;
        self.nanos += other.nanos;
        self.marks.add(&other.marks);
        let mut both = Rolling::default();
        both.add(self.digest.0);
        both.add(other.digest.0);
        self.digest = WorldDigest(both.value());
    }
}
