//! Why a data directory could not be opened or replayed.
//!
//! It doesn't know how to repair one.

use archipelago_core::command::route::BadIslandCount;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::replay::UpcastError;

use super::at::At;
use super::digests::OtherState;
use crate::journal::JournalError;

/// Why a data directory could not be opened or replayed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record is whole, but this build of the island cannot apply it.
    #[error(
        "island {island}, record {position} ({place}): {reason}; was it written by another version of this program?"
    )]
    Record {
        /// Whose record.
        island: IslandId,
        /// Which one.
        position: JournalPosition,
        /// File and offset of its block.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A record or a message cannot be brought into this program's form.
    #[error("island {island}, record {position} ({place}): {reason}")]
    Form {
        /// Whose record.
        island: IslandId,
        /// Which one.
        position: JournalPosition,
        /// File and offset of its block.
        place: String,
        /// What is wrong, and what to do.
        reason: UpcastError,
    },
    /// The records lead to another state than when they were decided.
    #[error("{0}")]
    OtherState(Box<OtherState>),
    /// A snapshot cannot be used, made or verified.
    #[error("{file}: {reason}")]
    Snapshot {
        /// The file.
        file: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The journal's first segments are gone, and no snapshot stands in for them.
    #[error(
        "the journal begins at {first}: put the segments before it back, or a snapshot that this program can use"
    )]
    NoBeginning {
        /// The first segment that is there.
        first: String,
    },
    /// The number of islands.
    #[error(transparent)]
    Islands(#[from] BadIslandCount),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// A point that the journal does not have.
    #[error("{point}: {holds}")]
    Point {
        /// Which one was asked for.
        point: At,
        /// What the journal has.
        holds: String,
    },
    /// Positions to go on from that are not of this journal.
    #[error("positions: {reason}")]
    Positions {
        /// What does not fit.
        reason: String,
    },
    /// A setting that cannot be.
    #[error("{0}")]
    Setting(String),
}
