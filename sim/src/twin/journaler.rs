//! The journaler of the twin, and the thread that makes the next segment.
//!
//! Rules:
//! 1. As in the runtime: one hand-over and all that are queued, up to 8 MiB, are one commit; it
//!    writes, flushes, partly off the cores, and tells. While it waits, more queue up.
//! 2. One segment is made ahead, by a thread of its own; a commit that goes there waits for it.
//!
//! It doesn't know what is in a block.

use archipelago::journal::Commit;
use archipelago_core::island::Island;

use super::costs::Section;
use super::mailbox::Effect;
use super::plan::{Ask, Failed, Media};
use super::run::{Step, Twin};

/// As the journaler's: no more is added to a commit from this size on, in bytes.
const COMMIT_BYTES: usize = 512 << 10;

/// What the journaler does.
pub(super) enum Journaler {
    /// It has looked so often at an empty queue.
    Idle(u32),
    Writing(Commit),
    Flushing(Commit),
    Telling(Commit),
    /// The segment this commit goes to is being made.
    NoSegment(Commit),
}

impl<I: Island, A: Iterator<Item = Ask<I::Command>>> Twin<I, A> {
    pub(super) fn journaler_step(&mut self) -> Step {
        let done = match std::mem::replace(&mut self.journaler, Journaler::Idle(0)) {
            Journaler::Idle(looks) => self.take_blocks(looks),
            Journaler::NoSegment(commit) => self.write(commit, 0),
            Journaler::Writing(commit) if self.plan.media == Media::Disk => {
                self.happen(self.journaler(), Effect::Written);
                self.journaler = Journaler::Flushing(commit);
                Ok(Step::Wait)
            }
            Journaler::Writing(commit) | Journaler::Flushing(commit) => Ok(self.tell(commit)),
            Journaler::Telling(commit) => self.told(commit),
        };
        done.unwrap_or_else(|failed| {
            self.failed = Some(failed);
            Step::Wait
        })
    }

    fn take_blocks(&mut self, mut looks: u32) -> Result<Step, Failed> {
        let (mut blocks, mut bytes) = (Vec::new(), 0);
        while bytes < COMMIT_BYTES
            && let Some(mut more) = self.hand_overs.pop_front()
        {
            bytes += more.iter().map(|block| block.body.len()).sum::<usize>();
            blocks.append(&mut more);
        }
        if blocks.is_empty() {
            let step = Self::look_again(&mut looks, &self.plan.costs);
            self.journaler = Journaler::Idle(looks);
            return Ok(step);
        }
        let (commit, cost) = self.sea.prepare(&mut blocks)?;
        self.write(commit, cost)
    }

    fn write(&mut self, commit: Commit, cost: u64) -> Result<Step, Failed> {
        if self.making == Some(commit.place().segment) {
            self.journaler = Journaler::NoSegment(commit);
            return Ok(Step::Wait);
        }
        let bytes = commit.image().len() as u64;
        self.commits += 1;
        self.commit_bytes += bytes;
        let memory = self.sea.write(&commit)?;
        let write = match self.plan.media {
            Media::Memory => memory,
            Media::System => self.plan.costs.of(Section::Disk, [1, bytes, 0, 0, 0]),
            Media::Disk => self.plan.costs.of(Section::Disk, [1, bytes, 0, 0, 1]),
        };
        self.journaler = Journaler::Writing(commit);
        Ok(Step::Work(cost + write))
    }

    /// It is durable: each worker with a block in it is told.
    fn tell(&mut self, commit: Commit) -> Step {
        self.journaler = Journaler::Telling(commit);
        Step::Work(self.plan.costs.one(Section::Thread, 1) * self.workers.len() as u64)
    }

    fn told(&mut self, commit: Commit) -> Result<Step, Failed> {
        let mut columns: Vec<Vec<_>> = (0..self.workers.len()).map(|_| Vec::new()).collect();
        for durable in self.sea.complete(commit) {
            columns[durable.island.0 as usize % self.workers.len()].push(durable);
        }
        let told = columns.into_iter().enumerate().filter(|(_, column)| !column.is_empty());
        for (worker, column) in told {
            self.happen(self.journaler(), Effect::Notice(worker, column));
        }
        if let Some(segment) = self.sea.make_ahead()?
            && self.plan.media != Media::Memory
        {
            (self.making, self.to_fill) = (Some(segment), true);
            self.wake(self.maker(), Some(self.journaler()));
        }
        self.take_blocks(0)
    }

    pub(super) fn maker_step(&mut self, effects: &mut Vec<Effect<I>>) -> Step {
        if !std::mem::take(&mut self.to_fill) {
            return Step::Sleep;
        }
        effects.push(Effect::Filled);
        Step::Work(self.plan.costs.one(Section::Disk, 2))
    }
}
