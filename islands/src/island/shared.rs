//! What client threads and workers share: routes, gauges and the doors.
//!
//! Rules:
//! 1. Admission decides at the edge, without a lock: a flag that the disk is full, per island a
//!    gauge of unanswered requests and a flag "full", per worker a bounded queue.
//! 2. When the doors are shut, every ask is told why.
//!
//! It doesn't know what a command means.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, Slot};
use archipelago_core::island::Island;
use archipelago_core::time::Millis;

use super::driver::{Ask, Query};
use super::mailbox::{Delivery, Mailbox};
use crate::command::{AskError, Busy};
use crate::journal::JournalStats;

/// One island's gauge.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// Requests admitted and not answered.
    pub(crate) unanswered: AtomicU32,
    /// The island takes no client commands for now (links rule R11).
    pub(crate) full: AtomicBool,
    /// Requests refused as busy.
    pub(crate) busy: AtomicU64,
}

/// What is asked of the workers.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    /// No new asks.
    pub(crate) closing: AtomicBool,
    /// Workers end.
    pub(crate) stop: AtomicBool,
    /// Why the journal failed, if it did.
    pub(crate) failed: OnceLock<Arc<str>>,
}

/// What client threads and workers share.
#[derive(Debug)]
pub(crate) struct Shared<I: Island> {
    pub(crate) table: Arc<Table>,
    pub(crate) mailboxes: Vec<Mailbox<I>>,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) doors: Doors,
    pub(crate) journal: Arc<JournalStats>,
    pub(crate) unanswered_max: u32,
    pub(crate) started: Instant,
    pub(crate) started_millis: Millis,
}

impl<I: Island> Shared<I> {
    pub(crate) fn new(
        table: Arc<Table>,
        mailboxes: Vec<Mailbox<I>>,
        journal: Arc<JournalStats>,
        unanswered_max: u32,
        started_millis: Millis,
    ) -> Self {
        let gauges = (0..table.islands()).map(|_| Gauge::default()).collect();
        Self {
            table,
            mailboxes,
            gauges,
            doors: Doors::default(),
            journal,
            unanswered_max,
            started: Instant::now(),
            started_millis,
        }
    }

    /// Nanoseconds since the start.
    pub(crate) fn nanos(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The wall clock, as the islands see it: it never goes back within a run.
    pub(crate) fn millis_at(&self, nanos: u64) -> Millis {
        self.started_millis.plus(Millis(nanos / 1_000_000))
    }

    /// The number of the worker that drives `island`.
    pub(crate) fn worker_of(&self, island: IslandId) -> usize {
        island.0 as usize % self.mailboxes.len()
    }

    fn mailbox_of(&self, island: IslandId) -> &Mailbox<I> {
        &self.mailboxes[self.worker_of(island)]
    }

    fn gauge(&self, island: IslandId) -> &Gauge {
        &self.gauges[island.0 as usize]
    }

    fn shut(&self) -> Option<AskError> {
        if let Some(reason) = self.doors.failed.get() {
            return Some(AskError::Journal(Arc::clone(reason)));
        }
        self.doors.closing.load(Ordering::SeqCst).then_some(AskError::Closed)
    }

    /// Admits one request for `slot`: takes a place on its island and in the queue to it. What is
    /// admitted is brought, or [leaves](Self::leave).
    pub(crate) fn enter(&self, slot: Slot) -> Result<IslandId, AskError> {
        if let Some(why) = self.shut() {
            return Err(why);
        }
        let island = self.table.owner(slot);
        let gauge = self.gauge(island);
        let refused = |busy| {
            gauge.busy.fetch_add(1, Ordering::Relaxed);
            Err(AskError::Busy(busy))
        };
        if self.journal.room().is_full() {
            return refused(Busy::DiskFull);
        }
        if gauge.full.load(Ordering::Relaxed) {
            return refused(Busy::Backlog(island));
        }
        if gauge.unanswered.fetch_add(1, Ordering::AcqRel) >= self.unanswered_max {
            gauge.unanswered.fetch_sub(1, Ordering::AcqRel);
            return refused(Busy::Island(island));
        }
        if !self.mailbox_of(island).deliveries.take_place() {
            gauge.unanswered.fetch_sub(1, Ordering::AcqRel);
            return refused(Busy::Queue(island));
        }
        Ok(island)
    }

    /// Gives back what [`Self::enter`] took: the request is not brought.
    pub(crate) fn leave(&self, island: IslandId) {
        self.answered(island, 1);
        self.mailbox_of(island).deliveries.give_back(1);
    }

    /// Brings a request that was admitted.
    pub(crate) fn bring(&self, island: IslandId, ask: Ask<I>) {
        let mailbox = self.mailbox_of(island);
        mailbox.deliveries.bring(Delivery::Ask(ask, self.nanos()));
        self.brought(mailbox);
    }

    /// Brings requests that were admitted, for islands of one worker.
    pub(crate) fn bring_all(&self, worker: usize, asks: Vec<Ask<I>>) {
        let mailbox = &self.mailboxes[worker];
        mailbox.deliveries.bring(Delivery::Asks(asks, self.nanos()));
        self.brought(mailbox);
    }

    /// A list to gather a worker's asks in.
    pub(crate) fn spare_of(&self, worker: usize) -> Vec<Ask<I>> {
        self.mailboxes[worker].deliveries.spare()
    }

    /// Tells all workers to end.
    pub(crate) fn end(&self) {
        self.doors.closing.store(true, Ordering::SeqCst);
        self.doors.stop.store(true, Ordering::SeqCst);
        self.mailboxes.iter().for_each(Mailbox::wake);
    }

    /// Brings a look to an island.
    pub(crate) fn look(&self, island: IslandId, query: Query<I>) -> Result<(), AskError> {
        if let Some(reason) = self.doors.failed.get() {
            return Err(AskError::Journal(Arc::clone(reason)));
        }
        if self.doors.stop.load(Ordering::SeqCst) {
            return Err(AskError::Closed);
        }
        let mailbox = self.mailbox_of(island);
        if !mailbox.deliveries.take_place() {
            return Err(AskError::Busy(Busy::Queue(island)));
        }
        mailbox.deliveries.bring(Delivery::Query { island, query });
        self.brought(mailbox);
        Ok(())
    }

    /// Wakes whoever takes what was brought. A worker that has ended takes nothing, so that those
    /// who come after its last look are turned away by themselves.
    fn brought(&self, mailbox: &Mailbox<I>) {
        mailbox.wake();
        if self.doors.stop.load(Ordering::SeqCst) {
            mailbox.turn_away();
        }
    }

    /// `count` requests of an island were answered.
    pub(crate) fn answered(&self, island: IslandId, count: u32) {
        if count > 0 {
            self.gauge(island).unanswered.fetch_sub(count, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use archipelago_core::id::{ClientId, RequestNumber};
    use archipelago_core::island::Turn;
    use crossbeam::sync::Parker;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::command::{Again, Client};

    #[derive(Serialize, Deserialize)]
    pub(in crate::island) struct Echo;

    impl Island for Echo {
        type Command = u64;
        type Event = ();
        type Reply = u64;

        fn decide(&self, command: u64, turn: &mut Turn<Self>) {
            turn.reply(command);
        }

        fn evolve(&mut self, (): &()) {}
    }

    #[test]
    fn who_comes_after_the_workers_have_ended_is_told_and_not_left_in_the_queue() {
        let mailbox = Mailbox::new(4, Parker::new().unparker().clone());
        let table = Arc::new(Table::modulo(1).unwrap());
        let shared =
            Arc::new(Shared::<Echo>::new(table, vec![mailbox], Arc::default(), 4, Millis(0)));
        let client = Client::new(Arc::clone(&shared), ClientId(1), RequestNumber::ZERO, Again::Yes);
        // It passed the doors just before they were shut.
        shared.doors.stop.store(true, Ordering::SeqCst);
        assert_eq!(client.ask("key", 1).unwrap().wait(), Err(AskError::Closed));
    }
}
