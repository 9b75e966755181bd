//! The driver of one island: its kernel, and who waits for what it decides.
//!
//! Rules:
//! 1. It is driven: inputs in, `seal`, `durable`, `drain`; it has no thread and reads no clock, so
//!    a simulator drives the same code.
//! 2. The result of a query leaves only when everything it saw is durable.
//!
//! It doesn't know threads, files or queues.

use std::collections::VecDeque;

use archipelago_core::codec::Wire;
use archipelago_core::id::{Asker, IslandId, JournalPosition, LinkSeq};
use archipelago_core::island::{Admitted, Answer, Island, Kernel, Output, Refusal, Request};
use archipelago_core::journal::frame::{Block, BlockPlace};
use archipelago_core::link::chunk::Chunk;
use archipelago_core::link::frame::Frame;
use archipelago_core::lookup::Lookup;
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;
use hdrhistogram::Histogram;

use super::stats::{IslandStats, latency_histogram, record_latency};
use crate::command::{AskError, HandOut, Waiter};
use crate::journal::Durable;

/// A look at an island on its own thread; what it returns is called when all it saw is durable, or
/// when that will never be.
pub(crate) type Query<I> = Box<dyn FnOnce(&Driver<I>) -> Tell + Send>;

/// Tells whoever looked: `Ok` lets the result leave, an error takes its place.
pub(crate) type Tell = Box<dyn FnOnce(Result<(), AskError>) + Send>;

/// A request, and who waits for it.
#[derive(Debug)]
pub(crate) struct Ask<I: Island> {
    pub(crate) request: Request<I::Command>,
    pub(crate) waiter: Waiter<I::Reply>,
}

/// Who waits for one request.
struct Waiting<R> {
    first: Waiter<R>,
    /// Those who asked the same again meanwhile.
    others: Vec<Waiter<R>>,
    admitted: u64,
}

/// Who waits for an answer that is at the gate.
struct AtGate<R> {
    asker: Asker,
    waiter: Waiter<R>,
    admitted: u64,
}

/// One island, driven.
pub struct Driver<I: Island> {
    kernel: Kernel<I>,
    island: IslandId,
    /// Those who were answered when they asked, in the order in which their answers leave.
    at_gate: VecDeque<AtGate<I::Reply>>,
    /// All others.
    waiting: Lookup<Asker, Waiting<I::Reply>>,
    /// Answers that leave now.
    hand_out: HandOut<I::Reply>,
    /// Records of what was told and is not durable.
    told: VecDeque<JournalPosition>,
    queries: VecDeque<(JournalPosition, Tell)>,
    /// The island's last durable block: where reading its sends again begins.
    tail: Option<BlockPlace>,
    answered: u64,
    /// Requests that were told, at the end, that there will be no answer.
    given_up: u64,
    /// The log says once that it has stopped.
    said_stopped: bool,
    latency_us: Histogram<u64>,
}

impl<I: Island> Driver<I> {
    /// An island to drive; `tail` is the place of its last durable block.
    #[must_use]
    pub fn new(island: IslandId, kernel: Kernel<I>, tail: Option<BlockPlace>) -> Self {
        Self {
            kernel,
            island,
            at_gate: VecDeque::new(),
            waiting: Lookup::new(),
            hand_out: HandOut::new(),
            told: VecDeque::new(),
            queries: VecDeque::new(),
            tail,
            answered: 0,
            given_up: 0,
            said_stopped: false,
            latency_us: latency_histogram(),
        }
    }

    /// Takes a request; `admitted` is when, in nanoseconds of the driver's time. Returns how many
    /// requests it answered at once (refusals).
    pub fn ask(
        &mut self,
        now: Millis,
        request: Request<I::Command>,
        waiter: Waiter<I::Reply>,
        admitted: u64,
    ) -> u32 {
        let asker = request.asker;
        match self.kernel.ask(now, request) {
            Ok(_) if waiter.is_told() => {
                self.told.push_back(self.image().position);
                0
            }
            Ok(Admitted::Answered) => {
                self.at_gate.push_back(AtGate { asker, waiter, admitted });
                0
            }
            Ok(Admitted::Decided | Admitted::Pending | Admitted::Again) => {
                match self.waiting.get_mut(&asker) {
                    Some(waiting) => waiting.others.push(waiter),
                    None => {
                        let waiting = Waiting { first: waiter, others: Vec::new(), admitted };
                        self.waiting.insert(asker, waiting);
                    }
                }
                0
            }
            Err(refusal) => {
                self.refuse(waiter, refusal);
                1 + self.give_up_if_stopped()
            }
        }
    }

    fn refuse(&mut self, waiter: Waiter<I::Reply>, refusal: Refusal) {
        waiter.fulfil(Err(AskError::Refused(refusal)));
    }

    /// An island that has stopped answers nobody any more: says so to all who wait and whose
    /// answer is not at the gate already.
    fn give_up_if_stopped(&mut self) -> u32 {
        let Some(reason) = self.kernel.stopped() else { return 0 };
        let on_its_way = self.kernel.durable_position() < self.image().position;
        if on_its_way || !self.kernel.is_gate_empty() {
            return 0;
        }
        if !std::mem::replace(&mut self.said_stopped, true) {
            tracing::error!(island = %self.island, reason, "an island has stopped");
        }
        let refusal = Refusal::Stopped(self.island, reason.into());
        self.give_up(&AskError::Refused(refusal))
    }

    /// Tells everyone who waits that there will be no answer.
    pub fn give_up(&mut self, why: &AskError) -> u32 {
        self.queries.drain(..).for_each(|(_, tell)| tell(Err(why.clone())));
        let waiting = std::mem::take(&mut self.waiting).into_sorted();
        let mut count = std::mem::take(&mut self.told).len() as u32;
        for AtGate { waiter, .. } in std::mem::take(&mut self.at_gate) {
            waiter.fulfil(Err(why.clone()));
            count += 1;
        }
        for (_, waiting) in waiting {
            for waiter in std::iter::once(waiting.first).chain(waiting.others) {
                waiter.fulfil(Err(why.clone()));
                count += 1;
            }
        }
        self.given_up += u64::from(count);
        count
    }

    /// A request that was admitted was not looked at before the end.
    pub(crate) const fn note_turned_away(&mut self) {
        self.given_up += 1;
    }

    /// Takes a frame.
    pub fn receive(&mut self, now: Millis, frame: &Frame) {
        // A stopped island drops frames; they stay in their sender's outbox.
        let _ = self.kernel.receive(now, frame);
    }

    /// Lets timers fire and links look for progress.
    pub fn tick(&mut self, now: Millis) {
        let _ = self.kernel.tick(now);
    }

    /// Runs a look; its result leaves when all it saw is durable.
    pub(crate) fn query(&mut self, query: Query<I>) {
        let tell = query(self);
        self.queries.push_back((self.kernel.image().position, tell));
    }

    /// Answers a look with an error.
    pub(crate) fn refuse_query(&self, query: Query<I>, why: AskError) {
        query(self)(Err(why));
    }

    /// The user's state; that of a stopped island may be half changed and is not shown.
    pub(crate) fn state(&self) -> Result<&I, AskError> {
        match self.kernel.stopped() {
            None => Ok(&self.image().state),
            Some(why) => Err(AskError::Refused(Refusal::Stopped(self.island, why.into()))),
        }
    }

    /// What was decided since the last seal.
    pub fn seal(&mut self) -> Option<Block> {
        self.kernel.seal()
    }

    /// One of its blocks is durable.
    pub fn durable(&mut self, durable: Durable) {
        self.kernel.durable(durable.upto);
        self.tail = Some(durable.place);
        self.kernel.recycle(durable.body);
    }

    /// What was decided since the last seal counts as durable at once: nothing keeps it but memory.
    pub fn keep_in_memory(&mut self) {
        if let Some(block) = self.kernel.seal() {
            self.kernel.durable(block.upto());
            self.kernel.recycle(block.body);
        }
    }

    /// Hands out what may leave: frames to `carry`, answers to those who wait. `reread` reads this
    /// island's messages to a peer again from the journal. `answered` hears how many requests are
    /// about to be answered: whoever has an answer finds room for another request.
    pub fn drain(
        &mut self,
        now_nanos: u64,
        mut carry: impl FnMut(Frame),
        mut reread: impl FnMut(IslandId, Option<BlockPlace>, IslandId, LinkSeq) -> Option<Chunk>,
        mut answered: impl FnMut(u32),
    ) {
        let mut count = 0;
        let mut again = true;
        while again {
            let mut refills = Vec::new();
            let (at_gate, waiting, out) =
                (&mut self.at_gate, &mut self.waiting, &mut self.hand_out);
            let latency = &mut self.latency_us;
            self.kernel.drain(|output| match output {
                Output::Answer(asker, answer) => {
                    if at_gate.front().is_some_and(|first| first.asker == asker) {
                        let first = at_gate.pop_front().expect("looked at just now");
                        record_latency(latency, now_nanos.saturating_sub(first.admitted));
                        count += 1;
                        out.add(first.waiter, said(answer));
                    } else if let Some(waiting) = waiting.remove(&asker) {
                        record_latency(latency, now_nanos.saturating_sub(waiting.admitted));
                        count += 1 + waiting.others.len() as u32;
                        hand_over::<I>(waiting, answer, out);
                    }
                }
                Output::Frame(frame) => carry(frame),
                Output::Refill { to, first } => refills.push((to, first)),
                Output::Breach(breach) => tracing::error!(%breach, "a link is refused"),
            });
            again = false;
            for (to, first) in refills {
                let chunk = reread(self.island, self.tail, to, first);
                // What was read leaves now; what could not be read is asked for again later.
                again |= self.kernel.refill(to, chunk);
            }
        }
        let durable = self.kernel.durable_position();
        while self.told.front().is_some_and(|position| *position <= durable) {
            self.told.pop_front();
            count += 1;
        }
        self.answered += u64::from(count);
        answered(count);
        self.hand_out.hand_out();
        while self.queries.front().is_some_and(|(position, _)| *position <= durable) {
            let (_, tell) = self.queries.pop_front().expect("looked at just now");
            tell(Ok(()));
        }
        answered(self.give_up_if_stopped());
    }

    /// Which island it is.
    #[must_use]
    pub const fn island(&self) -> IslandId {
        self.island
    }

    /// Its kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Kernel<I> {
        &self.kernel
    }

    /// Everything its journal determines, what is not durable yet included.
    #[must_use]
    pub const fn image(&self) -> &Image<I> {
        self.kernel.image()
    }

    /// The island itself, when it is driven no more.
    #[must_use]
    pub fn into_image(self) -> Image<I> {
        self.kernel.into_image()
    }

    /// Whether a panic in `evolve` ended it.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.kernel.stopped().is_some()
    }

    /// Whether nothing is on its way and nobody waits.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.kernel.stopped().is_some()
            || (self.at_gate.is_empty()
                && self.waiting.is_empty()
                && self.told.is_empty()
                && self.queries.is_empty()
                && self.kernel.is_settled())
    }

    pub(crate) const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Its figures since its start.
    #[must_use]
    pub fn stats(&self) -> IslandStats {
        IslandStats {
            island: self.island,
            position: self.image().position,
            counters: self.kernel.counters(),
            answered: self.answered,
            waiting: (self.at_gate.len() + self.waiting.len() + self.told.len()) as u64,
            sessions: self.image().sessions.len() as u64,
            latency_us: self.latency_us.clone(),
            stopped: self.kernel.stopped().map(str::to_owned),
        }
    }
}

impl<I: Island> std::fmt::Debug for Driver<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("island", &self.island).finish_non_exhaustive()
    }
}

/// What a client hears.
fn said<R>(answer: Answer<R>) -> Result<R, AskError> {
    match answer {
        Answer::Reply(reply) => Ok(reply),
        Answer::DeadLetter(reason) => Err(AskError::DeadLetter(reason)),
    }
}

fn hand_over<I: Island>(
    waiting: Waiting<I::Reply>,
    answer: Answer<I::Reply>,
    out: &mut HandOut<I::Reply>,
) {
    for waiter in waiting.others {
        let copy = match &answer {
            Answer::Reply(reply) => copied(reply),
            Answer::DeadLetter(reason) => Err(AskError::DeadLetter(reason.clone())),
        };
        out.add(waiter, copy);
    }
    out.add(waiting.first, said(answer));
}

/// Replies need not be Clone: the rare second waiter gets a copy by its bytes.
fn copied<R: Wire>(reply: &R) -> Result<R, AskError> {
    let mut bytes = Vec::new();
    let copy = reply.encode(&mut bytes).and_then(|()| R::decode(&bytes));
    copy.map_err(|error| AskError::DeadLetter(error.to_string().into()))
}
