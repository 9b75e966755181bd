//! What a world tells its trace of commits and states.
//!
//! It doesn't know how a trace is kept.

use archipelago::drive::Driver;
use archipelago_core::id::IslandId;
use archipelago_core::island::Island;

use super::run::World;
use crate::trace::{Commit, Place, Queue, What};

impl<I: Island> World<'_, I> {
    /// A commit goes to the disk.
    pub(super) fn tell_commit(&mut self) {
        let (Some(recorder), Some(process)) = (&mut self.recorder, &self.process) else { return };
        let Some((number, bytes)) = process.writing() else { return };
        let islands = recorder.take_sealed();
        let position = |island: IslandId| {
            let driver = process.drivers[island.0 as usize].as_ref();
            driver.map(|driver| driver.image().position).unwrap_or_default()
        };
        let upto = islands.into_iter().map(|island| Place { island, position: position(island) });
        self.committing = Some(recorder.commit(self.now, number, upto.collect(), bytes));
    }

    /// The commit on its way is durable.
    pub(super) fn tell_durable(&mut self) {
        let committing: Option<Commit> = self.committing.take();
        let (Some(recorder), Some(commit)) = (&mut self.recorder, committing) else { return };
        recorder.say(self.now, None, What::CommitDurable(commit));
        let cut = self.witness.cut();
        for island in cut.changed() {
            let image = &cut[island.0 as usize];
            let place = Place { island: *island, position: image.position };
            let at = recorder.told_at(*island, image.position).unwrap_or(self.now);
            recorder.state(at, place, &image.state);
        }
        let drivers = self.process.iter().flat_map(|process| &process.drivers);
        let queue = |driver: &Option<Driver<I>>| {
            driver.as_ref().map_or(Queue::default(), |driver| Queue {
                undurable: driver.image().position.0 - driver.kernel().durable_position().0,
                unacked: driver.kernel().links().unacked(),
            })
        };
        let queues = drivers.map(queue).collect();
        let levels = self.plan.levels.as_ref().map_or(Vec::new(), |levels| {
            let by_island: Vec<Vec<i64>> = cut.iter().map(|it| (levels.of)(&it.state)).collect();
            let level =
                |at: usize| by_island.iter().map(|of| of.get(at).copied().unwrap_or(0)).collect();
            (0..levels.names.len()).map(level).collect()
        });
        recorder.sample(self.now, queues, levels);
    }

    /// An island starts, from a snapshot at `snapshot` or from the beginning.
    pub(super) fn tell_start(
        &mut self,
        island: IslandId,
        snapshot: Option<archipelago_core::id::JournalPosition>,
    ) {
        let Some(recorder) = &mut self.recorder else { return };
        let cut = self.witness.cut();
        let image = &cut[island.0 as usize];
        recorder.starts_at(self.now, island, image.position, snapshot);
        for (to, sent) in &image.sent {
            let applied = cut[to.0 as usize].applied_from(island);
            recorder.resends(self.now, island, *to, applied, *sent);
        }
    }
}
