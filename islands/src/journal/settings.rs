//! What a journal must be told to be written or read.
//!
//! Rules: a segment is at least one sector, a whole number of sectors, and below 4 GiB, because a
//! place counts bytes in 32 bits.

use archipelago_core::id::Life;
use archipelago_core::journal::frame::{SECTOR, SchemaVersion};

use super::error::JournalError;

/// The size of a segment unless configured otherwise, in bytes: 16 MiB.
pub const SEGMENT_BYTES: u64 = 16 << 20;

/// The largest commit, headers and padding included, in bytes: 1 GiB.
pub const COMMIT_BYTES_MAX: u64 = 1 << 30;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The disk has it (`fdatasync`): it survives a loss of power.
    #[default]
    Disk,
    /// The operating system has it: it survives the death of the process, not a loss of power.
    /// After a loss of power such a journal may be refused as damaged, because what it had
    /// acknowledged may be gone.
    Os,
}

/// What a journal must be told. Same life, islands and segment size for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalSettings {
    /// The life of the data directory, in every header.
    pub life: Life,
    /// The number of islands; island numbers are below it.
    pub islands: u32,
    /// The size of a segment in bytes; larger ones exist only for larger commits.
    pub segment_bytes: u64,
    /// The forms that commands, events and replies have in every block written.
    pub schema: SchemaVersion,
    /// When a commit counts as done.
    pub durability: Durability,
}

impl JournalSettings {
    /// Whether the segment size can be used.
    ///
    /// # Errors
    /// [`JournalError::SegmentBytes`].
    pub fn check(&self) -> Result<(), JournalError> {
        let bytes = self.segment_bytes;
        let sector = SECTOR as u64;
        if bytes >= sector && bytes.is_multiple_of(sector) && bytes < u64::from(u32::MAX) {
            Ok(())
        } else {
            Err(JournalError::SegmentBytes { bytes })
        }
    }
}
