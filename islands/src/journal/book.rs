//! The bookkeeping of a journal being written: which bytes go where, without writing them.
//!
//! Use: `prepare` a [`Commit`]; make the segment it names, if any; write its image; flush;
//! `complete` it. Commits may be prepared before earlier ones are complete; they are completed in
//! order. A commit's watermark is the last one completed when it was prepared.
//!
//! Rules:
//! 1. A block continues its island: its first position is one after the last.
//! 2. A commit that does not fit into the rest of its segment begins the next one that is large
//!    enough; what is passed over stays zero.
//! 3. An error leaves the book as it was.
//!
//! It knows no storage, no threads and no clock.

use std::collections::VecDeque;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{
    Block, BlockHeader, BlockKind, BlockPlace, Chain, CommitNumber, HEADER_BYTES, SECTOR,
    SegmentNumber, body_crc,
};
use archipelago_core::journal::trailer::{TRAILER_BYTES, Trailer};

use super::error::JournalError;
use super::scan::{Ending, IslandTail, Recovered, TornTail};
use super::settings::{COMMIT_BYTES_MAX, JournalSettings};
use super::storage::Segment;

/// What became durable with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// Whose block.
    pub island: IslandId,
    /// The position of its last record: durable up to and including here.
    pub upto: JournalPosition,
    /// Where the block stands.
    pub place: BlockPlace,
    /// The block's body, emptied, given back for reuse.
    pub body: Vec<u8>,
}

/// A commit ready to be written.
#[derive(Debug)]
pub struct Commit {
    number: CommitNumber,
    place: BlockPlace,
    create: Option<Segment>,
    image: Vec<u8>,
    records: u64,
    durable: Vec<Durable>,
}

impl Commit {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> CommitNumber {
        self.number
    }

    /// Where its image goes.
    #[must_use]
    pub fn place(&self) -> BlockPlace {
        self.place
    }

    /// The segment to make before the image is written, when the one it goes to does not exist.
    #[must_use]
    pub fn create(&self) -> Option<Segment> {
        self.create
    }

    /// How many records it holds, of all islands.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The bytes to write: whole sectors.
    #[must_use]
    pub fn image(&self) -> &[u8] {
        &self.image
    }
}

/// The bookkeeping. See the rules of this module.
#[derive(Debug)]
pub struct Book {
    settings: JournalSettings,
    /// The segment being filled; number 0 with no bytes before the first.
    current: Segment,
    /// Where the next commit may start in it.
    offset: u64,
    /// Segments behind it that exist, or are being made, and hold only zeros.
    later: VecDeque<Segment>,
    prepared: CommitNumber,
    completed: CommitNumber,
    chain: Chain,
    ending: Ending,
    islands: Vec<IslandTail>,
    /// An image to use again.
    spare: Vec<u8>,
}

impl Book {
    /// Continues where a scan ended.
    ///
    /// # Errors
    /// [`JournalError::NotRepaired`] when the scan left a torn tail, and
    /// [`JournalError::SegmentBytes`].
    pub fn resume(settings: JournalSettings, recovered: &Recovered) -> Result<Self, JournalError> {
        settings.check()?;
        if let Some(torn) = &recovered.torn
            && torn.tail == TornTail::Left
        {
            return Err(JournalError::NotRepaired { place: torn.place });
        }
        let mut later: VecDeque<Segment> = recovered.segments.iter().copied().collect();
        while later.front().is_some_and(|segment| segment.number < recovered.next.segment) {
            later.pop_front();
        }
        let current = later.pop_front().unwrap_or(Segment { number: SegmentNumber(0), bytes: 0 });
        let mut islands = recovered.islands.clone();
        islands.resize(settings.islands as usize, IslandTail::default());
        Ok(Self {
            settings,
            current,
            offset: u64::from(recovered.next.offset),
            later,
            prepared: recovered.last,
            completed: recovered.last,
            chain: recovered.chain,
            ending: recovered.ending,
            islands,
            spare: Vec::new(),
        })
    }

    /// The segment worth making ahead of need, if there is none in reserve.
    #[must_use]
    pub fn wants_ahead(&self) -> Option<Segment> {
        self.later.is_empty().then(|| self.beyond(self.settings.segment_bytes))
    }

    /// Takes note that a segment from [`Self::wants_ahead`] exists or will exist before it is
    /// written to.
    pub fn reserve(&mut self, segment: Segment) {
        self.later.push_back(segment);
    }

    /// The last commit known durable.
    #[must_use]
    pub fn watermark(&self) -> CommitNumber {
        self.completed
    }

    /// Where each island's journal ends, prepared commits included; by island number.
    #[must_use]
    pub fn islands(&self) -> &[IslandTail] {
        &self.islands
    }

    /// Takes all `blocks`, in this order, as the next commit. `None` when there are none.
    ///
    /// # Errors
    /// [`JournalError::OutOfOrder`], [`JournalError::UnknownIsland`], [`JournalError::NoRecords`]
    /// and [`JournalError::CommitTooLarge`]; the blocks and the book are then as they were.
    pub fn prepare(&mut self, blocks: &mut Vec<Block>) -> Result<Option<Commit>, JournalError> {
        if blocks.is_empty() {
            return Ok(None);
        }
        let bodies: u64 = blocks.iter().map(|block| block.body_bytes() as u64).sum();
        let bytes = padded(bodies + blocks.len() as u64 * HEADER_BYTES as u64);
        if bytes > COMMIT_BYTES_MAX {
            return Err(JournalError::CommitTooLarge { bytes, max: COMMIT_BYTES_MAX });
        }
        self.move_on(blocks)?;
        let count = blocks.len() as u32;
        let records = blocks.iter().map(|block| u64::from(block.records)).sum();
        let (place, create) = self.advance(bytes);
        let mut writer = self.writer(place, bytes);
        let mut durable = Vec::with_capacity(blocks.len());
        for (index, mut block) in blocks.drain(..).enumerate() {
            let tail = &mut self.islands[block.island.0 as usize];
            let here = writer.here();
            writer.push(
                BlockHeader {
                    kind: BlockKind::Data,
                    island: block.island,
                    records: block.records,
                    first: block.first,
                    index: index as u32,
                    blocks: count,
                    previous: tail.place,
                    ..writer.template.clone()
                },
                &block.body,
                block.trailer.as_ref(),
            );
            let upto = block.upto();
            tail.place = Some(here);
            block.body.clear();
            durable.push(Durable { island: block.island, upto, place: here, body: block.body });
        }
        Ok(Some(Commit { records, ..self.finish(writer, create, durable, Ending::Data) }))
    }

    /// Whether a seal would prove something, and fits into the segment being filled: so it is
    /// written without making, or waiting for, another one.
    #[must_use]
    pub fn wants_seal_here(&self) -> bool {
        let room = self.current.bytes - self.offset >= SECTOR as u64;
        room && self.ending == Ending::Data && self.prepared == self.completed
    }

    /// An empty commit that proves the one before durable. `None` when there is nothing to prove.
    ///
    /// # Panics
    /// When a commit was prepared and not yet completed: a seal would prove nothing.
    #[must_use]
    pub fn prepare_seal(&mut self) -> Option<Commit> {
        assert_eq!(self.prepared, self.completed, "a seal follows a completed commit");
        if self.ending != Ending::Data {
            return None;
        }
        let bytes = padded(HEADER_BYTES as u64);
        let (place, create) = self.advance(bytes);
        let mut writer = self.writer(place, bytes);
        let header = BlockHeader { kind: BlockKind::Seal, ..writer.template.clone() };
        writer.push(header, &[], None);
        Some(self.finish(writer, create, Vec::new(), Ending::Seal))
    }

    /// Takes note that a commit is durable.
    ///
    /// # Panics
    /// When it is not the next one: commits are completed in order.
    pub fn complete(&mut self, commit: Commit) -> Vec<Durable> {
        assert_eq!(commit.number, self.completed.next(), "commits are completed in order");
        self.completed = commit.number;
        self.spare = commit.image;
        commit.durable
    }

    /// Moves every island on over its blocks; on an error, back again.
    fn move_on(&mut self, blocks: &[Block]) -> Result<(), JournalError> {
        for (at, block) in blocks.iter().enumerate() {
            if let Err(error) = self.move_one(block) {
                for moved in blocks[..at].iter().rev() {
                    self.islands[moved.island.0 as usize].upto = JournalPosition(moved.first.0 - 1);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn move_one(&mut self, block: &Block) -> Result<(), JournalError> {
        let (island, islands) = (block.island, self.settings.islands);
        let tail = self
            .islands
            .get_mut(island.0 as usize)
            .ok_or(JournalError::UnknownIsland { island, islands })?;
        let expected = tail.upto.next();
        if block.first != expected {
            return Err(JournalError::OutOfOrder { island, first: block.first, expected });
        }
        if block.records == 0 {
            return Err(JournalError::NoRecords { island });
        }
        tail.upto = JournalPosition(tail.upto.0 + u64::from(block.records));
        Ok(())
    }

    /// The segment after all that exist, large enough for `bytes`.
    fn beyond(&self, bytes: u64) -> Segment {
        let highest = self.later.back().unwrap_or(&self.current).number;
        Segment { number: highest.next(), bytes: bytes.max(self.settings.segment_bytes) }
    }

    /// Finds a place for `bytes`, and the segment to make for it.
    fn advance(&mut self, bytes: u64) -> (BlockPlace, Option<Segment>) {
        let mut create = None;
        while self.current.bytes - self.offset < bytes {
            let next = self.later.pop_front().unwrap_or_else(|| {
                // `current` is the highest here, so this is the segment right after it.
                let next = self.beyond(bytes);
                create = Some(next);
                next
            });
            self.current = next;
            self.offset = 0;
        }
        let place = BlockPlace { segment: self.current.number, offset: self.offset as u32 };
        self.offset += bytes;
        (place, create)
    }

    fn writer(&mut self, place: BlockPlace, bytes: u64) -> ImageWriter {
        let mut image = std::mem::take(&mut self.spare);
        image.clear();
        image.reserve(bytes as usize);
        let template = BlockHeader {
            kind: BlockKind::Seal,
            island: IslandId(0),
            records: 0,
            first: JournalPosition::ZERO,
            life: self.settings.life,
            commit: self.prepared.next(),
            watermark: self.completed,
            index: 0,
            blocks: 1,
            chain: self.chain,
            previous: None,
            here: place,
            schema: self.settings.schema,
            body_bytes: 0,
            body_crc: 0,
            trailer_bytes: 0,
        };
        ImageWriter { image, place, template, chain: self.chain }
    }

    fn finish(
        &mut self,
        mut writer: ImageWriter,
        create: Option<Segment>,
        durable: Vec<Durable>,
        ending: Ending,
    ) -> Commit {
        let bytes = padded(writer.image.len() as u64);
        writer.image.resize(bytes as usize, 0);
        self.chain = writer.chain;
        self.ending = ending;
        self.prepared = self.prepared.next();
        let (number, place, image) = (self.prepared, writer.place, writer.image);
        Commit { number, place, create, image, records: 0, durable }
    }
}

/// Puts blocks one after the other.
struct ImageWriter {
    image: Vec<u8>,
    place: BlockPlace,
    /// What all headers of the commit have in common.
    template: BlockHeader,
    chain: Chain,
}

impl ImageWriter {
    fn here(&self) -> BlockPlace {
        let offset = self.place.offset + self.image.len() as u32;
        BlockPlace { segment: self.place.segment, offset }
    }

    fn push(&mut self, mut header: BlockHeader, records: &[u8], trailer: Option<&Trailer>) {
        header.here = self.here();
        let start = self.image.len();
        let body = start + HEADER_BYTES;
        self.image.extend_from_slice(&[0; HEADER_BYTES]);
        self.image.extend_from_slice(records);
        if let Some(trailer) = trailer {
            self.image.extend_from_slice(&trailer.encode());
            header.trailer_bytes = TRAILER_BYTES as u32;
        }
        header.body_bytes = (self.image.len() - body) as u32;
        header.body_crc = body_crc(&self.image[body..]);
        let bytes = header.encode();
        self.chain = Chain::of(&bytes);
        self.image[start..body].copy_from_slice(&bytes);
    }
}

/// Rounded up to whole sectors.
pub(super) const fn padded(bytes: u64) -> u64 {
    bytes.next_multiple_of(SECTOR as u64)
}
