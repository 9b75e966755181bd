//! Copying a data directory, also one that a process writes to.
//!
//! ```text
//! description, then the segments up to the last whole commit; zeros behind it
//! ```
//! Rules:
//! 1. The copy ends after the last whole commit that is there when it is read: what a start would
//!    go on from, if the writer were killed at that moment. So everything acknowledged before is in
//!    it, and perhaps a commit that nobody has been told of yet.
//! 2. The copy is read back before it counts: damage is refused here, not when it is needed.
//! 3. It takes no lock: a writer goes on. What changes under the reader is read again.
//! 4. The copy appears under its name when it is whole and durable. Nothing is written over.
//! 5. Snapshots are copied only where segments before them are gone from the journal, and only
//!    those that the copy reaches: all others can be made again.
//!
//! It doesn't know schedules or other machines, nor what an island is.

use std::fs::{self, File};
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use archipelago_core::journal::frame::{BlockPlace, CommitNumber, SegmentNumber};

use super::file::Taken;
use super::folder::{Folder, SNAPSHOTS_FOLDER, open};
use crate::journal::{
    Access, BlockRef, DESCRIPTION_FILE, DataDirectory, Directory, Durability, JournalError,
    JournalSettings, Recovered, SEGMENTS_FOLDER, ScanMode, Segment, Storage, make_folder, scan_on,
    sync_folder,
};
use crate::replay::OpenError;

/// How often a journal that changes under the reader is read again.
const TRIES: u32 = 5;
/// Bytes copied at a time.
const PIECE_BYTES: usize = 1 << 20;
/// What the name of a copy ends with while it is made.
const INCOMPLETE: &str = ".incomplete";

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The last commit in the copy.
    pub commit: CommitNumber,
    /// Records up to there, of all islands since the journal was made.
    pub records: u64,
    /// Bytes of its segments and snapshots.
    pub bytes: u64,
}

/// Copies the data directory at `data` to the directory `to`, which is missing or empty.
///
/// # Errors
/// [`OpenError::Journal`]: no journal there, damage, or `to` is in use or cannot be written;
/// [`OpenError::NoBeginning`]: the first segments are archived, and no snapshot stands in for them.
pub fn backup(data: &Path, to: &Path) -> Result<BackedUp, OpenError> {
    let cannot = |what, path: &Path| JournalError::io(what, path.display().to_string());
    let occupied = |what: &str| io::Error::new(io::ErrorKind::AlreadyExists, what.to_owned());
    if !is_free(to).map_err(cannot("look into", to))? {
        let error = occupied("it is there already, and not empty; a copy is never written over");
        return Err(cannot("copy to", to)(error).into());
    }
    let mut name = to.as_os_str().to_owned();
    name.push(INCOMPLETE);
    let new = PathBuf::from(name);
    if new.exists() {
        let error = occupied("a copy that was not finished, or another one being made: remove it");
        return Err(cannot("make", &new)(error).into());
    }
    let description = DataDirectory::description_of(data)?;
    let settings = description.settings(Default::default(), Durability::Disk);
    let mut tried = 0;
    let done = loop {
        tried += 1;
        let copied = copy(data, &settings, &new);
        if copied.as_ref().is_err_and(may_pass) && tried < TRIES {
            fs::remove_dir_all(&new).or_else(missing_is_good).map_err(cannot("remove", &new))?;
            continue;
        }
        break copied.and_then(|copied| {
            let named = fs::rename(&new, to).and_then(|()| sync_folder(parent(to)));
            Ok(named.map(|()| copied).map_err(cannot("name", to))?)
        });
    };
    if done.is_err() {
        // What it took is worth more to whoever makes room on a full disk.
        let _ = fs::remove_dir_all(&new);
    }
    done
}

/// Whether nothing is there, or an empty directory.
fn is_free(to: &Path) -> io::Result<bool> {
    match fs::read_dir(to) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(error),
    }
}

fn missing_is_good(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Whether a writer that was faster than the reader can have caused it; damage stays.
fn may_pass(error: &OpenError) -> bool {
    match error {
        OpenError::Journal(
            JournalError::Damaged(_)
            | JournalError::SegmentMissing { .. }
            | JournalError::SegmentShortened { .. },
        )
        | OpenError::NoBeginning { .. }
        | OpenError::Snapshot { .. } => true,
        OpenError::Journal(JournalError::Io { source, .. }) => {
            source.kind() == io::ErrorKind::NotFound
        }
        _ => false,
    }
}

/// Copies into the new directory, and reads it back.
fn copy(data: &Path, settings: &JournalSettings, new: &Path) -> Result<BackedUp, OpenError> {
    let open_segments = |data: &Path| {
        let folder = data.join(SEGMENTS_FOLDER);
        Directory::open(&folder, Access::ReadOnly)
            .map_err(JournalError::io("open", folder.display().to_string()))
    };
    let storage = open_segments(data)?;
    let bases = bases(data, &storage)?;
    let oldest = bases.last().map(|(_, taken)| taken.recovered());
    let read = |storage: &Directory| {
        let mut nothing = |_: BlockRef| Ok::<(), JournalError>(());
        scan_on(storage, settings, ScanMode::ReadOnly, oldest.as_ref(), &mut nothing)
    };
    let found = read(&storage)?;
    let written = write(data, &storage, &found, &bases, new);
    let bytes = written.map_err(JournalError::io("copy to", new.display().to_string()))?;
    let read = read(&open_segments(new)?)?;
    if read.last != found.last || read.torn.is_some() {
        let reason = format!("the copy ends after commit {}, not {}", read.last, found.last);
        return Err(OpenError::Snapshot { file: new.display().to_string(), reason });
    }
    let records = found.islands.iter().map(|tail| tail.upto.0).sum();
    Ok(BackedUp { commit: found.last, records, bytes })
}

/// The snapshots that stand in for segments that are gone, newest first; none when the journal has
/// its beginning.
fn bases(data: &Path, storage: &dyn Storage) -> Result<Vec<(PathBuf, Taken)>, OpenError> {
    let segments =
        storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    let Some(first) = segments.first().filter(|first| first.number > SegmentNumber::FIRST) else {
        return Ok(Vec::new());
    };
    let mut bases = Vec::new();
    for (_, file) in Folder::of(data).list()? {
        match open(&file).and_then(|mut input| Taken::read(&mut input)) {
            Ok(taken) if taken.recovered().next.segment >= first.number => {
                bases.push((file, taken));
            }
            _ => {}
        }
    }
    if bases.is_empty() {
        return Err(OpenError::NoBeginning { first: storage.name(first.number) });
    }
    Ok(bases)
}

/// Writes the copy; returns the bytes of its segments and snapshots.
fn write(
    data: &Path,
    storage: &Directory,
    found: &Recovered,
    bases: &[(PathBuf, Taken)],
    new: &Path,
) -> io::Result<u64> {
    let folder = new.join(SEGMENTS_FOLDER);
    make_folder(&folder)?;
    copy_file(&data.join(DESCRIPTION_FILE), new)?;
    let mut bytes = 0;
    let reached = bases.iter().filter(|(_, taken)| taken.recovered().last <= found.last);
    for (file, _) in reached {
        let snapshots = new.join(SNAPSHOTS_FOLDER);
        make_folder(&snapshots)?;
        bytes += copy_file(file, &snapshots)?;
        sync_folder(&snapshots)?;
    }
    let BlockPlace { segment: last, offset: end } = found.next;
    for segment in found.segments.iter().filter(|one| one.number <= last) {
        let used = if segment.number == last { u64::from(end) } else { segment.bytes };
        let name = storage.name(segment.number);
        let name = Path::new(&name).file_name().ok_or(io::ErrorKind::InvalidInput)?;
        copy_segment(storage, *segment, used, &folder.join(name))?;
        bytes += segment.bytes;
    }
    sync_folder(&folder)?;
    sync_folder(new)?;
    Ok(bytes)
}

/// Copies a file into a folder; returns its bytes.
fn copy_file(file: &Path, folder: &Path) -> io::Result<u64> {
    let target = folder.join(file.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    let bytes = fs::copy(file, &target)?;
    File::open(&target)?.sync_all()?;
    Ok(bytes)
}

/// Copies the first `used` bytes of a segment; zeros behind.
fn copy_segment(storage: &Directory, segment: Segment, used: u64, target: &Path) -> io::Result<()> {
    let mut out = File::create(target)?;
    let mut buffer = vec![0; PIECE_BYTES];
    let mut at = 0;
    while at < segment.bytes {
        let piece = &mut buffer[..(segment.bytes - at).min(PIECE_BYTES as u64) as usize];
        piece.fill(0);
        let wanted = used.saturating_sub(at).min(piece.len() as u64) as usize;
        if storage.read_at(segment.number, at, &mut piece[..wanted])? < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.write_all(piece)?;
        at += piece.len() as u64;
    }
    out.sync_all()
}
