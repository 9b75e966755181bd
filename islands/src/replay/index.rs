//! Where each island's records stand, to read single ones.
//!
//! Rules:
//! 1. Made by one scan of the whole journal, which also judges it; 16 bytes of memory a block.
//! 2. A record is read again from the disk, with its checksums.
//!
//! It doesn't know which records are wanted.

use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockHeader, BlockPlace, SchemaVersion};
use archipelago_core::journal::record::{RecordView, RecordsView};
use archipelago_core::replay::Upcast;

use super::error::OpenError;
use super::log::Log;
use super::walk::{failed, rewritten};
use crate::journal::{BlockRef, Storage, read_block};

/// A record of its own, read from a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub island: IslandId,
    /// Its position in the island's journal.
    pub position: JournalPosition,
    /// Where its block stands.
    pub place: BlockPlace,
    /// The forms of its command, events and replies.
    pub schema: SchemaVersion,
    bytes: Vec<u8>,
}

impl Record {
    /// What it says.
    #[must_use]
    pub fn view(&self) -> RecordView<'_> {
        RecordView::parse(self.bytes.as_slice()).expect("it was parsed when it was read")
    }

    /// The same record in the form that `I` has now.
    ///
    /// # Errors
    /// [`OpenError::Form`]: it cannot be rewritten, or was written by a newer program.
    pub fn current<I: Island>(self) -> Result<Self, OpenError> {
        let wrong = |reason| OpenError::Form {
            island: self.island,
            position: self.position,
            place: self.place.to_string(),
            reason,
        };
        let Some(upcast) = Upcast::<I>::from(self.schema).map_err(wrong)? else { return Ok(self) };
        let mut now = Vec::new();
        let bytes = rewritten(&upcast, &self.view(), &mut now).map_err(wrong)?.bytes().to_vec();
        Ok(Self { bytes, schema: SchemaVersion(I::SCHEMA_VERSION), ..self })
    }
}

/// The blocks of each island, in order.
#[derive(Debug)]
pub(super) struct Index {
    blocks: Vec<Vec<(JournalPosition, BlockPlace)>>,
}

impl Index {
    /// One for as many islands as `log` has, without blocks.
    pub(super) fn new(log: &Log) -> Self {
        Self { blocks: vec![Vec::new(); log.description().islands as usize] }
    }

    /// Notes the next block.
    pub(super) fn add(&mut self, block: &BlockRef) {
        let header = &block.header;
        self.blocks[header.island.0 as usize].push((header.first, header.here));
    }

    /// The places of an island's blocks.
    pub(super) fn places(&self, island: IslandId) -> impl Iterator<Item = BlockPlace> {
        let blocks = self.blocks.get(island.0 as usize).map_or(&[][..], Vec::as_slice);
        blocks.iter().map(|(_, place)| *place)
    }

    /// Reads a record; `None` when the log doesn't have it.
    pub(super) fn record(
        &self,
        log: &Log,
        island: IslandId,
        position: JournalPosition,
    ) -> Result<Option<Record>, OpenError> {
        let blocks = self.blocks.get(island.0 as usize).map_or(&[][..], Vec::as_slice);
        let after = blocks.partition_point(|(first, _)| *first <= position);
        let Some((_, place)) = after.checked_sub(1).map(|at| blocks[at]) else { return Ok(None) };
        let mut found = None;
        read_records(log, place, |record| {
            if record.position == position {
                found = Some(record);
            }
        })?;
        Ok(found)
    }
}

/// Reads the records of the block at `place`, up to the point where the log ends.
pub(super) fn read_records(
    log: &Log,
    place: BlockPlace,
    mut visit: impl FnMut(Record),
) -> Result<(), OpenError> {
    let (header, body) = read_block(&log.storage, place, log.settings.life)?;
    let mut records = RecordsView::new(&body);
    let mut position = header.first;
    let wrong = |position, error: Malformed| malformed(&log.storage, &header, position, error);
    while let Some(record) = records.next_record().map_err(|error| wrong(position, error))? {
        if record.stamp > log.until {
            break;
        }
        let (island, schema) = (header.island, header.schema);
        visit(Record { island, position, place, schema, bytes: record.bytes().to_vec() });
        position = position.next();
    }
    Ok(())
}

fn malformed(
    storage: &dyn Storage,
    header: &BlockHeader,
    position: JournalPosition,
    error: Malformed,
) -> OpenError {
    failed(storage, header, position, &error)
}
