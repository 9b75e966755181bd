//! A worker's mailbox: what other threads bring it, and how it is woken.
//!
//! Rules:
//! 1. Asks are bounded: a full queue is [`Busy`](crate::command::Busy). Frames are bounded by the
//!    links' credit, notices by the hand-overs on their way; neither is ever refused.
//! 2. Control frames and data travel apart, so that data cannot block an ack.
//! 3. A worker sleeps only after it has said so and looked once more, also at the doors.
//!
//! It doesn't know what it carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use archipelago_core::id::IslandId;
use archipelago_core::island::Island;
use archipelago_core::link::frame::Frame;
use crossbeam::queue::{ArrayQueue, SegQueue};
use crossbeam::sync::{Parker, Unparker};

use super::driver::{Ask, Query};
use crate::journal::{Durable, JournalError};

/// Emptied lists of asks that are kept to be filled again.
const SPARES_MAX: usize = 64;

/// What a client brings. Asks were admitted at such a time, in nanoseconds of the driver's time.
pub(crate) enum Delivery<I: Island> {
    /// One request.
    Ask(Ask<I>, u64),
    /// Several, for islands of one worker.
    Asks(Vec<Ask<I>>, u64),
    /// A look at an island.
    Query { island: IslandId, query: Query<I> },
}

impl<I: Island> Delivery<I> {
    /// How many places it takes.
    fn places(&self) -> usize {
        match self {
            Self::Ask(..) | Self::Query { .. } => 1,
            Self::Asks(asks, _) => asks.len(),
        }
    }
}

/// A bounded queue of deliveries: a place is taken first, so that what is brought has one.
pub(crate) struct Deliveries<I: Island> {
    queue: SegQueue<Delivery<I>>,
    taken: AtomicUsize,
    max: usize,
    spares: ArrayQueue<Vec<Ask<I>>>,
}

impl<I: Island> Deliveries<I> {
    fn new(max: usize) -> Self {
        let (queue, spares) = (SegQueue::new(), ArrayQueue::new(SPARES_MAX));
        Self { queue, taken: AtomicUsize::new(0), max, spares }
    }

    /// Takes a place, if there is one.
    pub(crate) fn take_place(&self) -> bool {
        let free = self.taken.fetch_add(1, Ordering::AcqRel) < self.max;
        if !free {
            self.give_back(1);
        }
        free
    }

    /// Gives places back.
    pub(crate) fn give_back(&self, places: usize) {
        self.taken.fetch_sub(places, Ordering::AcqRel);
    }

    /// Brings what has its places.
    pub(crate) fn bring(&self, delivery: Delivery<I>) {
        self.queue.push(delivery);
    }

    /// The next; its places are free then.
    pub(crate) fn pop(&self) -> Option<Delivery<I>> {
        let delivery = self.queue.pop()?;
        self.give_back(delivery.places());
        Some(delivery)
    }

    /// A list to gather asks in.
    pub(crate) fn spare(&self) -> Vec<Ask<I>> {
        self.spares.pop().unwrap_or_default()
    }

    /// Takes an emptied list, to be filled again.
    pub(crate) fn recycle(&self, asks: Vec<Ask<I>>) {
        debug_assert!(asks.is_empty(), "all were taken");
        // There may be enough of them.
        let _ = self.spares.push(asks);
    }
}

impl<I: Island> std::fmt::Debug for Deliveries<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliveries").field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// What the journal tells a worker.
#[derive(Debug)]
pub(crate) enum Notice {
    /// One of its hand-overs is durable.
    Durable(Vec<Durable>),
    /// Nothing becomes durable any more.
    Failed(Arc<JournalError>),
}

/// What a worker would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything.
    All,
    /// Everything but asks and queries: it waits for the journal first.
    AllButAsks,
}

/// A worker's mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox<I: Island> {
    pub(crate) deliveries: Deliveries<I>,
    pub(crate) controls: SegQueue<Frame>,
    pub(crate) parcels: SegQueue<Frame>,
    pub(crate) notices: SegQueue<Notice>,
    asleep: AtomicBool,
    unparker: Unparker,
}

impl<I: Island> Mailbox<I> {
    /// A mailbox for at most `deliveries_max` asks and queries, woken through `unparker`.
    pub(crate) fn new(deliveries_max: usize, unparker: Unparker) -> Self {
        Self {
            deliveries: Deliveries::new(deliveries_max),
            controls: SegQueue::new(),
            parcels: SegQueue::new(),
            notices: SegQueue::new(),
            asleep: AtomicBool::new(false),
            unparker,
        }
    }

    /// Brings a frame; the caller wakes afterwards.
    pub(crate) fn bring(&self, frame: Frame) {
        match &frame {
            Frame::Control(_) => self.controls.push(frame),
            Frame::Data(_) => self.parcels.push(frame),
        }
    }

    /// Wakes the worker if it sleeps.
    pub(crate) fn wake(&self) {
        // Pairs with the store in `sleep`: either we see it asleep, or it sees what we brought.
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::SeqCst) {
            self.unparker.unpark();
        }
    }

    /// Drops all asks and queries; whoever waits for one is told that the system is closed.
    pub(crate) fn turn_away(&self) {
        while let Some(delivery) = self.deliveries.pop() {
            drop(delivery);
        }
    }

    /// Whether nothing is here of what is wanted.
    pub(crate) fn is_empty(&self, wanted: Wanted) -> bool {
        (wanted == Wanted::AllButAsks || self.deliveries.queue.is_empty())
            && self.controls.is_empty()
            && self.parcels.is_empty()
            && self.notices.is_empty()
    }

    /// Sleeps until woken, for at most `time`; returns at once if something is here or `stop` is
    /// set: whoever sets it wakes afterwards. Asks and queries count only if they are wanted.
    pub(crate) fn sleep(
        &self,
        parker: &Parker,
        time: Option<Duration>,
        stop: &AtomicBool,
        wanted: Wanted,
    ) {
        self.asleep.store(true, Ordering::SeqCst);
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.is_empty(wanted) && !stop.load(Ordering::SeqCst) {
            match time {
                Some(time) => parker.park_timeout(time),
                None => parker.park(),
            }
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::island::shared::tests::Echo;

    #[test]
    fn a_stop_that_came_before_the_sleep_is_seen_without_a_wake_up() {
        let parker = Parker::new();
        let mailbox: Mailbox<Echo> = Mailbox::new(1, parker.unparker().clone());
        let stop = AtomicBool::new(true);
        // Whoever set it woke a worker that was not asleep yet. This returns, or hangs for ever.
        mailbox.sleep(&parker, None, &stop, Wanted::All);
    }
}
