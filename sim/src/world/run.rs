//! One world, from its seed to its end.
//!
//! It doesn't know what the islands decide, nor why it runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use archipelago::command::{AskError, Completion};
use archipelago::drive::Waiter;
use archipelago::journal::{Durability, JournalSettings};
use archipelago_core::codec;
use archipelago_core::command::route::{self, Table};
use archipelago_core::id::{Asker, IslandId, Life, RequestNumber, Session};
use archipelago_core::island::{Island, Limits, Request, panic_text};
use archipelago_core::link::frame::Frame;
use archipelago_core::replay::{Digest, Image};
use archipelago_core::time::Millis;
use crossbeam::channel::{Receiver, Sender, unbounded};

use super::dice::{Dice, Stream};
use super::disk::Disk;
use super::links::{Cut as LinkCut, FakeLinks, Ways};
use super::process::Process;
use super::witness::{Cut, DeadLetters, Violation, Witness};
use crate::fault::{Faults, Preset};

/// Where the virtual clock starts: 2020-01-01, in milliseconds since 1970.
const EPOCH: Millis = Millis(1_577_836_800_000);
const MILLISECOND: u64 = 1_000_000;
/// How long faults go on after the last command, in nanoseconds.
const STORM_AFTER: u64 = 300 * MILLISECOND;
/// Segments are small, so that they roll.
const SEGMENT_BYTES: u64 = 64 * 1024;

/// Makes an island as it is born.
pub type Make<I> = Box<dyn Fn(IslandId) -> I>;
/// The key and the command of request number n (1, 2, 3 …), drawn from the dice.
pub type Workload<I> = Box<dyn Fn(&Dice, u64) -> (Vec<u8>, <I as Island>::Command)>;
/// A user's law: looks at a consistent cut and says what is wrong with it.
pub type Law<I> = Box<dyn Fn(Cut<'_, I>) -> Result<(), String>>;

/// What is simulated; the same for every seed.
pub struct Plan<I: Island> {
    /// How many islands.
    pub islands: u32,
    /// How many commands clients submit.
    pub commands: u64,
    /// Mean time between two commands, in microseconds.
    pub command_every_us: u64,
    /// What bounds each island.
    pub limits: Limits,
    /// What goes wrong.
    pub preset: Preset,
    /// Makes the islands.
    pub make: Make<I>,
    /// Makes the commands; there must be one if there are commands.
    pub workload: Option<Workload<I>>,
    /// Whether a command may become a dead letter.
    pub dead_letters: DeadLetters,
    /// Laws that hold at every commit, by name.
    pub laws: Vec<(String, Law<I>)>,
    /// Laws that hold when everything is at rest, by name.
    pub laws_at_rest: Vec<(String, Law<I>)>,
}

/// What one world was, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Durable records.
    pub records: u64,
    /// Durable messages.
    pub messages: u64,
    /// Frames lost on their way.
    pub frames_lost: u64,
    /// Crashes of the process.
    pub crashes: u64,
    /// Events of the world.
    pub steps: u64,
    /// Virtual time, in nanoseconds.
    pub nanos: u64,
    /// Rolls over every durable record.
    pub digest: Digest,
}

impl Figures {
    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.messages += other.messages;
        self.frames_lost += other.frames_lost;
        self.crashes += other.crashes;
        self.steps += other.steps;
        self.nanos += other.nanos;
        self.digest = self.digest.then(other.digest);
    }
}

#[derive(Debug)]
enum Event {
    Submit(u64),
    Arrive(Frame),
    Synced(u64),
    Tick(u64, IslandId),
    Crash,
    Restart,
    Cut,
    Mend,
    Heal,
}

/// Both ends of the queue of answers.
type Answers<R> = (Sender<Completion<R>>, Receiver<Completion<R>>);

/// One world.
pub struct World<'a, I: Island> {
    plan: &'a Plan<I>,
    dice: Dice,
    faults: Faults,
    now: u64,
    /// By time, then by the order in which they were planned.
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    planned: u64,
    settings: JournalSettings,
    table: Arc<Table>,
    disk: Arc<Disk>,
    links: FakeLinks,
    process: Option<Process<I>>,
    /// Counts starts of the process; what an older one planned is void.
    life: u64,
    witness: Witness<I>,
    unanswered: BTreeMap<RequestNumber, ()>,
    submitted: u64,
    answers: Answers<I::Reply>,
    healed: bool,
    cuts: u64,
    ticks: BTreeMap<IslandId, u64>,
    figures: Figures,
}

/// The client of every simulation.
const CLIENT: &str = "simulated client";

impl<'a, I: Island> World<'a, I> {
    /// Runs the world of `seed` to its end.
    ///
    /// # Errors
    /// The first law that does not hold.
    pub fn run(plan: &'a Plan<I>, seed: u64) -> Result<Figures, Violation> {
        let dice = Dice::new(seed);
        let table = Table::modulo(plan.islands)
            .map_err(|error| Violation::new("the plan can be run", error.to_string()))?;
        let born = (0..plan.islands).map(|island| Image::new((plan.make)(IslandId(island))));
        let settings = JournalSettings {
            life: Life(dice.bits(Stream::Disk, 0, 0)),
            islands: plan.islands,
            segment_bytes: SEGMENT_BYTES,
            code: Default::default(),
            durability: Durability::Disk,
        };
        let mut world = World {
            plan,
            dice,
            faults: plan.preset.faults(&dice),
            now: 0,
            heap: BinaryHeap::new(),
            events: BTreeMap::new(),
            planned: 0,
            settings,
            table: Arc::new(table),
            disk: Arc::new(Disk::default()),
            links: FakeLinks::default(),
            process: None,
            life: 0,
            witness: Witness::new(born.collect(), route::client_id(CLIENT), plan.dead_letters),
            unanswered: BTreeMap::new(),
            submitted: 0,
            answers: unbounded(),
            healed: false,
            cuts: 0,
            ticks: BTreeMap::new(),
            figures: Figures::default(),
        };
        world.start()?;
        world.begin();
        world.go_on()
    }

    fn begin(&mut self) {
        let mut at = 0;
        for number in 1..=self.plan.commands {
            at += self.dice.span(Stream::Arrival, number, 0, self.plan.command_every_us * 1000);
            self.plan_event(at, Event::Submit(number));
        }
        self.plan_event(at + STORM_AFTER, Event::Heal);
        self.plan_crash();
        self.plan_cut();
    }

    fn plan_event(&mut self, after: u64, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse((self.now + after, self.planned)));
        self.events.insert(self.planned, event);
    }

    fn plan_crash(&mut self) {
        if self.faults.crash_every_ms > 0 {
            let mean = self.faults.crash_every_ms * MILLISECOND;
            let after = self.dice.span(Stream::Crash, self.figures.crashes, 0, mean);
            self.plan_event(after, Event::Crash);
        }
    }

    fn plan_cut(&mut self) {
        if self.faults.cut_every_ms > 0 {
            let mean = self.faults.cut_every_ms * MILLISECOND;
            let after = self.dice.span(Stream::Partition, self.cuts, 0, mean);
            self.plan_event(after, Event::Cut);
        }
    }

    fn go_on(mut self) -> Result<Figures, Violation> {
        let steps_max = 1_000_000 + 3_000 * self.plan.commands;
        while let Some(Reverse((at, number))) = self.heap.pop() {
            self.now = at;
            self.figures.steps += 1;
            let event = self.events.remove(&number).expect("planned events are kept");
            self.happen(event)?;
            if self.healed && self.is_at_rest() {
                return self.finish();
            }
            if self.figures.steps > steps_max {
                break;
            }
        }
        let (steps, left) = (self.figures.steps, self.unanswered.len());
        Err(Violation::new(
            "after the faults everything is answered and comes to rest",
            format!("after {steps} steps {left} requests are unanswered"),
        ))
    }

    fn is_at_rest(&self) -> bool {
        self.unanswered.is_empty() && self.process.as_ref().is_some_and(Process::is_settled)
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Submit(number) => {
                self.submitted = number;
                self.unanswered.insert(RequestNumber(number), ());
                self.ask(RequestNumber(number))
            }
            Event::Arrive(frame) => {
                let now = self.clock();
                let to = frame.envelope().to;
                match &mut self.process {
                    Some(process) => process.drivers[to.0 as usize].receive(now, &frame),
                    None => return Ok(()),
                }
                self.touched(to)
            }
            Event::Tick(life, island) => {
                let now = self.clock();
                self.ticks.remove(&island);
                match &mut self.process {
                    Some(process) if life == self.life => {
                        process.drivers[island.0 as usize].tick(now);
                    }
                    _ => return Ok(()),
                }
                self.touched(island)
            }
            Event::Synced(life) if life == self.life => self.synced(),
            Event::Synced(_) => Ok(()),
            Event::Crash if self.healed || self.process.is_none() => Ok(()),
            Event::Crash => {
                self.process = None;
                self.life += 1;
                self.ticks.clear();
                self.figures.crashes += 1;
                self.disk.crash(&self.dice, self.figures.crashes);
                let mean = self.faults.down_ms_mean * MILLISECOND;
                let down = self.dice.span(Stream::Crash, self.figures.crashes, 1, mean);
                self.plan_event(down, Event::Restart);
                self.take_answers()
            }
            Event::Restart => {
                self.start()?;
                let unanswered: Vec<_> = self.unanswered.keys().copied().collect();
                unanswered.into_iter().try_for_each(|number| self.ask(number))?;
                self.plan_crash();
                Ok(())
            }
            Event::Cut if self.healed => Ok(()),
            Event::Cut => {
                self.cuts += 1;
                let draw = |b, limit| self.dice.below(Stream::Partition, self.cuts, b, limit);
                let island = IslandId(draw(1, u64::from(self.plan.islands)) as u32);
                let ways = [Ways::Out, Ways::In, Ways::Both][draw(2, 3) as usize];
                self.links.cut = Some(LinkCut { island, ways });
                let mean = self.faults.cut_ms_mean * MILLISECOND;
                let after = self.dice.span(Stream::Partition, self.cuts, 3, mean);
                self.plan_event(after, Event::Mend);
                Ok(())
            }
            Event::Mend => {
                self.links.cut = None;
                self.plan_cut();
                Ok(())
            }
            Event::Heal => {
                self.healed = true;
                self.links.cut = None;
                self.faults = self.faults.healed();
                Ok(())
            }
        }
    }

    fn clock(&self) -> Millis {
        EPOCH.plus(Millis(self.now / MILLISECOND))
    }

    fn start(&mut self) -> Result<(), Violation> {
        let session = Session(self.clock().0 + self.life);
        let process = Process::start(
            &self.disk,
            &self.settings,
            &self.table,
            self.plan.limits,
            session,
            &mut |island| (self.plan.make)(island),
            &mut self.witness,
        )?;
        self.process = Some(process);
        self.look_at_laws(&self.plan.laws)?;
        (0..self.plan.islands).try_for_each(|island| self.touched(IslandId(island)))
    }

    fn ask(&mut self, number: RequestNumber) -> Result<(), Violation> {
        let now = self.clock();
        let Some(process) = &mut self.process else { return Ok(()) };
        let Some(workload) = &self.plan.workload else {
            let seen = "there are commands, but no workload makes them";
            return Err(Violation::new("the plan can be run", seen));
        };
        let (key, command) = guarded("the workload", || workload(&self.dice, number.0))?;
        let slot = route::slot(&key);
        let asker = Asker { client: route::client_id(CLIENT), slot, number };
        let answered_below = self.unanswered.first_key_value().map_or(number, |(first, ())| *first);
        let waiter = Waiter::queued(number, self.answers.0.clone());
        let island = self.table.owner(slot);
        let request = Request { asker, answered_below: answered_below.min(number), command };
        process.drivers[island.0 as usize].ask(now, request, waiter, self.now);
        self.touched(island)
    }

    /// Something happened on `island`: what may leave leaves, what was decided goes to the disk.
    fn touched(&mut self, island: IslandId) -> Result<(), Violation> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let mut frames = Vec::new();
        process.drain(island, self.now, &mut frames);
        let (begun, again) = process.begin_commit()?;
        for island in again {
            process.drain(island, self.now, &mut frames);
        }
        if let Some((island, why)) = process.stopped() {
            let seen = format!("island {island}: {why}");
            return Err(Violation::new("evolve never panics", seen));
        }
        let tick = process.drivers[island.0 as usize].kernel().next_tick();
        if begun {
            let (records, mean) = (self.witness.records, self.faults.commit_us_mean * 1000);
            let after = 1000 + self.dice.span(Stream::Disk, self.planned, records << 1, mean);
            self.plan_event(after, Event::Synced(self.life));
        }
        if let Some(tick) = tick {
            self.plan_tick(island, tick);
        }
        for frame in frames {
            for after in self.links.carry(&self.dice, &self.faults, &frame) {
                self.plan_event(after, Event::Arrive(frame.clone()));
            }
        }
        self.take_answers()
    }

    fn plan_tick(&mut self, island: IslandId, when: Millis) {
        let at = when.0.saturating_sub(EPOCH.0) * MILLISECOND;
        let at = at.max(self.now + MILLISECOND);
        if self.ticks.get(&island).is_none_or(|planned| *planned > at) {
            self.ticks.insert(island, at);
            self.plan_event(at - self.now, Event::Tick(self.life, island));
        }
    }

    fn synced(&mut self) -> Result<(), Violation> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let islands = process.end_commit(&mut self.witness)?;
        self.look_at_laws(&self.plan.laws)?;
        islands.into_iter().try_for_each(|island| self.touched(island))
    }

    fn look_at_laws(&self, laws: &[(String, Law<I>)]) -> Result<(), Violation> {
        laws.iter().try_for_each(|(name, law)| {
            let said = guarded(name, || law(self.witness.cut()))?;
            said.map_err(|seen| Violation::new(name.clone(), seen))
        })
    }

    fn take_answers(&mut self) -> Result<(), Violation> {
        while let Ok(Completion { number, answer }) = self.answers.1.try_recv() {
            match answer {
                Ok(reply) => {
                    let mut bytes = Vec::new();
                    codec::encode(&reply, &mut bytes).map_err(|error| {
                        Violation::new("replies are written", error.to_string())
                    })?;
                    self.witness.hear(number, &bytes)?;
                    self.unanswered.remove(&number);
                }
                Err(AskError::DeadLetter(_)) => drop(self.unanswered.remove(&number)),
                // The process went down: the client asks again.
                Err(AskError::Closed) => {}
                Err(error) => {
                    let seen = format!("request {number}: {error}");
                    return Err(Violation::new("an admitted request is answered", seen));
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Figures, Violation> {
        self.witness.finish()?;
        self.look_at_laws(&self.plan.laws)?;
        self.look_at_laws(&self.plan.laws_at_rest)?;
        let process = self.process.take().expect("it is at rest, so it is there");
        let live: Vec<_> = process.drivers.into_iter().map(|driver| driver.into_image()).collect();
        self.witness.compare(&live)?;
        self.figures.records = self.witness.records;
        self.figures.messages = self.witness.messages;
        self.figures.frames_lost = self.links.lost;
        self.figures.nanos = self.now;
        self.figures.digest = self.witness.digest;
        Ok(self.figures)
    }
}

/// Runs a user's closure; a panic in it is a violation of `law`, so that it keeps its seed.
fn guarded<T>(law: &str, run: impl FnOnce() -> T) -> Result<T, Violation> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        Violation::new(law, format!("it panicked: {}", panic_text(panic.as_ref())))
    })
}
