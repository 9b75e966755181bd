//! One order of all islands' records: by stamp, then island, then position.
//!
//! Rules:
//! 1. A record comes after its cause, and after those before it on its island: stamps rise on an
//!    island and are after their cause's. Nothing more may be read into the order: of two records
//!    neither of which led to the other, the one with the lower stamp comes first.
//! 2. A reader says where it has got to with [`Positions`], one record of each island, never with a
//!    stamp: several records can have one. So from whatever record on it goes on, it gets each
//!    record once, and in pages it gets the same order as at once.
//! 3. The journal is judged to its end before the first record is handed out.
//! 4. Memory: the journal is read twice. The first time tells for each of at most [`PIECES_MAX`]
//!    pieces the lowest stamp *behind* it. The second time a record is handed out as soon as
//!    nothing behind has a lower stamp. What has to wait is kept by the place of its block, 16
//!    bytes each; of each island one block is held, the next one. So neither an island that is
//!    silent for long nor a clock that stepped fills the memory.
//!
//! It doesn't know what records say.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockHeader, BlockPlace};
use archipelago_core::journal::record::{RecordView, RecordsView};
use archipelago_core::replay::Upcast;
use archipelago_core::time::Stamp;

use super::error::OpenError;
use super::log::{Log, RecordAt};
use super::positions::Positions;
use super::walk::{FOR_EVER, LENGTH_BYTES, failed, is_after, not_ours, rewritten};
use crate::journal::{
    BlockRef, JournalError, JournalSettings, ScanMode, Storage, read_block, scan,
};
use crate::snapshot::has_beginning;

/// Pieces of a journal that are told apart.
const PIECES_MAX: usize = 1 << 16;
/// Blocks in a piece, as a power of two, unless the journal has more than [`PIECES_MAX`] such.
const PIECE_BLOCKS_LOG: u32 = 6;

impl Log {
    /// Walks over all records behind `from` in one order, each after its cause; without `from`,
    /// from the first one on. `visit` gets each record and how far it has read with it, and says
    /// whether to go on. Returns how far it was read.
    ///
    /// For a *projection* keep the positions together with what was made of the record, in one
    /// step; whoever dies in between does both again, or neither:
    ///
    /// ```
    /// # use archipelago::{Island, Turn, builder};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Default, Serialize, Deserialize)]
    /// # struct Till;
    /// # impl Island for Till {
    /// #     type Command = u64;
    /// #     type Event = u64;
    /// #     type Reply = ();
    /// #     fn decide(&self, units: u64, turn: &mut Turn<Self>) {
    /// #         turn.emit(units);
    /// #         turn.reply(());
    /// #     }
    /// #     fn evolve(&mut self, _: &u64) {}
    /// # }
    /// # let data = tempfile::tempdir()?;
    /// # let sea = builder().islands(2).journal(data.path()).open(|_| Till)?;
    /// # for key in ["a", "b", "c"] {
    /// #     sea.ask(key, 7)?.wait()?;
    /// # }
    /// # drop(sea);
    /// use archipelago::core::{codec::Wire, journal::record::Entry};
    /// use archipelago::replay::{Log, OpenError};
    /// use std::ops::ControlFlow;
    ///
    /// let log = Log::open(data.path())?;
    /// let (mut units, mut page) = (0, 0);
    /// let read = log.merged_as::<Till, OpenError>(None, |at, _read| {
    ///     let walked = at.record.walk(|entry| {
    ///         if let Entry::Event(bytes) = entry {
    ///             units += u64::decode(bytes).unwrap_or_default();
    ///         }
    ///         Ok::<(), archipelago::core::bytes::Malformed>(())
    ///     });
    ///     assert!(walked.is_ok());
    ///     page += 1;
    ///     Ok(if page == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    /// })?;
    /// assert_eq!((units, read.records()), (14, 2));
    /// let rest = log.merged_as::<Till, OpenError>(Some(&read), |_, _| {
    ///     Ok(ControlFlow::Continue(()))
    /// })?;
    /// assert_eq!(rest.records(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Records come as they were written, whatever schema they have; [`Log::merged_as`] rewrites
    /// them.
    ///
    /// # Errors
    /// What `visit` says; [`OpenError::Positions`] when `from` is not of this journal;
    /// [`OpenError::NoBeginning`] when its beginning is archived; damage.
    pub fn merged<E: From<OpenError>>(
        &self,
        from: Option<&Positions>,
        visit: impl FnMut(RecordAt<'_>, &Positions) -> Result<ControlFlow<()>, E>,
    ) -> Result<Positions, E> {
        has_beginning(&self.storage)?;
        merged_upto(&self.storage, &self.settings, self.until, from, visit)
    }

    /// The same, with the records in the form that `I` has now.
    ///
    /// # Errors
    /// As [`Log::merged`]; [`OpenError::Form`] also for what cannot be rewritten, or was written by
    /// a newer program.
    pub fn merged_as<I: Island, E: From<OpenError>>(
        &self,
        from: Option<&Positions>,
        mut visit: impl FnMut(RecordAt<'_>, &Positions) -> Result<ControlFlow<()>, E>,
    ) -> Result<Positions, E> {
        let mut now = Vec::new();
        self.merged(from, |at: RecordAt<'_>, read: &Positions| {
            let (island, position, place) = (at.island, at.position, at.place);
            let wrong = |reason| not_ours(&self.storage, (island, position, place), reason);
            let Some(upcast) = Upcast::<I>::from(at.schema).map_err(wrong)? else {
                return visit(at, read);
            };
            let record = rewritten(&upcast, &at.record, &mut now).map_err(wrong)?;
            visit(RecordAt { record, ..at }, read)
        })
    }
}

/// Hands out all records of a journal behind `from` in one order; see [`Log::merged`].
///
/// # Errors
/// As [`Log::merged`].
pub fn merged<E: From<OpenError>>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    from: Option<&Positions>,
    visit: impl FnMut(RecordAt<'_>, &Positions) -> Result<ControlFlow<()>, E>,
) -> Result<Positions, E> {
    merged_upto(storage, settings, FOR_EVER, from, visit)
}

fn merged_upto<E: From<OpenError>>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    until: Stamp,
    from: Option<&Positions>,
    mut visit: impl FnMut(RecordAt<'_>, &Positions) -> Result<ControlFlow<()>, E>,
) -> Result<Positions, E> {
    let from = from.cloned().unwrap_or_else(|| Positions::beginning(settings));
    let is_wanted = |block: &BlockRef| {
        block.header.upto() > from.of(block.header.island) && !is_after(block.records(), until)
    };
    let mut horizon = Horizon::default();
    let found = scan(storage, settings, ScanMode::ReadOnly, &mut |block: BlockRef| {
        if is_wanted(&block) {
            horizon.note(first_stamp(&block, storage)?);
        }
        Ok::<(), OpenError>(())
    })?;
    from.fit(settings, &found)?;
    horizon.look_back();
    let mut merge = Merge::new(storage, settings, until, from.clone());
    let mut blocks = 0;
    let walked = scan(storage, settings, ScanMode::ReadOnly, &mut |block: BlockRef| {
        if !is_wanted(&block) {
            return Ok(());
        }
        merge.push(&block.header)?;
        blocks += 1;
        match horizon.behind(blocks) {
            Some(lowest) => merge.hand_out(Below::Stamp(lowest), &mut visit),
            None => Ok(()),
        }
    });
    match walked.map(|_| ()).and_then(|()| merge.hand_out(Below::ForEver, &mut visit)) {
        Ok(()) | Err(End::Enough) => Ok(merge.read),
        Err(End::Failed(error)) => Err(error),
    }
}

fn first_stamp(block: &BlockRef, storage: &dyn Storage) -> Result<Stamp, OpenError> {
    let header = &block.header;
    let wrong = |error: &dyn std::fmt::Display| failed(storage, header, header.first, error);
    match RecordsView::new(block.records()).next_record() {
        Ok(Some(record)) => Ok(record.stamp),
        Ok(None) => Err(wrong(&"the block is empty")),
        Err(error) => Err(wrong(&error)),
    }
}

/// Why a walk ends before the journal does.
enum End<E> {
    /// Whoever visits has enough.
    Enough,
    Failed(E),
}

impl<E: From<OpenError>> From<OpenError> for End<E> {
    fn from(error: OpenError) -> Self {
        Self::Failed(error.into())
    }
}

impl<E: From<OpenError>> From<JournalError> for End<E> {
    fn from(error: JournalError) -> Self {
        Self::Failed(OpenError::from(error).into())
    }
}

/// For each piece of a journal, the lowest stamp behind it.
struct Horizon {
    /// While it is noted, the lowest stamp *in* each piece.
    lowest: Vec<Stamp>,
    piece_log: u32,
    blocks: u64,
}

impl Default for Horizon {
    fn default() -> Self {
        Self { lowest: Vec::new(), piece_log: PIECE_BLOCKS_LOG, blocks: 0 }
    }
}

impl Horizon {
    /// Notes the next block, by its first stamp.
    fn note(&mut self, first: Stamp) {
        if self.blocks >> self.piece_log == PIECES_MAX as u64 {
            let pairs = self.lowest.chunks(2);
            self.lowest = pairs.map(|pair| pair[0].min(pair[pair.len() - 1])).collect();
            self.piece_log += 1;
        }
        match self.lowest.get_mut((self.blocks >> self.piece_log) as usize) {
            Some(lowest) => *lowest = first.min(*lowest),
            None => self.lowest.push(first),
        }
        self.blocks += 1;
    }

    /// All blocks are noted.
    fn look_back(&mut self) {
        let mut lowest = Stamp(u64::MAX);
        for piece in self.lowest.iter_mut().rev() {
            lowest = lowest.min(std::mem::replace(piece, lowest));
        }
    }

    /// If `blocks` blocks are whole pieces: the lowest stamp behind them.
    fn behind(&self, blocks: u64) -> Option<Stamp> {
        let whole = blocks.is_multiple_of(1 << self.piece_log);
        let piece = (blocks >> self.piece_log).checked_sub(1).filter(|_| whole)?;
        self.lowest.get(piece as usize).copied()
    }
}

/// Which records may be handed out.
#[derive(Clone, Copy)]
pub(crate) enum Below {
    /// Those of lower stamps.
    Stamp(Stamp),
    /// All.
    ForEver,
}

/// Blocks of all islands go in, in journal order; records come out in one order.
struct Merge<'a> {
    storage: &'a dyn Storage,
    settings: &'a JournalSettings,
    until: Stamp,
    queues: Vec<Queue>,
    /// The next record of each island that has one.
    heads: BinaryHeap<Reverse<(Stamp, IslandId)>>,
    read: Positions,
}

/// An island's blocks that wait.
#[derive(Default)]
struct Queue {
    open: Option<Open>,
    waiting: VecDeque<BlockPlace>,
}

/// The block that holds an island's next record.
struct Open {
    header: BlockHeader,
    body: Vec<u8>,
    /// Where the next record begins.
    at: usize,
    position: JournalPosition,
}

impl Open {
    /// The next record and where it ends, unless the block is at its end.
    fn next(&self, storage: &dyn Storage) -> Result<Option<(RecordView<'_>, usize)>, OpenError> {
        let wrong =
            |error: &dyn std::fmt::Display| failed(storage, &self.header, self.position, error);
        let next = RecordsView::new(&self.body[self.at..]).next_record();
        if let Some(record) = next.map_err(|error| wrong(&error))? {
            let end = self.at + LENGTH_BYTES + record.bytes().len();
            return Ok(Some((record, end)));
        }
        let last = self.header.upto();
        if self.position == last.next() {
            Ok(None)
        } else {
            Err(wrong(&format_args!("the block's last record is {last}")))
        }
    }
}

impl<'a> Merge<'a> {
    fn new(
        storage: &'a dyn Storage,
        settings: &'a JournalSettings,
        until: Stamp,
        read: Positions,
    ) -> Self {
        let queues = (0..settings.islands).map(|_| Queue::default()).collect();
        Self { storage, settings, until, queues, heads: BinaryHeap::new(), read }
    }

    /// The next block of its island.
    fn push(&mut self, header: &BlockHeader) -> Result<(), OpenError> {
        let queue = &mut self.queues[header.island.0 as usize];
        queue.waiting.push_back(header.here);
        if queue.open.is_some() { Ok(()) } else { self.step(header.island) }
    }

    /// Finds an island's next record, in its open block or in those that wait.
    fn step(&mut self, island: IslandId) -> Result<(), OpenError> {
        let queue = &mut self.queues[island.0 as usize];
        loop {
            if let Some(open) = &mut queue.open {
                while let Some((record, end)) = open.next(self.storage)? {
                    if open.position > self.read.of(island) {
                        if record.stamp <= self.until {
                            self.heads.push(Reverse((record.stamp, island)));
                        }
                        return Ok(());
                    }
                    (open.at, open.position) = (end, open.position.next());
                }
            }
            let Some(place) = queue.waiting.pop_front() else {
                queue.open = None;
                return Ok(());
            };
            let (header, body) = read_block(self.storage, place, self.settings.life)?;
            let position = header.first;
            queue.open = Some(Open { header, body, at: 0, position });
        }
    }

    /// Hands out what may be.
    fn hand_out<E: From<OpenError>>(
        &mut self,
        below: Below,
        visit: &mut impl FnMut(RecordAt<'_>, &Positions) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), End<E>> {
        while let Some(Reverse((stamp, island))) = self.heads.peek().copied() {
            if matches!(below, Below::Stamp(lowest) if stamp >= lowest) {
                break;
            }
            self.heads.pop();
            let open = self.queues[island.0 as usize].open.as_ref().expect("it has a head");
            let (record, _) = open.next(self.storage)?.expect("it is the head");
            let (place, schema, position) = (open.header.here, open.header.schema, open.position);
            self.read.read(island, position);
            let at = RecordAt { island, position, place, schema, record };
            if visit(at, &self.read).map_err(End::Failed)?.is_break() {
                return Err(End::Enough);
            }
            self.step(island)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest stamp behind each whole piece, the slow way.
    fn naive(stamps: &[u64], piece: usize) -> Vec<Option<Stamp>> {
        let behind = |at: usize| stamps[at..].iter().copied().min().map(Stamp);
        (1..=stamps.len() / piece).map(|nth| behind(nth * piece)).collect()
    }

    #[test]
    fn the_horizon_is_the_lowest_stamp_behind_each_piece() {
        let stamps: Vec<u64> = (0..1000).map(|at: u64| at * 7919 % 1009).collect();
        for count in [0, 1, 63, 64, 65, 128, 999, 1000] {
            let mut horizon = Horizon::default();
            stamps[..count].iter().for_each(|stamp| horizon.note(Stamp(*stamp)));
            horizon.look_back();
            let told: Vec<_> = (1..=count as u64).filter_map(|at| horizon.behind(at)).collect();
            let expected = naive(&stamps[..count], 1 << PIECE_BLOCKS_LOG);
            let none_behind = Stamp(u64::MAX);
            let expected: Vec<_> =
                expected.into_iter().map(|it| it.unwrap_or(none_behind)).collect();
            assert_eq!(told, expected, "{count} blocks");
        }
    }

    #[test]
    fn a_horizon_has_a_bounded_number_of_pieces_and_stays_right() {
        let count = (PIECES_MAX << PIECE_BLOCKS_LOG) * 2 + 77;
        let stamp = |at: usize| Stamp((at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8 | 1);
        let mut horizon = Horizon::default();
        (0..count).for_each(|at| horizon.note(stamp(at)));
        horizon.look_back();
        assert!(horizon.lowest.len() <= PIECES_MAX);
        assert_eq!(horizon.piece_log, PIECE_BLOCKS_LOG + 2);
        let mut lowest = Stamp(u64::MAX);
        for at in (1..=count).rev() {
            if let Some(told) = horizon.behind(at as u64) {
                assert_eq!(told, lowest, "behind {at}");
            }
            lowest = lowest.min(stamp(at - 1));
        }
    }
}
