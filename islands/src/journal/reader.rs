//! Walking over the commits of a journal, one whole commit after the other.
//!
//! Rules:
//! 1. A commit is next when its number, its chain and its place are, all its blocks are there
//!    with both checksums right, and each continues its island.
//! 2. Where no whole commit stands, the reader stops for good and says what it found instead; it
//!    does not judge what that means.

use archipelago_core::journal::frame::{
    BlockHeader, BlockKind, BlockPlace, BodySum, Chain, CommitNumber, FrameError, HEADER_BYTES,
    SegmentNumber,
};
use archipelago_core::journal::recovery::Here;

use super::book::padded;
use super::error::JournalError;
use super::scan::{BlockRef, Ending, IslandTail, Recovered};
use super::settings::JournalSettings;
use super::storage::{Segment, Storage};
use super::window::{READ_BYTES, Window};

/// Why no commit could be read.
pub(super) struct Fault {
    pub(super) here: Here,
    /// Where the commit was looked for.
    pub(super) place: BlockPlace,
    /// The sound header found there, if one was.
    pub(super) header: Option<BlockHeader>,
    pub(super) detail: String,
}

/// How much of a block is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All of it, and both checksums are compared.
    Whole,
    /// Its header. Whoever wants the body reads and checks it.
    Header,
}

/// How far a walk has come: all that it takes to go on from there.
#[derive(Clone)]
pub(super) struct Reached {
    /// The index of the segment being read; the number of segments when there are none.
    pub(super) at: usize,
    pub(super) offset: u64,
    pub(super) last: CommitNumber,
    pub(super) chain: Chain,
    pub(super) ending: Ending,
    pub(super) islands: Vec<IslandTail>,
    pub(super) bytes: u64,
}

/// Walks over commits.
pub(super) struct Reader<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) settings: &'a JournalSettings,
    pub(super) segments: &'a [Segment],
    window: Window<'a>,
    depth: Depth,
    pub(super) reached: Reached,
    /// The index of the first segment that the storage was not told to read ahead.
    pub(super) told: usize,
    /// The blocks of the commit just read.
    pub(super) commit: Vec<BlockHeader>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        storage: &'a dyn Storage,
        settings: &'a JournalSettings,
        segments: &'a [Segment],
    ) -> Self {
        Self {
            storage,
            settings,
            segments,
            window: Window::new(storage),
            depth: Depth::Whole,
            reached: Reached {
                at: 0,
                offset: 0,
                last: CommitNumber::ZERO,
                chain: Chain::START,
                ending: Ending::Nothing,
                islands: vec![IslandTail::default(); settings.islands as usize],
                bytes: 0,
            },
            told: 0,
            commit: Vec::new(),
        }
    }

    /// Takes up the walk where an earlier one ended.
    pub(super) fn go_on(&mut self, from: &Recovered) {
        self.reached = Reached {
            at: self.segments.partition_point(|found| found.number < from.next.segment),
            offset: u64::from(from.next.offset),
            last: from.last,
            chain: from.chain,
            ending: from.ending,
            islands: from.islands.clone(),
            bytes: from.bytes,
        };
    }

    pub(super) fn next_place(&self) -> BlockPlace {
        let segment =
            self.segments.get(self.reached.at).map_or(SegmentNumber::FIRST, |found| found.number);
        BlockPlace { segment, offset: self.reached.offset as u32 }
    }

    /// Reads the next commit, in this segment or at the start of a later one, for
    /// [`Self::hand_out`]; or says why there is none.
    pub(super) fn next_commit(&mut self) -> Result<Option<Fault>, JournalError> {
        if self.reached.at == self.segments.len() {
            let place = self.next_place();
            let detail = String::new();
            return Ok(Some(Fault { here: Here::Empty, place, header: None, detail }));
        }
        let fault = match self.commit_at(self.reached.at, self.reached.offset)? {
            Ok(end) => {
                self.advance(self.reached.at, end);
                return Ok(None);
            }
            Err(fault) => fault,
        };
        if !matches!(fault.here, Here::Empty | Here::Broken) {
            return Ok(Some(fault));
        }
        // A commit that did not fit here begins a later segment; those passed over are zeros.
        for at in self.reached.at + 1..self.segments.len() {
            match self.commit_at(at, 0)? {
                Ok(end) => {
                    self.advance(at, end);
                    return Ok(None);
                }
                Err(next) => match next.here {
                    Here::Empty => {}
                    // A later commit is evidence about this one, see `look_behind`.
                    _ if next.header.as_ref().is_some_and(|found| self.is_later(found)) => break,
                    Here::Broken if fault.here == Here::Broken => break,
                    _ => return Ok(Some(next)),
                },
            }
        }
        Ok(Some(fault))
    }

    /// The same, but of its blocks the headers alone: bodies are for others to read and check. Not
    /// for [`Self::hand_out`].
    pub(super) fn next_headers(&mut self) -> Result<Option<Fault>, JournalError> {
        self.depth = Depth::Header;
        let fault = self.next_commit();
        self.depth = Depth::Whole;
        fault
    }

    /// Whether a sound block, standing where it says, is of a commit after the one expected.
    fn is_later(&self, header: &BlockHeader) -> bool {
        header.life == self.settings.life && header.commit > self.reached.last.next()
    }

    fn advance(&mut self, at: usize, end: u64) {
        self.reached.bytes += end - if at == self.reached.at { self.reached.offset } else { 0 };
        self.reached.at = at;
        self.reached.offset = end;
    }

    /// Reads the commit that starts at `offset`; returns where it ends.
    fn commit_at(&mut self, at: usize, offset: u64) -> Result<Result<u64, Fault>, JournalError> {
        let segment = self.segments[at];
        self.commit.clear();
        let mut end = offset;
        loop {
            let place = BlockPlace { segment: segment.number, offset: end as u32 };
            let mut fault = match self.block_at(segment, offset, place)? {
                Ok((header, chain)) => {
                    end += header.block_bytes();
                    let whole = header.index + 1 == header.blocks;
                    self.commit.push(header);
                    if !whole {
                        continue;
                    }
                    match self.take(chain) {
                        None => return Ok(Ok(padded(end))),
                        Some(fault) => fault,
                    }
                }
                Err(fault) => fault,
            };
            // Once the first block is sound, whatever is wrong means the commit is not whole.
            if !self.commit.is_empty() && fault.here != Here::OutOfOrder {
                fault.here = if fault.here == Here::PastEnd { Here::PastEnd } else { Here::Broken };
            }
            fault.place.offset = offset as u32;
            return Ok(Err(fault));
        }
    }

    /// Reads the block at `place`, of the commit that starts at `start`.
    fn block_at(
        &mut self,
        segment: Segment,
        start: u64,
        place: BlockPlace,
    ) -> Result<Result<(BlockHeader, Chain), Fault>, JournalError> {
        let at = u64::from(place.offset);
        let body = at + HEADER_BYTES as u64;
        let fault = |here, header, detail: String| Ok(Err(Fault { here, place, header, detail }));
        if body > segment.bytes {
            return fault(Here::Empty, None, String::new());
        }
        let mut own = [0; HEADER_BYTES];
        let bytes = match self.depth {
            Depth::Whole => {
                self.window.cover(segment, start, body)?;
                self.window.bytes(at, body)
            }
            Depth::Header => {
                let read = self.storage.read_at(segment.number, at, &mut own);
                let name = || self.storage.name(segment.number);
                &own[..read.map_err(|error| JournalError::io("read", name())(error))?]
            }
        };
        let (header, chain) = match BlockHeader::decode(bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                let here = match error {
                    FrameError::Empty => Here::Empty,
                    FrameError::Version { .. } | FrameError::Field { .. } => Here::Unreadable,
                    _ => Here::Broken,
                };
                return fault(here, None, error.to_string());
            }
        };
        if header.life != self.settings.life {
            let detail = format!("its life is {:016x}", header.life.0);
            return fault(Here::Foreign, Some(header), detail);
        }
        if let Err(detail) = self.follows(&header, place) {
            let here = if self.commit.is_empty() { Here::OutOfOrder } else { Here::Broken };
            return fault(here, Some(header), detail);
        }
        let end = at + header.block_bytes();
        if end > segment.bytes {
            let detail = format!("a block reaches to {end}, the segment has {}", segment.bytes);
            return fault(Here::PastEnd, Some(header), detail);
        }
        if self.depth == Depth::Header {
            return Ok(Ok((header, chain)));
        }
        let mut sum = BodySum::default();
        let mut summed = body;
        while summed < end {
            let next = end.min(summed + READ_BYTES);
            self.window.cover(segment, start, next)?;
            sum.add(self.window.bytes(summed, next));
            summed = next;
        }
        match header.check_sum(sum) {
            Ok(()) => Ok(Ok((header, chain))),
            Err(error) => fault(Here::Broken, Some(header), error.to_string()),
        }
    }

    /// Whether a sound header is the next one of the commit being read.
    fn follows(&self, header: &BlockHeader, place: BlockPlace) -> Result<(), String> {
        let number = self.reached.last.next();
        let index = self.commit.len() as u32;
        let first = self.commit.first().unwrap_or(header);
        let reason = if header.here != place {
            format!("it says it stands at {}", header.here)
        } else if header.commit != number {
            format!("it is of commit {}", header.commit)
        } else if header.chain != self.reached.chain {
            "it follows another commit than the one before".to_owned()
        } else if header.index != index || header.blocks != first.blocks {
            format!("it is block {} of {}, expected {index}", header.index, header.blocks)
        } else if header.watermark != first.watermark {
            "its watermark differs from its commit's".to_owned()
        } else {
            return Ok(());
        };
        Err(reason)
    }

    /// Moves the islands on over a whole commit.
    fn take(&mut self, chain: Chain) -> Option<Fault> {
        for header in self.commit.iter().filter(|header| header.kind == BlockKind::Data) {
            let tail = self.reached.islands.get_mut(header.island.0 as usize);
            let Some(tail) = tail
                .filter(|tail| header.first == tail.upto.next() && header.previous == tail.place)
            else {
                let detail = format!("position {} does not continue its island", header.first);
                let (here, place) = (Here::OutOfOrder, header.here);
                return Some(Fault { here, place, header: Some(header.clone()), detail });
            };
            *tail = IslandTail { upto: header.upto(), place: Some(header.here) };
        }
        self.reached.last = self.reached.last.next();
        self.reached.chain = chain;
        self.reached.ending = match self.commit.last().map(|header| header.kind) {
            Some(BlockKind::Seal) => Ending::Seal,
            _ => Ending::Data,
        };
        None
    }

    pub(super) fn hand_out<E>(
        &mut self,
        sink: &mut dyn FnMut(BlockRef) -> Result<(), E>,
    ) -> Result<(), E> {
        for header in self.commit.drain(..) {
            if header.kind == BlockKind::Data {
                let body = u64::from(header.here.offset) + HEADER_BYTES as u64;
                let (buffer, start) = self.window.shared(body);
                let range = start..start + header.body_bytes as usize;
                sink(BlockRef { header, buffer, range })?;
            }
        }
        Ok(())
    }
}
