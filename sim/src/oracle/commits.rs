//! The commits of a journal, one after the other, as bytes.
//!
//! Rules:
//! 1. Only commits that a scan has handed out are looked for: they are there, whole.
//! 2. A commit stands where the one before ended, or at the start of a later segment.
//!
//! It doesn't know what a record is.

use std::io;
use std::ops::Range;

use archipelago::journal::{Segment, Storage};
use archipelago_core::journal::frame::{
    BlockHeader, BlockPlace, CommitNumber, HEADER_BYTES, SECTOR,
};

/// A commit: its headers, and all its bytes, padding included.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) number: CommitNumber,
    pub(super) watermark: CommitNumber,
    pub(super) place: BlockPlace,
    pub(super) bytes: Vec<u8>,
    /// The blocks' headers; each block starts at its `here.offset - place.offset`.
    pub(super) headers: Vec<BlockHeader>,
    /// How many bytes must be there for the commit to be: up to the last that is not zero.
    pub(super) content: usize,
}

impl Commit {
    /// Reads commit `number`, which is expected at `next`; `None` when it does not stand where one
    /// may.
    pub(super) fn read(
        storage: &dyn Storage,
        segments: &[Segment],
        next: BlockPlace,
        number: CommitNumber,
    ) -> io::Result<Option<Self>> {
        let later = segments.iter().filter(|segment| segment.number > next.segment);
        let starts = later.map(|segment| BlockPlace { segment: segment.number, offset: 0 });
        for place in std::iter::once(next).chain(starts) {
            let first = header_at(storage, place)?;
            if first.is_some_and(|header| header.commit == number && header.index == 0) {
                return Self::read_at(storage, place, number);
            }
        }
        Ok(None)
    }

    fn read_at(
        storage: &dyn Storage,
        place: BlockPlace,
        number: CommitNumber,
    ) -> io::Result<Option<Self>> {
        let (mut headers, mut end) = (Vec::new(), u64::from(place.offset));
        loop {
            let here = BlockPlace { offset: end as u32, ..place };
            let Some(header) = header_at(storage, here)? else { return Ok(None) };
            end += header.block_bytes();
            let last = header.index + 1 == header.blocks;
            headers.push(header);
            if last {
                break;
            }
        }
        let start = u64::from(place.offset);
        let mut bytes = vec![0; (end - start).next_multiple_of(SECTOR as u64) as usize];
        storage.read_at(place.segment, start, &mut bytes)?;
        // A crash may have left noise in the padding: it means nothing.
        let meant = &bytes[..(end - start) as usize];
        let content = meant.len() - meant.iter().rev().take_while(|byte| **byte == 0).count();
        let watermark = headers[0].watermark;
        Ok(Some(Self { number, watermark, place, bytes, headers, content }))
    }

    /// Where a block's records stand in `bytes`.
    pub(super) fn records(&self, header: &BlockHeader) -> Range<usize> {
        let start = self.body(header).start;
        start..start + header.records_bytes()
    }

    /// Where a block's body stands in `bytes`, its trailer included.
    pub(super) fn body(&self, header: &BlockHeader) -> Range<usize> {
        let start = (header.here.offset - self.place.offset) as usize + HEADER_BYTES;
        start..start + header.body_bytes as usize
    }
}

fn header_at(storage: &dyn Storage, place: BlockPlace) -> io::Result<Option<BlockHeader>> {
    let mut bytes = [0; HEADER_BYTES];
    let read = storage.read_at(place.segment, u64::from(place.offset), &mut bytes)?;
    let header = BlockHeader::decode(&bytes[..read]).ok().map(|(header, _)| header);
    Ok(header.filter(|header| header.here == place))
}
