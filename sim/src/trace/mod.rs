//! **Trace**: what happened in a world, told so that a person or a page can read it.
//!
//! Rules:
//! 1. Plain values and text, integers only; times are [`Nanos`] of virtual time.
//! 2. Happenings and samples stand in the order in which they happened, so times never go back.
//! 3. A fact has one place: who asked for a record stands in the record, what became of a frame
//!    stands where it was sent. Readers join them by the numbers given.
//! 4. Positions can come again: a crash takes records that were not durable, and others take
//!    their positions. So a reader takes the latest record with that position up to its own time.
//!
//! It doesn't know the islands' types (kinds and texts are given as words), nor who fills or draws
//! it.

mod link;
mod record;
mod sample;

use std::fmt;

use archipelago_core::id::{IslandId, JournalPosition, LinkSeq};
use archipelago_core::journal::frame::CommitNumber;
use serde::{Deserialize, Serialize};

pub use link::{Fate, Frame, FrameId, Hello, Load, Ways};
pub use record::{Place, Record, Reply, Request, Said, Send, Source};
pub use sample::{Latency, Queue, Sample};

/// Nanoseconds of virtual time: since the world's beginning for an instant, plain for a span.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} ms", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What happened in one world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// What was simulated, in a few words: "warehouse, swarm".
    pub title: String,
    /// The seed it came from.
    pub seed: u64,
    /// How many islands.
    pub islands: u32,
    /// Names of the islands for a reader, by island; may be shorter than there are islands.
    pub names: Vec<String>,
    /// The version of the code.
    pub code: String,
    /// The command that repeats it; empty if there is none.
    pub repeat: String,
    /// Settings as (name, value), in the order to show them.
    pub config: Vec<(String, String)>,
    /// When the world ended.
    pub ended: Nanos,
    /// What happened, in order.
    pub happenings: Vec<Happening>,
    /// Figures over time, in order.
    pub samples: Vec<Sample>,
    /// Names of [`Sample::levels`], such as "stock on the shelf".
    pub level_names: Vec<String>,
    /// States of islands, in the order of `at`: perhaps of a few records only.
    pub states: Vec<StateAt>,
    /// The check that failed, if one did.
    pub violation: Option<Violated>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Nanos,
    /// On which island; `None`: it concerns the whole process or world.
    pub island: Option<IslandId>,
    /// What.
    pub what: What,
}

/// What can happen. Where an island matters it is [`Happening::island`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum What {
    /// A client asked this island, for the first time or again.
    Asked {
        /// Its request.
        request: Request,
        /// The command's name.
        kind: String,
    },
    /// A client heard an answer from this island.
    Answered {
        /// Its request.
        request: Request,
        /// The answer's name.
        kind: String,
        /// From the first time it was asked.
        latency: Nanos,
    },
    /// The island decided one input and made a record, in memory as yet.
    Recorded(Box<Record>),
    /// A frame was put on a link by this island, the sender.
    FrameSent(Box<Frame>),
    /// A copy of a frame came to this island.
    FrameArrived {
        /// Which frame.
        frame: FrameId,
    },
    /// A restart read records with these messages again and did not send them again: the receiver
    /// has them.
    Suppressed {
        /// The receiver.
        to: IslandId,
        /// The first message's number.
        first: LinkSeq,
        /// The last message's number.
        last: LinkSeq,
    },
    /// Messages were put up to be sent again, with their old numbers.
    Resent {
        /// The receiver.
        to: IslandId,
        /// The first message's number.
        first: LinkSeq,
        /// The last message's number.
        last: LinkSeq,
    },
    /// A commit went to the disk.
    CommitBegun(Commit),
    /// The disk says that a commit is durable.
    CommitDurable(Commit),
    /// The island, or without an island the whole process, crashed: its memory is gone.
    Crashed,
    /// This island stands again.
    Restarted {
        /// The snapshot that it started from.
        snapshot: Option<JournalPosition>,
        /// How many records it replayed.
        replayed: u64,
        /// Its last record.
        upto: JournalPosition,
    },
    /// The island, or without an island the whole process, stands still.
    Paused {
        /// Until then.
        until: Nanos,
    },
    /// The clock was set, by that many nanoseconds: negative is back.
    ClockStepped {
        /// How far.
        by_ns: i64,
    },
    /// Frames don't leave this island, or don't reach it.
    Cut {
        /// Which ways.
        ways: Ways,
        /// The other island; `None`: all others.
        peer: Option<IslandId>,
    },
    /// A cut of this island is over.
    Mended {
        /// The other island, as it was cut.
        peer: Option<IslandId>,
    },
    /// The disk did wrong.
    DiskFault {
        /// What it did: "torn sector", "lost flush", "EIO".
        kind: String,
        /// In which segment.
        segment: u64,
        /// Where in the segment, in bytes.
        offset: u64,
    },
    /// The runtime refused to go on, and named the damage.
    Refused {
        /// Its words.
        damage: String,
    },
    /// The faults of these islands are over; empty: of all. The second phase began.
    Healed {
        /// Which islands.
        islands: Vec<IslandId>,
    },
    /// A rare path was reached.
    Marked {
        /// Its name.
        name: String,
    },
    /// A check failed: the words stand in [`Trace::violation`].
    Violated,
}

/// A commit: the records of all islands that went to the disk together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its number. It comes again when a crash took it.
    pub number: CommitNumber,
    /// The last record of each island that is in it.
    pub upto: Vec<Place>,
    /// Its size with headers and padding.
    pub bytes: u64,
}

/// The state of an island after a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAt {
    /// When the record was made, as its happening says: positions can come again.
    pub at: Nanos,
    /// Whose state, after which record.
    #[serde(flatten)]
    pub place: Place,
    /// The state for a reader: JSON if it can be, any text else.
    pub text: String,
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violated {
    /// The check's name.
    pub check: String,
    /// What was seen.
    pub detail: String,
    /// When.
    pub at: Nanos,
    /// On which island, if it is about one.
    pub island: Option<IslandId>,
    /// At which record there, if it is about one.
    pub position: Option<JournalPosition>,
}
