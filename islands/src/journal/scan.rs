//! Reading a journal back: all of it in order, or one block.
//!
//! Rules:
//! 1. Commits are handed out in order and whole: numbers without a gap, the chain right, every
//!    checksum right, every island's positions continued. Nothing after the first gap is handed
//!    out. Of a [`Stretch`] headers are: who takes it checks the bodies, and when one is not sound,
//!    nothing of it may be served.
//! 2. The end is judged by the table of [`archipelago_core::journal::recovery`]; when it refuses,
//!    the scan fails, and what was handed out before must not be served.
//! 3. [`ScanMode::Repair`] flushes every segment before reading it, because what it reads may so
//!    far be in memory only, and it cuts a torn tail. [`ScanMode::ReadOnly`] changes nothing.
//! 4. Blocks share the buffer they were read into. A receiver that keeps blocks keeps buffers of
//!    128 KiB or more: it must bound how many.

use std::ops::Range;
use std::sync::Arc;

use archipelago_core::id::{JournalPosition, Life};
use archipelago_core::journal::frame::{
    BlockHeader, BlockPlace, Chain, CommitNumber, HEADER_BYTES,
};
use archipelago_core::journal::recovery::Verdict;
use archipelago_core::journal::trailer::Trailer;
use serde::{Deserialize, Serialize};

use super::error::{Damage, JournalError};
use super::reader::{Fault, Reached, Reader};
use super::settings::JournalSettings;
use super::storage::{Segment, Storage};
use super::stretch::{Bodies, Stretch};
use super::tail::{check_segments, cut, look_behind};

/// Whether a scan may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanMode {
    /// Report a torn tail, change nothing.
    ReadOnly,
    /// Cut a torn tail, so that the journal can be continued.
    Repair,
    /// Read up to this commit and stop, changing nothing: of a journal that is being written, only
    /// what is known to be durable.
    Upto(CommitNumber),
}

/// One block, in the buffer it was read into. Its checksums are right.
#[derive(Clone, Debug)]
pub struct BlockRef {
    /// Its header; `header.here` is its place.
    pub header: BlockHeader,
    pub(super) buffer: Arc<Vec<u8>>,
    pub(super) range: Range<usize>,
}

impl BlockRef {
    /// The block's records.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        &self.buffer[self.range.clone()][..self.header.records_bytes()]
    }

    /// What stands behind them.
    #[must_use]
    pub fn trailer(&self) -> Option<Trailer> {
        self.header.trailer(&self.buffer[self.range.clone()])
    }
}

/// Where one island's journal ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IslandTail {
    /// The position of its last record.
    pub upto: JournalPosition,
    /// Where its last block stands.
    pub place: Option<BlockPlace>,
}

/// What the last commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// There is none.
    Nothing,
    /// Records: the journal was not closed after them.
    Data,
    /// A seal: a clean close.
    Seal,
}

/// What became of a torn tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TornTail {
    /// It is zeros now.
    Cut,
    /// It is still there: the scan was not to change anything.
    Left,
}

/// A torn tail: something that was written but never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where the journal ends, and the tail begins.
    pub place: BlockPlace,
    /// The commit that would have been there.
    pub commit: CommitNumber,
    /// What it is: the label of the row in the recovery table.
    pub label: &'static str,
    /// What was wrong with the bytes.
    pub detail: String,
    /// What became of it.
    pub tail: TornTail,
}

/// What a scan found; a journal continues from it.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The segments that exist.
    pub segments: Vec<Segment>,
    /// Where the next commit may start.
    pub next: BlockPlace,
    /// The last commit.
    pub last: CommitNumber,
    /// What the next commit has to name.
    pub chain: Chain,
    /// What the last commit is.
    pub ending: Ending,
    /// Where each island's journal ends, by island number.
    pub islands: Vec<IslandTail>,
    /// Bytes of all commits, headers and padding included.
    pub bytes: u64,
    /// The torn tail, if there was one.
    pub torn: Option<Torn>,
}

/// Reads a whole journal and gives every block of every commit, in order, to `sink`.
///
/// # Errors
/// What `sink` says; [`JournalError::Damaged`], [`JournalError::SegmentMissing`],
/// [`JournalError::SegmentShortened`] when the journal is damaged; [`JournalError::Io`].
pub fn scan<E: From<JournalError>>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
    sink: &mut dyn FnMut(BlockRef) -> Result<(), E>,
) -> Result<Recovered, E> {
    scan_on(storage, settings, mode, None, sink)
}

/// Goes on where an earlier scan ended: reads only what stands behind `from`, which is taken at its
/// word; without it, everything. What is found includes what `from` had. Segments before those of
/// `from` may be gone, and are not looked at.
///
/// # Errors
/// As [`scan`].
pub fn scan_on<E: From<JournalError>>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
    from: Option<&Recovered>,
    sink: &mut dyn FnMut(BlockRef) -> Result<(), E>,
) -> Result<Recovered, E> {
    let mut found = |found: Found| match found {
        Found::Block(block) => sink(block),
        Found::Stretch(stretch) => {
            let mut bodies = Bodies::of(storage, settings, from);
            let (headers, _) = stretch.into_parts();
            headers.into_iter().try_for_each(|header| sink(bodies.read(header)?))
        }
        Found::End => Ok(()),
    };
    scan_found(storage, settings, (mode, Order::AsWritten), from, &mut found)
}

/// How long a stretch is: long enough that an island's state, once it is in the cache, is used by
/// many of its events; short enough that the blocks' headers take little room, that its files can
/// be open at once, and that what was read ahead is in memory when its turn comes.
const STRETCH_SEGMENTS: u64 = 12;

/// In which order a scan hands out blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As they were written.
    AsWritten,
    /// Where it can be, whole stretches, to be read island by island. Not [`ScanMode::Upto`]: who
    /// asks for pieces leaves the machine to others in between, so they shall be small.
    ByIsland,
}

/// What a scan hands out.
pub(crate) enum Found {
    /// The next block.
    Block(BlockRef),
    /// The next blocks.
    Stretch(Stretch),
    /// There are no more; what stands behind them is judged next, and may be cut. So the bodies of
    /// all stretches must have been read: damage in one of them changes nothing on the disk.
    End,
}

/// The same as [`scan_on`], in an order of one's choice.
///
/// # Errors
/// As [`scan`].
pub(crate) fn scan_found<E: From<JournalError>>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    (mode, order): (ScanMode, Order),
    from: Option<&Recovered>,
    sink: &mut dyn FnMut(Found) -> Result<(), E>,
) -> Result<Recovered, E> {
    settings.check()?;
    let segments = check_segments(storage, settings, mode, from)?;
    let mut reader = Reader::new(storage, settings, &segments);
    if let Some(from) = from {
        reader.go_on(from);
    }
    let upto = match mode {
        ScanMode::Upto(commit) => Some(commit),
        ScanMode::ReadOnly | ScanMode::Repair => None,
    };
    let long = settings.segment_bytes.saturating_mul(STRETCH_SEGMENTS);
    // The first is short, so that whoever works on it has something to do soon; the next one is
    // four times as long, so that a disk has not much more to read meanwhile.
    let mut room = settings.segment_bytes;
    // Up to where there was no stretch, in bytes.
    let mut as_written = reader.reached.bytes;
    let torn = loop {
        if upto == Some(reader.reached.last) {
            break None;
        }
        let by_island = order == Order::ByIsland && upto.is_none();
        if by_island && reader.reached.bytes >= as_written {
            let next = long.min(room.saturating_mul(4));
            match reader.stretch(room, next)? {
                Some(stretch) => sink(Found::Stretch(stretch))?,
                None => as_written = reader.reached.bytes + long,
            }
            room = next;
            continue;
        }
        match reader.next_commit()? {
            None => reader.hand_out(&mut |block| sink(Found::Block(block)))?,
            Some(fault) => {
                sink(Found::End)?;
                break judge(&reader, fault, mode)?;
            }
        }
    };
    let next = reader.next_place();
    let Reached { last, chain, ending, islands, bytes, .. } = reader.reached;
    Ok(Recovered { next, last, chain, ending, islands, bytes, torn, segments })
}

/// Reads the block at `place`, its header and its records: to follow an island's blocks backwards
/// by `header.previous`.
///
/// # Errors
/// [`JournalError::NoBlock`] when the bytes there are not a whole block,
/// [`JournalError::BlockElsewhere`] when the block is of another life or place, and
/// [`JournalError::Io`].
pub fn read_block(
    storage: &dyn Storage,
    place: BlockPlace,
    life: Life,
) -> Result<(BlockHeader, Vec<u8>), JournalError> {
    let BlockPlace { segment, offset } = place;
    let offset = u64::from(offset);
    let no_block = |source| JournalError::NoBlock { file: storage.name(segment), offset, source };
    let read = |at, buffer: &mut [u8]| {
        storage
            .read_at(segment, at, buffer)
            .map_err(JournalError::io("read", storage.name(segment)))
    };
    let mut bytes = [0; HEADER_BYTES];
    let len = read(offset, &mut bytes)?;
    let (header, _) = BlockHeader::decode(&bytes[..len]).map_err(no_block)?;
    if header.life != life || header.here != place {
        let (file, place) = (storage.name(segment), header.here);
        return Err(JournalError::BlockElsewhere { file, offset, place });
    }
    let mut body = vec![0; header.body_bytes as usize];
    let len = read(offset + HEADER_BYTES as u64, &mut body)?;
    header.check_body(&body[..len]).map_err(no_block)?;
    body.truncate(header.records_bytes());
    Ok((header, body))
}

/// Judges the end of a journal, and cuts it when that is the verdict.
fn judge(reader: &Reader<'_>, fault: Fault, mode: ScanMode) -> Result<Option<Torn>, JournalError> {
    let row = look_behind(reader, &fault)?;
    let commit = reader.reached.last.next();
    let verdict = match mode {
        // A commit that is known to be durable is not there.
        ScanMode::Upto(_) => Verdict::Refuse,
        ScanMode::ReadOnly | ScanMode::Repair => row.verdict,
    };
    match verdict {
        Verdict::End => Ok(None),
        Verdict::Cut => {
            let tail = match mode {
                ScanMode::ReadOnly | ScanMode::Upto(_) => TornTail::Left,
                ScanMode::Repair => {
                    cut(reader)?;
                    TornTail::Cut
                }
            };
            let (place, detail) = (reader.next_place(), fault.detail);
            Ok(Some(Torn { place, commit, label: row.label, detail, tail }))
        }
        Verdict::Refuse => {
            Err(JournalError::Damaged(Damage::at(reader.storage, commit, row.label, fault)))
        }
    }
}
