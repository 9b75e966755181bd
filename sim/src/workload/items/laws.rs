//! The laws of items.
//!
//! Rules:
//! 1. At every cut no shop has seen what cannot be, and nothing that is ready waits unless a
//!    release is under way; what waits is bounded, and each has its timer.
//! 2. Record by record, beside a model of each queue: who is released is the first that was ready;
//!    a newcomer is never done while somebody ready waits; nobody expires before the deadline; who
//!    cannot be done leaves as a dead letter in its turn, not before and not later.
//! 3. Twin, at rest: each task ended, or is a dead letter; nothing waits. One that cannot be done
//!    may have failed when it came.
//!
//! It doesn't know what goes wrong, nor when a cut is taken.

use std::collections::BTreeMap;

use archipelago::patterns::stash::{
    Deferred, FAILED, StashEvent, StashIsland, StashNumber, Verdict,
};
use archipelago_core::id::IslandId;

use super::command::{Deed, Event, Task};
use super::scenario::{CONFIG, spoils};
use super::shop::{End, SPOILED, Shop};
use crate::check::{Check, Cut, Seen, Wants};

/// Holds at every consistent cut.
///
/// # Errors
/// The first thing that does not fit.
pub(super) fn always(shops: Cut<'_, Shop>) -> Result<(), String> {
    for island in shops.changed() {
        let (shop, stash) =
            (&shops[island.0 as usize].state, shops[island.0 as usize].state.stash());
        if let Some(wrong) = shop.wrong() {
            return Err(format!("island {island}: {wrong}"));
        }
        let releases = stash.keys().filter(|order| stash.is_releasing(order)).count();
        let timers = shops[island.0 as usize].timers.len();
        if timers < stash.len() as usize + releases {
            return Err(format!("island {island} has {timers} timers for what waits"));
        }
        if stash.len() > CONFIG.island_max {
            return Err(format!("{} wait on island {island}", stash.len()));
        }
        for order in stash.keys() {
            let waits: Vec<_> = stash.waiting(order).collect();
            if waits.len() > CONFIG.entity_max as usize {
                return Err(format!("{} wait for order {order}", waits.len()));
            }
            let ready = waits.iter().find(|(_, one)| is_ready(shop, *order, &one.command));
            if let Some((_, one)) = ready
                && !stash.is_releasing(order)
            {
                let task = one.command;
                return Err(format!("{task:?} waits for order {order}, which is ready for it"));
            }
        }
    }
    Ok(())
}

/// Holds when all is at rest.
///
/// # Errors
/// The first thing that does not fit.
pub(super) fn all_ended(
    shops: Cut<'_, Shop>,
    tasks: impl Iterator<Item = u64>,
) -> Result<(), String> {
    let mut ends: BTreeMap<u64, u32> = BTreeMap::new();
    for (at, image) in shops.iter().enumerate() {
        let waiting = image.state.stash().len();
        if waiting > 0 {
            return Err(format!("at rest {waiting} wait on island {at}"));
        }
        let letters = image.state.stash().letters();
        let (kept, died) = (letters.iter().count() as u64, image.state.died());
        if died != kept + image.state.put_back() {
            return Err(format!("{died} died on island {at}, {kept} are kept"));
        }
        let dead = letters.iter().map(|(_, letter)| letter.content.deferred.command.number);
        for task in image.state.ended().keys().copied().chain(dead) {
            *ends.entry(task).or_default() += 1;
        }
    }
    for task in tasks {
        match ends.remove(&task) {
            Some(1) => {}
            None if spoils(task) => {}
            other => return Err(format!("task {task} has {} ends", other.unwrap_or(0))),
        }
    }
    ends.keys().next().map_or(Ok(()), |task| Err(format!("nobody asked for task {task}")))
}

fn is_ready(shop: &Shop, order: u32, task: &Task) -> bool {
    !matches!(shop.verdict(&order, task), Verdict::Defer(_))
}

/// What waits, as it came.
type Queue = Vec<(StashNumber, Deferred<Task>)>;

/// A model of the queues, beside the stash.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    queues: BTreeMap<(IslandId, u32), Queue>,
    last: BTreeMap<IslandId, StashNumber>,
}

impl InOrder {
    /// Takes the deferred task of that number out; it must be the first for which `is_first` holds.
    fn take(
        &mut self,
        queue: (IslandId, u32),
        number: StashNumber,
        is_first: impl Fn(&Deferred<Task>, StashNumber) -> bool,
    ) -> Result<Deferred<Task>, String> {
        let waiting = self.queues.entry(queue).or_default();
        let first = waiting.iter().position(|(number, one)| is_first(one, *number));
        match first {
            Some(at) if waiting[at].0 == number => Ok(waiting.remove(at).1),
            other => {
                let should = other.map(|at| waiting[at].1.command);
                Err(format!("{number:?} of order {} leaves, but {should:?} should", queue.1))
            }
        }
    }

    fn event(
        &mut self,
        seen: &Seen<'_, Shop>,
        event: &Event,
        released: &mut Option<Task>,
    ) -> Result<(), String> {
        let (island, shop) = (seen.island, &seen.before.state);
        match event {
            Event::Stash(StashEvent::Deferred(order, one)) => {
                let last = self.last.entry(island).or_default();
                *last = StashNumber(last.0 + 1);
                self.queues.entry((island, *order)).or_default().push((*last, one.clone()));
            }
            Event::Stash(StashEvent::Released(order, number)) => {
                let ready = |one: &Deferred<Task>, _| is_ready(shop, *order, &one.command);
                let one = self.take((island, *order), *number, ready)?;
                *released = Some(one.command);
            }
            Event::Stash(StashEvent::Expired(order, number, why, _)) if *why == FAILED => {
                let ready = |one: &Deferred<Task>, _| is_ready(shop, *order, &one.command);
                let one = self.take((island, *order), *number, ready)?;
                if one.command.deed != Deed::Spoil {
                    return Err(format!("{:?} failed in its turn", one.command));
                }
            }
            Event::Stash(StashEvent::Expired(order, number, _, at)) => {
                let one = self.take((island, *order), *number, |_, it| it == *number)?;
                let due = CONFIG.deadline.map(|deadline| one.since.plus(deadline));
                if due.is_none_or(|due| *at < due) {
                    return Err(format!("{:?} expires at {at}, due {due:?}", one.command));
                }
                if is_ready(shop, *order, &one.command) {
                    return Err(format!("{:?} expires, though it is ready", one.command));
                }
            }
            Event::Ended { order, task, end } => {
                if released.take_if(|released| released == task).is_some() || *end == End::NoRoom {
                    return Ok(());
                }
                let waiting = self.queues.get(&(island, *order)).into_iter().flatten();
                let mut ready = waiting.filter(|(_, one)| is_ready(shop, *order, &one.command));
                if let Some((_, one)) = ready.next() {
                    return Err(format!("{task:?} overtakes {:?}, which is ready", one.command));
                }
            }
            Event::Stash(
                StashEvent::Releases(..) | StashEvent::Granted(..) | StashEvent::TakenOut(_),
            )
            | Event::HandedOn(..)
            | Event::Answered(_) => {}
        }
        Ok(())
    }
}

impl Check<Shop> for InOrder {
    fn name(&self) -> &str {
        "those that wait are released in the order in which they came"
    }

    fn wants(&self) -> Wants {
        Wants::Records
    }

    fn record(&mut self, seen: &Seen<'_, Shop>) -> Result<(), String> {
        if let Some(reason) = seen.dead().filter(|reason| !reason.ends_with(SPOILED)) {
            return Err(format!("a turn fails that should not: {reason}"));
        }
        let mut released = None;
        for event in seen.events()? {
            self.event(seen, &event, &mut released)?;
        }
        released.map_or(Ok(()), |task| Err(format!("{task:?} is released, and nothing is done")))
    }
}
