//! One world, from its seed to its end.
//!
//! Rules:
//! 1. One event at a time, by time; what it causes is planned, not done.
//! 2. An event of a part that has crashed since it was planned is void.
//!
//! It doesn't know what the islands decide, nor why it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use archipelago::drive::Answers;
use archipelago::journal::{Durability, Durable, JournalSettings};
use archipelago_core::command::route::{self, Table};
use archipelago_core::id::{IslandId, Life, RequestNumber};
use archipelago_core::island::{DigestPolicy, Island};
use archipelago_core::journal::frame::SchemaVersion;
use archipelago_core::link::frame::Frame;
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;

use super::agenda::Agenda;
use super::chance::{Chance, Choices};
use super::clock::Clocks;
use super::dice::{Dice, Stream};
use super::disk::Disk;
use super::disk::lie::Written;
use super::figures::{Figures, WorldDigest};
use super::hash::Rolling;
use super::links::FakeLinks;
use super::plan::Plan;
use super::process::Process;
use super::recorder::Recorder;
use super::revive::Saved;
use super::subscriber::Subscriber;
use super::trouble::{Cause, Lying};
use super::turns::guarded;
use super::witness::{Keep, Kept, Violation, Witness};
use crate::trace::{Commit, Trace, What};

pub(super) const MILLISECOND: u64 = 1_000_000;
/// Segments are small, so that they roll.
const SEGMENT_BYTES: u64 = 64 * 1024;
/// How long a healed world may take to come to rest: a link that makes no progress sends again
/// after 16 s at the latest.
const REST_WITHIN: u64 = 600_000 * MILLISECOND;
/// The client of every simulation.
pub(super) const CLIENT: &str = "simulated client";

#[derive(Debug)]
pub(super) enum Event {
    /// A request is asked, for the first or the second time.
    Ask(u64),
    Again(u64),
    /// A frame arrives; its number in the trace, if there is one.
    Arrive(Frame, u64),
    /// The commit on its way is safe; of this run of the process.
    Synced(u64),
    /// An island is told what became durable; of this run of it.
    Told(u64, Box<Durable>),
    /// A timer or a look at the links is due; of this run of the island.
    Tick(u64, IslandId),
    /// The numbered fault of a family begins, or ends.
    Crash(u64),
    Restart,
    Fall(u64),
    Rise(IslandId),
    Cut(u64),
    Mend(u64),
    Clog(u64),
    Pause(u64),
    Step(u64),
    /// The script's line.
    Verb(usize),
    /// Faults are over.
    Heal,
    /// Has everything happened that could, with a part broken for ever?
    Judge(u64),
}

impl Event {
    /// What the trace's hash knows of it: its family and island.
    fn about(&self) -> u64 {
        match self {
            Self::Ask(number) => number << 8 | 1,
            Self::Again(number) => number << 8 | 2,
            Self::Arrive(frame, _) => {
                let envelope = frame.envelope();
                u64::from(envelope.from.0) << 32 | u64::from(envelope.to.0) << 8 | 3
            }
            Self::Synced(life) => life << 8 | 4,
            Self::Told(_, durable) => u64::from(durable.island.0) << 8 | 5,
            Self::Tick(_, island) => u64::from(island.0) << 8 | 6,
            Self::Crash(nth) => nth << 8 | 7,
            Self::Restart => 8,
            Self::Fall(nth) => nth << 8 | 9,
            Self::Rise(island) => u64::from(island.0) << 8 | 10,
            Self::Cut(nth) => nth << 8 | 11,
            Self::Mend(nth) => nth << 8 | 12,
            Self::Clog(nth) => nth << 8 | 13,
            Self::Pause(nth) => nth << 8 | 14,
            Self::Step(nth) => nth << 8 | 15,
            Self::Verb(line) => (*line as u64) << 8 | 16,
            Self::Heal => 17,
            Self::Judge(nth) => nth << 8 | 18,
        }
    }
}

/// How far a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Faults happen.
    Storm,
    /// They are over; everything is healed.
    Healed,
    /// They are over; a part is broken for ever.
    PartBroken,
    /// And with that, everything has happened that could.
    Judged,
}

/// What a run is for, beside its figures.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Where choices come from.
    pub choices: Choices,
    /// What is kept of each record.
    pub keep: Keep,
    /// Fewer islands than the plan says.
    pub islands: Option<u32>,
    /// Everything but the commands is drawn from this seed instead.
    pub weather: Option<u64>,
    /// Give up after so many events.
    pub steps_max: Option<u64>,
    /// Whether a trace is wanted.
    pub trace: Tracing,
}

/// Whether a trace is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracing {
    /// No.
    #[default]
    Unwanted,
    /// Yes.
    Wanted,
}

/// All that a run gives.
#[derive(Debug)]
pub struct Outcome {
    /// The law that does not hold, if there is one.
    pub broken: Option<Violation>,
    /// The figures, up to there.
    pub figures: Figures,
    /// The choices, if they were to be written down.
    pub decisions: Vec<super::decision::Decision>,
    /// What was kept of each record, in the order in which they became durable.
    pub history: Vec<Kept>,
    /// All that happened, if it was wanted.
    pub trace: Trace,
}

/// In some worlds islands digest their state often, so that restarts compare it; small worlds would
/// never come to it.
fn digests(dice: &Dice, planned: DigestPolicy) -> DigestPolicy {
    match dice.below(Stream::Digests, 0, 0, 8) {
        0 => DigestPolicy::every(1),
        1 => DigestPolicy::every(1 + dice.below(Stream::Digests, 0, 1, 64)),
        _ => planned,
    }
}

/// One world.
pub struct World<'a, I: Island> {
    pub(super) plan: &'a Plan<I>,
    pub(super) islands: u32,
    steps_max: u64,
    /// The asker's own bound.
    gives_up_after: Option<u64>,
    pub(super) chance: Chance,
    pub(super) now: u64,
    pub(super) agenda: Agenda<Event>,
    pub(super) settings: JournalSettings,
    pub(super) digests: DigestPolicy,
    pub(super) table: Arc<Table>,
    pub(super) disk: Arc<Disk>,
    pub(super) links: FakeLinks,
    pub(super) clocks: Clocks,
    pub(super) process: Option<Process<I>>,
    /// Counts starts of the process; what an older one planned is void.
    pub(super) life: u64,
    /// Counts starts of islands; each has the number of its last one.
    pub(super) starts: u64,
    pub(super) runs: Vec<u64>,
    pub(super) ticks: Vec<u64>,
    pub(super) paused_until: Vec<u64>,
    pub(super) saved: Vec<Option<Saved>>,
    /// Durable commits, as far as islands were told of them.
    pub(super) written: Vec<Written>,
    pub(super) commits: u64,
    pub(super) disk_full_until: u64,
    /// The commit on its way will not end well.
    pub(super) doomed: Option<Cause>,
    pub(super) lying: Option<Lying>,
    pub(super) witness: Witness<I>,
    /// Somebody who reads the journal, in some of the worlds.
    pub(super) subscriber: Option<Subscriber>,
    pub(super) typed: Vec<u64>,
    pub(super) unanswered: BTreeMap<RequestNumber, IslandId>,
    /// Requests that are still to be asked, if they are not asked in the order of their numbers.
    pub(super) unasked: BTreeSet<RequestNumber>,
    /// The client has said that it has all answers below.
    pub(super) said_below: RequestNumber,
    pub(super) answers: Arc<Answers<I::Reply>>,
    pub(super) phase: Phase,
    /// When faults ended; the end of time before.
    pub(super) healed_at: u64,
    pub(super) figures: Figures,
    trace: Rolling,
    pub(super) recorder: Option<Box<Recorder>>,
    /// The commit on its way, for the trace.
    pub(super) committing: Option<Commit>,
    /// Used again and again.
    pub(super) frames: Vec<Frame>,
    pub(super) scratch: Vec<u8>,
}

impl<'a, I: Island> World<'a, I> {
    /// Runs the world of `seed` to its end.
    ///
    /// # Errors
    /// The first law that does not hold.
    pub fn run(plan: &'a Plan<I>, seed: u64) -> Result<Figures, Violation> {
        let Outcome { broken, figures, .. } = Self::ask_for(plan, seed, Ask::default());
        broken.map_or(Ok(figures), Err)
    }

    /// Runs the world of `seed`, for what `ask` wants to know.
    pub fn ask_for(plan: &'a Plan<I>, seed: u64, ask: Ask) -> Outcome {
        let mut world = match Self::new(plan, seed, ask) {
            Ok(world) => world,
            Err(violation) => {
                return Outcome {
                    broken: Some(violation),
                    figures: Figures::default(),
                    decisions: Vec::new(),
                    history: Vec::new(),
                    trace: Trace::default(),
                };
            }
        };
        let ended = world.start().and_then(|()| world.go_on());
        let at = (world.now, world.figures.steps);
        let broken = ended.err().map(|violation| Violation { at, ..violation });
        let recorder = world.recorder.take();
        let names = plan.levels.as_ref().map_or(Vec::new(), |levels| levels.names.clone());
        let trace = recorder.map_or_else(Trace::default, |recorder| {
            recorder.finish(world.now, world.islands, names, broken.as_ref())
        });
        Outcome {
            broken,
            trace,
            figures: world.figures(),
            history: world.witness.take_history(),
            decisions: world.chance.into_record(),
        }
    }

    /// The world of `seed` before anything has happened.
    pub(crate) fn new(plan: &'a Plan<I>, seed: u64, ask: Ask) -> Result<Self, Violation> {
        let dice = Dice::new(seed).in_weather(ask.weather.unwrap_or(seed));
        let islands = ask.islands.unwrap_or(plan.islands).min(plan.islands);
        let table = Table::modulo(islands)
            .map_err(|error| Violation::new("the plan can be run", error.to_string()))?;
        if let Some(island) = plan.names_beyond() {
            let seen =
                format!("the script names island {island}; {} is the last", plan.islands - 1);
            return Err(Violation::new("the plan can be run", seen));
        }
        let born = (0..islands).map(|island| Image::new((plan.make)(IslandId(island))));
        let born = guarded("an island is born", || born.collect())?;
        let settings = JournalSettings {
            life: Life(dice.bits(Stream::Disk, 0, 0)),
            islands,
            segment_bytes: SEGMENT_BYTES,
            schema: SchemaVersion(I::SCHEMA_VERSION),
            durability: Durability::Disk,
        };
        let client = route::client_id(CLIENT);
        let checks = plan.checks.iter().map(|make| make(islands)).collect();
        let count = islands as usize;
        let mut chance = Chance::new(dice, plan.faults(&dice), ask.choices);
        let mut world = Self {
            plan,
            islands,
            steps_max: 5_000_u64.saturating_mul(plan.commands).saturating_add(2_000_000),
            gives_up_after: ask.steps_max,
            now: 0,
            agenda: Agenda::new(),
            settings,
            digests: digests(&dice, plan.limits.digests),
            table: Arc::new(table),
            disk: Arc::new(Disk::default()),
            links: FakeLinks::default(),
            clocks: Clocks::new(&mut chance, islands),
            process: None,
            life: 0,
            starts: 0,
            runs: vec![0; count],
            ticks: vec![u64::MAX; count],
            paused_until: vec![0; count],
            saved: vec![None; count],
            written: Vec::new(),
            commits: 0,
            disk_full_until: 0,
            doomed: None,
            lying: None,
            witness: Witness::new(born, client, plan.dead_letters, checks, ask.keep),
            subscriber: Subscriber::of_world(&dice, islands),
            typed: vec![0; plan.typed.len()],
            unanswered: BTreeMap::new(),
            unasked: BTreeSet::new(),
            said_below: RequestNumber::ZERO,
            answers: Answers::new(),
            phase: Phase::Storm,
            healed_at: u64::MAX,
            figures: Figures::default(),
            trace: Rolling::default(),
            recorder: (ask.trace == Tracing::Wanted).then(Box::default),
            committing: None,
            frames: Vec::new(),
            scratch: Vec::new(),
            chance,
        };
        world.plan_everything();
        Ok(world)
    }

    pub(super) fn plan_event(&mut self, after: u64, event: Event) {
        self.agenda.plan(self.now.saturating_add(after), event);
    }

    fn go_on(&mut self) -> Result<(), Violation> {
        while self.step()? {
            let healed_for = self.now.saturating_sub(self.healed_at);
            let steps = self.figures.steps;
            if self.gives_up_after.is_some_and(|most| steps > most) {
                // Whoever asked for so few steps must not take this for a world that never rests.
                let seen = format!("it was to take at most {steps} steps");
                return Err(Violation::new("a world is not given up", seen));
            }
            if steps > self.steps_max || healed_for > REST_WITHIN {
                return Err(
                    self.restless(|left| format!("after {steps} steps it does not, {left}"))
                );
            }
        }
        Ok(())
    }

    /// Lets the next event happen. Says whether there is more to come.
    pub(crate) fn step(&mut self) -> Result<bool, Violation> {
        let Some((at, event)) = self.agenda.pop() else {
            return self.stuck();
        };
        self.now = at;
        self.figures.steps += 1;
        self.trace.add(at);
        self.trace.add(event.about());
        self.happen(event)?;
        if self.phase == Phase::Healed && self.is_at_rest() {
            self.finish()?;
            return Ok(false);
        }
        Ok(self.phase != Phase::Judged)
    }

    /// An island's own event comes later while it pauses.
    fn awaits(&self, island: IslandId) -> Option<u64> {
        let until = self.paused_until[island.0 as usize];
        (until > self.now).then_some(until)
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        let island = match &event {
            Event::Arrive(frame, _) => Some(frame.envelope().to),
            Event::Told(_, durable) => Some(durable.island),
            Event::Tick(_, island) => Some(*island),
            _ => None,
        };
        if let Some(until) = island.and_then(|island| self.awaits(island)) {
            if until < u64::MAX {
                self.agenda.plan(until, event);
            }
            return Ok(());
        }
        match event {
            Event::Ask(number) => self.first_ask(RequestNumber(number)),
            Event::Again(number) => self.second_ask(RequestNumber(number)),
            Event::Arrive(frame, id) => self.arrive(&frame, id),
            Event::Tick(run, island) => self.tick(run, island),
            Event::Told(run, durable) => self.tell(run, *durable),
            Event::Synced(life) => self.synced(life),
            Event::Crash(_) => self.crash(),
            Event::Restart => self.start(),
            Event::Fall(nth) => self.fall_at(nth),
            Event::Rise(island) => self.rise(island),
            Event::Cut(nth) => self.cut_at(nth),
            Event::Mend(nth) => {
                self.mend(nth);
                Ok(())
            }
            Event::Clog(nth) => self.clog_at(nth),
            Event::Pause(nth) => self.pause_at(nth),
            Event::Step(nth) => self.step_at(nth),
            Event::Verb(line) => self.do_line(line),
            Event::Heal => self.heal(),
            Event::Judge(nth) => self.judge(nth),
        }
    }

    /// Tells the trace, if there is one.
    pub(super) fn say(&mut self, island: Option<IslandId>, what: impl FnOnce() -> What) {
        if let Some(recorder) = &mut self.recorder {
            recorder.say(self.now, island, what());
        }
    }

    pub(super) fn clock(&self, island: IslandId) -> Millis {
        self.clocks.read(island, self.now)
    }

    pub(super) fn figures(&self) -> Figures {
        let mut all = self.trace;
        all.add(self.witness.digest());
        all.add(self.disk.digest());
        Figures {
            records: self.witness.records,
            messages: self.witness.messages,
            frames_lost: self.links.lost,
            decisions: self.chance.decisions,
            nanos: self.now,
            digest: WorldDigest(all.value()),
            ..self.figures
        }
    }
}
