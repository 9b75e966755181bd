//! A snapshot of a data directory that no process has open.
//!
//! Rules: the journal is first made what a start would make it (flushed, a torn tail cut), so that
//! the snapshot holds nothing that a loss of power could still take away.
//!
//! It doesn't know who asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use archipelago_core::id::IslandId;
use archipelago_core::island::Island;
use archipelago_core::journal::frame::CommitNumber;
use archipelago_core::replay::Image;

use super::folder::Folder;
use super::make::{keep, newest, replay_on};
use super::pace::Pace;
use crate::journal::{DataDirectory, Durability, ScanMode, Storage};
use crate::replay::OpenError;

/// What came of asking for a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtRest {
    /// The file; `None` when the newest snapshot, or an empty journal, says it all.
    pub file: Option<PathBuf>,
    /// The last commit of the journal.
    pub commit: CommitNumber,
}

/// Makes a snapshot of the data directory at `data`; `make` makes each island as it was born.
///
/// # Errors
/// [`OpenError`]: the directory is in use or damaged, or the snapshot cannot be written or
/// verified.
pub fn take_at_rest<I: Island>(
    data: &Path,
    mut make: impl FnMut(IslandId) -> I,
) -> Result<AtRest, OpenError> {
    let directory = DataDirectory::open_to_change(data)?;
    let settings = directory.description().settings(Default::default(), Durability::Disk);
    let storage: Arc<dyn Storage> = Arc::new(directory.storage()?);
    let folder = Folder::of(data);
    let (base, passed) = newest::<I>(&folder, &*storage, &settings)?;
    let held = base.as_ref().map_or(CommitNumber::ZERO, |base| base.taken.recovered().last);
    let born = || (0..settings.islands).map(|at| Image::new(make(IslandId(at)))).collect();
    let (restored, before) = replay_on(&*storage, &settings, ScanMode::Repair, 1, base, born)?;
    let commit = restored.recovered.last;
    if commit == held {
        return Ok(AtRest { file: None, commit });
    }
    let (images, found) = (restored.images, &restored.recovered);
    let before = (before, passed.as_slice());
    let (file, _) = keep(&folder, &storage, &settings, images, found, before, &Pace::full())?;
    Ok(AtRest { file: Some(file), commit })
}
