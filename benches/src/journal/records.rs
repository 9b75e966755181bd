//! The records of a journal as rows of a plain file, for others to store; and where the journal's
//! bytes go.
//!
//! ```text
//! rows: u32 island, u64 position, u32 length, the record's bytes; little endian, in journal order
//! ```
//! It doesn't know what is done with them.

use std::io::Write;
use std::path::Path;

use archipelago::journal::{BlockRef, DataDirectory, Durability, JournalError, ScanMode, scan};
use archipelago_core::bytes::Malformed;
use archipelago_core::journal::frame::HEADER_BYTES;
use archipelago_core::journal::record::RecordsView;
use serde::Serialize;

use super::Failed;

/// Where a journal's bytes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Records of all islands.
    pub records: u64,
    /// Their bytes.
    pub record_bytes: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes of their headers.
    pub header_bytes: u64,
    /// Commits, seals included.
    pub commits: u64,
    /// All bytes that were written: with padding and seals, without room made ahead.
    pub journal_bytes: u64,
}

/// Reads the journal at `data`, and writes its rows to `out`.
///
/// # Errors
/// What is wrong with the journal, or with writing.
pub fn run(data: &Path, out: &mut dyn Write) -> Result<Bytes, Failed> {
    let directory = DataDirectory::open_read_only(data)?;
    let settings = directory.description().settings(Default::default(), Durability::Os);
    let storage = directory.storage()?;
    let mut bytes = Bytes::default();
    let mut row = |block: BlockRef| -> Result<(), Stop> {
        let mut rest = RecordsView::new(block.records());
        let mut position = block.header.first;
        while let Some(record) = rest.next_record()? {
            let record = record.bytes();
            out.write_all(&block.header.island.0.to_le_bytes())?;
            out.write_all(&position.0.to_le_bytes())?;
            out.write_all(&(record.len() as u32).to_le_bytes())?;
            out.write_all(record)?;
            bytes.records += 1;
            bytes.record_bytes += record.len() as u64;
            position = position.next();
        }
        bytes.blocks += 1;
        bytes.header_bytes += HEADER_BYTES as u64;
        Ok(())
    };
    let found = scan(&storage, &settings, ScanMode::ReadOnly, &mut row).map_err(|stop| stop.0)?;
    out.flush()?;
    (bytes.commits, bytes.journal_bytes) = (found.last.0, found.bytes);
    Ok(bytes)
}

/// Carries any error through the scan.
struct Stop(Failed);

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self(error.into())
    }
}

impl From<Malformed> for Stop {
    fn from(error: Malformed) -> Self {
        Self(error.into())
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self(error.into())
    }
}
