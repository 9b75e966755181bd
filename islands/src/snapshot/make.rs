//! Making a snapshot, and starting from one.
//!
//! ```text
//! newest snapshot ─▶ replay of the durable journal behind it ─▶ written ─▶ read back ─▶ it counts
//! ```
//! Rules:
//! 1. Of a journal that is being written it reads what is known to be durable, in steps, so that it
//!    can be stopped between two.
//! 2. A snapshot that a program cannot use is passed over, and named. One that the journal does not
//!    reach is refused: the journal has lost what was durable.
//! 3. Segments before a snapshot are of no use to anybody once there is a second one behind it,
//!    verified, in which every message sent before the first is consumed: a start begins at one of
//!    the two, and an island reads again only what nobody has consumed.
//!
//! It doesn't know when.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use archipelago_core::id::{IslandId, LinkSeq};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockHeader, CommitNumber, SegmentNumber};
use archipelago_core::replay::Image;

use super::file::{Snapshot, Taken, Unacked};
use super::folder::{Folder, open};
use super::pace::{Pace, Paced};
use crate::journal::{JournalError, JournalSettings, Recovered, ScanMode, Storage, read_block};
use crate::link::Rereader;
use crate::replay::{FOR_EVER, OpenError, Restored, restore_on, restore_watched};

/// Commits replayed between two looks at whether to stop.
const STEP_COMMITS: u64 = 4096;

/// A snapshot that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: String,
}

/// Whether work goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GoOn {
    Yes,
    Stop,
}

/// A snapshot that counts.
pub(super) struct Made {
    pub(super) file: PathBuf,
    /// Segments before this one are of no use to anybody (rule 3); `None` when some may be.
    pub(super) done_before: Option<SegmentNumber>,
}

fn refused(file: &Path, reason: String) -> OpenError {
    OpenError::Snapshot { file: file.display().to_string(), reason }
}

/// The newest snapshot that this program can use for the journal on `storage`, and those passed
/// over for it.
///
/// # Errors
/// [`OpenError::Snapshot`] for one that is ahead of the journal; [`OpenError::Journal`] when the
/// folder or the journal cannot be read.
pub fn newest<I: Island>(
    folder: &Folder,
    storage: &dyn Storage,
    settings: &JournalSettings,
) -> Result<(Option<Snapshot<I>>, Vec<Passed>), OpenError> {
    newest_at(folder, storage, settings, &Pace::full())
}

/// The same, at a pace.
fn newest_at<I: Island>(
    folder: &Folder,
    storage: &dyn Storage,
    settings: &JournalSettings,
    pace: &Pace<'_>,
) -> Result<(Option<Snapshot<I>>, Vec<Passed>), OpenError> {
    let mut passed = Vec::new();
    for (_, file) in folder.list()? {
        match load::<I>(&file, settings, pace) {
            Ok(snapshot) => {
                reaches(storage, &file, &snapshot.taken)?;
                return Ok((Some(snapshot), passed));
            }
            Err(reason) => passed.push(Passed { file, reason }),
        }
    }
    Ok((None, passed))
}

/// Reads a snapshot, at a pace.
fn load<I: Island>(
    file: &Path,
    settings: &JournalSettings,
    pace: &Pace<'_>,
) -> Result<Snapshot<I>, String> {
    let inner = open(file)?;
    Snapshot::read(&mut Paced { inner, pace }, settings)
}

/// Whether the journal holds what the snapshot was made of, as far as it has not been archived.
fn reaches(storage: &dyn Storage, file: &Path, taken: &Taken) -> Result<(), OpenError> {
    let first = first_segment(storage)?;
    for (island, tail) in taken.recovered().islands.iter().enumerate() {
        let Some(place) =
            tail.place.filter(|place| first.is_none_or(|first| place.segment >= first))
        else {
            continue;
        };
        let lost = |found: &dyn std::fmt::Display| {
            let (upto, name) = (tail.upto, storage.name(place.segment));
            refused(
                file,
                format!(
                    "it holds island {island} up to record {upto}, and {name} does not ({found}): \
                     put the journal's files back; if they are lost, move the snapshots away to \
                     open what is left"
                ),
            )
        };
        match read_block(storage, place, taken.life) {
            Ok((header, _)) if header.upto() == tail.upto && header.island.0 as usize == island => {
            }
            Ok((header, _)) => return Err(lost(&format_args!("record {}", header.upto()))),
            Err(error) => return Err(lost(&error)),
        }
    }
    Ok(())
}

/// Goes on from `base`, or from islands as they were born, over the journal behind it.
///
/// # Errors
/// As [`restore_on`]; [`OpenError::NoBeginning`] when there is no `base` and the first segments are
/// archived.
pub fn replay_on<I: Island>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
    threads: usize,
    base: Option<Snapshot<I>>,
    born: impl FnOnce() -> Vec<Image<I>>,
) -> Result<(Restored<I>, Unacked), OpenError> {
    match base {
        Some(Snapshot { taken, images, unacked }) => {
            let from = taken.recovered();
            let on = (images, Some(&from));
            Ok((restore_on(storage, settings, mode, threads, on)?, unacked))
        }
        None => {
            has_beginning(storage)?;
            let none = (0..settings.islands).map(|_| Vec::new()).collect();
            Ok((restore_on(storage, settings, mode, threads, (born(), None))?, none))
        }
    }
}

/// Whether the journal has its first segment, or nothing.
///
/// # Errors
/// [`OpenError::NoBeginning`], when its first segments were archived.
pub(crate) fn has_beginning(storage: &dyn Storage) -> Result<(), OpenError> {
    match first_segment(storage)? {
        Some(first) if first > SegmentNumber::FIRST => {
            Err(OpenError::NoBeginning { first: storage.name(first) })
        }
        _ => Ok(()),
    }
}

/// The first segment that is there.
fn first_segment(storage: &dyn Storage) -> Result<Option<SegmentNumber>, OpenError> {
    let segments =
        storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    Ok(segments.first().map(|segment| segment.number))
}

/// Makes a snapshot of what the journal holds up to `upto`, which is durable, at `pace`. `None`
/// when it was stopped, or there is one already. `born` gives the islands before their first
/// record.
///
/// # Errors
/// [`OpenError`]: the journal cannot be replayed, or the file not written or verified.
pub(super) fn take_while<I: Island>(
    folder: &Folder,
    storage: &Arc<dyn Storage>,
    settings: &JournalSettings,
    upto: CommitNumber,
    born: impl FnOnce() -> Vec<Image<I>>,
    pace: &Pace<'_>,
) -> Result<Option<Made>, OpenError> {
    let (base, passed) = newest_at::<I>(folder, &**storage, settings, pace)?;
    let mut from = base.as_ref().map(|base| base.taken.recovered());
    if from.as_ref().is_some_and(|from| from.last >= upto) {
        return Ok(None);
    }
    let older = from.clone();
    let (mut images, before) = match base {
        Some(base) => (base.images, base.unacked),
        None => {
            has_beginning(&**storage)?;
            (born(), Vec::new())
        }
    };
    let mut at = from.as_ref().map_or(CommitNumber::ZERO, |from| from.last);
    pace.begins(at);
    while at < upto {
        if pace.go_on() == GoOn::Stop {
            return Ok(None);
        }
        at = CommitNumber(upto.0.min(at.0 + STEP_COMMITS));
        let on = (images, from.as_ref());
        let mut watch = |header: &BlockHeader| pace.reached(header.commit);
        let mode = (ScanMode::Upto(at), FOR_EVER);
        let restored = restore_watched(&**storage, settings, mode, 1, on, &mut watch)?;
        images = restored.images;
        from = Some(restored.recovered);
    }
    let found = from.expect("something was replayed");
    let before = (before, passed.as_slice());
    let (file, left) = keep(folder, storage, settings, images, &found, before, pace)?;
    let kept = folder.list()?;
    let is_kept = |older: &Recovered| kept.iter().any(|(commit, _)| *commit == older.last);
    let older = older.filter(|older| is_kept(older) && left == Left::Nothing);
    Ok(Some(Made { file, done_before: older.map(|older| older.next.segment) }))
}

/// Whether messages that the snapshot before held are still not consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    Some,
}

/// Writes what was replayed, reads it back, and lets go of older ones. `before` is what the
/// snapshot that the replay began with held of messages nobody had consumed, `passed` those that
/// were passed over for it.
pub(super) fn keep<I: Island>(
    folder: &Folder,
    storage: &Arc<dyn Storage>,
    settings: &JournalSettings,
    images: Vec<Image<I>>,
    found: &Recovered,
    (before, passed): (Unacked, &[Passed]),
    pace: &Pace<'_>,
) -> Result<(PathBuf, Left), OpenError> {
    let (unacked, left) = unacked(storage, settings, &images, found, before)?;
    let snapshot = Snapshot { taken: Taken::of::<I>(settings, found), images, unacked };
    let (file, _) =
        folder.create(found.last, |out| snapshot.write(&mut Paced { inner: out, pace }))?;
    drop(snapshot);
    verify::<I>(&file, settings, pace)?;
    folder.prune(passed)?;
    Ok((file, left))
}

/// Reads a snapshot back and loads it.
pub(super) fn verify<I: Island>(
    file: &Path,
    settings: &JournalSettings,
    pace: &Pace<'_>,
) -> Result<Taken, OpenError> {
    load::<I>(file, settings, pace)
        .map(|snapshot| snapshot.taken)
        .map_err(|reason| refused(file, format!("what was written cannot be loaded: {reason}")))
}

/// What each island has sent and nobody consumed: the snapshot's before, and what was sent since;
/// and whether there is any of the former.
fn unacked<I: Island>(
    storage: &Arc<dyn Storage>,
    settings: &JournalSettings,
    images: &[Image<I>],
    found: &Recovered,
    before: Unacked,
) -> Result<(Unacked, Left), OpenError> {
    let mut left = Left::Nothing;
    let mut rereader = Rereader::new::<I>(Arc::clone(storage), settings.life);
    let mut before = before.into_iter();
    let mut all = Vec::with_capacity(images.len());
    for (at, image) in images.iter().enumerate() {
        let from = IslandId(at as u32);
        let tail = found.islands.get(at).and_then(|tail| tail.place);
        let kept = before.next().unwrap_or_default();
        let mut own = Vec::new();
        for (to, sent) in &image.sent {
            let applied = images.get(to.0 as usize).map(|to| to.applied_from(from));
            let mut has: LinkSeq = applied.unwrap_or_default();
            for (_, chunk) in kept.iter().filter(|(receiver, _)| receiver == to) {
                if chunk.last() > has {
                    left = Left::Some;
                    has = chunk.last();
                    own.push((*to, chunk.clone()));
                }
            }
            while has < *sent {
                let read = rereader.read(from, tail, *to, has.next())?;
                let Some(chunk) = read.filter(|chunk| chunk.first == has.next()) else {
                    let place = tail.map(|tail| storage.name(tail.segment)).unwrap_or_default();
                    let reason = format!(
                        "message {} of island {from} to island {to} is not in the journal",
                        has.next()
                    );
                    return Err(OpenError::Snapshot { file: place, reason });
                };
                has = chunk.last();
                own.push((*to, chunk));
            }
        }
        all.push(own);
    }
    Ok((all, left))
}
