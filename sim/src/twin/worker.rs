//! A worker of the twin: the rounds of the runtime's worker, one step at a time.
//!
//! Rules:
//! 1. As in the runtime: notices → frames → asks → ticks → drain → hand over → nothing done? sleep.
//!    The limits are the runtime's.
//!
//! It doesn't know what islands decide, nor how the journal writes.

use std::collections::{BTreeSet, VecDeque};

use archipelago_core::island::Island;
use archipelago_core::link::frame::Frame;
use archipelago_core::time::Millis;

use super::costs::Section;
use super::mailbox::Effect;
use super::plan::{Ask, Media};
use super::run::{Event, Step, Twin, Way};
use super::sea::Sea;

/// As the worker's: hand-overs on their way.
const HANDED_MAX: usize = 2;
/// As the worker's: frames and asks taken per round.
const ROUND_MAX: usize = 256;
/// As the worker's: with so many bytes made by asks, a round is full as well.
const ROUND_BYTES_MAX: usize = 128 << 10;
/// As the worker's: with so many bytes gathered, no more asks are taken.
const GATHERED_BYTES_MAX: usize = 384 << 10;

/// Without a journal, before it sleeps, a worker looks for a while whether something has come: so
/// many steps of so many looks, and then so often it lets others go first.
const LOOKS: u32 = 8;
const LOOKS_A_STEP: u64 = 25;
const YIELDS: u32 = 8;
/// What a look at an empty channel costs is known for seven spins: 1, 2, 4 … 64 pauses.
const PAUSES: u64 = 127;

/// Where a worker stands in its round.
#[derive(Debug)]
enum Stage {
    Begin,
    Notices,
    Controls,
    Frames(usize),
    Asks {
        taken: usize,
        /// Bytes of the records that they made.
        made: usize,
    },
    Ticks,
    Drain(VecDeque<usize>),
    HandOver(VecDeque<usize>, Vec<archipelago_core::journal::frame::Block>),
    End,
}

/// A worker. Islands are named by their own number.
#[derive(Debug)]
pub(super) struct Worker {
    index: usize,
    stage: Stage,
    /// The virtual nanoseconds at which the round began.
    round: u64,
    worked: usize,
    /// How often it has looked since there was something to do.
    looks: u32,
    local: VecDeque<Frame>,
    touched: Set,
    unsealed: Set,
    ticks: BTreeSet<(Millis, usize)>,
    tick_of: Vec<Option<Millis>>,
    handed: VecDeque<usize>,
}

/// A list without doubles.
#[derive(Debug, Default)]
struct Set {
    list: VecDeque<usize>,
    marks: Vec<bool>,
}

impl Set {
    fn add(&mut self, island: usize) {
        if self.marks.len() <= island {
            self.marks.resize(island + 1, false);
        }
        if !std::mem::replace(&mut self.marks[island], true) {
            self.list.push_back(island);
        }
    }

    fn take(&mut self) -> VecDeque<usize> {
        self.list.iter().for_each(|island| self.marks[*island] = false);
        std::mem::take(&mut self.list)
    }
}

impl Worker {
    pub(super) fn new<I: Island>(index: usize, workers: usize, sea: &Sea<I>, islands: u32) -> Self {
        let mut worker = Self {
            index,
            stage: Stage::Begin,
            round: 0,
            worked: 0,
            looks: 0,
            local: VecDeque::new(),
            touched: Set::default(),
            unsealed: Set::default(),
            ticks: BTreeSet::new(),
            tick_of: vec![None; islands as usize],
            handed: VecDeque::new(),
        };
        for island in (index..islands as usize).step_by(workers) {
            worker.set_tick(island, sea.driver(island).kernel().next_tick());
            worker.touched.add(island);
        }
        worker
    }

    fn set_tick(&mut self, island: usize, when: Option<Millis>) {
        if let Some(old) = std::mem::replace(&mut self.tick_of[island], when) {
            self.ticks.remove(&(old, island));
        }
        if let Some(when) = when {
            self.ticks.insert((when, island));
        }
    }

    /// A commit holds whole hand-overs, in order.
    fn note_durable(&mut self, mut blocks: usize) {
        while blocks > 0 {
            let Some(handed) = self.handed.pop_front() else { return };
            blocks = blocks.saturating_sub(handed);
        }
    }
}

impl<I: Island, A: Iterator<Item = Ask<I::Command>>> Twin<I, A> {
    /// The next step of worker `index`.
    pub(super) fn worker_step(&mut self, index: usize, effects: &mut Vec<Effect<I>>) -> Step {
        loop {
            if let Some(step) = self.worker_stage(index, effects) {
                return step;
            }
        }
    }

    /// One stage: a step, or none when the next stage is to be looked at.
    fn worker_stage(&mut self, index: usize, effects: &mut Vec<Effect<I>>) -> Option<Step> {
        let now = self.clock();
        let worker = &mut self.workers[index];
        let mailbox = &mut self.mailboxes[index];
        let hop = self.plan.costs.one(Section::Thread, 1);
        match &mut worker.stage {
            Stage::Begin => {
                (worker.round, worker.worked) = (self.now, 0);
                worker.stage = Stage::Notices;
                Some(Step::Work(self.plan.costs.one(Section::Thread, 0)))
            }
            Stage::Notices => match mailbox.notices.pop_front() {
                Some(notice) => {
                    worker.worked += 1;
                    worker.note_durable(notice.len());
                    let mut cost = hop;
                    for durable in notice {
                        worker.touched.add(durable.island.0 as usize);
                        cost += self.sea.durable(durable);
                    }
                    Some(Step::Work(cost))
                }
                None => self.next_stage(index, Stage::Controls),
            },
            Stage::Controls => match mailbox.controls.pop_front() {
                Some(frame) => Some(self.receive(index, &frame, hop)),
                None => self.next_stage(index, Stage::Frames(0)),
            },
            Stage::Frames(taken) => {
                let mut next = || {
                    let local = worker.local.pop_front().map(|frame| (frame, 0));
                    local.or_else(|| Some((mailbox.parcels.pop_front()?, hop)))
                };
                match if *taken < ROUND_MAX { next() } else { None } {
                    Some((frame, hop)) => {
                        *taken += 1;
                        Some(self.receive(index, &frame, hop))
                    }
                    None => self.next_stage(index, Stage::Asks { taken: 0, made: 0 }),
                }
            }
            Stage::Asks { taken, made } => {
                let open = |island: &usize| self.sea.driver(*island).kernel().block_bytes();
                let gathered: usize = worker.unsealed.list.iter().map(open).sum();
                let begun = *taken > 0 || gathered <= GATHERED_BYTES_MAX;
                let room = *taken < ROUND_MAX && *made < ROUND_BYTES_MAX && begun;
                match if room { mailbox.deliveries.pop_front() } else { None } {
                    Some(delivery) => {
                        *taken += 1;
                        worker.worked += 1;
                        let island = self.table.owner(delivery.request.asker.slot).0 as usize;
                        worker.touched.add(island);
                        let before = self.sea.driver(island).kernel().block_bytes();
                        let cost = self.sea.ask(island, now, delivery);
                        *made += self.sea.driver(island).kernel().block_bytes() - before;
                        Some(Step::Work(hop + cost))
                    }
                    None => self.next_stage(index, Stage::Ticks),
                }
            }
            Stage::Ticks => match worker.ticks.first().copied().filter(|(when, _)| *when <= now) {
                Some((_, island)) => {
                    worker.worked += 1;
                    let cost = self.sea.tick(island, now);
                    let next = self.sea.driver(island).kernel().next_tick();
                    worker.set_tick(island, next.filter(|next| *next > now));
                    worker.touched.add(island);
                    Some(Step::Work(cost))
                }
                None => {
                    let touched = worker.touched.take();
                    self.next_stage(index, Stage::Drain(touched))
                }
            },
            Stage::Drain(touched) => match touched.pop_front() {
                Some(island) => Some(self.drain(index, island, effects)),
                None if worker.handed.len() >= HANDED_MAX => self.next_stage(index, Stage::End),
                None => {
                    let unsealed = worker.unsealed.take();
                    worker.worked += usize::from(!unsealed.is_empty());
                    self.next_stage(index, Stage::HandOver(unsealed, Vec::new()))
                }
            },
            Stage::HandOver(unsealed, blocks) => match unsealed.pop_front() {
                Some(island) => {
                    let (block, cost) = self.sea.seal(island);
                    match block {
                        Some(block) => blocks.push(block),
                        // Only answers given again: they may leave in the next round.
                        None => worker.touched.add(island),
                    }
                    Some(Step::Work(cost))
                }
                None => {
                    let blocks = std::mem::take(blocks);
                    worker.stage = Stage::End;
                    if blocks.is_empty() {
                        return None;
                    }
                    worker.handed.push_back(blocks.len());
                    effects.push(Effect::Blocks(blocks));
                    Some(Step::Work(hop))
                }
            },
            Stage::End => {
                worker.stage = Stage::Begin;
                (worker.worked == 0).then(|| self.sleep(index)).flatten()
            }
        }
    }

    fn next_stage(&mut self, index: usize, stage: Stage) -> Option<Step> {
        self.workers[index].stage = stage;
        None
    }

    fn receive(&mut self, index: usize, frame: &Frame, hop: u64) -> Step {
        let now = self.clock();
        let worker = &mut self.workers[index];
        let island = frame.envelope().to.0 as usize;
        worker.worked += 1;
        worker.touched.add(island);
        Step::Work(hop + self.sea.receive(island, now, frame))
    }

    fn drain(&mut self, index: usize, island: usize, effects: &mut Vec<Effect<I>>) -> Step {
        let mut cost = 0;
        // Without a journal what was decided is durable at once.
        if self.plan.media == Media::Memory && self.sea.driver(island).kernel().has_unsealed() {
            let (block, sealed) = self.sea.seal(island);
            cost += sealed + block.map_or(0, |block| self.sea.kept_in_memory(block));
        }
        let left = self.sea.drain(island, self.workers[index].round);
        cost += left.cost;
        self.workers[index].worked += left.frames.len();
        for frame in left.frames {
            match self.way(index, &frame) {
                Way::Here => self.workers[index].local.push_back(frame),
                Way::Worker(to) => {
                    cost += self.plan.costs.one(Section::Thread, 1);
                    effects.push(Effect::Frame(to, frame));
                }
                Way::Network => effects.push(Effect::Travel(frame)),
            }
        }
        let answers = left.answers.into_iter();
        effects.extend(answers.map(|answer| Effect::Answer(island as u32, answer)));
        let kernel = self.sea.driver(island).kernel();
        let worker = &mut self.workers[index];
        worker.set_tick(island, kernel.next_tick());
        if kernel.has_unsealed() {
            worker.unsealed.add(island);
        }
        Step::Work(cost)
    }

    /// Nothing was done in a round: sleeps until woken or until the next tick, unless something
    /// has come meanwhile. Without a journal it looks for a while before.
    fn sleep(&mut self, index: usize) -> Option<Step> {
        let (worker, mailbox) = (&self.workers[index], &self.mailboxes[index]);
        let open = |island: &usize| self.sea.driver(*island).kernel().block_bytes();
        let gathered: usize = worker.unsealed.list.iter().map(open).sum();
        let asks = gathered <= GATHERED_BYTES_MAX && !mailbox.deliveries.is_empty();
        if asks || !mailbox.is_empty_but_asks() || !worker.local.is_empty() {
            self.workers[index].looks = 0;
            return None;
        }
        if self.plan.media == Media::Memory && worker.looks < LOOKS + YIELDS {
            let worker = &mut self.workers[index];
            worker.stage = Stage::End;
            worker.looks += 1;
            if worker.looks > LOOKS {
                return Some(Step::Yield);
            }
            let spins = self.plan.costs.one(Section::Core, 2);
            return Some(Step::Work((spins * LOOKS_A_STEP / PAUSES).max(1)));
        }
        self.workers[index].looks = 0;
        let worker = &self.workers[index];
        if let Some((when, _)) = worker.ticks.first() {
            let after = self.nanos_to(*when);
            self.plan_event(after, Event::Wake(worker.index));
        }
        Some(Step::Sleep)
    }
}
