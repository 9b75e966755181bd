//! A net of islands in memory: one queue per ordered pair, chance between pairs, timers that fire
//! whenever chance wants, and the laws of sagas checked after every step.
//!
//! Work goes by a relay to another island and on from there if it says so. Every message, event and
//! (now and then) state goes through the codec, as it would in a journal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use archipelago_core::codec::{decode, encode};
use archipelago_core::command::route::Table;
use archipelago_core::id::{
    Asker, ClientId, IslandId, JournalPosition, LinkSeq, RequestNumber, Slot, TimerNumber,
};
use archipelago_core::island::{Island, Origin, Turn};
use archipelago_core::time::{Millis, Stamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::patterns::saga::*;

/// A saga's name.
pub(super) type Name = u16;

impl SagaName for Name {
    fn key(&self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

/// Takes one of an item's `ITEMS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Take {
    pub item: u8,
    /// The key that it goes by.
    pub relay: Option<u8>,
}

impl Work for Take {
    fn key(&self) -> impl AsRef<[u8]> {
        [self.relay.unwrap_or(self.item)]
    }
}

/// How many there are of each item.
pub(super) const ITEMS: u32 = 3;
/// An item of which there is none.
pub(super) const NONE: u8 = 200;
/// An item whose island never answers a `Do`, as if it were a dead letter.
pub(super) const SILENT: u8 = 201;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Command {
    Begin(Name, Plan<Take>),
    Cancel(Name),
    Close(Name),
    Saga(SagaMessage<Name, Take>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Event {
    Saga(SagaEvent<Name, Take>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    Begun,
    Bad(String),
    Stood(Option<Phase>),
}

impl From<SagaMessage<Name, Take>> for Command {
    fn from(message: SagaMessage<Name, Take>) -> Self {
        Self::Saga(message)
    }
}

impl From<SagaEvent<Name, Take>> for Event {
    fn from(event: SagaEvent<Name, Take>) -> Self {
        Self::Saga(event)
    }
}

/// The least island over sagas.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shop {
    pub sagas: Sagas<Name, Take>,
    pub taken: BTreeMap<u8, u32>,
}

impl Island for Shop {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let reply = match command {
            Command::Begin(saga, plan) => match self.sagas.begin(saga, plan, turn) {
                Ok(()) => Reply::Begun,
                Err(bad) => Reply::Bad(bad.to_string()),
            },
            Command::Cancel(saga) => Reply::Stood(self.sagas.cancel(saga, turn)),
            Command::Close(saga) => Reply::Stood(self.sagas.close(saga, turn)),
            Command::Saga(SagaMessage::Job(Job { work: Take { relay: Some(_), .. }, .. }))
                if turn.asker().is_some() =>
            {
                return;
            }
            Command::Saga(SagaMessage::Job(Job {
                work: Take { item, relay: Some(_) },
                saga,
                step,
                verb,
            })) => {
                let work = Take { item, relay: None };
                return turn
                    .send_to_key(work.key(), SagaMessage::Job(Job { saga, step, verb, work }));
            }
            Command::Saga(message) => {
                if let News::Do(job) = self.sagas.decide(message, turn) {
                    self.work(&job, turn);
                }
                return;
            }
        };
        turn.reply(reply);
    }

    fn evolve(&mut self, Event::Saga(event): &Event) {
        self.sagas.evolve(event);
        if let SagaEvent::Acted(_, _, verb, Take { item, .. }) = event {
            let taken = self.taken.entry(*item).or_default();
            match verb {
                Verb::Do => *taken += 1,
                Verb::Undo => *taken -= 1,
                Verb::Keep => {}
            }
        }
    }
}

impl Shop {
    fn work(&self, job: &Job<Name, Take>, turn: &mut Turn<Self>) {
        let item = job.work.item;
        let is_free = item != NONE && self.taken.get(&item).is_none_or(|n| *n < ITEMS);
        match item {
            SILENT => {}
            _ if is_free => self.sagas.answer(job, Answer::Done, turn),
            _ => self.sagas.answer(job, Answer::Refused, turn),
        }
    }
}

/// SplitMix64: chance from one number.
#[derive(Clone, Debug)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn through_codec<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).expect("encodes");
    decode(&bytes).expect("decodes")
}

/// What became of each step, in the order in which it happened anywhere.
pub(super) type Acts = Vec<(Name, StepNumber, Verb)>;

pub(super) struct Net {
    pub shops: Vec<Shop>,
    pub links: BTreeMap<(u32, u32), VecDeque<Command>>,
    pub timers: BTreeMap<(u32, TimerNumber), Command>,
    pub acts: Acts,
    pub ended: BTreeMap<Name, Ending>,
    pub messages: u64,
    table: Arc<Table>,
    plans: BTreeMap<Name, Plan<Take>>,
    chance: Chance,
    turns: u64,
}

impl Net {
    pub(super) fn new(islands: u32, seed: u64) -> Self {
        let shop = Shop { sagas: Sagas::new(8), taken: BTreeMap::new() };
        Self {
            shops: vec![shop; islands as usize],
            links: BTreeMap::new(),
            timers: BTreeMap::new(),
            acts: Vec::new(),
            ended: BTreeMap::new(),
            messages: 0,
            table: Arc::new(Table::modulo(islands).unwrap()),
            plans: BTreeMap::new(),
            chance: Chance(seed),
            turns: 0,
        }
    }

    pub(super) fn home(&self, key: impl AsRef<[u8]>) -> u32 {
        self.table.island_of(key.as_ref()).0
    }

    pub(super) fn phase(&self, saga: Name) -> Option<Phase> {
        self.shops[self.home(saga.key()) as usize].sagas.phase(saga)
    }

    pub(super) fn begin(&mut self, saga: Name, plan: Plan<Take>) -> Reply {
        let reply = self.ask(saga, Command::Begin(saga, plan.clone()));
        if reply == Reply::Begun {
            self.plans.insert(saga, plan);
        }
        reply
    }

    /// A client asks on the island of a saga.
    pub(super) fn ask(&mut self, saga: Name, command: Command) -> Reply {
        let asker = Asker { client: ClientId(1), slot: Slot(0), number: RequestNumber(1) };
        let mut replies = self.turn(self.home(saga.key()), Origin::Client(asker), command);
        replies.pop().expect("it answers")
    }

    /// A client says what only islands say; it hears nothing.
    pub(super) fn forge(&mut self, key: impl AsRef<[u8]>, message: SagaMessage<Name, Take>) {
        let asker = Asker { client: ClientId(1), slot: Slot(0), number: RequestNumber(1) };
        self.turn(self.home(key), Origin::Client(asker), Command::Saga(message));
    }

    /// One message is delivered, or one timer fires, as chance wants; whether there was any.
    pub(super) fn step(&mut self) -> bool {
        let full =
            |(pair, queue): (&(u32, u32), &VecDeque<Command>)| (!queue.is_empty()).then_some(*pair);
        let links: Vec<_> = self.links.iter().filter_map(full).collect();
        let all = links.len() + self.timers.len();
        if all == 0 {
            return false;
        }
        let chosen = self.chance.below(all as u64) as usize;
        match links.get(chosen) {
            Some((from, to)) => self.deliver(*from, *to),
            None => {
                let key = *self.timers.keys().nth(chosen - links.len()).unwrap();
                let command = self.timers.remove(&key).unwrap();
                self.turn(key.0, Origin::Timer(key.1), command);
            }
        }
        true
    }

    pub(super) fn deliver(&mut self, from: u32, to: u32) {
        let command = self.links.get_mut(&(from, to)).unwrap().pop_front().unwrap();
        let origin = Origin::Island { from: IslandId(from), number: LinkSeq(self.turns) };
        self.turn(to, origin, command);
    }

    /// Delivers all messages; no timer fires.
    pub(super) fn deliver_all(&mut self) {
        while let Some(pair) = self.links.iter().find(|(_, q)| !q.is_empty()).map(|(p, _)| *p) {
            self.deliver(pair.0, pair.1);
        }
    }

    /// The timers that are set fire once.
    pub(super) fn fire_all(&mut self) {
        for ((island, number), command) in std::mem::take(&mut self.timers) {
            self.turn(island, Origin::Timer(number), command);
        }
    }

    pub(super) fn steps(&mut self, most: u8) {
        for _ in 0..most {
            self.step();
        }
    }

    pub(super) fn settle(&mut self) {
        while self.step() {}
    }

    fn turn(&mut self, island: u32, origin: Origin, command: Command) -> Vec<Reply> {
        self.turns += 1;
        let mut turn = Turn::new(IslandId(island), Arc::clone(&self.table));
        let (position, stamp) = (JournalPosition(self.turns), Stamp(self.turns << 16));
        turn.begin(origin, position, stamp, TimerNumber(self.turns * 1000));
        let shop = &mut self.shops[island as usize];
        shop.decide(through_codec(&command), &mut turn);
        let decision = std::mem::take(turn.decision_mut());
        for event in &decision.events {
            shop.evolve(&through_codec(event));
            match event {
                Event::Saga(SagaEvent::Acted(saga, step, verb, _)) => {
                    self.acts.push((*saga, *step, *verb));
                }
                Event::Saga(SagaEvent::Ended(saga, ending)) => {
                    assert_eq!(self.ended.insert(*saga, *ending), None, "it ends once");
                }
                _ => {}
            }
        }
        if self.turns.is_multiple_of(5) {
            *shop = through_codec(shop);
        }
        self.messages += decision.sends.len() as u64;
        for (to, command) in decision.sends {
            self.links.entry((island, to.0)).or_default().push_back(command);
        }
        for number in decision.cancelled {
            self.timers.remove(&(island, number));
        }
        for (number, _, command) in decision.timers {
            self.timers.insert((island, number), command);
        }
        self.check();
        decision.replies.into_iter().map(|(_, reply)| reply).collect()
    }

    /// What holds after every step: sagas and the islands of their steps agree; the books add up.
    fn check(&self) {
        for (at, shop) in self.shops.iter().enumerate() {
            for (saga, steps) in shop.sagas.all() {
                assert_eq!(self.home(saga.key()) as usize, at, "saga {saga} lives where it should");
                for (number, (work, state)) in (0..).map(StepNumber).zip(steps) {
                    let there = &self.shops[self.home([work.item]) as usize].sagas;
                    let held = there.holds(saga, number);
                    let fits = match state {
                        StepState::Told(Answer::Done) => held,
                        StepState::Asked | StepState::Undoing => true,
                        StepState::Planned | StepState::Told(_) => !held,
                    };
                    assert!(fits, "saga {saga}, {number:?}: {state:?}, held: {held}");
                }
            }
            let taken: u32 = shop.taken.values().sum();
            let kept = self.acts.iter().filter(|(saga, step, verb)| {
                *verb == Verb::Keep && self.home([self.item(*saga, *step)]) as usize == at
            });
            assert_eq!(taken as usize, shop.sagas.steps_held() + kept.count(), "the books of {at}");
        }
    }

    fn item(&self, saga: Name, step: StepNumber) -> u8 {
        self.plans[&saga].steps[step.0 as usize].1.item
    }

    fn stage(&self, saga: Name, step: StepNumber) -> Stage {
        self.plans[&saga].steps[step.0 as usize].0
    }

    /// What holds when nothing moves any more; says which sagas are held.
    pub(super) fn check_quiet(&self) -> Vec<Name> {
        let mut held = Vec::new();
        for (saga, plan) in &self.plans {
            let steps = (0..).map(StepNumber).take(plan.steps.len());
            let acts = |step| {
                let of = |act: &&(Name, StepNumber, Verb)| (act.0, act.1) == (*saga, step);
                self.acts.iter().filter(of).map(|(_, _, verb)| *verb).collect::<Vec<_>>()
            };
            let expected: &[&[Verb]] = match self.ended.get(saga) {
                Some(Ending::Kept) => &[&[Verb::Do, Verb::Keep]],
                Some(Ending::Undone(_)) => &[&[], &[Verb::Do, Verb::Undo]],
                None => {
                    assert_eq!(self.phase(*saga), Some(Phase::Held), "saga {saga} is stuck");
                    held.push(*saga);
                    &[&[Verb::Do]]
                }
            };
            for step in steps {
                let acts = acts(step);
                assert!(expected.contains(&&*acts), "saga {saga}, {step:?}: {acts:?}");
            }
            let undone = self.acts.iter().filter(|act| act.0 == *saga && act.2 == Verb::Undo);
            let stages: Vec<_> = undone.map(|act| self.stage(*saga, act.1)).collect();
            assert!(stages.is_sorted_by(|a, b| a >= b), "saga {saga} is undone as {stages:?}");
        }
        held
    }
}

/// A plan of these stages of items, each by a relay if there is one.
pub(super) fn plan(at_end: AtEnd, stages: &[&[(u8, Option<u8>)]]) -> Plan<Take> {
    let take = |(item, relay): &(u8, Option<u8>)| Take { item: *item, relay: *relay };
    stages.iter().fold(Plan::new(at_end), |plan, stage| plan.stage(stage.iter().map(take)))
}

/// The same without relays, held at the end.
pub(super) fn direct(stages: &[&[u8]]) -> Plan<Take> {
    let take = |item: &u8| Take { item: *item, relay: None };
    stages.iter().fold(Plan::new(AtEnd::Hold), |plan, stage| plan.stage(stage.iter().map(take)))
}

/// How long is waited for an answer; in this net a timer fires when chance wants.
pub(super) const PATIENCE: Millis = Millis(50);
