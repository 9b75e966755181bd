//! A stretch of a journal that is read island by island: its blocks' headers are known and sound,
//! their bodies have not been read.
//!
//! Rules:
//! 1. Blocks are in journal order, so those of one island are in its order.
//! 2. Every commit of a stretch is known to be durable: a body that is not sound is damage.
//! 3. While it is worked on, the storage is told what is read next ([`Behind`]), each segment once:
//!    so a disk does not stand still meanwhile.
//!
//! Why: a restore that has one island's state in the cache at a time takes half the time of one
//! that goes through all of them with each commit (docs/DESIGN.md).
//!
//! It doesn't know who reads which island.

use std::sync::Arc;

use archipelago_core::journal::frame::{
    BlockHeader, BlockKind, BodySum, FrameError, HEADER_BYTES, SegmentNumber,
};

use super::error::JournalError;
use super::reader::{Reached, Reader};
use super::scan::{BlockRef, Recovered, ScanMode, scan_on};
use super::settings::JournalSettings;
use super::storage::{Segment, Storage};
use super::window::READ_BYTES;

/// The most blocks for each segment of a stretch: more are too small to be read one by one.
const BLOCKS_A_SEGMENT: u64 = 4096;

/// See the module.
#[derive(Debug)]
pub(crate) struct Stretch {
    blocks: Vec<BlockHeader>,
    behind: Behind,
}

impl Stretch {
    /// The headers of its blocks, in journal order; and what is read next.
    pub(crate) fn into_parts(self) -> (Vec<BlockHeader>, Behind) {
        (self.blocks, self.behind)
    }
}

/// The segments behind a stretch.
#[derive(Debug)]
pub(crate) struct Behind {
    segments: std::vec::IntoIter<SegmentNumber>,
    /// One for so many bytes of the stretch.
    every: u64,
    /// Bytes worked on since the last one was told.
    worked: u64,
}

impl Behind {
    /// So many bytes of the stretch are worked on next: tells the storage what may be read
    /// meanwhile.
    pub(crate) fn beside(&mut self, bytes: u64, storage: &dyn Storage) {
        self.worked += bytes;
        while self.worked >= self.every {
            self.worked -= self.every;
            let Some(next) = self.segments.next() else { return };
            storage.will_read(next);
        }
    }

    /// Tells the storage all that was not told.
    pub(crate) fn tell(self, storage: &dyn Storage) {
        self.segments.for_each(|segment| storage.will_read(segment));
    }
}

/// Where a stretch may end.
struct Mark {
    reached: Reached,
    /// How many blocks it has then.
    blocks: usize,
}

impl<'a> Reader<'a> {
    /// Reads on by headers alone over some `room` bytes, or as far as there are any, and makes a
    /// stretch of what is known to be durable. The walk goes on behind it, over some `next` bytes:
    /// whoever gets a stretch tells the storage of these.
    ///
    /// `None`, and nothing has happened, when there is nothing of the kind, or when the blocks are
    /// so small that to read each by itself costs more than it gains.
    pub(super) fn stretch(
        &mut self,
        room: u64,
        next: u64,
    ) -> Result<Option<Stretch>, JournalError> {
        let begin = self.reached.clone();
        let mut blocks = Vec::new();
        let end = self.walk_headers(room, &mut blocks)?;
        blocks.truncate(end.blocks);
        blocks.retain(|header| header.kind == BlockKind::Data);
        let bytes: u64 = blocks.iter().map(BlockHeader::block_bytes).sum();
        let small = bytes < blocks.len() as u64 * self.least_block();
        if blocks.is_empty() || small {
            self.reached = begin;
            return Ok(None);
        }
        self.reached = end.reached;
        let upto = self.reached.at + 1 + next.div_ceil(self.settings.segment_bytes) as usize;
        let segments: Vec<_> = self.untold(upto).iter().map(|segment| segment.number).collect();
        let every = (bytes / (segments.len() as u64 + 1)).max(1);
        let behind = Behind { segments: segments.into_iter(), every, worked: 0 };
        Ok(Some(Stretch { blocks, behind }))
    }

    /// The segments before that of index `upto` of which the storage was not told; it is now.
    fn untold(&mut self, upto: usize) -> &'a [Segment] {
        let from = self.told.max(self.reached.at);
        self.told = upto.min(self.segments.len()).max(from);
        &self.segments[from..self.told]
    }

    /// Walks over commits and gathers their headers; returns up to where they are durable.
    fn walk_headers(
        &mut self,
        room: u64,
        blocks: &mut Vec<BlockHeader>,
    ) -> Result<Mark, JournalError> {
        let begin = self.reached.bytes;
        let mut sure = Mark { reached: self.reached.clone(), blocks: 0 };
        // Sure as soon as a later commit says that it was acknowledged.
        let mut next = None;
        while sure.reached.bytes - begin < room && blocks.len() as u64 * self.least_block() < room {
            for segment in self.untold(self.reached.at + 2) {
                self.storage.will_read(segment.number);
            }
            if self.next_headers()?.is_some() {
                break;
            }
            let watermark = self.commit.first().map(|header| header.watermark).unwrap_or_default();
            if let Some(mark) = next.take_if(|mark: &mut Mark| mark.reached.last <= watermark) {
                sure = mark;
            }
            blocks.append(&mut self.commit);
            // A mark is as large as there are islands: not one for each small commit.
            let many = blocks.len() - sure.blocks >= self.reached.islands.len()
                || self.reached.bytes - sure.reached.bytes >= self.settings.segment_bytes;
            if next.is_none() && many {
                next = Some(Mark { reached: self.reached.clone(), blocks: blocks.len() });
            }
        }
        Ok(sure)
    }

    /// How large the blocks of a stretch are in the middle, at least, in bytes.
    fn least_block(&self) -> u64 {
        (self.settings.segment_bytes / BLOCKS_A_SEGMENT).max(1)
    }
}

/// Reads bodies, one after the other, into a buffer that is used again.
pub(crate) struct Bodies<'a> {
    storage: &'a dyn Storage,
    settings: &'a JournalSettings,
    /// Where the scan began.
    from: Option<&'a Recovered>,
    buffer: Arc<Vec<u8>>,
}

impl<'a> Bodies<'a> {
    pub(crate) fn of(
        storage: &'a dyn Storage,
        settings: &'a JournalSettings,
        from: Option<&'a Recovered>,
    ) -> Self {
        Self { storage, settings, from, buffer: Arc::default() }
    }

    /// The block of a header.
    ///
    /// # Errors
    /// When the body is not sound, what a scan says of it; [`JournalError::Io`].
    pub(crate) fn read(&mut self, header: BlockHeader) -> Result<BlockRef, JournalError> {
        let (segment, start) = (header.here.segment, u64::from(header.here.offset));
        let len = header.body_bytes as usize;
        if Arc::get_mut(&mut self.buffer).is_none() {
            self.buffer = Arc::default();
        }
        let buffer = Arc::get_mut(&mut self.buffer).expect("nobody else has it, or it is new");
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        let mut sum = BodySum::default();
        let mut at = start + HEADER_BYTES as u64;
        for piece in buffer[..len].chunks_mut(READ_BYTES as usize) {
            let read = self.storage.read_at(segment, at, piece);
            let read =
                read.map_err(|error| JournalError::io("read", self.storage.name(segment))(error))?;
            sum.add(&piece[..read]);
            at += piece.len() as u64;
        }
        match header.check_sum(sum) {
            Ok(()) => Ok(BlockRef { header, buffer: Arc::clone(&self.buffer), range: 0..len }),
            Err(source) => Err(self.judge(segment, start, source)),
        }
    }

    /// Reads in order up to what is not sound: what that means and how it is told is one matter.
    fn judge(&self, segment: SegmentNumber, offset: u64, source: FrameError) -> JournalError {
        let mut sink = |_: BlockRef| Ok::<(), JournalError>(());
        let Self { storage, settings, from, .. } = self;
        match scan_on(*storage, settings, ScanMode::ReadOnly, *from, &mut sink) {
            Err(error) => error,
            // The disk gave other bytes this time.
            Ok(_) => JournalError::NoBlock { file: storage.name(segment), offset, source },
        }
    }
}
