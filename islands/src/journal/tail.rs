//! What stands behind the end of a journal: the evidence that tells a torn write from damage, and
//! the cut.
//!
//! Rules:
//! 1. Evidence is looked for at every byte, not only at sectors: a sound block that names this
//!    life, its own place and a later commit cannot be there by accident.
//! 2. A cut zeroes from the last commit's end on as far as anything stands, in this segment and
//!    all later ones, and flushes. It can be repeated when it is interrupted: whatever part of it
//!    was done, the evidence still says "cut".
//! 3. Files are checked before their content: no number missing, no file shorter than it was
//!    made, no file under another's name or of another life.
//! 4. Before a journal is continued, its last segments with data are read from the disk, not from
//!    memory: after a failed flush memory holds commits that a later flush does not write. Taken
//!    for durable, they would be gone with the next loss of power.

use archipelago_core::journal::frame::{
    BlockHeader, BlockPlace, CommitNumber, FrameError, HEADER_BYTES, MAGIC, SECTOR, SegmentNumber,
};
use archipelago_core::journal::recovery::{After, Here, Row, decide};

use super::error::{Damage, JournalError};
use super::reader::{Fault, Reader};
use super::scan::{Recovered, ScanMode};
use super::settings::JournalSettings;
use super::storage::{Segment, Storage};

/// Checks the files, and flushes them when the journal is to be continued; those that hold nothing
/// behind `from` only for being there.
pub(super) fn check_segments(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
    from: Option<&Recovered>,
) -> Result<Vec<Segment>, JournalError> {
    let mut segments =
        storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    // What was archived begins at the front, and ends before the first one that is read.
    let needed = from.map_or(SegmentNumber::FIRST, |from| from.next.segment);
    segments.retain(|segment| segment.number >= needed);
    if segments.is_empty() && from.is_some_and(|from| from.last > CommitNumber::ZERO) {
        return Err(JournalError::SegmentMissing { file: storage.name(needed) });
    }
    let mut number = needed;
    for segment in &segments {
        if segment.number != number {
            return Err(JournalError::SegmentMissing { file: storage.name(number) });
        }
        number = number.next();
        check_size(storage, settings, *segment)?;
        if mode == ScanMode::Repair {
            storage
                .sync(segment.number)
                .map_err(JournalError::io("flush", storage.name(segment.number)))?;
        }
        check_first_block(storage, settings, *segment)?;
    }
    if mode == ScanMode::Repair {
        forget_unproven(storage, &segments)?;
    }
    Ok(segments)
}

/// A file is as long as it was made, which is whole sectors.
pub(super) fn check_size(
    storage: &dyn Storage,
    settings: &JournalSettings,
    segment: Segment,
) -> Result<(), JournalError> {
    let (bytes, expected) = (segment.bytes, settings.segment_bytes);
    let file = || storage.name(segment.number);
    if bytes < expected {
        Err(JournalError::SegmentShortened { file: file(), bytes, expected })
    } else if !bytes.is_multiple_of(SECTOR as u64) {
        Err(JournalError::SegmentOdd { file: file(), bytes })
    } else {
        Ok(())
    }
}

/// Has the last segments with data read from the disk (rule 4); only these are looked at.
fn forget_unproven(storage: &dyn Storage, segments: &[Segment]) -> Result<(), JournalError> {
    let mut left = UNPROVEN_SEGMENTS;
    for Segment { number, .. } in segments.iter().rev() {
        let mut first = [0; SECTOR];
        let read = storage.read_at(*number, 0, &mut first);
        read.map_err(JournalError::io("read", storage.name(*number)))?;
        if is_zero(&first) {
            continue;
        }
        storage.forget(*number).map_err(JournalError::io("read again", storage.name(*number)))?;
        left -= 1;
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Segments that may hold commits which no later commit proves durable: a commit that was under
/// way may have begun a new one.
const UNPROVEN_SEGMENTS: usize = 2;

/// A file that starts with a sound block of another place or life is not the one its name says.
pub(super) fn check_first_block(
    storage: &dyn Storage,
    settings: &JournalSettings,
    segment: Segment,
) -> Result<(), JournalError> {
    let mut bytes = [0; HEADER_BYTES];
    storage
        .read_at(segment.number, 0, &mut bytes)
        .map_err(JournalError::io("read", storage.name(segment.number)))?;
    let place = BlockPlace { segment: segment.number, offset: 0 };
    let (here, detail) = match BlockHeader::decode(&bytes) {
        Err(error @ FrameError::Version { .. }) => (Here::Unreadable, error.to_string()),
        Ok((header, _)) if header.life != settings.life => {
            let (found, life) = (header.life.0, settings.life.0);
            (Here::Foreign, format!("its life is {found:016x}, not {life:016x}"))
        }
        Ok((header, _)) if header.here != place => {
            (Here::OutOfOrder, format!("it says it stands at {}", header.here))
        }
        _ => return Ok(()),
    };
    let header = BlockHeader::decode(&bytes).ok().map(|(header, _)| header);
    let commit = header.as_ref().map(|header| header.commit).unwrap_or_default();
    let label = decide(here, After::Remains).label;
    let fault = Fault { here, place, header, detail };
    Err(JournalError::Damaged(Damage::at(storage, commit, label, fault)))
}

/// Gathers what stands behind the end, and finds the row of the recovery table.
pub(super) fn look_behind(
    reader: &Reader<'_>,
    fault: &Fault,
) -> Result<&'static Row, JournalError> {
    let mut after = After::Zeros;
    for_each_piece(reader, &mut |piece| {
        for (place, sector) in piece.standing() {
            let own = fault.here == Here::Broken && place == fault.place;
            if after == After::Zeros && !own {
                after = After::Remains;
            }
            match (evidence(reader, place, sector), after) {
                (After::Acknowledged, _) => after = After::Acknowledged,
                (After::Unacknowledged, After::Zeros | After::Remains) => {
                    after = After::Unacknowledged;
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(decide(fault.here, after))
}

/// The strongest evidence for a later commit among the blocks that start in the sector at `place`.
/// `bytes` starts with the sector, and goes on as far as a header may.
fn evidence(reader: &Reader<'_>, place: BlockPlace, bytes: &[u8]) -> After {
    let expected = reader.reached.last.next();
    let mut found = After::Remains;
    for inside in 0..SECTOR.min(bytes.len()) {
        let bytes = &bytes[inside..];
        if !bytes.starts_with(&MAGIC) {
            continue;
        }
        let place = BlockPlace { offset: place.offset + inside as u32, ..place };
        match BlockHeader::decode(bytes) {
            Ok((header, _)) if header.life != reader.settings.life || header.here != place => {}
            Ok((header, _)) if header.commit <= expected => {}
            Ok((header, _)) if header.watermark >= expected => return After::Acknowledged,
            Ok(_) => found = After::Unacknowledged,
            Err(_) => {}
        }
    }
    found
}

/// Zeroes everything behind the end, and flushes.
pub(super) fn cut(reader: &Reader<'_>) -> Result<(), JournalError> {
    let storage = reader.storage;
    let mut changed = Vec::new();
    for_each_piece(reader, &mut |piece| {
        let Some(first) = piece.standing().next().map(|(place, _)| place) else { return Ok(()) };
        let last = piece.standing().last().map_or(first, |(place, _)| place);
        let zeros = vec![0; (last.offset - first.offset) as usize + SECTOR];
        if changed.last() != Some(&first.segment) {
            changed.push(first.segment);
        }
        storage
            .write_at(first.segment, u64::from(first.offset), &zeros)
            .map_err(JournalError::io("zero the torn tail of", storage.name(first.segment)))
    })?;
    for segment in changed {
        storage.sync(segment).map_err(JournalError::io("flush", storage.name(segment)))?;
    }
    Ok(())
}

/// How much of what is behind the end is looked at at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// A piece of what is behind the end.
struct Piece<'a> {
    start: BlockPlace,
    /// Up to [`PIECE_BYTES`], and one more sector for a header that crosses the edge.
    bytes: &'a [u8],
}

impl Piece<'_> {
    /// Its sectors that are not zero, each with all bytes of the piece from there on.
    fn standing(&self) -> impl Iterator<Item = (BlockPlace, &[u8])> {
        let sectors = self.bytes[..self.bytes.len().min(PIECE_BYTES)].chunks(SECTOR).enumerate();
        sectors.filter(|(_, sector)| !is_zero(sector)).map(|(index, _)| {
            let offset = self.start.offset + (index * SECTOR) as u32;
            (BlockPlace { offset, ..self.start }, &self.bytes[index * SECTOR..])
        })
    }
}

/// What [`for_each_piece`] calls.
type OnPiece<'a> = dyn FnMut(Piece<'_>) -> Result<(), JournalError> + 'a;

/// Reads the rest of the last segment, then every later segment, piece by piece.
fn for_each_piece(reader: &Reader<'_>, each: &mut OnPiece<'_>) -> Result<(), JournalError> {
    let mut buffer = vec![0; PIECE_BYTES + SECTOR];
    let mut offset = reader.reached.offset;
    for segment in reader.segments.iter().skip(reader.reached.at) {
        while offset < segment.bytes {
            let read = reader
                .storage
                .read_at(segment.number, offset, &mut buffer)
                .map_err(JournalError::io("read", reader.storage.name(segment.number)))?;
            let start = BlockPlace { segment: segment.number, offset: offset as u32 };
            each(Piece { start, bytes: &buffer[..read] })?;
            offset += PIECE_BYTES as u64;
        }
        offset = 0;
    }
    Ok(())
}

/// Whether all bytes are zero; in words, because most of what it sees is.
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<32>();
    words.iter().all(|word| *word == [0; 32]) && rest.iter().all(|byte| *byte == 0)
}
