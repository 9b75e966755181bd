//! Storage in files `00000001.segment`, `00000002.segment` … of one folder. Unix only.
//!
//! This is the one place that speaks to the file system about segments. Its whole vocabulary:
//! create a file under another name, fill it, `fsync` it, rename it, `fsync` the folder (all off
//! the hot path); then `pread`, `pwrite` inside existing blocks, and `fdatasync`. A segment that is
//! let go is renamed to `….segment.spare`, and filled again when the next one is made.
//!
//! Rules:
//! 1. A file has its final name only when it is full size and durable, so a shorter file is damage.
//! 2. At most 40 files are kept open (three stretches of a scan); the lowest number is closed
//!    first, because the writer stands at the highest and a file's write errors are told only to
//!    who has it open.
//! 3. What a file held is zeros, on the disk, before the file gets the name of a segment. A crash
//!    in between leaves a name that no reader looks at: a spare is a spare again, and what was half
//!    filled is made anew.
//! 4. At most 16 spares are kept; what is let go beyond them is removed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archipelago_core::journal::frame::SegmentNumber;

use super::fill::fill;
use super::storage::{Segment, Storage, fits, past_the_end};

/// How many segment files are kept open.
const OPEN_FILES_MAX: usize = 40;

/// How much is read ahead at once, in bytes: what Linux reads ahead by default.
const HINT_BYTES: u64 = 128 << 10;

/// What a file's name ends with.
const SUFFIX: &str = ".segment";

/// What the name of a file ends with that may become a segment.
const SPARE: &str = ".segment.spare";

/// How many spares are kept: 256 MiB of segments of the usual size, which is what goes when a
/// snapshot of the usual policy has been made.
const SPARES_MAX: usize = 16;

/// Whether files may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing is created or changed.
    ReadOnly,
    /// Everything.
    ReadWrite,
}

/// Segments as files of one folder.
#[derive(Debug)]
pub struct Directory {
    folder: PathBuf,
    access: Access,
    open: Mutex<BTreeMap<SegmentNumber, Arc<OpenSegment>>>,
    /// Files that were segments, and may become some again.
    spares: Mutex<Vec<PathBuf>>,
    /// Keeps the data directory locked as long as its segments can be reached.
    _lock: Option<Arc<File>>,
}

/// A file, and its size, which never changes.
#[derive(Debug)]
struct OpenSegment {
    file: File,
    bytes: u64,
}

impl Directory {
    /// The segments in `folder`, which is made when it is missing and may be written.
    ///
    /// # Errors
    /// When the folder cannot be made, or is missing and may only be read.
    pub fn open(folder: &Path, access: Access) -> io::Result<Self> {
        if access == Access::ReadOnly {
            fs::read_dir(folder)?;
        }
        Self::open_locked(folder, access, None)
    }

    /// The same for a data directory, whose lock it keeps as long as it lives; one that may only be
    /// read may have no folder yet.
    pub(super) fn open_locked(
        folder: &Path,
        access: Access,
        lock: Option<Arc<File>>,
    ) -> io::Result<Self> {
        if access == Access::ReadWrite {
            make_folder(folder)?;
        }
        let mut spares = Vec::new();
        for entry in folder_entries(folder, access)?.into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if access == Access::ReadWrite && name.is_some_and(|name| name.ends_with(SPARE)) {
                spares.push(path);
            }
        }
        let (open, spares) = (Mutex::new(BTreeMap::new()), Mutex::new(spares));
        Ok(Self { folder: folder.to_owned(), access, open, spares, _lock: lock })
    }

    fn lock_spares(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `new` out of a spare of `bytes` bytes, filled with zeros and durable; says whether
    /// there was one.
    fn fill_a_spare(&self, new: &Path, bytes: u64) -> io::Result<Filled> {
        loop {
            let Some(spare) = self.lock_spares().pop() else { return Ok(Filled::NoSpare) };
            if fs::metadata(&spare)?.len() != bytes {
                // Of a commit that needed a segment of its own size.
                fs::remove_file(&spare)?;
                continue;
            }
            fs::rename(&spare, new)?;
            fill(new, bytes)?;
            return Ok(Filled::Yes);
        }
    }

    fn path(&self, segment: SegmentNumber) -> PathBuf {
        self.folder.join(segment_file(segment))
    }

    fn file(&self, segment: SegmentNumber) -> io::Result<Arc<OpenSegment>> {
        // The map is whole at every point where a panic could leave it.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&segment) {
            return Ok(Arc::clone(file));
        }
        let write = self.access == Access::ReadWrite;
        let file = OpenOptions::new().read(true).write(write).open(self.path(segment))?;
        let bytes = file.metadata()?.len();
        let file = Arc::new(OpenSegment { file, bytes });
        if open.len() >= OPEN_FILES_MAX {
            open.pop_first();
        }
        open.insert(segment, Arc::clone(&file));
        Ok(file)
    }
}

/// The name of a segment's file.
pub(super) fn segment_file(segment: SegmentNumber) -> String {
    format!("{:08}{SUFFIX}", segment.0)
}

/// Makes a folder and all it is in, and its name durable.
///
/// What exists is flushed as well: it may be left by a process that died before it did so.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let parent = folder.parent();
    if !folder.exists() {
        if let Some(parent) = parent.filter(|parent| !parent.as_os_str().is_empty()) {
            make_folder(parent)?;
        }
        match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    sync_folder(folder)?;
    parent.map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a relative path of one part is the empty path: the working directory.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Whether a spare became the next segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    Yes,
    NoSpare,
}

/// The folder's entries. The folder is made after the description of a data directory: a crash in
/// between leaves an empty journal, which a reader finds without a folder.
fn folder_entries(folder: &Path, access: Access) -> io::Result<Option<fs::ReadDir>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && access == Access::ReadOnly => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The number in a segment's file name; other files are not ours.
fn number_of(name: &str) -> Option<SegmentNumber> {
    let digits = name.strip_suffix(SUFFIX)?;
    let digits_only = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits_only { digits.parse().ok()? } else { return None };
    (format!("{number:08}") == digits && number > 0).then_some(SegmentNumber(number))
}

impl Storage for Directory {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        let mut segments = Vec::new();
        for entry in folder_entries(&self.folder, self.access)?.into_iter().flatten() {
            let entry = entry?;
            if let Some(number) = entry.file_name().to_str().and_then(number_of) {
                segments.push(Segment { number, bytes: entry.metadata()?.len() });
            }
        }
        segments.sort_by_key(|segment| segment.number);
        Ok(segments)
    }

    fn create(&self, segment: Segment) -> io::Result<()> {
        let path = self.path(segment.number);
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let new = path.with_extension("segment.new");
        let made = self.fill_a_spare(&new, segment.bytes).and_then(|filled| match filled {
            Filled::Yes => Ok(()),
            Filled::NoSpare => fill(&new, segment.bytes),
        });
        if let Err(error) = made {
            // What it took is worth more to whoever makes room on a full disk.
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        fs::rename(&new, &path)?;
        sync_folder(&self.folder)
    }

    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let open = self.file(segment)?;
        let mut read = 0;
        while read < buffer.len() {
            match open.file.read_at(&mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn will_read(&self, segment: SegmentNumber) {
        // A hint: what is not read ahead is read when it is asked for, and that tells what fails.
        #[cfg(target_os = "linux")]
        if let Ok(open) = self.file(segment) {
            // Of each hint Linux reads no more than it would read ahead by itself.
            for at in (0..open.bytes).step_by(HINT_BYTES as usize) {
                let len = std::num::NonZero::new(HINT_BYTES);
                let _ = rustix::fs::fadvise(&open.file, at, len, rustix::fs::Advice::WillNeed);
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = segment;
    }

    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let open = self.file(segment)?;
        if !fits(offset, bytes.len(), open.bytes) {
            return Err(past_the_end(offset, bytes.len(), open.bytes));
        }
        open.file.write_all_at(bytes, offset)
    }

    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        self.file(segment)?.file.sync_data()
    }

    fn forget(&self, segment: SegmentNumber) -> io::Result<()> {
        // A hint, and one that Linux keeps to for clean pages; elsewhere there is none.
        #[cfg(target_os = "linux")]
        rustix::fs::fadvise(&self.file(segment)?.file, 0, None, rustix::fs::Advice::DontNeed)?;
        #[cfg(not(target_os = "linux"))]
        let _ = segment;
        Ok(())
    }

    fn release(&self, segment: SegmentNumber) -> io::Result<()> {
        let path = self.path(segment);
        // Who opens it from now on gets what stands under its name, which is nothing.
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&segment);
        let mut spares = self.lock_spares();
        if spares.len() < SPARES_MAX {
            let spare = self.folder.join(format!("{:08}{SPARE}", segment.0));
            fs::rename(&path, &spare)?;
            sync_folder(&self.folder)?;
            spares.push(spare);
            Ok(())
        } else {
            fs::remove_file(&path)?;
            sync_folder(&self.folder)
        }
    }

    fn name(&self, segment: SegmentNumber) -> String {
        self.path(segment).display().to_string()
    }
}

#[cfg(test)]
impl Directory {
    /// How many files are open.
    pub(super) fn open_files(&self) -> usize {
        self.open.lock().unwrap().len()
    }
}
