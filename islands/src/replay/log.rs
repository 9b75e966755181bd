//! A data directory opened for reading: restore its islands, or walk its records.
//!
//! Rules:
//! 1. It changes nothing: a torn tail is reported, not cut.
//! 2. It shares the directory with other readers; not with a process that writes.
//! 3. A log [at a point](Log::at) hands out nothing that came later, whoever asks.
//!
//! It doesn't know the application; it knows its name.

use std::path::Path;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockPlace, SchemaVersion};
use archipelago_core::journal::record::RecordView;
use archipelago_core::replay::Image;
use archipelago_core::time::Stamp;

use super::again::Again;
use super::at::{At, resolve};
use super::error::OpenError;
use super::restore::{Restored, restore_upto};
use super::walk::{FOR_EVER, is_after, walk, walk_as};
use crate::journal::{
    BlockRef, DataDirectory, Description, Directory, Durability, JournalError, JournalSettings,
    Recovered, ScanMode, Storage, scan,
};
use crate::snapshot::{Folder, Snapshot, has_beginning, newest};

/// A data directory, to read.
#[derive(Debug)]
pub struct Log {
    data: DataDirectory,
    pub(super) storage: Directory,
    pub(super) settings: JournalSettings,
    pub(super) until: Stamp,
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
    /// The forms of its command, events and replies.
    pub schema: SchemaVersion,
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
        Ok(Self { data, storage, settings, until: FOR_EVER })
    }

    /// The same log as it stood at a point: on every island the records up to it, none after. As a
    /// consequence is stamped after its cause, whatever is in it has its causes in it too.
    ///
    /// # Errors
    /// [`OpenError::Point`] when the journal has no such point; damage.
    pub fn at(self, point: At) -> Result<Self, OpenError> {
        let until = resolve(&self, point)?.min(self.until);
        Ok(Self { until, ..self })
    }

    /// The stamp that [`Log::at`] stands at; none when it is a whole log.
    #[must_use]
    pub fn point(&self) -> Option<Stamp> {
        (self.until != FOR_EVER).then_some(self.until)
    }

    /// What the directory says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        self.data.description()
    }

    /// The bytes of all segments: no less than will be read.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn bytes_max(&self) -> Result<u64, OpenError> {
        let segments = self.storage.segments();
        let segments = segments.map_err(JournalError::io("list", "the journal's segments"))?;
        Ok(segments.iter().map(|segment| segment.bytes).sum())
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
        let (images, from) = self.beginning(&mut make)?;
        let mode = (ScanMode::ReadOnly, self.until);
        restore_upto(storage, settings, mode, threads, (images, from.as_ref()))
    }

    /// Where a replay begins: the islands as they were born, or where the journal's beginning is
    /// archived, as the newest snapshot has them.
    pub(super) fn beginning<I: Island>(
        &self,
        make: &mut dyn FnMut(IslandId) -> I,
    ) -> Result<(Vec<Image<I>>, Option<Recovered>), OpenError> {
        let (storage, settings) = (&self.storage, &self.settings);
        let Err(no_beginning) = has_beginning(storage) else {
            let born = |island| Image::new(make(IslandId(island)));
            return Ok(((0..settings.islands).map(born).collect(), None));
        };
        match newest(&Folder::of(self.data.path()), storage, settings)?.0 {
            Some(Snapshot { taken, images, .. }) => Ok((images, Some(taken.recovered()))),
            None => Err(no_beginning),
        }
    }

    /// Decides every recorded input again, to [verify](Again::verify) what was recorded, or to see
    /// [what would differ](Again::what_if).
    #[must_use]
    pub fn again(&self) -> Again<'_> {
        Again::new(self)
    }

    /// Walks over all records in journal order: each island's in order, islands interleaved as
    /// they were written. They come as they were written, whatever schema they have.
    ///
    /// # Errors
    /// [`OpenError`], or what `visit` says; [`OpenError::NoBeginning`] when the beginning is
    /// archived.
    pub fn records<E: From<OpenError>>(
        &self,
        mut visit: impl FnMut(RecordAt<'_>) -> Result<(), E>,
    ) -> Result<Recovered, E> {
        self.blocks(|block| {
            let (island, place, schema) =
                (block.header.island, block.header.here, block.header.schema);
            walk(block, &self.storage, self.until, |position, record| {
                visit(RecordAt { island, position, place, schema, record: record.clone() })
            })
        })
    }

    /// The same, with the records in the form that `I` has now.
    ///
    /// # Errors
    /// As [`Log::records`]; [`OpenError::Form`] also for what cannot be rewritten, or was written
    /// by a newer program.
    pub fn records_as<I: Island, E: From<OpenError>>(
        &self,
        mut visit: impl FnMut(RecordAt<'_>) -> Result<(), E>,
    ) -> Result<Recovered, E> {
        let schema = SchemaVersion(I::SCHEMA_VERSION);
        self.blocks(|block| {
            let (island, place) = (block.header.island, block.header.here);
            walk_as::<I, E>(block, &self.storage, self.until, |position, record| {
                visit(RecordAt { island, position, place, schema, record: record.clone() })
            })
        })
    }

    /// Walks over the blocks that hold a record up to the point where this log ends.
    pub(super) fn blocks<E: From<OpenError>>(
        &self,
        mut visit: impl FnMut(&BlockRef) -> Result<(), E>,
    ) -> Result<Recovered, E> {
        has_beginning(&self.storage)?;
        let mut sink = |block: BlockRef| {
            if is_after(block.records(), self.until) { Ok(()) } else { visit(&block).map_err(Stop) }
        };
        scan(&self.storage, &self.settings, ScanMode::ReadOnly, &mut sink).map_err(|stop| stop.0)
    }
}

/// Carries either error through the scan.
struct Stop<E>(E);

impl<E: From<OpenError>> From<JournalError> for Stop<E> {
    fn from(error: JournalError) -> Self {
        Self(OpenError::from(error).into())
    }
}
