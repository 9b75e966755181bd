//! The data directory: its description, its lock, its segments.
//!
//! ```text
//! data/archipelago.json            what it was made for
//! data/lock                        held while a process has it open
//! data/journal/00000001.segment    …
//! ```
//!
//! Rules:
//! 1. One process at a time may write; many may read when none writes. The operating system
//!    drops the lock with the process, so a crash leaves none behind.
//! 2. The description comes first, segments after it: a crash in between leaves a directory that
//!    opens as an empty journal. Segments without a description are refused.
//! 3. A new journal is made only in a directory that is missing or empty.
//! 4. Opening to read creates nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::description::{DESCRIPTION_FILE, Description};
use super::directory::{Access, Directory, make_folder};
use super::error::JournalError;

/// The name of the lock file.
pub const LOCK_FILE: &str = "lock";

/// The name of the folder with the segments.
pub const SEGMENTS_FOLDER: &str = "journal";

/// A data directory that this process has open; dropping it, and its storage, unlocks it.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    description: Description,
    access: Access,
    lock: Option<Arc<File>>,
}

impl DataDirectory {
    /// Opens the data directory at `path` for writing; makes it when it is missing or empty.
    ///
    /// # Errors
    /// [`JournalError::InUse`], [`JournalError::Mismatch`], [`JournalError::NotEmpty`],
    /// [`JournalError::NoJournal`] for segments without a description,
    /// [`JournalError::Description`], [`JournalError::UnknownFormat`],
    /// [`JournalError::SegmentBytes`] and [`JournalError::Io`].
    pub fn create_or_open(path: &Path, asked: &Description) -> Result<Self, JournalError> {
        make_folder(path).map_err(JournalError::io("make", shown(path)))?;
        // Before the lock file is made: a directory of somebody else's must stay as it is.
        check_ours(path)?;
        let lock = lock_to_write(path)?;
        let description = match Description::read(path)? {
            Some(stored) => {
                asked.agrees_with(&stored, path)?;
                stored
            }
            None => {
                asked.settings(Default::default(), Default::default()).check()?;
                asked.write(path)?;
                asked.clone()
            }
        };
        let lock = Some(Arc::new(lock));
        Ok(Self { path: path.to_owned(), description, access: Access::ReadWrite, lock })
    }

    /// Opens the data directory at `path`, which must be one, for changes by an operator.
    ///
    /// # Errors
    /// As [`DataDirectory::open_read_only`]; [`JournalError::InUse`] also when somebody reads.
    pub fn open_to_change(path: &Path) -> Result<Self, JournalError> {
        Self::create_or_open(path, &Self::description_of(path)?)
    }

    /// Opens the data directory at `path`, as it is, for repair by hand: nobody else may have it
    /// open, and nothing of it is made but the lock file.
    ///
    /// # Errors
    /// As [`DataDirectory::open_read_only`].
    pub fn open_to_repair(path: &Path) -> Result<Self, JournalError> {
        // Before the lock file is made: a directory of somebody else's must stay as it is.
        let description = Self::description_of(path)?;
        let lock = Some(Arc::new(lock_to_write(path)?));
        Ok(Self { path: path.to_owned(), description, access: Access::ReadOnly, lock })
    }

    /// Opens the data directory at `path` for reading.
    ///
    /// # Errors
    /// [`JournalError::NoJournal`], [`JournalError::InUse`] when a process has it open for
    /// writing, [`JournalError::Description`], [`JournalError::UnknownFormat`] and
    /// [`JournalError::Io`].
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        let file = path.join(LOCK_FILE);
        let lock = match File::open(&file) {
            Ok(lock) => {
                locked(lock.try_lock_shared(), path)?;
                Some(Arc::new(lock))
            }
            // A copy of a directory may lack the lock file; nobody writes to it through us then.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(JournalError::io("open", file.display().to_string())(error)),
        };
        let description = Self::description_of(path)?;
        Ok(Self { path: path.to_owned(), description, access: Access::ReadOnly, lock })
    }

    /// What the directory at `path` was made for, without opening it.
    ///
    /// # Errors
    /// [`JournalError::NoJournal`], [`JournalError::Description`],
    /// [`JournalError::UnknownFormat`] and [`JournalError::Io`].
    pub fn description_of(path: &Path) -> Result<Description, JournalError> {
        let found = Description::read(path)?;
        found.ok_or_else(|| JournalError::NoJournal { path: shown(path) })
    }

    /// What it was made for.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its segments; the directory stays locked until this is dropped as well.
    ///
    /// # Errors
    /// [`JournalError::Io`] when the folder cannot be opened or made.
    pub fn storage(&self) -> Result<Directory, JournalError> {
        let folder = self.path.join(SEGMENTS_FOLDER);
        Directory::open_locked(&folder, self.access, self.lock.clone())
            .map_err(JournalError::io("open", folder.display().to_string()))
    }
}

/// A directory without a description may hold only what a crash while making it leaves.
fn check_ours(path: &Path) -> Result<(), JournalError> {
    let list = |path: &Path| -> Result<Vec<String>, JournalError> {
        let failed = || JournalError::io("list", shown(path));
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(failed())? {
            names.push(entry.map_err(failed())?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    };
    let names = list(path)?;
    let has = |name: &str| names.iter().any(|found| found == name);
    if has(DESCRIPTION_FILE) {
        return Ok(());
    }
    if has(SEGMENTS_FOLDER) && path.join(SEGMENTS_FOLDER).is_dir() {
        let segments = list(&path.join(SEGMENTS_FOLDER))?;
        if segments.iter().any(|name| name.ends_with(".segment")) {
            return Err(JournalError::NoJournal { path: shown(path) });
        }
    }
    let new = format!("{DESCRIPTION_FILE}.new");
    let ours = [LOCK_FILE, new.as_str()];
    if names.iter().all(|name| ours.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(JournalError::NotEmpty { path: shown(path) })
    }
}

fn lock_to_write(path: &Path) -> Result<File, JournalError> {
    let file = path.join(LOCK_FILE);
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&file)
        .map_err(JournalError::io("open", file.display().to_string()))?;
    locked(lock.try_lock(), path)?;
    Ok(lock)
}

fn locked(result: Result<(), TryLockError>, path: &Path) -> Result<(), JournalError> {
    match result {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: shown(path) }),
        Err(TryLockError::Error(error)) => Err(JournalError::io("lock", shown(path))(error)),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
