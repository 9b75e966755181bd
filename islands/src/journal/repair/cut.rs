//! The cut itself: keep, then change. Off every path: done by hand, on a directory nobody has open.
//!
//! What is kept stands in `repair/001`, `repair/002` … of the data directory:
//!
//! ```text
//! about.txt            what was cut, why, what is lost, how to put it back
//! 00000002.from-8192   the bytes of segment 2 from offset 8192 to its end
//! 00000003.segment     a later segment, whole
//! ```
//! Rules:
//! 1. The folder gets its name when all in it is durable; nothing is changed before.
//! 2. Later segments are removed from the last one down, then the rest of the segment with the cut
//!    becomes zeros: what is left in between is a journal with a damaged or torn end.
//! 3. A segment of an odd size gets back whole sectors, and at least the size it was made with.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use archipelago_core::journal::frame::{BlockPlace, CommitNumber, SECTOR, SegmentNumber};

use super::super::directory::{make_folder, segment_file, sync_folder};
use super::super::error::JournalError;
use super::super::life::{DataDirectory, SEGMENTS_FOLDER};
use super::super::scan::{ScanMode, scan};
use super::super::settings::Durability;
use super::super::storage::{Segment, Storage as _};
use super::{CutAt, Diagnosis, Finding, Lost, diagnose};

/// The folder of a data directory that keeps what was cut.
pub const REPAIR_FOLDER: &str = "repair";

/// Why nothing was cut.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The journal can't be looked at, or changed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is nothing to repair.
    #[error("the journal of {path} is not damaged: nothing to cut")]
    Sound {
        /// The directory.
        path: String,
    },
    /// Nobody said where.
    #[error("{damage}; a cut loses {lost}: to cut there, say --cut-at {commit} (or {place})")]
    NotAsked {
        /// What is wrong.
        damage: String,
        /// What a cut would lose, in words.
        lost: String,
        /// The first commit to go.
        commit: CommitNumber,
        /// The same as a place.
        place: CutAt,
    },
    /// Somewhere else than the damage.
    #[error("--cut-at {asked}: the damage is at commit {commit} ({place}); nothing was cut")]
    Elsewhere {
        /// Where it was to be.
        asked: CutAt,
        /// The first commit that cannot be kept.
        commit: CommitNumber,
        /// The same as a place.
        place: CutAt,
    },
}

/// What was cut.
#[derive(Debug)]
pub struct Cut {
    /// What was wrong.
    pub damage: String,
    /// The end of the journal now.
    pub at: BlockPlace,
    /// The first commit that is gone.
    pub commit: CommitNumber,
    /// The records that are gone, by island.
    pub lost: Vec<Lost>,
    /// The folder that keeps them.
    pub kept: PathBuf,
}

/// Cuts a damaged journal at `asked`, which must be where its damage is; keeps what it cuts. After
/// it the directory opens.
///
/// # Errors
/// [`RepairError`]: nothing was cut, but for an error of the file system on the way.
pub fn cut(data: &DataDirectory, asked: Option<CutAt>) -> Result<Cut, RepairError> {
    let diagnosis = diagnose(data, &mut |_| Ok(()))?;
    let Finding::Damaged(damage) = &diagnosis.finding else {
        return Err(RepairError::Sound { path: data.path().display().to_string() });
    };
    let (at, commit) = (diagnosis.at, diagnosis.commit);
    let (damage, place) = (damage.to_string(), CutAt::Place(at));
    let Some(asked) = asked else {
        let lost = in_words(&diagnosis.lost);
        return Err(RepairError::NotAsked { damage, lost, commit, place });
    };
    if asked != place && asked != CutAt::Commit(commit) {
        return Err(RepairError::Elsewhere { asked, commit, place });
    }
    let storage = data.storage()?;
    let listed = storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    let parts = parts(&diagnosis, &listed);
    let kept = keep(data, &parts, &diagnosis, &damage)?;
    change(data, &parts)?;
    drop(storage);
    let settings = data.description().settings(Default::default(), Durability::Disk);
    let mut nothing = |_| -> Result<(), JournalError> { Ok(()) };
    scan(&data.storage()?, &settings, ScanMode::ReadOnly, &mut nothing)?;
    Ok(Cut { damage, at, commit, lost: diagnosis.lost, kept })
}

/// What is lost, in words.
fn in_words(lost: &[Lost]) -> String {
    if lost.is_empty() {
        return "no record that a sound header tells of".to_owned();
    }
    let each = lost.iter().map(|lost| {
        let Lost { island, from, upto, readable } = lost;
        format!(
            "{} records of island {island} (positions {from} to {upto}, {readable} of them whole)",
            lost.records()
        )
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A file, and from where on it changes.
struct Part {
    segment: Segment,
    from: u64,
    fate: Fate,
}

/// What becomes of a file.
enum Fate {
    /// It is removed.
    Gone,
    /// It is zeros from `from` on, and has this size.
    Zeros { bytes: u64 },
}

fn parts(diagnosis: &Diagnosis, listed: &[Segment]) -> Vec<Part> {
    let at = diagnosis.at;
    let mut parts = Vec::new();
    for segment in listed {
        let odd = diagnosis.odd.contains(segment);
        let whole = segment.bytes - segment.bytes % SECTOR as u64;
        let (from, fate) = if segment.number > at.segment {
            (0, Fate::Gone)
        } else if segment.number == at.segment {
            (u64::from(at.offset), Fate::Zeros { bytes: whole })
        } else if odd {
            (whole, Fate::Zeros { bytes: whole })
        } else {
            continue;
        };
        parts.push(Part { segment: *segment, from, fate });
    }
    parts
}

/// Copies all parts aside, durably, with a text.
fn keep(
    data: &DataDirectory,
    parts: &[Part],
    diagnosis: &Diagnosis,
    damage: &str,
) -> Result<PathBuf, JournalError> {
    let repair = data.path().join(REPAIR_FOLDER);
    let failed = || JournalError::io("keep what is cut in", repair.display().to_string());
    make_folder(&repair).map_err(failed())?;
    let folder = free_name(&repair).map_err(failed())?;
    let new = folder.with_extension("new");
    let write = || -> io::Result<()> {
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir(&new)?;
        let mut list = String::new();
        for part in parts {
            let name = match part.fate {
                Fate::Gone => segment_file(part.segment.number),
                Fate::Zeros { .. } => format!("{:08}.from-{}", part.segment.number.0, part.from),
            };
            copy(&file_of(data, part.segment.number), part.from, &new.join(&name))?;
            let how = match part.fate {
                Fate::Gone => format!("cp {name} ../../{SEGMENTS_FOLDER}/{name}"),
                Fate::Zeros { .. } => format!(
                    "dd if={name} of=../../{SEGMENTS_FOLDER}/{} bs={SECTOR} seek={} conv=notrunc; \
                     the file had {} bytes",
                    segment_file(part.segment.number),
                    part.from / SECTOR as u64,
                    part.segment.bytes
                ),
            };
            let _ = writeln!(list, "  {how}");
        }
        let mut about = File::create(new.join("about.txt"))?;
        about.write_all(text(diagnosis, damage, &list).as_bytes())?;
        about.sync_all()?;
        sync_folder(&new)?;
        fs::rename(&new, &folder)?;
        sync_folder(&repair)
    };
    write().map_err(failed())?;
    Ok(folder)
}

fn text(diagnosis: &Diagnosis, damage: &str, list: &str) -> String {
    let (at, commit) = (CutAt::Place(diagnosis.at), diagnosis.commit);
    let lost = in_words(&diagnosis.lost);
    format!(
        "Cut from the journal at {at}: commit {commit} and all that stood behind it.\n\
         Why: {damage}\n\
         Lost: {lost}.\n\n\
         To put it back, before the directory was opened to write again, in this folder:\n{list}"
    )
}

/// The next free number of a folder: 001, 002 …
fn free_name(repair: &Path) -> io::Result<PathBuf> {
    let mut highest = 0_u32;
    for entry in fs::read_dir(repair)? {
        let name = entry?.file_name();
        highest = highest.max(name.to_str().and_then(|name| name.parse().ok()).unwrap_or(0));
    }
    Ok(repair.join(format!("{:03}", highest.saturating_add(1))))
}

fn copy(from: &Path, offset: u64, to: &Path) -> io::Result<()> {
    let mut input = File::open(from)?;
    input.seek(SeekFrom::Start(offset))?;
    let mut output = File::create(to)?;
    io::copy(&mut input, &mut output)?;
    output.sync_all()
}

/// Changes the journal, the last file first.
fn change(data: &DataDirectory, parts: &[Part]) -> Result<(), JournalError> {
    let folder = data.path().join(SEGMENTS_FOLDER);
    let usual = data.description().segment_bytes;
    for part in parts.iter().rev() {
        let file = file_of(data, part.segment.number);
        let done = match part.fate {
            Fate::Gone => fs::remove_file(&file).and_then(|()| sync_folder(&folder)),
            Fate::Zeros { bytes } => zeros(&file, part.from, bytes.max(usual)),
        };
        done.map_err(JournalError::io("cut", file.display().to_string()))?;
    }
    Ok(())
}

/// Makes a file of `bytes` bytes of it, zeros from `from` on; returns when it is durable.
fn zeros(path: &Path, from: u64, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.set_len(bytes)?;
    file.seek(SeekFrom::Start(from))?;
    io::copy(&mut io::repeat(0).take(bytes.saturating_sub(from)), &mut file)?;
    file.sync_all()
}

fn file_of(data: &DataDirectory, segment: SegmentNumber) -> PathBuf {
    data.path().join(SEGMENTS_FOLDER).join(segment_file(segment))
}
