//! Marks: rare paths, and whether a world took them.
//!
//! It doesn't know how a world takes them.

/// A rare path of the machinery, which good faults must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The process crashed at some moment.
    Crash,
    /// At each boundary of a commit, in the order of the boundaries.
    CrashBeforeWrite,
    /// See [`Mark::CrashBeforeWrite`].
    CrashAfterCreate,
    /// See [`Mark::CrashBeforeWrite`].
    CrashMidWrite,
    /// See [`Mark::CrashBeforeWrite`].
    CrashBeforeFlush,
    /// See [`Mark::CrashBeforeWrite`].
    CrashAfterFlush,
    /// See [`Mark::CrashBeforeWrite`].
    CrashBeforeLeaving,
    /// The process was killed and the machine lived on.
    Kill,
    /// One island crashed.
    Fall,
    /// An island went down while its records were on their way to the disk.
    FallInFlight,
    /// A sector was torn.
    Torn,
    /// A journal grew by a segment.
    Roll,
    /// A write failed.
    WriteFailed,
    /// A flush failed.
    FlushFailed,
    /// The disk was full.
    DiskFull,
    /// A lie of the disk was refused by name, in the order of the ways to lie.
    RefusedFlush,
    /// See [`Mark::RefusedFlush`].
    RefusedRot,
    /// See [`Mark::RefusedFlush`].
    RefusedMisdirected,
    /// See [`Mark::RefusedFlush`].
    RefusedEntry,
    /// An island went on from a snapshot.
    FromSnapshot,
    /// And the snapshot held unacknowledged messages.
    SnapshotWithMessages,
    /// A frame was lost.
    FrameLost,
    /// A frame came twice.
    FrameTwice,
    /// A frame came that its sender sent before it crashed.
    FrameOfThePast,
    /// A request was asked again and heard its first answer.
    AskedAgain,
    /// Links were cut.
    Cut,
    /// A link was clogged.
    Clog,
    /// An island paused.
    Pause,
    /// A clock went back.
    ClockBack,
    /// A commit stalled.
    Stall,
    /// A world ended with a part broken for ever.
    LeftBroken,
    /// A restart led to a state whose digest the journal holds.
    DigestAgreed,
    /// Who had read a part of the journal went on after a restart.
    ReadOn,
}

impl Mark {
    /// All, with what they are called.
    pub const ALL: [(Self, &'static str); 33] = [
        (Self::Crash, "the process crashes"),
        (Self::CrashBeforeWrite, "a crash before a write"),
        (Self::CrashAfterCreate, "a crash after a segment is made"),
        (Self::CrashMidWrite, "a crash in the middle of a write"),
        (Self::CrashBeforeFlush, "a crash before a flush"),
        (Self::CrashAfterFlush, "a crash right after a flush"),
        (Self::CrashBeforeLeaving, "a crash before anything leaves"),
        (Self::Kill, "the process is killed, the machine lives"),
        (Self::Fall, "one island crashes"),
        (Self::FallInFlight, "an island crashes while its records are on their way to the disk"),
        (Self::Torn, "a torn sector"),
        (Self::Roll, "a new segment"),
        (Self::WriteFailed, "a write fails"),
        (Self::FlushFailed, "a flush fails"),
        (Self::DiskFull, "the disk is full"),
        (Self::RefusedFlush, "a flush that was none is refused by name"),
        (Self::RefusedRot, "rot is refused by name"),
        (Self::RefusedMisdirected, "a misdirected write is refused by name"),
        (Self::RefusedEntry, "a lost segment is refused by name"),
        (Self::FromSnapshot, "an island goes on from a snapshot"),
        (Self::SnapshotWithMessages, "a snapshot holds unacknowledged messages"),
        (Self::FrameLost, "a frame is lost"),
        (Self::FrameTwice, "a frame comes twice"),
        (Self::FrameOfThePast, "a frame comes from before its sender's crash"),
        (Self::AskedAgain, "a request is asked again"),
        (Self::Cut, "links are cut"),
        (Self::Clog, "a link is clogged"),
        (Self::Pause, "an island pauses"),
        (Self::ClockBack, "a clock goes back"),
        (Self::Stall, "a commit stalls"),
        (Self::LeftBroken, "a part stays broken for ever"),
        (Self::DigestAgreed, "a restart leads to a state whose digest the journal holds"),
        (Self::ReadOn, "a subscriber goes on where it had got to"),
    ];
}

/// Which marks were hit: those of the machinery and a simulation's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    built_in: u64,
    own: u64,
}

/// The most marks a simulation can have of its own.
pub const OWN_MAX: usize = 64;

impl Marks {
    /// A mark of the machinery is hit.
    pub(crate) const fn hit(&mut self, mark: Mark) {
        self.built_in |= 1 << mark as u64;
    }

    /// The simulation's own mark number `at` is hit.
    pub(crate) const fn hit_own(&mut self, at: usize) {
        self.own |= 1 << at;
    }

    /// Whether a mark of the machinery was hit.
    #[must_use]
    pub const fn has(&self, mark: Mark) -> bool {
        self.built_in & 1 << mark as u64 != 0
    }

    /// Whether the simulation's own mark number `at` was hit.
    #[must_use]
    pub const fn has_own(&self, at: usize) -> bool {
        self.own & 1 << at != 0
    }

    /// Adds what another world hit.
    pub const fn add(&mut self, other: &Self) {
        self.built_in |= other.built_in;
        self.own |= other.own;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_one_place_and_one_name() {
        for (at, (mark, name)) in Mark::ALL.into_iter().enumerate() {
            assert_eq!(mark as usize, at, "{name}");
            assert!(Mark::ALL[..at].iter().all(|(_, other)| *other != name), "{name}");
        }
        let mut marks = Marks::default();
        marks.hit(Mark::Stall);
        marks.hit_own(63);
        assert!(marks.has(Mark::Stall) && marks.has_own(63));
        assert!(!marks.has(Mark::LeftBroken) && !marks.has_own(0));
    }
}
