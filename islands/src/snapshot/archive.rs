//! Moving away the segments that no start needs any more.
//!
//! Rules:
//! 1. Only what lies before the older of two snapshots goes, and only after both were loaded.
//! 2. Oldest first, so that what stays is without a gap whenever it is interrupted.
//! 3. Nothing goes by itself: somebody asks for it with the directory locked, or has chosen so for
//!    the running system, which reads nothing before the older snapshot again as long as every
//!    message sent before it is consumed (see `make`).
//!
//! It doesn't know who asks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use archipelago_core::island::Island;
use archipelago_core::journal::frame::{CommitNumber, SegmentNumber};

use super::folder::{Folder, SNAPSHOTS_KEPT};
use super::make::verify;
use super::pace::Pace;
use super::policy::Archive;
use crate::journal::{DataDirectory, Durability, JournalError, Storage, make_folder, sync_folder};
use crate::replay::OpenError;

/// What becomes of the segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// They are moved to this directory.
    In(PathBuf),
    /// They are removed: verification and what-if then begin where the journal begins.
    Nowhere,
}

/// What was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The segments that went, oldest first.
    pub segments: Vec<SegmentNumber>,
    /// Their bytes.
    pub bytes: u64,
    /// The commit of the snapshot that stands in for them.
    pub snapshot: CommitNumber,
}

/// Archives the segments of the data directory at `data` that lie before its older snapshot.
///
/// # Errors
/// [`OpenError::Snapshot`] when there are fewer than two snapshots that load;
/// [`OpenError::Journal`] when the directory is in use, or a file cannot be moved.
pub fn archive<I: Island>(data: &Path, keep: &Keep) -> Result<Archived, OpenError> {
    let directory = DataDirectory::open_to_change(data)?;
    let settings = directory.description().settings(Default::default(), Durability::Disk);
    let storage = directory.storage()?;
    let folder = Folder::of(data);
    let snapshots = folder.list()?;
    if snapshots.len() < SNAPSHOTS_KEPT {
        let (file, found) = (data.display().to_string(), snapshots.len());
        let reason = format!("it has {found} snapshots, and archiving needs two: take another");
        return Err(OpenError::Snapshot { file, reason });
    }
    let mut older = None;
    for (_, file) in snapshots.iter().take(SNAPSHOTS_KEPT) {
        older = Some(verify::<I>(file, &settings, &Pace::full())?.recovered());
    }
    let older = older.expect("there are two");
    if let Keep::In(to) = keep {
        make_folder(to).map_err(JournalError::io("make", to.display().to_string()))?;
    }
    let (segments, bytes) = let_go(&storage, older.next.segment, |segment| {
        let path = PathBuf::from(storage.name(segment));
        match keep {
            Keep::In(to) => move_to(&path, to),
            Keep::Nowhere => fs::remove_file(&path),
        }
    })?;
    let archived = Archived { segments, bytes, snapshot: older.last };
    let journal = data.join(crate::journal::SEGMENTS_FOLDER);
    sync_folder(&journal).map_err(JournalError::io("flush", journal.display().to_string()))?;
    Ok(archived)
}

/// Does what `policy` says with the segments of a running system before `before`; returns how many
/// went.
///
/// # Errors
/// [`OpenError::Journal`], when one cannot go: it and those after it stay.
pub(super) fn archive_running(
    storage: &dyn Storage,
    policy: &Archive,
    before: SegmentNumber,
) -> Result<usize, OpenError> {
    let gone = match policy {
        Archive::KeepAll => return Ok(0),
        Archive::Move(to) => {
            make_folder(to).map_err(JournalError::io("make", to.display().to_string()))?;
            let gone = let_go(storage, before, |segment| {
                let path = PathBuf::from(storage.name(segment));
                move_to(&path, to)?;
                sync_folder(path.parent().unwrap_or(Path::new("")))
            });
            gone?
        }
        Archive::Recycle => let_go(storage, before, |segment| storage.release(segment))?,
    };
    Ok(gone.0.len())
}

/// Lets the segments before `before` go, oldest first; returns them, and their bytes.
fn let_go(
    storage: &dyn Storage,
    before: SegmentNumber,
    go: impl Fn(SegmentNumber) -> io::Result<()>,
) -> Result<(Vec<SegmentNumber>, u64), JournalError> {
    let (mut numbers, mut bytes) = (Vec::new(), 0);
    let segments =
        storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    for segment in segments.iter().filter(|segment| segment.number < before) {
        go(segment.number).map_err(JournalError::io("archive", storage.name(segment.number)))?;
        numbers.push(segment.number);
        bytes += segment.bytes;
    }
    Ok((numbers, bytes))
}

/// Moves a file into a folder, which may be on another disk; it is durable there before it goes.
fn move_to(file: &Path, folder: &Path) -> io::Result<()> {
    let Some(name) = file.file_name() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let target = folder.join(name);
    if target.exists() {
        let what = format!("{} is there already", target.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
    }
    match fs::rename(file, &target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let new = target.with_extension("new");
            fs::copy(file, &new)?;
            File::open(&new)?.sync_all()?;
            fs::rename(&new, &target)?;
            sync_folder(folder)?;
            fs::remove_file(file)
        }
        moved => {
            moved?;
            sync_folder(folder)
        }
    }
}
