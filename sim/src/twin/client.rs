//! The client of the twin: submits as `archipelago run warehouse` does.
//!
//! Rules:
//! 1. Before each request it takes all answers that are there; at most 8,192 requests are on their
//!    way. Busy means to take an answer first.
//! 2. First the setup; when all of it is answered and everything has come to rest, the requests
//!    that count.
//!
//! It doesn't know what it asks for.

use std::collections::{BTreeMap, VecDeque};

use archipelago::command::Completion;
use archipelago_core::command::dedup::SPAN_MAX;
use archipelago_core::command::route;
use archipelago_core::id::{Asker, RequestNumber};
use archipelago_core::island::{Island, Request};

use super::costs::Section;
use super::mailbox::{Delivery, Effect};
use super::plan::{Ask, Pace};
use super::run::{Event, LOOK_NANOS, Step, Twin, owner};

/// As the command line's: requests on their way at a time.
const OUTSTANDING_MAX: usize = 8192;
/// As the builder's: unanswered requests of one island.
const UNANSWERED_MAX: u32 = 1024;
/// As the builder's: asks queued per worker.
const QUEUE_MAX: usize = 16_384;
/// As the command line's: how long to wait when everything is busy and no answer is on its way.
const BUSY_NANOS: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Setup,
    /// All of the setup is answered; looks so often found everything at rest.
    Settling(u32),
    Asks,
    Done,
}

/// The client.
pub(super) struct Client<I: Island, A> {
    pace: Pace,
    phase: Phase,
    setup: VecDeque<Ask<I::Command>>,
    asks: A,
    /// A request that was not admitted.
    held: Option<Ask<I::Command>>,
    /// An answer must be taken before anything else.
    must_take: bool,
    queue: VecDeque<Completion<I::Reply>>,
    /// Requests on their way, with their island.
    unanswered: BTreeMap<RequestNumber, u32>,
    /// Answers given and not taken, and requests on their way.
    on_their_way: usize,
    gauges: Vec<u32>,
    /// How often it has looked for an answer when there was none.
    looks: u32,
    last: RequestNumber,
    setup_answered: u64,
    answered: u64,
    pub(super) busy: u64,
}

impl<I: Island, A: Iterator<Item = Ask<I::Command>>> Client<I, A> {
    pub(super) fn new(islands: u32, pace: Pace, setup: Vec<Ask<I::Command>>, asks: A) -> Self {
        Self {
            pace,
            phase: Phase::Setup,
            setup: setup.into(),
            asks,
            held: None,
            must_take: false,
            queue: VecDeque::new(),
            unanswered: BTreeMap::new(),
            on_their_way: 0,
            gauges: vec![0; islands as usize],
            looks: 0,
            last: RequestNumber::ZERO,
            setup_answered: 0,
            answered: 0,
            busy: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Answers to requests that count.
    pub(super) const fn answered(&self) -> u64 {
        self.answered - self.setup_answered
    }

    /// An answer has come.
    pub(super) fn answer(&mut self, island: u32, completion: Completion<I::Reply>) {
        self.gauges[island as usize] -= 1;
        self.unanswered.remove(&completion.number);
        self.queue.push_back(completion);
    }

    fn next(&mut self) -> Option<Ask<I::Command>> {
        match self.phase {
            Phase::Setup => self.setup.pop_front(),
            Phase::Asks => self.asks.next(),
            Phase::Settling(_) | Phase::Done => None,
        }
    }

    /// The request's number and the oldest unanswered one, if that is not too far behind.
    fn number(&self) -> Option<(RequestNumber, RequestNumber)> {
        let number = RequestNumber(self.last.0 + 1);
        let oldest = self.unanswered.first_key_value().map_or(number, |(oldest, _)| *oldest);
        (number.0 - oldest.0 < SPAN_MAX).then_some((number, oldest))
    }
}

impl<I: Island, A: Iterator<Item = Ask<I::Command>>> Twin<I, A> {
    /// The client's next step.
    pub(super) fn client_step(&mut self, effects: &mut Vec<Effect<I>>) -> Step {
        loop {
            let client = &mut self.client;
            if client.queue.pop_front().is_some() {
                client.answered += 1;
                client.on_their_way -= 1;
                (client.must_take, client.looks) = (false, 0);
                return Step::Work(self.plan.costs.one(Section::Client, 2));
            }
            let serial = client.pace == Pace::Serial && client.phase == Phase::Asks;
            let full = client.on_their_way >= OUTSTANDING_MAX;
            if client.must_take || full || (serial && client.on_their_way > 0) {
                return Self::look_again(&mut client.looks, &self.plan.costs);
            }
            let Some(ask) = client.held.take().or_else(|| client.next()) else {
                if client.on_their_way > 0 {
                    return Self::look_again(&mut client.looks, &self.plan.costs);
                }
                match client.phase {
                    Phase::Setup => client.phase = Phase::Settling(0),
                    Phase::Settling(looks) => return self.settle(looks),
                    Phase::Asks => client.phase = Phase::Done,
                    Phase::Done => return Step::Wait,
                }
                continue;
            };
            return self.submit(ask, effects);
        }
    }

    /// Looks whether all is at rest, until two looks in a row found it so.
    fn settle(&mut self, looks: u32) -> Step {
        let looks = if self.is_settled() { looks + 1 } else { 0 };
        self.client.phase = Phase::Settling(looks);
        if looks == 2 {
            self.client.phase = Phase::Asks;
            self.client.setup_answered = self.client.answered;
            self.note_start();
        }
        let thread = self.client_thread();
        self.plan_event(if looks == 2 { 0 } else { LOOK_NANOS }, Event::Awake(thread));
        Step::Wait
    }

    fn submit(&mut self, ask: Ask<I::Command>, effects: &mut Vec<Effect<I>>) -> Step {
        let cost = self.plan.costs.of(Section::Client, [1, ask.lines, 0, 0, 0]);
        let island = owner(&self.table, &ask.key);
        let worker = island.0 as usize % self.workers.len();
        let client = &mut self.client;
        let open = client.gauges[island.0 as usize] < UNANSWERED_MAX
            && !self.sea.driver(island.0 as usize).kernel().is_full()
            && self.mailboxes[worker].deliveries.len() < QUEUE_MAX;
        let Some((number, answered_below)) = client.number().filter(|_| open) else {
            client.busy += 1;
            client.held = Some(ask);
            if client.on_their_way > 0 {
                client.must_take = true;
                return Step::Work(cost);
            }
            let thread = self.client_thread();
            self.plan_event(BUSY_NANOS, Event::Awake(thread));
            return Step::Wait;
        };
        client.last = number;
        client.on_their_way += 1;
        client.gauges[island.0 as usize] += 1;
        client.unanswered.insert(number, island.0);
        let asker =
            Asker { client: route::client_id("warehouse"), slot: route::slot(&ask.key), number };
        let request = Request { asker, answered_below, command: ask.command };
        effects.push(Effect::Ask(worker, Delivery { request, admitted: 0 }));
        Step::Work(cost)
    }
}
