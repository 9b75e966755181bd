//! What stands behind the damage: every block whose header is sound, wherever it starts.
//!
//! Rules:
//! 1. A header counts when it names this life, its own offset, and a commit that a cut would lose.
//!    Its segment may be another: the file may have a wrong name.
//! 2. The same block twice (a copied file) counts once.
//!
//! It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{
    BlockHeader, BlockKind, BlockPlace, CommitNumber, HEADER_BYTES, MAGIC,
};

use super::super::error::JournalError;
use super::super::scan::IslandTail;
use super::super::settings::JournalSettings;
use super::super::storage::{Segment, Storage};
use super::Lost;

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// The records behind `at`, of commits from `commit` on, by island.
pub(super) fn lost(
    storage: &dyn Storage,
    settings: &JournalSettings,
    listed: &[Segment],
    at: BlockPlace,
    commit: CommitNumber,
    islands: &[IslandTail],
) -> Result<Vec<Lost>, JournalError> {
    let mut seen = BTreeSet::new();
    let mut found: BTreeMap<IslandId, (JournalPosition, u64)> = BTreeMap::new();
    let mut each = |header: BlockHeader, segment: Segment| -> Result<(), JournalError> {
        let place = u64::from(header.here.offset);
        let counts = header.kind == BlockKind::Data
            && header.life == settings.life
            && header.commit >= commit
            && seen.insert((header.island, header.first));
        if !counts {
            return Ok(());
        }
        let (upto, readable) = found.entry(header.island).or_default();
        *upto = (*upto).max(header.upto());
        // A body that would not fit into the file is not read at all.
        if place + header.block_bytes() <= segment.bytes {
            let mut body = vec![0; header.body_bytes as usize];
            let read = read(storage, segment, place + HEADER_BYTES as u64, &mut body)?;
            if header.check_body(&body[..read]).is_ok() {
                *readable += u64::from(header.records);
            }
        }
        Ok(())
    };
    for segment in listed.iter().filter(|segment| segment.number >= at.segment) {
        let from = if segment.number == at.segment { u64::from(at.offset) } else { 0 };
        for_each_header(storage, *segment, from, &mut each)?;
    }
    let lost = found.into_iter().filter_map(|(island, (upto, readable))| {
        let kept = islands.get(island.0 as usize).copied().unwrap_or_default();
        let from = kept.upto.next();
        (upto >= from).then_some(Lost { island, from, upto, readable })
    });
    Ok(lost.collect())
}

/// Calls `each` for every sound header of the segment that names its own offset.
fn for_each_header(
    storage: &dyn Storage,
    segment: Segment,
    from: u64,
    each: &mut dyn FnMut(BlockHeader, Segment) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut buffer = vec![0; PIECE_BYTES + HEADER_BYTES];
    let mut start = from;
    while start < segment.bytes {
        let len = read(storage, segment, start, &mut buffer)?;
        for at in 0..len.min(PIECE_BYTES) {
            if !buffer[at..len].starts_with(&MAGIC) {
                continue;
            }
            match BlockHeader::decode(&buffer[at..len]) {
                Ok((header, _)) if u64::from(header.here.offset) == start + at as u64 => {
                    each(header, segment)?;
                }
                _ => {}
            }
        }
        start += PIECE_BYTES as u64;
    }
    Ok(())
}

fn read(
    storage: &dyn Storage,
    segment: Segment,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, JournalError> {
    storage
        .read_at(segment.number, offset, buffer)
        .map_err(JournalError::io("read", storage.name(segment.number)))
}
