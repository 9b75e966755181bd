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

use archipelago_core::journal::frame::{
    BlockHeader, BlockPlace, FrameError, HEADER_BYTES, MAGIC, SECTOR, SegmentNumber,
};
use archipelago_core::journal::recovery::{After, Here, Row, decide};

use super::error::{Damage, JournalError};
use super::reader::{Fault, Reader};
use super::scan::ScanMode;
use super::settings::JournalSettings;
use super::storage::{Segment, Storage};

/// Checks the files, and flushes them when the journal is to be continued.
pub(super) fn check_segments(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
) -> Result<Vec<Segment>, JournalError> {
    let segments =
        storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    let mut number = SegmentNumber::FIRST;
    for segment in &segments {
        let file = storage.name(segment.number);
        if segment.number != number {
            return Err(JournalError::SegmentMissing { file: storage.name(number) });
        }
        number = number.next();
        let whole = segment.bytes.is_multiple_of(SECTOR as u64);
        if segment.bytes < settings.segment_bytes || !whole {
            let (bytes, expected) = (segment.bytes, settings.segment_bytes);
            return Err(JournalError::SegmentShortened { file, bytes, expected });
        }
        if mode == ScanMode::Repair {
            storage.sync(segment.number).map_err(JournalError::io("flush", file))?;
        }
        check_first_block(storage, settings, *segment)?;
    }
    Ok(segments)
}

/// A file that starts with a sound block of another place or life is not the one its name says.
fn check_first_block(
    storage: &dyn Storage,
    settings: &JournalSettings,
    segment: Segment,
) -> Result<(), JournalError> {
    let file = storage.name(segment.number);
    let mut bytes = [0; HEADER_BYTES];
    storage
        .read_at(segment.number, 0, &mut bytes)
        .map_err(JournalError::io("read", file.as_str()))?;
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
    let (commit, island) = match BlockHeader::decode(&bytes) {
        Ok((header, _)) => (header.commit, Some(header.island)),
        Err(_) => Default::default(),
    };
    let label = decide(here, After::Remains).label;
    Err(JournalError::Damaged(Damage { file, place, commit, island, label, detail }))
}

/// Gathers what stands behind the end, and finds the row of the recovery table.
pub(super) fn look_behind(
    reader: &Reader<'_>,
    fault: &Fault,
) -> Result<&'static Row, JournalError> {
    let expected = reader.last.next();
    let mut after = After::Zeros;
    for_each_rest(reader, &mut |segment, start, rest| {
        for (index, sector) in rest.chunks(SECTOR).enumerate() {
            if is_zero(sector) {
                continue;
            }
            let at = start + (index * SECTOR) as u64;
            let place = BlockPlace { segment: segment.number, offset: at as u32 };
            let own = fault.here == Here::Broken && place == fault.place;
            if after == After::Zeros && !own {
                after = After::Remains;
            }
            for inside in 0..sector.len() {
                let bytes = &rest[index * SECTOR + inside..];
                if !bytes.starts_with(&MAGIC) {
                    continue;
                }
                let place = BlockPlace { offset: place.offset + inside as u32, ..place };
                let Ok((header, _)) = BlockHeader::decode(bytes) else { continue };
                if header.life != reader.settings.life || header.here != place {
                    continue;
                }
                if header.commit > expected && header.watermark >= expected {
                    after = After::Acknowledged;
                } else if header.commit > expected && after != After::Acknowledged {
                    after = After::Unacknowledged;
                }
            }
        }
        Ok(())
    })?;
    Ok(decide(fault.here, after))
}

/// Zeroes everything behind the end, and flushes.
pub(super) fn cut(reader: &Reader<'_>) -> Result<(), JournalError> {
    let storage = reader.storage;
    for_each_rest(reader, &mut |segment, start, rest| {
        let standing = |sector: &&[u8]| !is_zero(sector);
        let sectors = || rest.chunks(SECTOR);
        let Some(first) = sectors().position(|sector| standing(&sector)) else { return Ok(()) };
        let last = sectors().rposition(|sector| standing(&sector)).unwrap_or(first);
        let zeros = vec![0; (last + 1 - first) * SECTOR];
        storage
            .write_at(segment.number, start + (first * SECTOR) as u64, &zeros)
            .map_err(JournalError::io("zero the torn tail of", storage.name(segment.number)))?;
        storage
            .sync(segment.number)
            .map_err(JournalError::io("flush", storage.name(segment.number)))
    })
}

/// What [`for_each_rest`] calls: the segment, where the rest starts in it, and its bytes.
type OnRest<'a> = dyn FnMut(Segment, u64, &[u8]) -> Result<(), JournalError> + 'a;

/// Reads the rest of the last segment, then every later segment.
fn for_each_rest(reader: &Reader<'_>, each: &mut OnRest<'_>) -> Result<(), JournalError> {
    let mut start = reader.offset;
    let mut rest = Vec::new();
    for segment in reader.segments.iter().skip(reader.at) {
        rest.resize((segment.bytes - start) as usize, 0);
        reader
            .storage
            .read_at(segment.number, start, &mut rest)
            .map_err(JournalError::io("read", reader.storage.name(segment.number)))?;
        each(*segment, start, &rest)?;
        start = 0;
    }
    Ok(())
}

/// Whether all bytes are zero; in words, because most of what it sees is.
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<32>();
    words.iter().all(|word| *word == [0; 32]) && rest.iter().all(|byte| *byte == 0)
}
