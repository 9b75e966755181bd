//! The second phase of a world, and its end.
//!
//! Rules:
//! 1. When faults are over, either everything is healed: then every request is answered, every
//!    timer that is due fires, and all comes to rest. Or a part stays broken for ever: then no
//!    message waits on a link that is whole, and if none waits at all, nor a timer of an island
//!    that is gone, every request is answered, except those of islands that are gone.
//! 2. Time for it is bounded: [`JUDGED_TIMES`] looks.
//!
//! It doesn't know what went wrong before.

use std::collections::BTreeSet;
use std::sync::Arc;

use archipelago::journal::Storage;
use archipelago_core::id::IslandId;
use archipelago_core::island::Island;

use super::decision::Kind;
use super::dice::Stream;
use super::links::{Cut, Ways};
use super::process::Process;
use super::run::{Event, MILLISECOND, Phase, World};
use super::subscriber::Page;
use super::turns::Moment;
use super::witness::Violation;
use crate::check::Mark;
use crate::oracle;
use crate::trace::What;

/// How often a world with a broken part is looked at, and how long between two looks. A link that
/// makes no progress sends again after 16 s at the latest.
const JUDGED_TIMES: u64 = 60;
const JUDGED_EVERY: u64 = 2_000 * MILLISECOND;
/// How late a timer may be at the end, in milliseconds: an island looks every millisecond at most.
const TIMER_SLACK: u64 = 1_000;
/// One world of so many has every prefix of its journal recovered at the end.
const PREFIXES_EVERY: u64 = 32;
/// Unless it has more commits than this: a world's are small, each with a segment's worth of cases.
const PREFIXES_COMMITS_MAX: u64 = 1_000;

impl<I: Island> World<'_, I> {
    /// Faults are over.
    pub(super) fn heal(&mut self) -> Result<(), Violation> {
        let islands = u64::from(self.islands);
        let leave = self.chance.choose(Kind::Leave, 0, 0, |dice, faults| {
            let leaves = islands > 1 && dice.happens(Stream::Heal, 0, 0, faults.left_broken_ppm);
            if leaves { 1 + dice.below(Stream::Heal, 0, 1, 4) } else { 0 }
        });
        self.chance.faults = self.chance.faults.healed();
        self.links.cuts.clear();
        self.links.clogs.clear();
        self.disk_full_until = 0;
        self.healed_at = self.now;
        self.say(None, || What::Healed { islands: Vec::new() });
        if leave == 0 {
            self.phase = Phase::Healed;
            return Ok(());
        }
        self.phase = Phase::PartBroken;
        let count = 1 + self.chance.dice.below(Stream::Heal, 0, 2, (islands / 3).max(1));
        let draw = |nth| self.chance.dice.below(Stream::Heal, nth, 3, islands) as u32;
        let gone: BTreeSet<IslandId> = (0..count).map(|nth| IslandId(draw(nth))).collect();
        match Ways::ALL.get(leave as usize - 1) {
            Some(ways) => self.links.broken.push(Cut { nth: 0, islands: gone, ways: *ways }),
            None => gone.iter().for_each(|island| self.paused_until[island.0 as usize] = u64::MAX),
        }
        self.plan_event(JUDGED_EVERY, Event::Judge(1));
        Ok(())
    }

    fn is_gone(&self, island: IslandId) -> bool {
        self.paused_until[island.0 as usize] == u64::MAX
    }

    /// Whether both ways between two islands are whole.
    fn are_joined(&self, a: IslandId, b: IslandId) -> bool {
        let broken = self.links.is_broken(a, b) || self.links.is_broken(b, a);
        !broken && !self.is_gone(a) && !self.is_gone(b)
    }

    /// Looks at a world with a broken part.
    pub(super) fn judge(&mut self, nth: u64) -> Result<(), Violation> {
        let waiting = self.witness.on_their_way();
        let stuck = waiting.iter().find(|((from, to), _)| self.are_joined(*from, *to));
        let mut unanswered =
            self.unanswered.iter().filter(|(_, island)| !self.is_gone(**island)).peekable();
        let seen = match (stuck, unanswered.peek()) {
            (Some(((from, to), count)), _) => {
                format!("{count} messages from island {from} to island {to} never arrive")
            }
            (None, Some((number, island))) if waiting.is_empty() && !self.gone_has_timers() => {
                format!("request {number} of island {island} is never answered")
            }
            _ if self.process.is_none() => "the process stays down".to_owned(),
            _ => {
                self.figures.marks.hit(Mark::LeftBroken);
                self.phase = Phase::Judged;
                self.look(Moment::Commit)?;
                return self.compare_durable();
            }
        };
        if nth >= JUDGED_TIMES {
            let law = "with a part broken for ever the rest goes on";
            return Err(Violation::new(law, seen));
        }
        self.plan_event(JUDGED_EVERY, Event::Judge(nth + 1));
        Ok(())
    }

    /// Whether a timer of an island that is gone might be what someone waits for.
    fn gone_has_timers(&self) -> bool {
        let cut = self.witness.cut();
        cut.iter()
            .enumerate()
            .any(|(at, image)| self.is_gone(IslandId(at as u32)) && image.timers.first().is_some())
    }

    /// An island that is awake and has a timer that should have fired.
    fn sleeper(&self) -> Option<String> {
        let cut = self.witness.cut();
        cut.iter().enumerate().find_map(|(at, image)| {
            let island = IslandId(at as u32);
            let now = self.clock(island);
            let (deadline, number, _) = image.timers.first()?;
            let sleeps = self.paused_until[at] <= self.now && deadline.0 + TIMER_SLACK < now.0;
            sleeps.then(|| format!("island {island}: timer {number} of {deadline}, now is {now}"))
        })
    }

    /// It does not come to rest: why.
    pub(super) fn restless(&self, seen: impl FnOnce(String) -> String) -> Violation {
        match self.sleeper() {
            Some(seen) => Violation::new("a timer that is due fires", seen),
            None => Violation::new(
                "after the faults everything is answered and comes to rest",
                seen(self.left()),
            ),
        }
    }

    /// Every island whose state is durable is as its replay says.
    fn compare_durable(&self) -> Result<(), Violation> {
        let drivers = self.process.iter().flat_map(|process| process.drivers.iter().flatten());
        for driver in drivers {
            if driver.image().position == driver.kernel().durable_position() {
                self.witness.compare(driver.island(), driver.image())?;
            }
        }
        Ok(())
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.unanswered.is_empty()
            && self.process.as_ref().is_some_and(Process::is_settled)
            // One that has just started, or whose clock has just stepped, is about to look.
            && self.sleeper().is_none()
    }

    /// Nothing is planned any more, and the end was not reached.
    pub(super) fn stuck(&self) -> Result<bool, Violation> {
        Err(self.restless(|left| format!("nothing happens any more, and {left}")))
    }

    /// What is unanswered, for a reader.
    fn left(&self) -> String {
        let count = self.unanswered.len();
        let first = self.unanswered.first_key_value().map(|(number, island)| {
            format!(
                ": the first is request {number} of island {island} (does every way through \
                 decide reply, or remember the asker and reply later?)"
            )
        });
        format!("{count} requests are unanswered{}", first.unwrap_or_default())
    }

    /// Everything is at rest: the completeness twins.
    pub(super) fn finish(&mut self) -> Result<(), Violation> {
        self.witness.finish()?;
        self.look(Moment::End)?;
        let process = self.process.take().expect("it is at rest, so it is there");
        for driver in process.drivers.into_iter().flatten() {
            self.witness.compare(driver.island(), driver.image())?;
        }
        self.read_on(Page::Drawn)?;
        self.read_on(Page::Rest)?;
        if self.commits <= PREFIXES_COMMITS_MAX
            && self.chance.dice.below(Stream::Heal, 1, 0, PREFIXES_EVERY) == 0
        {
            let storage: Arc<dyn Storage> = self.disk.clone();
            let make = &self.plan.make;
            oracle::check(storage, &self.settings, make).map_err(|problem| {
                Violation::new("every prefix of the journal recovers", problem.to_string())
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;
    use crate::workload::parcels::Scenario;
    use crate::world::Ask;

    #[test]
    fn a_world_that_is_given_up_is_not_one_that_never_rests() {
        let simulation = Scenario { islands: 2, commands: 20 }.simulation().preset(Preset::Swarm);
        let few = Ask { steps_max: Some(10), ..Ask::default() };
        let broken = World::ask_for(&simulation.plan, 1, few).broken.unwrap();
        assert_eq!(broken.law, "a world is not given up");
    }
}
