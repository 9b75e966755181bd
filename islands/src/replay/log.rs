//! A data directory opened for reading: restore its islands, or walk its records.
//!
//! Rules:
//! 1. It changes nothing: a torn tail is reported, not cut.
//! 2. It shares the directory with other readers; not with a process that writes.
//!
//! It doesn't know the application; it knows its name.

use std::path::Path;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::BlockPlace;
use archipelago_core::journal::record::{RecordView, RecordsView};
use archipelago_core::replay::Image;

use super::error::OpenError;
use super::restore::Restored;
use crate::journal::{
    BlockRef, DataDirectory, Description, Directory, Durability, JournalSettings, Recovered,
    ScanMode, Storage, scan,
};
use crate::snapshot::{Folder, has_beginning, newest, replay_on};

/// A data directory, to read.
#[derive(Debug)]
pub struct Log {
    data: DataDirectory,
    storage: Directory,
    settings: JournalSettings,
}

/// One record and where it stands.
#[derive(Debug)]
pub struct RecordAt<'a> {
    /// Whose.
    pub island: IslandId,
    /// Its position in the island's journal.
    pub position: JournalPosition,
    /// Where its block stands.
    pub place: BlockPlace,
    /// The record.
    pub record: RecordView<'a>,
}

impl Log {
    /// Opens the data directory at `path`.
    ///
    /// # Errors
    /// [`OpenError::Journal`]: no journal there, in use, or its description is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let data = DataDirectory::open_read_only(path.as_ref())?;
        let storage = data.storage()?;
        let settings = data.description().settings(Default::default(), Durability::Os);
        Ok(Self { data, storage, settings })
    }

    /// What the directory says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        self.data.description()
    }

    /// Replays all islands on `threads` threads; `make` makes each island as it was born. Where the
    /// journal's beginning is archived, the newest snapshot stands in for it.
    ///
    /// # Errors
    /// [`OpenError`]: damage, or records that this build cannot apply, with their place.
    pub fn restore<I: Island>(
        &self,
        threads: usize,
        mut make: impl FnMut(IslandId) -> I,
    ) -> Result<Restored<I>, OpenError> {
        let (storage, settings) = (&self.storage, &self.settings);
        let base = match has_beginning(storage) {
            Ok(()) => None,
            Err(_) => newest(&Folder::of(self.data.path()), storage, settings)?.0,
        };
        let born =
            || (0..settings.islands).map(|at| Image::new(make(IslandId(at)))).collect::<Vec<_>>();
        let (restored, _) = replay_on(storage, settings, ScanMode::ReadOnly, threads, base, born)?;
        Ok(restored)
    }

    /// Walks over all records in journal order: each island's in order, islands interleaved as
    /// they were written.
    ///
    /// # Errors
    /// [`OpenError`], or what `visit` says.
    pub fn records<E: From<OpenError>>(
        &self,
        mut visit: impl FnMut(RecordAt<'_>) -> Result<(), E>,
    ) -> Result<Recovered, E> {
        let mut sink = |block: BlockRef| -> Result<(), Stop<E>> {
            let header = &block.header;
            let mut records = RecordsView::new(block.body());
            let mut position = header.first;
            loop {
                let record = records.next_record().map_err(|malformed| OpenError::Record {
                    island: header.island,
                    position,
                    place: format!(
                        "{}, offset {}",
                        self.storage.name(header.here.segment),
                        header.here.offset
                    ),
                    reason: malformed.to_string(),
                });
                let Some(record) = record.map_err(|error| Stop(error.into()))? else {
                    return Ok(());
                };
                let (island, place) = (header.island, header.here);
                visit(RecordAt { island, position, place, record }).map_err(Stop)?;
                position = position.next();
            }
        };
        scan(&self.storage, &self.settings, ScanMode::ReadOnly, &mut sink).map_err(|stop| stop.0)
    }
}

/// Carries either error through the scan.
struct Stop<E>(E);

impl<E: From<OpenError>> From<crate::journal::JournalError> for Stop<E> {
    fn from(error: crate::journal::JournalError) -> Self {
        Self(OpenError::from(error).into())
    }
}
