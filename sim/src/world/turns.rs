//! Turns of a world: frames arrive, timers fire, commits begin and end, what may leave leaves.
//!
//! It doesn't know clients, nor why things go wrong.

use archipelago::journal::Durable;
use archipelago_core::codec::Wire;
use archipelago_core::id::IslandId;
use archipelago_core::island::Island;
use archipelago_core::link::chunk::Message;
use archipelago_core::link::frame::{Frame, Parcel};
use archipelago_core::time::Millis;

use super::decision::Kind;
use super::dice::Stream;
use super::links::Carried;
use super::plan::{Letter, Misfortune};
use super::process::{Begun, Boundary, Ended, Flush};
use super::revive::Saved;
use super::run::{Event, MILLISECOND, Phase, World};
use super::trouble::Cause;
use super::witness::{self, Violation};
use crate::check::Mark;
use crate::trace::{FrameId, What};

/// Timers beyond this are looked at again then: ten years.
const TICK_MAX: u64 = 315_360_000_000 * MILLISECOND;
/// Every so many commits islands are compared with their replay, live, and their memory is looked
/// at.
const LOOK_EVERY: u64 = 16;

impl<I: Island> World<'_, I> {
    pub(super) fn arrive(&mut self, frame: &Frame, id: u64) -> Result<(), Violation> {
        let envelope = frame.envelope();
        let (from, to, now) = (envelope.from, envelope.to, self.clock(envelope.to));
        if envelope.session.0 < self.runs[from.0 as usize] {
            self.figures.marks.hit(Mark::FrameOfThePast);
        }
        match self.process.as_mut().and_then(|process| process.driver(to)) {
            Some(driver) => driver.receive(now, frame),
            None => return Ok(()),
        }
        self.say(Some(to), || What::FrameArrived { frame: FrameId(id) });
        self.touched(to)
    }

    pub(super) fn tick(&mut self, run: u64, island: IslandId) -> Result<(), Violation> {
        if run != self.runs[island.0 as usize] {
            return Ok(());
        }
        self.ticks[island.0 as usize] = u64::MAX;
        let now = self.clock(island);
        match self.process.as_mut().and_then(|process| process.driver(island)) {
            Some(driver) => driver.tick(now),
            None => return Ok(()),
        }
        self.touched(island)
    }

    /// Something happened on `island`: what may leave leaves, what was decided goes to the disk.
    pub(super) fn touched(&mut self, island: IslandId) -> Result<(), Violation> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let mut frames = std::mem::take(&mut self.frames);
        process.drain(island, self.now, &mut frames);
        if let Some(driver) = process.driver(island) {
            let kernel = driver.kernel();
            if let Some(recorder) = &mut self.recorder {
                recorder.stands_at(self.now, island, kernel.image().position);
            }
            if let Some(why) = kernel.stopped() {
                let seen = format!("island {island}: {why}");
                return Err(Violation::new("evolve never panics", seen));
            }
            if let Some(tick) = kernel.next_tick() {
                self.plan_tick(island, tick);
            }
        }
        let down = self.begin_commit(&mut frames)?;
        self.leave(frames, down)
    }

    fn plan_tick(&mut self, island: IslandId, when: Millis) {
        let after = self.clocks.until(island, self.now, when).min(TICK_MAX);
        let planned = &mut self.ticks[island.0 as usize];
        if self.now + after < *planned {
            *planned = self.now + after;
            let run = self.runs[island.0 as usize];
            self.plan_event(after, Event::Tick(run, island));
        }
    }

    /// Begins a commit if one can begin. Says why the process goes down, if it does.
    fn begin_commit(&mut self, frames: &mut Vec<Frame>) -> Result<Option<Cause>, Violation> {
        let Some(process) = &mut self.process else { return Ok(None) };
        if !process.could_begin() {
            return Ok(None);
        }
        self.commits += 1;
        let (commit, now) = (self.commits, self.now);
        let faults = self.chance.faults;
        let mut cause = None;
        if faults.boundary_ppm > 0 {
            let value = self.chance.choose(Kind::Boundary, commit, 0, |dice, faults| {
                let happens = dice.happens(Stream::Crash, commit, 10, faults.boundary_ppm);
                let which = dice.below(Stream::Crash, commit, 11, Boundary::COUNT);
                if happens { 1 + which } else { 0 }
            });
            if value > 0 {
                cause = Some(Cause::AtBoundary(Boundary::of(value)));
            }
        }
        if faults.disk_error_ppm > 0 {
            let value = self.chance.choose(Kind::DiskError, commit, 0, |dice, faults| {
                let happens = dice.happens(Stream::Disk, commit, 10, faults.disk_error_ppm);
                if happens { 1 + dice.below(Stream::Disk, commit, 11, 3) } else { 0 }
            });
            cause = match value {
                0 => cause,
                1 => Some(Cause::WriteFailed),
                2 => Some(Cause::FlushFailed),
                _ => Some(Cause::DiskFull),
            };
        }
        if now < self.disk_full_until {
            cause = Some(Cause::DiskFull);
        }
        let paused = &self.paused_until;
        let recorder = &mut self.recorder;
        let mut again = Vec::new();
        let begun = process.begin_commit(
            |island| paused[island.0 as usize] <= now,
            cause.map(Cause::boundary),
            |block| {
                if let Some(recorder) = recorder {
                    recorder.block::<I>(block);
                }
            },
            &mut again,
        )?;
        for island in again {
            process.drain(island, now, frames);
        }
        match begun {
            Begun::Nothing => Ok(None),
            Begun::GoesDown => Ok(cause),
            Begun::Written { rolls } => {
                if rolls {
                    self.figures.marks.hit(Mark::Roll);
                }
                let late = matches!(cause, Some(Cause::FlushFailed | Cause::AtBoundary(_)));
                self.doomed = cause.filter(|_| late);
                self.tell_commit();
                self.plan_sync(commit);
                Ok(None)
            }
        }
    }

    fn plan_sync(&mut self, commit: u64) {
        let longer = self.chance.choose(Kind::Slow, commit, 0, |dice, faults| {
            let mean = faults.commit_us_mean;
            let stalls = dice.happens(Stream::Disk, commit, 13, faults.stall_ppm);
            let stall = faults.stall_ms_mean.saturating_mul(1000);
            let stall = dice.span(Stream::Disk, commit, 14, stall).saturating_add(1_000_000);
            let plain = dice.span(Stream::Disk, commit, 12, mean);
            if stalls { plain.saturating_add(stall) } else { plain }
        });
        if longer >= 1_000_000 {
            self.figures.marks.hit(Mark::Stall);
        }
        self.plan_event(longer.saturating_add(1).saturating_mul(1000), Event::Synced(self.life));
    }

    fn carry(&mut self, frame: Frame) -> Result<(), Violation> {
        let mut later = 0;
        let mut id = 0;
        if self.phase == Phase::Storm && !self.typed.is_empty() {
            match guarded("a fault of one's own can be asked", || self.misfortune(&frame))? {
                None => {}
                Some(Misfortune::Lost) => {
                    self.links.lost += 1;
                    if let Some(recorder) = &mut self.recorder {
                        recorder.frame::<I>(self.now, &frame, Carried::Lost);
                    }
                    self.figures.marks.hit(Mark::FrameLost);
                    return Ok(());
                }
                Some(Misfortune::Late(us)) => later = us.saturating_mul(1000),
                Some(Misfortune::Twice) => {
                    self.plan_event(MILLISECOND, Event::Arrive(frame.clone(), 0));
                }
            }
        }
        let mut carried = self.links.carry(&mut self.chance, self.now, &frame);
        match &mut carried {
            Carried::Lost | Carried::Cut => {}
            Carried::Once(after) => *after = after.saturating_add(later),
            Carried::Twice(after, copy) => {
                (*after, *copy) = (after.saturating_add(later), copy.saturating_add(later));
            }
        }
        if let Some(recorder) = &mut self.recorder {
            id = recorder.frame::<I>(self.now, &frame, carried);
        }
        match carried {
            Carried::Lost | Carried::Cut => self.figures.marks.hit(Mark::FrameLost),
            Carried::Once(after) => self.plan_event(after, Event::Arrive(frame, id)),
            Carried::Twice(after, copy) => {
                self.figures.marks.hit(Mark::FrameTwice);
                self.plan_event(after, Event::Arrive(frame.clone(), id));
                self.plan_event(copy, Event::Arrive(frame, id));
            }
        }
        Ok(())
    }

    /// What faults of one's own say of a frame.
    fn misfortune(&mut self, frame: &Frame) -> Option<Misfortune> {
        let Frame::Data(parcel) = frame else { return None };
        let mut worst = None;
        for (typed, count) in self.plan.typed.iter().zip(&mut self.typed) {
            let matching = letters::<I>(parcel, |letter| (typed.matches)(letter));
            let before = *count;
            *count += matching;
            if *count / typed.every.max(1) > before / typed.every.max(1) {
                worst = worst.or(Some(typed.what));
            }
        }
        worst
    }

    /// The commit on its way has been flushed, or it fails now.
    pub(super) fn synced(&mut self, life: u64) -> Result<(), Violation> {
        let Some(process) = &mut self.process else { return Ok(()) };
        if life != self.life {
            return Ok(());
        }
        let doomed = self.doomed.take();
        let flush = if doomed == Some(Cause::FlushFailed) { Flush::Fails } else { Flush::Works };
        if doomed == Some(Cause::AtBoundary(Boundary::AfterFlush)) {
            // Durable, and nobody knows; the witness sees it when the process is back.
            process.flush()?;
            return self.go_down(Cause::AtBoundary(Boundary::AfterFlush));
        }
        let (written, durables) = match process.end_commit(flush, &mut self.witness)? {
            Ended::Nothing => return Ok(()),
            Ended::GoesDown => return self.go_down(Cause::FlushFailed),
            Ended::Durable(written, durables) => (written, durables),
        };
        self.written.push(written);
        self.tell_durable();
        self.look(Moment::Commit)?;
        if let Some(cause @ Cause::AtBoundary(_)) = doomed {
            return self.go_down(cause);
        }
        let commit = self.commits;
        for durable in durables {
            let island = durable.island;
            let at = island.0 as usize;
            let (run, until) = (self.runs[at], self.paused_until[at]);
            if until <= self.now {
                self.tell(run, durable)?;
                self.save(commit, island);
            } else if until < u64::MAX {
                self.agenda.plan(until, Event::Told(run, Box::new(durable)));
            }
        }
        // Nobody may have been told; what others decided meanwhile is to be written all the same.
        self.commit_more()
    }

    /// Begins the next commit, if there is one to begin.
    fn commit_more(&mut self) -> Result<(), Violation> {
        let mut frames = std::mem::take(&mut self.frames);
        let down = self.begin_commit(&mut frames)?;
        self.leave(frames, down)
    }

    /// Frames leave; then the process goes down, if it is to.
    fn leave(&mut self, mut frames: Vec<Frame>, down: Option<Cause>) -> Result<(), Violation> {
        for frame in frames.drain(..) {
            self.carry(frame)?;
        }
        self.frames = frames;
        if let Some(cause) = down {
            self.go_down(cause)?;
        }
        self.take_answers()
    }

    /// An island hears what became durable.
    pub(super) fn tell(&mut self, run: u64, durable: Durable) -> Result<(), Violation> {
        let island = durable.island;
        if run != self.runs[island.0 as usize] {
            return Ok(());
        }
        let Some(driver) = self.process.as_mut().and_then(|process| process.driver(island)) else {
            return Ok(());
        };
        let settled = driver.image().position == durable.upto;
        driver.durable(durable);
        if self.commits.is_multiple_of(LOOK_EVERY) {
            let held = driver.kernel().links().held_most();
            if held > self.plan.limits.links.held_max as usize {
                let seen = format!("island {island} holds {held} messages of one link");
                return Err(Violation::new("memory is bounded", seen));
            }
            if settled {
                self.witness.compare(island, driver.image())?;
            }
        }
        self.touched(island)
    }

    /// Maybe an island saves a snapshot now.
    fn save(&mut self, commit: u64, island: IslandId) {
        if self.chance.faults.save_ppm == 0 {
            return;
        }
        let saves = self.chance.choose(Kind::Save, commit, u64::from(island.0), |dice, faults| {
            let about = commit << 16 | u64::from(island.0);
            u64::from(dice.happens(Stream::Disk, about, 15, faults.save_ppm))
        });
        let Some(driver) = self.process.as_mut().and_then(|process| process.driver(island)) else {
            return;
        };
        let mut bytes = Vec::new();
        // Not every moment is one for a snapshot.
        if saves > 0 && driver.kernel().save(&mut bytes).is_ok() {
            let position = driver.image().position;
            self.saved[island.0 as usize] = Some(Saved { position, bytes });
        }
    }

    /// Lets all checks look.
    pub(super) fn look(&mut self, moment: Moment) -> Result<(), Violation> {
        let cut = self.witness.cut();
        for (at, (_, sight)) in self.plan.sights.iter().enumerate() {
            if !self.figures.marks.has_own(at) && guarded("a mark", || sight(cut))? {
                self.figures.marks.hit_own(at);
            }
        }
        self.witness.look(|check, cut| match moment {
            Moment::Commit => check.always(cut),
            Moment::End => check.always(cut).and_then(|()| check.finally(cut)),
        })
    }
}

/// When checks look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Commit,
    End,
}

/// How many messages of a parcel `matches` is about.
fn letters<I: Island>(parcel: &Parcel, matches: impl Fn(&Letter<'_, I::Command>) -> bool) -> u64 {
    let (from, to) = (parcel.envelope.from, parcel.envelope.to);
    let mut count = 0;
    for (number, bytes) in parcel.messages().flatten() {
        let command = Message::parse(bytes).ok().map(|message| I::Command::decode(message.command));
        if let Some(Ok(command)) = command {
            count += u64::from(matches(&Letter { from, to, number, command: &command }));
        }
    }
    count
}

/// Runs a user's closure; a panic in it is a violation of `law`, so that it keeps its seed.
pub(super) fn guarded<T>(law: &str, run: impl FnOnce() -> T) -> Result<T, Violation> {
    witness::guarded(run).map_err(|seen| Violation::new(law, seen))
}
