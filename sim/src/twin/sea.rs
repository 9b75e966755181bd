//! The islands of the twin: the runtime's drivers and the journal's book, each call with its cost.
//!
//! Rules:
//! 1. Every call returns what it costs, in virtual nanoseconds, from the [`Costs`].
//! 2. With a meter, each call is timed too; what it returns stays virtual, so that the same plan
//!    makes the same calls every time it is measured.
//!
//! It doesn't know threads, nor when anything happens.

use std::sync::Arc;
use std::time::Instant;

use archipelago::command::Completion;
use archipelago::drive::{Answers, Book, Driver, Rereader, Waiter, restore};
use archipelago::island::IslandStats;
use archipelago::journal::{Commit, Durable, JournalSettings, Memory, ScanMode, Storage};
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, Session};
use archipelago_core::island::{Counters, Island, Kernel, Limits};
use archipelago_core::journal::frame::{Block, BlockPlace, SegmentNumber};
use archipelago_core::link::frame::Frame;
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;

use super::costs::{Costs, Counts, Section};
use super::mailbox::Delivery;
use super::plan::Failed;

/// One timed call: what it was, what it handled, and how long it took in nanoseconds.
pub(super) type Sample = (Section, Counts, u64);

/// Islands, their journal in memory, and what calls cost.
pub(super) struct Sea<I: Island> {
    drivers: Vec<Driver<I>>,
    book: Book,
    storage: Arc<Memory>,
    rereader: Rereader,
    pub(super) costs: Costs,
    answers: Arc<Answers<I::Reply>>,
    /// What was timed, when calls are.
    pub(super) meter: Option<Vec<Sample>>,
}

/// What left an island.
pub(super) struct Left<I: Island> {
    pub(super) frames: Vec<Frame>,
    pub(super) answers: Vec<Completion<I::Reply>>,
    pub(super) cost: u64,
}

impl<I: Island> Sea<I> {
    pub(super) fn new(
        settings: JournalSettings,
        limits: Limits,
        costs: Costs,
        make: &mut dyn FnMut(IslandId) -> I,
    ) -> Result<Self, Failed> {
        let wrong = |error: &dyn std::fmt::Display| Failed(error.to_string());
        let table = Table::modulo(settings.islands).map_err(|error| wrong(&error))?;
        let table = Arc::new(table);
        let storage = Arc::new(Memory::new());
        let restored = restore(&*storage, &settings, ScanMode::Repair, 1, make)
            .map_err(|error| wrong(&error))?;
        let book = Book::resume(settings, &restored.recovered).map_err(|error| wrong(&error))?;
        let drivers = restored.images.into_iter().enumerate().map(|(at, image)| {
            let island = IslandId(at as u32);
            let (life, table) = (settings.life, Arc::clone(&table));
            let kernel = Kernel::start(island, table, life, Session(1), limits, image);
            Driver::new(island, kernel, None)
        });
        let rereader = Rereader::new::<I>(Arc::<Memory>::clone(&storage), settings.life);
        let drivers = drivers.collect();
        let (answers, meter) = (Answers::new(), None);
        Ok(Self { drivers, book, storage, rereader, costs, answers, meter })
    }

    pub(super) fn driver(&self, island: usize) -> &Driver<I> {
        &self.drivers[island]
    }

    /// Times `call` if there is a meter; returns its result and its cost.
    fn timed<T>(
        &mut self,
        section: Section,
        call: impl FnOnce(&mut Self) -> (T, Counts),
    ) -> (T, u64) {
        let began = self.meter.is_some().then(Instant::now);
        let (done, counts) = call(self);
        if let (Some(began), Some(meter)) = (began, &mut self.meter) {
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            meter.push((section, counts, nanos));
        }
        (done, self.costs.of(section, counts))
    }

    /// What an island has done and how many bytes are unsealed, before and after a call.
    fn made(&self, island: usize) -> (Counters, u64) {
        let kernel = self.drivers[island].kernel();
        (kernel.counters(), kernel.block_bytes() as u64)
    }

    pub(super) fn ask(&mut self, island: usize, now: Millis, delivery: Delivery<I>) -> u64 {
        let (before, bytes) = self.made(island);
        let Delivery { request, admitted } = delivery;
        let number = request.asker.number;
        let (_, cost) = self.timed(Section::Ask, |sea| {
            let waiter = Waiter::queued(number, Arc::clone(&sea.answers));
            sea.drivers[island].ask(now, request, waiter, admitted);
            let (after, bytes_after) = sea.made(island);
            let (events, sends) = (after.events - before.events, after.sends - before.sends);
            ((), [1, events, sends, bytes_after - bytes, 0])
        });
        cost
    }

    pub(super) fn receive(&mut self, island: usize, now: Millis, frame: &Frame) -> u64 {
        let (before, bytes) = self.made(island);
        let section = match frame {
            Frame::Control(_) => Section::Control,
            Frame::Data(_) => Section::Message,
        };
        let (_, cost) = self.timed(section, |sea| {
            sea.drivers[island].receive(now, frame);
            let (after, bytes_after) = sea.made(island);
            if section == Section::Control {
                return ((), [1, 0, 0, 0, 0]);
            }
            let records = after.records - before.records;
            let (events, sends) = (after.events - before.events, after.sends - before.sends);
            ((), [1, records, events, sends, bytes_after - bytes])
        });
        cost
    }

    pub(super) fn tick(&mut self, island: usize, now: Millis) -> u64 {
        let tick = |sea: &mut Self| {
            sea.drivers[island].tick(now);
            ((), [1, 0, 0, 0, 0])
        };
        self.timed(Section::Tick, tick).1
    }

    pub(super) fn drain(&mut self, island: usize, nanos: u64) -> Left<I> {
        let ((frames, answers), cost) = self.timed(Section::Drain, |sea| {
            let (mut frames, rereader) = (Vec::new(), &mut sea.rereader);
            sea.drivers[island].drain(
                nanos,
                |frame| frames.push(frame),
                |from, tail, to, first| rereader.reread(from, tail, to, first),
                |_| {},
            );
            let answers: Vec<_> = std::iter::from_fn(|| sea.answers.try_next()).collect();
            let counts = [1, answers.len() as u64, frames.len() as u64, 0, 0];
            ((frames, answers), counts)
        });
        Left { frames, answers, cost }
    }

    pub(super) fn seal(&mut self, island: usize) -> (Option<Block>, u64) {
        self.timed(Section::Seal, |sea| (sea.drivers[island].seal(), [1, 0, 0, 0, 0]))
    }

    pub(super) fn durable(&mut self, durable: Durable) -> u64 {
        let call = |sea: &mut Self| {
            sea.drivers[durable.island.0 as usize].durable(durable);
            ((), [1, 0, 0, 0, 0])
        };
        self.timed(Section::Durable, call).1
    }

    /// A block counts as durable at once, where there is no journal.
    pub(super) fn kept_in_memory(&mut self, block: Block) -> u64 {
        let place = BlockPlace { segment: SegmentNumber(0), offset: 0 };
        let (island, upto) = (block.island, block.upto());
        self.durable(Durable { island, upto, place, body: block.body })
    }

    /// Makes a commit's image, and the segment it needs at once, if any.
    pub(super) fn prepare(&mut self, blocks: &mut Vec<Block>) -> Result<(Commit, u64), Failed> {
        let wrong = |error: &dyn std::fmt::Display| Failed(error.to_string());
        let count = blocks.len() as u64;
        let (commit, cost) = self.timed(Section::Commit, |sea| {
            let commit = sea.book.prepare(blocks);
            let bytes = commit.as_ref().ok().and_then(Option::as_ref);
            let bytes = bytes.map_or(0, |commit| commit.image().len() as u64);
            (commit, [1, count, bytes, 0, 0])
        });
        let commit = commit.map_err(|error| wrong(&error))?;
        let commit = commit.ok_or_else(|| Failed("a commit of no blocks".to_owned()))?;
        if let Some(segment) = commit.create() {
            self.storage.create(segment).map_err(|error| wrong(&error))?;
        }
        Ok((commit, cost))
    }

    /// Writes a commit to the memory that rereads look at; what that costs.
    pub(super) fn write(&mut self, commit: &Commit) -> Result<u64, Failed> {
        let (place, image) = (commit.place(), commit.image());
        let (written, cost) = self.timed(Section::Memory, |sea| {
            let written =
                sea.storage.write_at(place.segment, u64::from(place.offset), commit.image());
            (written, [1, image.len() as u64, 0, 0, 0])
        });
        written.map_err(|error| Failed(error.to_string()))?;
        Ok(cost)
    }

    pub(super) fn complete(&mut self, commit: Commit) -> Vec<Durable> {
        self.book.complete(commit)
    }

    /// The segment to make ahead of need, if there is none in reserve.
    pub(super) fn make_ahead(&mut self) -> Result<Option<SegmentNumber>, Failed> {
        let Some(next) = self.book.wants_ahead() else { return Ok(None) };
        self.book.reserve(next);
        self.storage.create(next).map_err(|error| Failed(error.to_string()))?;
        Ok(Some(next.number))
    }

    pub(super) fn is_settled(&self) -> bool {
        self.drivers.iter().all(Driver::is_settled)
    }

    pub(super) fn stopped(&self) -> Option<String> {
        let stopped = |driver: &Driver<I>| {
            driver.kernel().stopped().map(|why| format!("island {}: {why}", driver.island()))
        };
        self.drivers.iter().find_map(stopped)
    }

    pub(super) fn stats(&self) -> Vec<IslandStats> {
        self.drivers.iter().map(Driver::stats).collect()
    }

    pub(super) fn into_images(self) -> (Vec<Image<I>>, Option<Vec<Sample>>) {
        (self.drivers.into_iter().map(Driver::into_image).collect(), self.meter)
    }
}
