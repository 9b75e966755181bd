//! Copying a data directory, also one that a process writes to.
//!
//! ```text
//! description, then the segments up to a commit that is proven durable; zeros behind it
//! ```
//! Rules:
//! 1. The copy ends after a commit that a later block proved durable (its watermark), so it is what
//!    a crash at that moment would have left; everything acknowledged before is in it. An idle
//!    journal is sealed, which proves its last commit.
//! 2. The copy is read as it is made: damage is refused here, not when the copy is needed.
//! 3. It takes no lock: a writer goes on. What changes under the reader is read again.
//! 4. The copy appears under its name when it is whole and durable.
//! 5. Snapshots are not copied: they can be made again, and one may be ahead of the copy.
//!
//! It doesn't know schedules or other machines.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use archipelago_core::journal::frame::{BlockPlace, CommitNumber};

use crate::journal::{
    Access, BlockRef, DESCRIPTION_FILE, DataDirectory, Directory, Durability, JournalError,
    JournalSettings, Recovered, SEGMENTS_FOLDER, ScanMode, Storage, make_folder, scan, sync_folder,
};
use crate::replay::OpenError;

/// How often a journal that changes under the reader is read again.
const TRIES: u32 = 5;
/// Bytes copied at a time.
const PIECE_BYTES: usize = 1 << 20;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The last commit in the copy.
    pub commit: CommitNumber,
    /// Records in it, of all islands.
    pub records: u64,
    /// Bytes of its segments.
    pub bytes: u64,
}

/// Copies the data directory at `data` to the new directory `to`.
///
/// # Errors
/// [`OpenError::Journal`]: no journal there, damage, or `to` exists or cannot be written.
pub fn backup(data: &Path, to: &Path) -> Result<BackedUp, OpenError> {
    if to.exists() {
        let error = io::Error::new(io::ErrorKind::AlreadyExists, "it is there already");
        return Err(JournalError::io("make", to.display().to_string())(error).into());
    }
    let description = DataDirectory::description_of(data)?;
    let settings = description.settings(Default::default(), Durability::Disk);
    let folder = data.join(SEGMENTS_FOLDER);
    let storage = Directory::open(&folder, Access::ReadOnly)
        .map_err(JournalError::io("open", folder.display().to_string()))?;
    let found = proven(&storage, &settings)?;
    let new = to.with_extension("new");
    let copied = copy(data, &storage, &found, &new).and_then(|bytes| {
        fs::rename(&new, to)?;
        sync_folder(to.parent().unwrap_or(Path::new("")))?;
        Ok(bytes)
    });
    if copied.is_err() {
        // What it took is worth more to whoever makes room on a full disk.
        let _ = fs::remove_dir_all(&new);
    }
    let bytes = copied.map_err(JournalError::io("copy to", to.display().to_string()))?;
    let records = found.islands.iter().map(|tail| tail.upto.0).sum();
    Ok(BackedUp { commit: found.last, records, bytes })
}

/// The journal up to the last commit that is proven durable.
fn proven(storage: &dyn Storage, settings: &JournalSettings) -> Result<Recovered, OpenError> {
    let mut tried = 0;
    loop {
        tried += 1;
        let mut watermark = CommitNumber::ZERO;
        let mut look = |block: BlockRef| {
            watermark = watermark.max(block.header.watermark);
            Ok::<(), JournalError>(())
        };
        let scanned = scan(storage, settings, ScanMode::ReadOnly, &mut look);
        match scanned {
            Ok(found) => {
                if found.ending == crate::journal::Ending::Seal {
                    // The seal proves the commit before it; that it is there proves enough.
                    return Ok(found);
                }
                let mut skip = |_: BlockRef| Ok::<(), JournalError>(());
                return Ok(scan(storage, settings, ScanMode::Upto(watermark), &mut skip)?);
            }
            // A writer may have been faster than the reader; damage stays.
            Err(JournalError::Damaged(_) | JournalError::SegmentMissing { .. })
                if tried < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Copies into the new directory; returns the bytes of the segments.
fn copy(data: &Path, storage: &Directory, found: &Recovered, new: &Path) -> io::Result<u64> {
    let _ = fs::remove_dir_all(new);
    let folder = new.join(SEGMENTS_FOLDER);
    make_folder(&folder)?;
    fs::copy(data.join(DESCRIPTION_FILE), new.join(DESCRIPTION_FILE))?;
    File::open(new.join(DESCRIPTION_FILE))?.sync_all()?;
    let mut bytes = 0;
    let mut buffer = vec![0; PIECE_BYTES];
    for segment in found.segments.iter().filter(|one| one.number <= found.next.segment) {
        let BlockPlace { segment: last, offset: end } = found.next;
        let used = if segment.number == last { u64::from(end) } else { segment.bytes };
        let name = storage.name(segment.number);
        let name = Path::new(&name).file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut out = File::create(folder.join(name))?;
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
        out.sync_all()?;
        bytes += segment.bytes;
    }
    sync_folder(&folder)?;
    sync_folder(new)?;
    Ok(bytes)
}
