//! A worker: one thread that drives its islands.
//!
//! ```text
//! loop: notices → frames → asks → timers → drain → seal and hand over → (nothing done?) park
//! ```
//! Rules:
//! 1. Frames before asks: an island's message is never refused, a client's command may wait.
//! 2. At most [`HANDED_MAX`] hand-overs are on their way; records decided meanwhile gather. So
//!    groups grow with the load, and no timer is needed.
//! 3. With too many bytes gathered it takes no asks, but goes on taking frames.
//! 4. When the journal has failed, nothing is decided any more: whoever asks is told so.
//! 5. A worker that panics (a defect of ours, or of a user's serde code) ends the system: all who
//!    wait are told that it is closed, and whoever closes it gets the panic.
//!
//! It doesn't know what islands decide, nor how the journal writes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use archipelago_core::id::IslandId;
use archipelago_core::island::{Counters, Island};
use archipelago_core::link::frame::Frame;
use archipelago_core::time::Millis;
use crossbeam::sync::Parker;

use super::driver::{Ask, Driver};
use super::mailbox::{Delivery, Mailbox, Notice, Wanted};
use super::shared::Shared;
use crate::command::AskError;
use crate::journal::HandOver;
use crate::link::Rereader;
use crate::meters::Tally;

/// Hand-overs of blocks on their way per worker: one being written, one waiting for its turn.
pub(crate) const HANDED_MAX: usize = 2;
/// Messages and asks taken per round, so that neither starves the other, and what they cause leaves
/// while more comes. A frame is taken whole.
const ROUND_MAX: usize = 256;
/// With so many bytes of records made by asks, a round is full as well.
const ROUND_BYTES_MAX: usize = 128 << 10;
/// With so many bytes of records gathered, no more asks are taken. A replay reads what was gathered
/// for an island as one block, and is fastest with blocks that leave most of the cache to the
/// state.
const GATHERED_BYTES_MAX: usize = 384 << 10;

/// How often a worker without a journal looks around before it parks, and how often of that without
/// letting others have its core.
const LOOKS_MAX: u32 = 208;
const SPINS_MAX: u32 = 200;

/// What makes records durable.
pub(crate) enum Keeping {
    /// A journal, which says when.
    Journal(HandOver),
    /// Memory, at once: the process is all there is.
    Memory,
}

/// One thread's islands and queues.
pub(crate) struct Worker<I: Island> {
    index: usize,
    workers: usize,
    shared: Arc<Shared<I>>,
    parker: Parker,
    /// Island `index + k × workers` stands at `k`.
    drivers: Vec<Driver<I>>,
    keeping: Keeping,
    rereader: Rereader,
    /// Blocks of each hand-over on its way, oldest first.
    handed: VecDeque<usize>,
    /// Frames from this worker's islands to each other.
    local: VecDeque<Frame>,
    touched: Touched,
    /// Islands with records not handed over.
    unsealed: Touched,
    ticks: Ticks,
    /// What is to be reported, and what was by island: its counters and its busy refusals.
    tally: Tally,
    reported: Vec<(Counters, u64)>,
}

/// A set of local island indices that keeps its memory.
struct Touched {
    list: Vec<usize>,
    marks: Vec<bool>,
}

impl Touched {
    fn new(islands: usize) -> Self {
        Self { list: Vec::new(), marks: vec![false; islands] }
    }

    fn add(&mut self, at: usize) {
        if !std::mem::replace(&mut self.marks[at], true) {
            self.list.push(at);
        }
    }

    fn take(&mut self) -> Vec<usize> {
        self.list.iter().for_each(|at| self.marks[*at] = false);
        std::mem::take(&mut self.list)
    }

    fn give_back(&mut self, mut list: Vec<usize>) {
        if self.list.is_empty() {
            list.clear();
            self.list = list;
        }
    }
}

/// When each island wants its next tick.
struct Ticks {
    queue: BTreeSet<(Millis, usize)>,
    by_island: Vec<Option<Millis>>,
}

impl Ticks {
    fn set(&mut self, at: usize, when: Option<Millis>) {
        if self.by_island[at] == when {
            return;
        }
        if let Some(old) = std::mem::replace(&mut self.by_island[at], when) {
            self.queue.remove(&(old, at));
        }
        if let Some(when) = when {
            self.queue.insert((when, at));
        }
    }

    fn next(&self) -> Option<(Millis, usize)> {
        self.queue.first().copied()
    }
}

impl<I: Island> Worker<I> {
    pub(crate) fn new(
        index: usize,
        shared: Arc<Shared<I>>,
        parker: Parker,
        drivers: Vec<Driver<I>>,
        keeping: Keeping,
        rereader: Rereader,
    ) -> Self {
        let count = drivers.len();
        let mut ticks = Ticks { queue: BTreeSet::new(), by_island: vec![None; count] };
        let mut touched = Touched::new(count);
        for (at, driver) in drivers.iter().enumerate() {
            ticks.set(at, driver.kernel().next_tick());
            touched.add(at);
        }
        Self {
            index,
            workers: shared.mailboxes.len(),
            shared,
            parker,
            drivers,
            keeping,
            rereader,
            handed: VecDeque::new(),
            local: VecDeque::new(),
            touched,
            unsealed: Touched::new(count),
            ticks,
            tally: Tally::default(),
            reported: vec![Default::default(); count],
        }
    }

    /// Runs until told to stop; gives the islands back.
    pub(crate) fn run(mut self) -> Vec<Driver<I>> {
        let shared = Arc::clone(&self.shared);
        let mailbox = &shared.mailboxes[self.index];
        let _ends_all = EndsAll(&shared);
        loop {
            let worked = self.round(mailbox);
            if shared.doors.stop.load(Ordering::SeqCst) {
                break;
            }
            if worked == 0 && !self.sees_more(mailbox) {
                let (time, stop) = (self.sleep_time(), &shared.doors.stop);
                mailbox.sleep(&self.parker, time, stop, self.wanted());
            }
        }
        while let Some(delivery) = mailbox.deliveries.pop() {
            each_ask(delivery, |ask| {
                let at = self.local_index(self.shared.table.owner(ask.request.asker.slot));
                self.drivers[at].note_turned_away();
            });
        }
        for driver in &mut self.drivers {
            driver.give_up(&AskError::Closed);
        }
        (0..self.drivers.len()).for_each(|at| self.count(at));
        self.tally.report();
        self.drivers
    }

    /// In memory an answer from another thread may come sooner than a sleeper could be woken: it
    /// looks for some microseconds more, and lets other threads have its core after the first few.
    fn sees_more(&self, mailbox: &Mailbox<I>) -> bool {
        if matches!(self.keeping, Keeping::Journal(_)) {
            return false;
        }
        for look in 0..LOOKS_MAX {
            if !mailbox.is_empty(Wanted::All) {
                return true;
            }
            if look < SPINS_MAX { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        false
    }

    /// One round; returns how much was done.
    fn round(&mut self, mailbox: &Mailbox<I>) -> usize {
        let nanos = self.shared.nanos();
        let now = self.shared.millis_at(nanos);
        let mut worked = self.take_notices(mailbox, nanos);
        if self.shared.doors.failed.get().is_some() {
            return worked + self.refuse_all(mailbox);
        }
        worked += self.take_frames(mailbox, now);
        worked += self.take_deliveries(mailbox, now);
        worked += self.take_ticks(now);
        worked += self.drain(nanos);
        worked + self.hand_over()
    }

    fn local_index(&self, island: IslandId) -> usize {
        island.0 as usize / self.workers
    }

    fn take_notices(&mut self, mailbox: &Mailbox<I>, nanos: u64) -> usize {
        let mut taken = 0;
        while let Some(notice) = mailbox.notices.pop() {
            taken += 1;
            match notice {
                Notice::Durable(blocks) => {
                    self.note_durable(blocks.len());
                    for durable in blocks {
                        let at = self.local_index(durable.island);
                        self.drivers[at].durable(durable);
                        self.touched.add(at);
                    }
                }
                Notice::Failed(error) => {
                    // What is durable already may leave.
                    self.drain(nanos);
                    self.fail(error.to_string().into());
                }
            }
        }
        taken
    }

    /// Nothing becomes durable any more.
    fn fail(&mut self, reason: Arc<str>) {
        let _ = self.shared.doors.failed.set(Arc::clone(&reason));
        self.give_up(&AskError::Journal(reason));
    }

    /// Answers all that is in the mailbox with the journal's error; returns how much that was.
    fn refuse_all(&mut self, mailbox: &Mailbox<I>) -> usize {
        self.local.clear();
        while mailbox.controls.pop().or_else(|| mailbox.parcels.pop()).is_some() {}
        let Some(reason) = self.shared.doors.failed.get() else { return 0 };
        let why = || AskError::Journal(Arc::clone(reason));
        let mut refused = 0;
        while let Some(delivery) = mailbox.deliveries.pop() {
            refused += 1;
            match delivery {
                Delivery::Query { island, query } => {
                    self.drivers[self.local_index(island)].refuse_query(query, why());
                }
                asks => each_ask(asks, |ask| {
                    ask.waiter.fulfil(Err(why()));
                    self.shared.answered(self.shared.table.owner(ask.request.asker.slot), 1);
                }),
            }
        }
        refused
    }

    /// A commit holds whole hand-overs, in order, perhaps several.
    fn note_durable(&mut self, mut blocks: usize) {
        while blocks > 0 {
            let handed = self.handed.pop_front().expect("durable blocks were handed over");
            blocks = blocks.checked_sub(handed).expect("a commit holds whole hand-overs");
        }
    }

    fn give_up(&mut self, why: &AskError) {
        for driver in &mut self.drivers {
            let count = driver.give_up(why);
            self.shared.answered(driver.island(), count);
        }
    }

    fn take_frames(&mut self, mailbox: &Mailbox<I>, now: Millis) -> usize {
        let mut taken = 0;
        while let Some(frame) = mailbox.controls.pop() {
            taken += 1;
            self.receive(now, &frame);
        }
        while taken < ROUND_MAX {
            let Some(frame) = self.local.pop_front().or_else(|| mailbox.parcels.pop()) else {
                break;
            };
            taken += match &frame {
                Frame::Data(parcel) => parcel.count as usize,
                Frame::Control(_) => 1,
            };
            self.receive(now, &frame);
        }
        taken
    }

    fn receive(&mut self, now: Millis, frame: &Frame) {
        let at = self.local_index(frame.envelope().to);
        self.drivers[at].receive(now, frame);
        self.touched.add(at);
    }

    fn wanted(&self) -> Wanted {
        if self.shared.doors.failed.get().is_some() {
            return Wanted::All;
        }
        let bytes = self.unsealed.list.iter().map(|at| self.drivers[*at].kernel().block_bytes());
        if bytes.sum::<usize>() > GATHERED_BYTES_MAX { Wanted::AllButAsks } else { Wanted::All }
    }

    fn take_deliveries(&mut self, mailbox: &Mailbox<I>, now: Millis) -> usize {
        if self.wanted() == Wanted::AllButAsks {
            return 0;
        }
        let (mut taken, mut bytes) = (0, 0);
        while taken < ROUND_MAX && bytes < ROUND_BYTES_MAX {
            let Some(delivery) = mailbox.deliveries.pop() else { break };
            match delivery {
                Delivery::Ask(ask, admitted) => {
                    taken += 1;
                    bytes += self.ask(now, ask, admitted);
                }
                Delivery::Asks(mut asks, admitted) => {
                    taken += asks.len();
                    bytes += asks.drain(..).map(|ask| self.ask(now, ask, admitted)).sum::<usize>();
                    mailbox.deliveries.recycle(asks);
                }
                Delivery::Query { island, query } => {
                    taken += 1;
                    let at = self.local_index(island);
                    self.drivers[at].query(query);
                    self.touched.add(at);
                }
            }
        }
        taken
    }

    /// Returns how many bytes of records it made.
    fn ask(&mut self, now: Millis, Ask { request, waiter }: Ask<I>, admitted: u64) -> usize {
        let island = self.shared.table.owner(request.asker.slot);
        let at = self.local_index(island);
        let before = self.drivers[at].kernel().block_bytes();
        let answered = self.drivers[at].ask(now, request, waiter, admitted);
        let made = self.drivers[at].kernel().block_bytes() - before;
        self.tally.answers += u64::from(answered);
        self.shared.answered(island, answered);
        self.touched.add(at);
        made
    }

    fn take_ticks(&mut self, now: Millis) -> usize {
        let mut taken = 0;
        while let Some((when, at)) = self.ticks.next() {
            if when > now {
                break;
            }
            taken += 1;
            self.drivers[at].tick(now);
            self.ticks.set(at, self.drivers[at].kernel().next_tick().filter(|next| *next > now));
            self.touched.add(at);
        }
        taken
    }

    /// Lets everything leave that may, and wakes whoever gets it.
    fn drain(&mut self, nanos: u64) -> usize {
        let touched = self.touched.take();
        let mut carried = 0;
        let mut wake = 0_u64;
        for at in &touched {
            let (workers, index, shared) = (self.workers, self.index, &self.shared);
            let (local, rereader) = (&mut self.local, &mut self.rereader);
            let driver = &mut self.drivers[*at];
            if matches!(self.keeping, Keeping::Memory) {
                driver.keep_in_memory();
            }
            let carry = |frame: Frame| {
                carried += 1;
                let worker = frame.envelope().to.0 as usize % workers;
                if worker == index {
                    local.push_back(frame);
                } else {
                    shared.mailboxes[worker].bring(frame);
                    wake |= 1 << (worker % 64);
                }
            };
            // A stopped journal lets nothing more leave.
            let reread = |from, tail, to, first| rereader.reread(from, tail, to, first);
            let island = driver.island();
            let answers = &mut self.tally.answers;
            driver.drain(nanos, carry, reread, |count| {
                *answers += u64::from(count);
                shared.answered(island, count);
            });
            let full = driver.kernel().is_full();
            shared.gauges[driver.island().0 as usize].full.store(full, Ordering::Relaxed);
            self.ticks.set(*at, driver.kernel().next_tick());
            if driver.kernel().has_unsealed() {
                self.unsealed.add(*at);
            }
            self.count(*at);
        }
        self.touched.give_back(touched);
        self.tally.report();
        (0..self.workers)
            .filter(|worker| wake & (1 << (worker % 64)) != 0)
            .for_each(|worker| self.shared.mailboxes[worker].wake());
        carried
    }

    /// Adds to the tally what an island has done since it was counted last.
    fn count(&mut self, at: usize) {
        let (driver, (made, busy)) = (&self.drivers[at], &mut self.reported[at]);
        self.tally.add(made, driver.kernel().counters());
        let busy_now = self.shared.gauges[driver.island().0 as usize].busy.load(Ordering::Relaxed);
        self.tally.busy += busy_now - *busy;
        *busy = busy_now;
    }

    /// Hands what was decided to the journal, if that is not too far behind.
    fn hand_over(&mut self) -> usize {
        if self.unsealed.list.is_empty() || self.handed.len() >= HANDED_MAX {
            return 0;
        }
        let unsealed = self.unsealed.take();
        let mut blocks = Vec::with_capacity(unsealed.len());
        for at in &unsealed {
            match self.drivers[*at].seal() {
                Some(block) => blocks.push(block),
                // Only answers given again: they may leave in the next round.
                None => self.touched.add(*at),
            }
        }
        self.unsealed.give_back(unsealed);
        if let Keeping::Journal(journal) = &self.keeping
            && !blocks.is_empty()
        {
            self.handed.push_back(blocks.len());
            if let Err(error) = journal.hand_over(blocks) {
                self.fail(error.to_string().into());
            }
        }
        1
    }

    fn sleep_time(&self) -> Option<Duration> {
        if self.shared.doors.failed.get().is_some() {
            return None;
        }
        let now = self.shared.millis_at(self.shared.nanos());
        let (when, _) = self.ticks.next()?;
        Some(Duration::from_millis(when.0.saturating_sub(now.0).max(1)))
    }
}

/// Hands each ask of a delivery to `each`; a query is dropped.
fn each_ask<I: Island>(delivery: Delivery<I>, mut each: impl FnMut(Ask<I>)) {
    match delivery {
        Delivery::Ask(ask, _) => each(ask),
        Delivery::Asks(asks, _) => asks.into_iter().for_each(each),
        Delivery::Query { .. } => {}
    }
}

/// Ends all workers when this one panics: its islands answer nobody any more.
struct EndsAll<'a, I: Island>(&'a Shared<I>);

impl<I: Island> Drop for EndsAll<'_, I> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
            self.0.mailboxes.iter().for_each(Mailbox::turn_away);
        }
    }
}
