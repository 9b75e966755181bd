//! Everything that can go wrong with a journal, each in one line: what, where, and what to do.

use std::fmt;
use std::io;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{BlockKind, BlockPlace, CommitNumber, FrameError};

use super::reader::Fault;
use super::storage::Storage;

/// A journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {doing} {what}: {source}")]
    Io {
        /// What was tried: "read", "write" …
        doing: &'static str,
        /// On which file.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Data that had been kept is damaged. Nothing was changed.
    #[error("{0}; nothing was changed: restore the file from a copy, or see `journal check`")]
    Damaged(Damage),
    /// A segment in the middle is not there. Nothing was changed.
    #[error("{file} is missing, but later segments are there: put the file back")]
    SegmentMissing {
        /// The missing file.
        file: String,
    },
    /// A segment file is shorter than it was made. Nothing was changed.
    #[error("{file} has {bytes} bytes, but was made with {expected}: restore it from a copy")]
    SegmentShortened {
        /// The file.
        file: String,
        /// What it has.
        bytes: u64,
        /// What it was made with, at least.
        expected: u64,
    },
    /// A segment file is not whole sectors: something was appended, or cut off. Nothing was
    /// changed.
    #[error("{file} has {bytes} bytes, not a multiple of 4096: restore it from a copy")]
    SegmentOdd {
        /// The file.
        file: String,
        /// What it has.
        bytes: u64,
    },
    /// The block asked for does not stand there.
    #[error("{file} offset {offset}: no block to read: {source}")]
    NoBlock {
        /// The file.
        file: String,
        /// Bytes from its start.
        offset: u64,
        /// What is wrong with the bytes there.
        source: FrameError,
    },
    /// The block asked for is of another life, or says it stands elsewhere.
    #[error("{file} offset {offset}: the block there belongs elsewhere ({place}): wrong file?")]
    BlockElsewhere {
        /// The file.
        file: String,
        /// Bytes from its start.
        offset: u64,
        /// Where the block says it stands.
        place: BlockPlace,
    },
    /// A read-only scan left a torn tail; it must be cut before anything is appended.
    #[error("the journal has a torn tail at {place}: open it for writing to cut it off")]
    NotRepaired {
        /// Where it starts.
        place: BlockPlace,
    },
    /// A block handed over does not continue its island. A mistake of the caller.
    #[error("island {island} handed over a block from position {first}, expected {expected}")]
    OutOfOrder {
        /// Whose block.
        island: IslandId,
        /// Its first position.
        first: JournalPosition,
        /// What its first position had to be.
        expected: JournalPosition,
    },
    /// A block handed over holds no records. A mistake of the caller.
    #[error("island {island} handed over a block without records")]
    NoRecords {
        /// Whose block.
        island: IslandId,
    },
    /// A block of an island that does not exist. A mistake of the caller.
    #[error("a block of island {island} was handed over, there are {islands} islands")]
    UnknownIsland {
        /// Whose block.
        island: IslandId,
        /// How many islands there are.
        islands: u32,
    },
    /// More than one commit can hold.
    #[error("a commit of {bytes} bytes is larger than {max}: hand over less at once")]
    CommitTooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// A segment size that cannot be used.
    #[error("segments of {bytes} bytes: take a multiple of 4096, at least 4096, below 4 GiB")]
    SegmentBytes {
        /// The size.
        bytes: u64,
    },
    /// The journaler's thread has ended.
    #[error("the journal is closed: nothing more can be handed over")]
    Closed,
    /// There is no journal here.
    #[error("{path} holds no Archipelago journal (archipelago.json is missing)")]
    NoJournal {
        /// The directory.
        path: String,
    },
    /// A new journal would be made among files of others.
    #[error("{path} is not empty and holds no Archipelago journal: name another directory")]
    NotEmpty {
        /// The directory.
        path: String,
    },
    /// Another process has the data directory open.
    #[error("{path} is in use by another process")]
    InUse {
        /// The directory.
        path: String,
    },
    /// The description file is not what we wrote.
    #[error("{file} line {line} column {column}: {reason}: restore it from a copy")]
    Description {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The data directory is of a format this code does not read.
    #[error("{file}: format version {found}, this code reads version {known}: use newer code")]
    UnknownFormat {
        /// The description file.
        file: String,
        /// Its version.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// The data directory was made for something else.
    #[error("{path} was made with {field} `{stored}`, but is opened with `{asked}`")]
    Mismatch {
        /// The directory.
        path: String,
        /// What differs.
        field: &'static str,
        /// What the directory was made with.
        stored: String,
        /// What the caller wants.
        asked: String,
    },
}

impl JournalError {
    /// An operating-system error with what was tried on what.
    pub(crate) fn io(
        doing: &'static str,
        what: impl Into<String>,
    ) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { doing, what, source }
    }
}

/// Where damage was found, and why it is not a torn write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Where the damaged commit was expected.
    pub place: BlockPlace,
    /// The commit that was expected there.
    pub commit: CommitNumber,
    /// Whose block, when the damage left that readable.
    pub island: Option<IslandId>,
    /// The position of the block's first record, likewise.
    pub position: Option<JournalPosition>,
    /// What it means: the label of the row in the recovery table.
    pub label: &'static str,
    /// What was wrong with the bytes.
    pub detail: String,
}

impl Damage {
    /// The damage that `fault` is, where `commit` was expected.
    pub(super) fn at(
        storage: &dyn Storage,
        commit: CommitNumber,
        label: &'static str,
        fault: Fault,
    ) -> Self {
        let Fault { place, header, detail, .. } = fault;
        let data = header.filter(|header| header.kind == BlockKind::Data);
        Self {
            file: storage.name(place.segment),
            place,
            commit,
            island: data.as_ref().map(|header| header.island),
            position: data.as_ref().map(|header| header.first),
            label,
            detail,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} offset {}: commit {}", self.file, self.place.offset, self.commit)?;
        if let Some(island) = self.island {
            write!(f, ", island {island}")?;
        }
        if let Some(position) = self.position {
            write!(f, ", position {position}")?;
        }
        write!(f, ": {}", self.label)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}
