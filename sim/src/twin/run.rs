//! One run of the twin: virtual time, and threads that share cores.
//!
//! Rules:
//! 1. A thread's step begins when the step before is done and ends after its cost on a core; its
//!    effects happen then. A thread that sleeps is woken by what it waits for, and the waker pays:
//!    more when the sleeper's core is idle and has to be woken too.
//! 2. At one moment steps end before events, and events happen in the order they were planned.
//!
//! Workers, the client and the journaler stand in files of their own. It doesn't know what islands
//! decide.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use archipelago::island::{IslandStats, latency_of};
use archipelago::journal::{Durability, JournalSettings, SEGMENT_BYTES};
use archipelago_core::command::route::{self, Table};
use archipelago_core::id::{IslandId, Life};
use archipelago_core::island::{Island, Limits};
use archipelago_core::journal::frame::{Block, SchemaVersion, SegmentNumber};
use archipelago_core::link::frame::Frame;
use archipelago_core::time::Millis;

use super::client::Client;
use super::cores::{Cores, Found};
use super::costs::{Costs, Section};
use super::journaler::Journaler;
use super::mailbox::{Effect, Mailbox};
use super::network::{Arrival, Network};
use super::plan::{Ask, Failed, Media, Outcome, Plan};
use super::sea::{Sample, Sea};
use super::worker::Worker;

/// The wall clock of the twin's start, in milliseconds since 1970.
const EPOCH: u64 = 1_577_836_800_000;
/// How often the client looks whether all has settled after the setup, in nanoseconds.
pub(super) const LOOK_NANOS: u64 = 500_000;

/// The looks of a receiver at an empty channel that end with a yield: the second to this one.
const YIELDS_UPTO: u32 = 5;

/// Threads by number: workers first, then these.
pub(super) type Thread = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It sleeps until something wakes it.
    Asleep,
    /// It is woken and does not run yet, runs, or waits for the disk.
    Awake,
}

/// What a thread does next.
pub(super) enum Step {
    /// Something that takes so many nanoseconds of a core.
    Work(u64),
    /// It sleeps until woken.
    Sleep,
    /// It waits for an event that was planned.
    Wait,
    /// It lets the others of its core go first, and looks again.
    Yield,
}

pub(super) enum Event {
    Awake(Thread),
    Wake(Thread),
    Arrive(Frame),
    Release(IslandId, IslandId, u64),
    Flushed,
    SegmentMade,
}

pub(super) struct Twin<I: Island, A> {
    pub(super) plan: Plan,
    pub(super) now: u64,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    planned: u64,
    cores: Cores,
    states: Vec<State>,
    effects: Vec<Vec<Effect<I>>>,
    /// What waking others cost, still to be paid.
    debts: Vec<u64>,
    pub(super) sea: Sea<I>,
    pub(super) table: Table,
    pub(super) workers: Vec<Worker>,
    pub(super) mailboxes: Vec<Mailbox<I>>,
    pub(super) client: Client<I, A>,
    network: Network,
    pub(super) hand_overs: VecDeque<Vec<Block>>,
    pub(super) journaler: Journaler,
    pub(super) making: Option<SegmentNumber>,
    /// The thread that fills it has not begun.
    pub(super) to_fill: bool,
    flushes: u64,
    pub(super) commits: u64,
    pub(super) commit_bytes: u64,
    pub(super) failed: Option<Failed>,
    /// What had been done when the setup had settled.
    pub(super) start: Option<Start>,
}

/// What had been done before the first request that counts.
pub(super) struct Start {
    at: u64,
    stats: Vec<IslandStats>,
    commits: u64,
    commit_bytes: u64,
    busy: u64,
}

/// Runs `setup`, waits until all has settled, then runs `asks` and says how that was.
///
/// # Errors
/// [`Failed`], also when a setting cannot be (0 islands).
pub fn run<I: Island>(
    plan: &Plan,
    setup: Vec<Ask<I::Command>>,
    asks: impl Iterator<Item = Ask<I::Command>>,
    mut make: impl FnMut(IslandId) -> I,
) -> Result<Outcome<I>, Failed> {
    Twin::new(plan, setup, asks, None, &mut make)?.go_on()
}

/// As [`run`], and times each call of the real code; virtual time takes no notice.
pub(super) fn measure<I: Island>(
    plan: &Plan,
    setup: Vec<Ask<I::Command>>,
    asks: impl Iterator<Item = Ask<I::Command>>,
    mut make: impl FnMut(IslandId) -> I,
) -> Result<Outcome<I>, Failed> {
    Twin::new(plan, setup, asks, Some(Vec::new()), &mut make)?.go_on()
}

impl<I: Island, A: Iterator<Item = Ask<I::Command>>> Twin<I, A> {
    fn new(
        plan: &Plan,
        setup: Vec<Ask<I::Command>>,
        asks: A,
        meter: Option<Vec<Sample>>,
        make: &mut dyn FnMut(IslandId) -> I,
    ) -> Result<Self, Failed> {
        let durability = match plan.media {
            Media::Disk => Durability::Disk,
            Media::Memory | Media::System => Durability::Os,
        };
        let settings = JournalSettings {
            life: Life(1),
            islands: plan.islands,
            segment_bytes: SEGMENT_BYTES,
            schema: SchemaVersion(I::SCHEMA_VERSION),
            durability,
        };
        let mut limits = Limits::default();
        if plan.media == Media::Memory {
            // As in the runtime: there is no journal to read messages again from.
            limits.links.kept_max = u32::MAX;
        }
        let mut sea = Sea::new(settings, limits, plan.costs.clone(), make)?;
        sea.meter = meter;
        let table = Table::modulo(plan.islands).map_err(|error| Failed(error.to_string()))?;
        let threads = plan.threads.clamp(1, plan.islands) as usize;
        let switch = plan.costs.one(Section::Core, 1);
        let workers = (0..threads).map(|index| Worker::new(index, threads, &sea, plan.islands));
        let mut twin = Self {
            now: 0,
            heap: BinaryHeap::new(),
            events: BTreeMap::new(),
            planned: 0,
            cores: Cores::new(plan.costs.cores, switch, threads + 3, plan.seed),
            states: vec![State::Awake; threads + 3],
            effects: (0..threads + 3).map(|_| Vec::new()).collect(),
            debts: vec![0; threads + 3],
            workers: workers.collect(),
            mailboxes: (0..threads).map(|_| Mailbox::default()).collect(),
            client: Client::new(plan.islands, plan.pace, setup, asks),
            network: Network::new(plan.delivery, plan.seed),
            hand_overs: VecDeque::new(),
            journaler: Journaler::Idle(0),
            making: None,
            to_fill: false,
            flushes: 0,
            commits: 0,
            commit_bytes: 0,
            failed: None,
            start: None,
            sea,
            table,
            plan: plan.clone(),
        };
        // A journal has its first segment before threads begin.
        twin.sea.make_ahead()?;
        twin.states[threads + 2] = State::Asleep;
        for thread in 0..threads + 2 {
            twin.cores.wake(0, thread, 0, 0);
        }
        Ok(twin)
    }

    pub(super) fn journaler(&self) -> Thread {
        self.workers.len()
    }

    pub(super) fn client_thread(&self) -> Thread {
        self.workers.len() + 1
    }

    pub(super) fn maker(&self) -> Thread {
        self.workers.len() + 2
    }

    pub(super) fn clock(&self) -> Millis {
        Millis(EPOCH + self.now / 1_000_000)
    }

    /// When the wall clock says `millis`, in nanoseconds from now; at least one millisecond.
    pub(super) fn nanos_to(&self, millis: Millis) -> u64 {
        (millis.0.saturating_sub(self.clock().0)).max(1) * 1_000_000
    }

    pub(super) fn plan_event(&mut self, after: u64, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse((self.now + after, self.planned)));
        self.events.insert(self.planned, event);
    }

    fn go_on(mut self) -> Result<Outcome<I>, Failed> {
        while !self.client.is_done() {
            let event = self.heap.peek().map(|Reverse((at, _))| *at);
            match (self.cores.next(), event) {
                (Some(end), event) if event.is_none_or(|at| end <= at) => {
                    self.now = end;
                    if let Some(thread) = self.cores.end(end) {
                        for effect in std::mem::take(&mut self.effects[thread]) {
                            self.happen(thread, effect);
                        }
                        self.begin(thread);
                    }
                }
                (_, Some(at)) => {
                    self.now = at;
                    let Some(Reverse((_, number))) = self.heap.pop() else { continue };
                    if let Some(event) = self.events.remove(&number) {
                        self.event(event);
                    }
                }
                (None, None) => {
                    return Err(Failed("nobody has anything to do, and answers are open".into()));
                }
                (Some(_), None) => {}
            }
            if let Some(failed) = self.failed.take() {
                return Err(failed);
            }
        }
        self.finish()
    }

    fn finish(self) -> Result<Outcome<I>, Failed> {
        if let Some(why) = self.sea.stopped() {
            return Err(Failed(why));
        }
        let start = self.start.ok_or_else(|| Failed("it never began".to_owned()))?;
        let stats = self.sea.stats();
        let mut latency_us = latency_of(&stats);
        // What was recorded before is part of it, so there is something to take away from.
        let _ = latency_us.subtract(latency_of(&start.stats));
        let sends = |stats: &[IslandStats]| stats.iter().map(|one| one.counters.sends).sum::<u64>();
        let messages = sends(&stats) - sends(&start.stats);
        let (images, samples) = self.sea.into_images();
        Ok(Outcome {
            answered: self.client.answered(),
            nanos: self.now - start.at,
            latency_us,
            messages,
            commits: self.commits - start.commits,
            commit_bytes: self.commit_bytes - start.commit_bytes,
            busy: self.client.busy - start.busy,
            images,
            samples: samples.unwrap_or_default(),
        })
    }

    /// The setup has settled: what counts begins.
    pub(super) fn note_start(&mut self) {
        self.start = Some(Start {
            at: self.now,
            stats: self.sea.stats(),
            commits: self.commits,
            commit_bytes: self.commit_bytes,
            busy: self.client.busy,
        });
        if let Some(meter) = &mut self.sea.meter {
            meter.clear();
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.sea.is_settled()
    }

    /// `thread` begins its next step, or rests.
    fn begin(&mut self, thread: Thread) {
        let mut effects = std::mem::take(&mut self.effects[thread]);
        let step = match thread {
            thread if thread < self.workers.len() => self.worker_step(thread, &mut effects),
            thread if thread == self.journaler() => self.journaler_step(),
            thread if thread == self.client_thread() => self.client_step(&mut effects),
            _ => self.maker_step(&mut effects),
        };
        self.effects[thread] = effects;
        let mut debt = || std::mem::take(&mut self.debts[thread]);
        match step {
            Step::Work(nanos) => self.cores.begin(self.now, thread, nanos + debt()),
            Step::Yield => {
                let nanos = self.plan.costs.one(Section::Core, 3) + debt();
                self.cores.let_others(self.now, thread, nanos);
            }
            Step::Wait => self.cores.leave(self.now, thread),
            Step::Sleep => {
                self.states[thread] = State::Asleep;
                self.cores.leave(self.now, thread);
            }
        }
    }

    /// Wakes `thread` if it sleeps, at the expense of `waker`.
    pub(super) fn wake(&mut self, thread: Thread, waker: Option<Thread>) {
        if self.states[thread] == State::Asleep {
            self.states[thread] = State::Awake;
            let latency = self.plan.costs.one(Section::Thread, 3);
            let cold = self.plan.costs.one(Section::Core, 4);
            let cost = match self.cores.wake(self.now, thread, latency, cold) {
                Found::Idle => self.plan.costs.one(Section::Thread, 2),
                Found::Busy => self.plan.costs.one(Section::Core, 0),
            };
            if let Some(waker) = waker {
                self.debts[waker] += cost;
            }
        }
    }

    /// What `thread` waited for has happened. How late it wakes is part of what was measured.
    fn resume(&mut self, thread: Thread) {
        let cold = self.plan.costs.one(Section::Core, 4);
        self.cores.wake(self.now, thread, 0, cold);
    }

    /// What a thread does that found its queue empty: looks for a while, then lets others go first
    /// and looks again, then sleeps. As the channels' receivers do.
    pub(super) fn look_again(looks: &mut u32, costs: &Costs) -> Step {
        *looks += 1;
        match *looks {
            1 => Step::Work(costs.one(Section::Core, 2)),
            2..=YIELDS_UPTO => Step::Yield,
            _ => {
                *looks = 0;
                Step::Sleep
            }
        }
    }

    pub(super) fn happen(&mut self, thread: Thread, effect: Effect<I>) {
        let waker = Some(thread);
        match effect {
            Effect::Frame(worker, frame) => {
                self.mailboxes[worker].bring(frame);
                self.wake(worker, waker);
            }
            Effect::Travel(frame) => self.plan_event(self.network.delay(), Event::Arrive(frame)),
            Effect::Ask(worker, mut delivery) => {
                delivery.admitted = self.now;
                self.mailboxes[worker].deliveries.push_back(delivery);
                self.wake(worker, waker);
            }
            Effect::Answer(island, completion) => {
                self.client.answer(island, completion);
                self.wake(self.client_thread(), waker);
            }
            Effect::Blocks(blocks) => {
                self.hand_overs.push_back(blocks);
                self.wake(self.journaler(), waker);
            }
            Effect::Notice(worker, durable) => {
                self.mailboxes[worker].notices.push_back(durable);
                self.wake(worker, waker);
            }
            Effect::Written => {
                self.flushes += 1;
                let nanos = self.plan.costs.flush(self.plan.seed, self.flushes);
                // What it needed of a core was paid with the write.
                let rest = nanos.saturating_sub(self.plan.costs.one(Section::Disk, 4));
                self.plan_event(rest, Event::Flushed);
            }
            Effect::Filled => {
                let nanos = self.plan.costs.one(Section::Disk, 3);
                self.plan_event(nanos, Event::SegmentMade);
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Awake(thread) => self.resume(thread),
            Event::Wake(thread) => self.wake(thread, None),
            Event::Flushed => self.resume(self.journaler()),
            Event::SegmentMade => {
                self.making = None;
                if matches!(self.journaler, Journaler::NoSegment(_)) {
                    self.resume(self.journaler());
                }
            }
            Event::Arrive(frame) => {
                let (from, to) = (frame.envelope().from, frame.envelope().to);
                match self.network.arrive(frame) {
                    Arrival::Now(frames) => {
                        frames.into_iter().for_each(|frame| self.brought(to, frame));
                    }
                    Arrival::Held(number, patience) => {
                        self.plan_event(patience, Event::Release(from, to, number));
                    }
                }
            }
            Event::Release(from, to, number) => {
                if let Some(frame) = self.network.release((from, to), number) {
                    self.brought(to, frame);
                }
            }
        }
    }

    fn brought(&mut self, to: IslandId, frame: Frame) {
        let worker = to.0 as usize % self.workers.len();
        self.mailboxes[worker].bring(frame);
        self.wake(worker, None);
    }

    /// Where a frame goes from `worker`.
    pub(super) fn way(&self, worker: usize, frame: &Frame) -> Way {
        if self.network.carries(frame) {
            return Way::Network;
        }
        match frame.envelope().to.0 as usize % self.workers.len() {
            to if to == worker => Way::Here,
            to => Way::Worker(to),
        }
    }
}

/// Where a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Here,
    Worker(usize),
    Network,
}

/// The island that owns a key.
pub(super) fn owner(table: &Table, key: &[u8]) -> IslandId {
    table.owner(route::slot(key))
}
