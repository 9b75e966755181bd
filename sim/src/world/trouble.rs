//! Trouble: how the parts of a world go down, come back, are cut off, pause and lose their time.
//!
//! Rules:
//! 1. Whom a fault hits, and for how long, is drawn from the fault's own number.
//! 2. A journal that refuses to open after a crash breaks a law, unless the disk has lied; then it
//!    must refuse, by name, and opens when the right disk is back.
//!
//! It doesn't know what checks look at.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use archipelago::drive::Driver;
use archipelago::journal::ScanMode;
use archipelago_core::id::{IslandId, RequestNumber, Session};
use archipelago_core::island::{Island, Kernel, Limits};

use super::decision::Kind;
use super::dice::Stream;
use super::disk::Fate;
use super::disk::lie::{Lie, Truth};
use super::links::{Cut, Ways};
use super::process::{Boundary, Process};
use super::revive::{Revived, Trouble, revive};
use super::run::{Event, MILLISECOND, Phase, World};
use super::subscriber::Page;
use super::turns::Moment;
use super::witness::Violation;
use crate::check::Mark;
use crate::trace::{Nanos, What};

/// How long an operator needs to put the right disk in.
const OPERATOR: u64 = 50 * MILLISECOND;

/// Why the process goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Crash,
    AtBoundary(Boundary),
    WriteFailed,
    FlushFailed,
    DiskFull,
}

impl Cause {
    /// How far a commit gets.
    pub(super) const fn boundary(self) -> Boundary {
        match self {
            Self::AtBoundary(boundary) => boundary,
            Self::WriteFailed => Boundary::MidWrite,
            Self::DiskFull => Boundary::AtCreate,
            Self::FlushFailed | Self::Crash => Boundary::AfterFlush,
        }
    }

    const fn mark(self) -> Mark {
        match self {
            Self::Crash => Mark::Crash,
            Self::WriteFailed => Mark::WriteFailed,
            Self::FlushFailed => Mark::FlushFailed,
            Self::DiskFull => Mark::DiskFull,
            Self::AtBoundary(boundary) => match boundary {
                Boundary::BeforeWrite | Boundary::AtCreate => Mark::CrashBeforeWrite,
                Boundary::AfterCreate => Mark::CrashAfterCreate,
                Boundary::MidWrite => Mark::CrashMidWrite,
                Boundary::BeforeFlush => Mark::CrashBeforeFlush,
                Boundary::AfterFlush => Mark::CrashAfterFlush,
                Boundary::BeforeLeaving => Mark::CrashBeforeLeaving,
            },
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Mark::ALL[self.mark() as usize];
        f.write_str(name)
    }
}

/// A lie of the disk that waits to be refused.
pub(super) struct Lying {
    /// None for a bit that a story turned.
    pub(super) what: Option<Lie>,
    pub(super) truth: Truth,
}

impl<I: Island> World<'_, I> {
    /// Plans what is asked and what recurs.
    pub(super) fn plan_everything(&mut self) {
        let plan = self.plan;
        let own = (plan.commands + 1..).zip(plan.asked.iter().map(|asked| asked.at)).collect();
        let asks = self.chance.asks(plan.commands, plan.command_every_us, own);
        if !plan.asked.is_empty() {
            // These have the last numbers, and moments of their own.
            self.unasked = asks.iter().map(|(number, _)| RequestNumber(*number)).collect();
        }
        let mut last = asks.iter().map(|(_, at)| *at).max().unwrap_or(0);
        for (number, at) in asks {
            self.agenda.plan(at, Event::Ask(number));
        }
        for (line, (at, _)) in plan.script.iter().enumerate() {
            last = last.max(*at);
            self.agenda.plan(*at, Event::Verb(line));
        }
        let until = last.saturating_add(STORM_AFTER);
        self.agenda.plan(until, Event::Heal);
        let faults = self.chance.faults;
        self.plan_family(Kind::Crash, faults.crash_every_ms, until, Event::Crash);
        self.plan_family(Kind::Fall, faults.fall_every_ms, until, Event::Fall);
        self.plan_family(Kind::Cut, faults.cut_every_ms, until, Event::Cut);
        self.plan_family(Kind::Clog, faults.clog_every_ms, until, Event::Clog);
        self.plan_family(Kind::Pause, faults.pause_every_ms, until, Event::Pause);
        self.plan_family(Kind::Step, faults.step_every_ms, until, Event::Step);
    }

    fn plan_family(&mut self, kind: Kind, every_ms: u64, until: u64, event: fn(u64) -> Event) {
        for (nth, at) in self.chance.schedule(kind, every_ms, until) {
            self.agenda.plan(at, event(nth));
        }
    }

    fn draw(&self, stream: Stream, nth: u64, what: u64, limit: u64) -> u64 {
        self.chance.dice.below(stream, nth, what, limit)
    }

    fn island(&self, stream: Stream, nth: u64) -> IslandId {
        IslandId(self.draw(stream, nth, 1, u64::from(self.islands)) as u32)
    }

    pub(super) fn crash(&mut self) -> Result<(), Violation> {
        if self.phase == Phase::Storm { self.go_down(Cause::Crash) } else { Ok(()) }
    }

    /// The process goes down.
    pub(super) fn go_down(&mut self, cause: Cause) -> Result<(), Violation> {
        if self.process.is_none() {
            return Ok(());
        }
        self.figures.marks.hit(cause.mark());
        if cause != Cause::Crash {
            self.say(None, || What::Marked { name: cause.to_string() });
        }
        self.end_process();
        let nth = self.figures.crashes;
        if self.draw(Stream::Crash, nth, 2, 3) == 0 {
            self.figures.marks.hit(Mark::Kill);
        } else {
            self.lose_power(nth);
        }
        let mean = self.chance.faults.down_ms_mean.saturating_mul(MILLISECOND);
        let down = self.chance.dice.span(Stream::Crash, nth, 3, mean);
        self.plan_event(down, Event::Restart);
        self.take_answers()
    }

    /// The process is gone, and what it had planned is void.
    fn end_process(&mut self) {
        self.process = None;
        self.say(None, || What::Crashed);
        self.committing = None;
        self.life += 1;
        self.doomed = None;
        self.figures.crashes += 1;
        self.runs.fill(0);
        self.ticks.fill(u64::MAX);
    }

    fn lose_power(&mut self, nth: u64) {
        let chance = &mut self.chance;
        let torn = self.disk.lose_power(|segment, sector| {
            let about = u64::from(segment.0) << 32 | sector as u64;
            let value = chance.choose(Kind::Sector, nth, about, |dice, _| {
                let noise = dice.bits(Stream::Disk, nth << 1 | 1, about);
                match noise % 3 {
                    0 => 0,
                    1 => 1,
                    _ => 2 | noise,
                }
            });
            match value {
                0 => Fate::Lost,
                1 => Fate::Kept,
                noise => Fate::Torn { upto: (noise >> 20) as usize % 4096, noise },
            }
        });
        if torn > 0 {
            self.figures.marks.hit(Mark::Torn);
        }
        if self.chance.faults.lie_ppm == 0 {
            return;
        }
        let value = self.chance.choose(Kind::Lie, nth, 0, |dice, faults| {
            let lies = dice.happens(Stream::Disk, nth, 20, faults.lie_ppm);
            if lies { 1 + dice.below(Stream::Disk, nth, 21, 4) } else { 0 }
        });
        let Some(lie) = value.checked_sub(1).map(|at| Lie::ALL[at as usize % 4]) else { return };
        let (dice, mut draws) = (self.chance.dice, 0);
        let truth = self.disk.lie(lie, &self.written, |limit| {
            draws += 1;
            dice.below(Stream::Disk, nth, 21 + draws, limit)
        });
        self.lying = truth.map(|truth| Lying { what: Some(lie), truth });
        if self.lying.is_some() {
            self.say(None, || What::DiskFault { kind: lie.to_string(), segment: 0, offset: 0 });
        }
    }

    /// The process starts, from what is on the disk.
    pub(super) fn start(&mut self) -> Result<(), Violation> {
        if self.process.is_some() {
            return Ok(());
        }
        self.witness.begin_commit();
        let make = &self.plan.make;
        let (disk, settings) = (Arc::clone(&self.disk), self.settings);
        let mode = ScanMode::Repair;
        let mut make = |island| make(island);
        // After a loss of power all that is seen is safe; only a killed process leaves a cache.
        let lied = self.lying.as_ref().is_some_and(|lying| lying.what.is_some());
        let before = lied.then(|| disk.digest());
        let read = revive(&disk, &settings, mode, &self.saved, &mut make, &mut self.witness);
        let reading = match (read, self.lying.take()) {
            (Ok(reading), None) => reading,
            (Ok(_), Some(Lying { what, .. })) => {
                let what = what.map_or("a damaged bit".to_owned(), |lie| lie.to_string());
                let seen = format!("the disk lied ({what}), and the journal opened");
                return Err(Violation::new("a lie of the disk is refused by name", seen));
            }
            (Err(Trouble::Broken(violation)), _) => return Err(violation),
            (Err(Trouble::Refused(why)), None) => {
                return Err(Violation::new("a crash leaves a journal that opens", why));
            }
            (Err(Trouble::Refused(damage)), Some(Lying { what, truth })) => {
                if before.is_some_and(|before| before != disk.digest()) {
                    let seen = format!("it was refused ({damage}), and the disk is not as it was");
                    return Err(Violation::new("a journal that is refused stays as it is", seen));
                }
                self.say(None, || What::Refused { damage });
                if let Some(lie) = what {
                    let marks = [
                        Mark::RefusedFlush,
                        Mark::RefusedRot,
                        Mark::RefusedMisdirected,
                        Mark::RefusedEntry,
                    ];
                    self.figures.marks.hit(marks[lie as usize]);
                }
                self.figures.refusals += 1;
                disk.tell_the_truth(truth);
                self.plan_event(OPERATOR, Event::Restart);
                return Ok(());
            }
        };
        self.note_digests(reading.digests);
        let mut drivers = Vec::new();
        for (at, revived) in reading.islands.into_iter().enumerate() {
            let island = IslandId(at as u32);
            let tail = reading.recovered.islands.get(at).and_then(|tail| tail.place);
            drivers.push(Some(self.begin_island(island, revived, tail)?));
        }
        self.process = Some(Process::new(&disk, &settings, &reading.recovered, drivers)?);
        self.look(Moment::Commit)?;
        self.read_on(Page::Drawn)?;
        (0..self.islands).try_for_each(|island| self.touched(IslandId(island)))?;
        self.ask_all_again(|_| true)
    }

    fn note_digests(&mut self, compared: u64) {
        if compared > 0 {
            self.figures.marks.hit(Mark::DigestAgreed);
        }
    }

    /// The driver of an island that goes on.
    fn begin_island(
        &mut self,
        island: IslandId,
        revived: Revived<I>,
        tail: Option<archipelago_core::journal::frame::BlockPlace>,
    ) -> Result<Driver<I>, Violation> {
        self.witness.compare(island, &revived.image)?;
        if self.saved[island.0 as usize].is_some() {
            self.figures.marks.hit(Mark::FromSnapshot);
            if !revived.unacked.is_empty() {
                self.figures.marks.hit(Mark::SnapshotWithMessages);
            }
        }
        let snapshot = self.saved[island.0 as usize].as_ref().map(|saved| saved.position);
        self.tell_start(island, snapshot);
        self.starts += 1;
        let run = self.starts;
        self.runs[island.0 as usize] = run;
        self.ticks[island.0 as usize] = u64::MAX;
        let table = Arc::clone(&self.table);
        let limits = Limits { digests: self.digests, ..self.plan.limits };
        let (life, session) = (self.settings.life, Session(run));
        let mut kernel = Kernel::start(island, table, life, session, limits, revived.image);
        kernel.adopt(revived.unacked);
        Ok(Driver::new(island, kernel, tail))
    }

    pub(super) fn fall_at(&mut self, nth: u64) -> Result<(), Violation> {
        let island = self.island(Stream::Crash, nth << 8);
        if self.phase == Phase::Storm { self.fall(island, nth) } else { Ok(()) }
    }

    /// One island goes down.
    pub(super) fn fall(&mut self, island: IslandId, nth: u64) -> Result<(), Violation> {
        let Some(process) = &mut self.process else { return Ok(()) };
        if process.driver(island).is_none() {
            return Ok(());
        }
        self.figures.falls += 1;
        self.figures.marks.hit(Mark::Fall);
        if let Some(recorder) = &mut self.recorder {
            recorder.say(self.now, Some(island), What::Crashed);
        }
        if process.is_writing_of(island) {
            self.figures.marks.hit(Mark::FallInFlight);
        }
        process.fall(island);
        self.runs[island.0 as usize] = 0;
        let mean = self.chance.faults.down_ms_mean.saturating_mul(MILLISECOND);
        let down = self.chance.dice.span(Stream::Crash, nth << 8, 4, mean);
        self.plan_event(down, Event::Rise(island));
        self.take_answers()
    }

    /// One island comes back, from the journal.
    pub(super) fn rise(&mut self, island: IslandId) -> Result<(), Violation> {
        let Some(process) = &mut self.process else { return Ok(()) };
        if process.driver(island).is_some() {
            return Ok(());
        }
        if process.is_writing_of(island) {
            self.plan_event(MILLISECOND, Event::Rise(island));
            return Ok(());
        }
        let make = &self.plan.make;
        let (disk, settings) = (Arc::clone(&self.disk), self.settings);
        let mode = ScanMode::ReadOnly;
        let mut make = |island| make(island);
        let read = revive(&disk, &settings, mode, &self.saved, &mut make, &mut self.witness);
        let reading = read.map_err(|trouble| match trouble {
            Trouble::Broken(violation) => violation,
            Trouble::Refused(why) => Violation::new("an island's journal can be read", why),
        })?;
        self.note_digests(reading.digests);
        let at = island.0 as usize;
        let tail = reading.recovered.islands.get(at).and_then(|tail| tail.place);
        let revived = reading.islands.into_iter().nth(at).expect("every island is read");
        let driver = self.begin_island(island, revived, tail)?;
        if let Some(process) = &mut self.process {
            process.drivers[at] = Some(driver);
        }
        self.touched(island)?;
        self.ask_all_again(|of| of == island)
    }

    pub(super) fn cut_at(&mut self, nth: u64) -> Result<(), Violation> {
        if self.phase == Phase::Storm && self.islands > 1 {
            let ways = Ways::ALL[self.draw(Stream::Partition, nth, 2, 3) as usize];
            let mut islands = BTreeSet::from([self.island(Stream::Partition, nth)]);
            if self.draw(Stream::Partition, nth, 4, 3) == 0 {
                // Random halves.
                let half = |island: &u32| {
                    self.draw(Stream::Partition, nth, 100 + u64::from(*island), 2) == 0
                };
                islands.extend((0..self.islands).filter(half).map(IslandId));
            }
            self.cut(Cut { nth, islands, ways });
            let mean = self.chance.faults.cut_ms_mean.saturating_mul(MILLISECOND);
            let after = self.chance.dice.span(Stream::Partition, nth, 3, mean);
            self.plan_event(after, Event::Mend(nth));
        }
        Ok(())
    }

    pub(super) fn cut(&mut self, cut: Cut) {
        for island in &cut.islands {
            self.say(Some(*island), || What::Cut { ways: cut.ways.into(), peer: None });
        }
        self.links.cuts.push(cut);
        self.figures.marks.hit(Mark::Cut);
    }

    /// A cut is over.
    pub(super) fn mend(&mut self, nth: u64) {
        let over: Vec<Cut> = self.links.cuts.extract_if(.., |cut| cut.nth == nth).collect();
        for island in over.iter().flat_map(|cut| &cut.islands) {
            self.say(Some(*island), || What::Mended { peer: None });
        }
    }

    pub(super) fn clog_at(&mut self, nth: u64) -> Result<(), Violation> {
        if self.phase == Phase::Storm {
            let about = nth << 8;
            let from = self.island(Stream::Partition, about);
            let to = self.draw(Stream::Partition, about, 2, u64::from(self.islands)) as u32;
            let mean = self.chance.faults.clog_ms_mean.saturating_mul(MILLISECOND);
            let span = self.chance.dice.span(Stream::Partition, about, 3, mean);
            let until = self.now.saturating_add(span);
            self.links.clogs.push((from, IslandId(to), until));
            self.figures.marks.hit(Mark::Clog);
        }
        Ok(())
    }

    pub(super) fn pause_at(&mut self, nth: u64) -> Result<(), Violation> {
        if self.phase == Phase::Storm {
            let island = self.island(Stream::Clock, nth);
            let mean = self.chance.faults.pause_ms_mean.saturating_mul(MILLISECOND);
            let span = self.chance.dice.span(Stream::Clock, nth, 2, mean);
            self.pause(island, span);
        }
        Ok(())
    }

    pub(super) fn pause(&mut self, island: IslandId, nanos: u64) {
        let until = &mut self.paused_until[island.0 as usize];
        *until = (*until).max(self.now.saturating_add(nanos).min(u64::MAX - 1));
        let until = Nanos(*until);
        self.say(Some(island), || What::Paused { until });
        self.figures.marks.hit(Mark::Pause);
        // Whatever it has decided goes to the disk when it is back.
        let run = self.runs[island.0 as usize];
        self.plan_event(nanos.saturating_add(1), Event::Tick(run, island));
    }

    pub(super) fn step_at(&mut self, nth: u64) -> Result<(), Violation> {
        if self.phase != Phase::Storm {
            return Ok(());
        }
        let about = nth << 8;
        let island = self.island(Stream::Clock, about);
        let mean = self.chance.faults.step_ms_mean;
        let size = self.chance.dice.span(Stream::Clock, about, 2, mean) as i64;
        let back = self.draw(Stream::Clock, about, 3, 2) == 0;
        self.step_clock(island, if back { -size } else { size })
    }

    pub(super) fn step_clock(&mut self, island: IslandId, by: i64) -> Result<(), Violation> {
        if by < 0 {
            self.figures.marks.hit(Mark::ClockBack);
        }
        self.clocks.step(island, by);
        let by_ns = by.saturating_mul(MILLISECOND as i64);
        self.say(Some(island), || What::ClockStepped { by_ns });
        // What was due by the old clock is planned anew.
        self.ticks[island.0 as usize] = u64::MAX;
        self.touched(island)
    }

    /// The process is killed; the disk stays as it is.
    pub(super) fn go_down_now(&mut self) -> Result<(), Violation> {
        if self.process.is_none() {
            return Ok(());
        }
        self.end_process();
        self.plan_event(MILLISECOND, Event::Restart);
        self.take_answers()
    }
}

/// How long faults go on after the last command, in nanoseconds.
const STORM_AFTER: u64 = 300 * MILLISECOND;
