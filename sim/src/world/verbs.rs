//! Verbs: what a story does to a world.
//!
//! It doesn't know who tells the story.

use archipelago_core::id::IslandId;
use archipelago_core::island::Island;

use super::links::Cut;
use super::plan::Verb;
use super::run::{MILLISECOND, World};
use super::trouble::{Cause, Lying};
use super::witness::Violation;

impl<I: Island> World<'_, I> {
    /// Does a line of the script.
    pub(super) fn do_line(&mut self, line: usize) -> Result<(), Violation> {
        let (_, verb) = &self.plan.script[line];
        self.act(&verb.clone(), 1 << 32 | line as u64)
    }

    /// Does something to the world; `about` numbers what chance is needed.
    ///
    /// What is done to an island that this world lacks does nothing: shrinking tries fewer.
    pub(crate) fn act(&mut self, verb: &Verb, about: u64) -> Result<(), Violation> {
        let lacks = |island: &IslandId| island.0 >= self.islands;
        match verb {
            Verb::CrashIsland(island) | Verb::Pause(island, _) | Verb::StepClock(island, _)
                if lacks(island) =>
            {
                Ok(())
            }
            Verb::Crash => self.go_down(Cause::Crash),
            Verb::CrashIsland(island) => self.fall(*island, about),
            Verb::Corrupt => {
                // One lie at a time: the truth behind one that waits must not be lost.
                if self.lying.is_none() {
                    let before = self.written.split_last().and_then(|(_, before)| before.last());
                    let truth = before.and_then(|written| self.disk.turn_a_bit(written));
                    self.lying = truth.map(|truth| Lying { what: None, truth });
                }
                self.go_down_now()
            }
            Verb::Partition(islands, ways) => {
                let islands = islands.iter().copied().collect();
                self.cut(Cut { nth: 0, islands, ways: *ways });
                Ok(())
            }
            Verb::Heal => {
                let cuts: Vec<u64> = self.links.cuts.iter().map(|cut| cut.nth).collect();
                cuts.into_iter().for_each(|nth| self.mend(nth));
                self.links.clogs.clear();
                Ok(())
            }
            Verb::Pause(island, millis) => {
                self.pause(*island, millis.saturating_mul(MILLISECOND));
                Ok(())
            }
            Verb::StepClock(island, millis) => self.step_clock(*island, *millis),
            Verb::FillDisk(millis) => {
                self.disk_full_until = self.now.saturating_add(millis.saturating_mul(MILLISECOND));
                Ok(())
            }
        }
    }
}
