//! The folder with the snapshots of a data directory.
//!
//! Rules:
//! 1. A file has its final name only when it is whole and durable: written under another name,
//!    flushed, renamed, the folder flushed.
//! 2. Names say the commit; the newest is the one with the highest.
//! 3. What is not ours stays; what a crash left half made is written over by the next one.
//!
//! It doesn't know what is in a snapshot.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use archipelago_core::journal::frame::CommitNumber;

use super::make::Passed;
use crate::journal::{JournalError, make_folder, sync_folder};
use crate::replay::OpenError;

/// The folder's name in a data directory.
pub const SNAPSHOTS_FOLDER: &str = "snapshots";

/// How many snapshots are kept.
pub const SNAPSHOTS_KEPT: usize = 2;

const SUFFIX: &str = ".snapshot";
/// Of a file that is being written.
const NEW: &str = "new";
/// Bytes between two writes to the disk.
const BUFFER_BYTES: usize = 1 << 20;

/// The folder. It need not exist before the first snapshot.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// That of the data directory `data`.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self { path: data.join(SNAPSHOTS_FOLDER) }
    }

    /// The snapshots, newest first.
    ///
    /// # Errors
    /// [`OpenError::Journal`], when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<(CommitNumber, PathBuf)>, OpenError> {
        let failed = |error| JournalError::io("list", self.path.display().to_string())(error);
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error).into()),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if let Some(number) = entry.file_name().to_str().and_then(number_of) {
                all.push((number, entry.path()));
            }
        }
        all.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        Ok(all)
    }

    pub(super) fn path_of(&self, commit: CommitNumber) -> PathBuf {
        self.path.join(format!("{:020}{SUFFIX}", commit.0))
    }

    /// Makes the file of `commit`; `write` says what is in it.
    pub(super) fn create(
        &self,
        commit: CommitNumber,
        write: impl FnOnce(&mut dyn Write) -> io::Result<u64>,
    ) -> Result<(PathBuf, u64), OpenError> {
        let path = self.path_of(commit);
        let make = || -> io::Result<u64> {
            make_folder(&self.path)?;
            let new = path.with_extension(NEW);
            let mut out = BufWriter::with_capacity(BUFFER_BYTES, File::create(&new)?);
            let made = write(&mut out).and_then(|bytes| {
                out.flush()?;
                out.get_ref().sync_all()?;
                Ok(bytes)
            });
            if made.is_err() {
                // What it took is worth more to whoever makes room on a full disk.
                let _ = fs::remove_file(&new);
            }
            let bytes = made?;
            fs::rename(&new, &path)?;
            sync_folder(&self.path)?;
            Ok(bytes)
        };
        let made = make().map_err(JournalError::io("write", path.display().to_string()));
        Ok((path, made?))
    }

    /// Removes all that are older than the newest [`SNAPSHOTS_KEPT`]. Those in `passed` do not
    /// count among them: they could not be used.
    pub(super) fn prune(&self, passed: &[Passed]) -> Result<(), OpenError> {
        let mut kept = 0;
        for (_, path) in self.list()? {
            if kept == SNAPSHOTS_KEPT {
                fs::remove_file(&path)
                    .map_err(JournalError::io("remove", path.display().to_string()))?;
            } else if !passed.iter().any(|passed| passed.file == path) {
                kept += 1;
            }
        }
        Ok(())
    }
}

/// The commit in a snapshot's file name; other files are not ours.
fn number_of(name: &str) -> Option<CommitNumber> {
    let digits = name.strip_suffix(SUFFIX)?;
    let digits_only = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| digits.parse().ok().map(CommitNumber)).flatten()
}

/// Opens a snapshot to read.
pub(super) fn open(path: &Path) -> Result<BufReader<File>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_two_are_kept_and_other_files_stay() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::of(temp.path());
        assert!(folder.list().unwrap().is_empty());
        for commit in [5, 30, 4, 111] {
            let text = |out: &mut dyn Write| out.write_all(b"one").map(|()| 3);
            assert_eq!(folder.create(CommitNumber(commit), text).unwrap().1, 3);
        }
        let other = temp.path().join(SNAPSHOTS_FOLDER).join("7.snapshot");
        fs::write(&other, "mine").unwrap();
        let numbers =
            || -> Vec<u64> { folder.list().unwrap().iter().map(|(number, _)| number.0).collect() };
        assert_eq!(numbers(), [111, 30, 5, 4]);
        let file = folder.list().unwrap()[1].1.clone();
        folder.prune(&[Passed { file, reason: "damaged".to_owned() }]).unwrap();
        assert_eq!(numbers(), [111, 30, 5], "the second that can be used is the third");
        folder.prune(&[]).unwrap();
        assert_eq!(numbers(), [111, 30]);
        assert!(other.exists());
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::of(temp.path());
        let full = |_: &mut dyn Write| Err(io::ErrorKind::StorageFull.into());
        assert!(folder.create(CommitNumber(1), full).is_err());
        let left = fs::read_dir(temp.path().join(SNAPSHOTS_FOLDER)).unwrap().count();
        assert_eq!(left, 0);
    }
}
