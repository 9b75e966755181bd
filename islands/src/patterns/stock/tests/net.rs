//! A net of islands in memory: one queue per ordered pair, random order between pairs, timers that
//! fire whenever chance wants, and the laws of stock checked after every step.
//!
//! Every message, event and (now and then) state goes through the codec, as it would in a journal.

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

use crate::patterns::stock::*;

/// What the tests count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Item(pub u8);

impl Resource for Item {
    fn key(&self) -> impl AsRef<[u8]> {
        [self.0]
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Command {
    Claim { claim: ClaimId, lines: Lines<Item> },
    Cancel { claim: ClaimId },
    GiveBack { claim: ClaimId, lines: Lines<Item> },
    Create { item: Item, units: Units },
    Restock { item: Item, units: Units },
    Burn { item: Item, units: Units },
    Stock(StockMessage<Item>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Event(pub StockEvent<Item>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    Outcome(Outcome<Item>),
    Stocked(u64),
    Refused(String),
}

impl From<StockMessage<Item>> for Command {
    fn from(message: StockMessage<Item>) -> Self {
        Self::Stock(message)
    }
}

impl From<StockEvent<Item>> for Event {
    fn from(event: StockEvent<Item>) -> Self {
        Self(event)
    }
}

/// The least island over a stock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shop {
    pub stock: Stock<Item>,
}

fn asker(number: u64) -> Asker {
    Asker { client: ClientId(1), slot: Slot(0), number: RequestNumber(number) }
}

fn told(claim: ClaimId, verdict: Verdict<Item>) -> Reply {
    Reply::Outcome(Outcome { claim, verdict })
}

impl Island for Shop {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Claim { claim, lines } => match self.stock.claim(claim, lines, turn) {
                Claimed::Now(taken) => {
                    turn.reply(told(claim, Verdict::Accepted(taken.lines.clone())));
                    turn.emit(StockEvent::from(taken));
                }
                Claimed::Later => {}
                Claimed::Refused(refusal) => turn.reply(told(claim, Verdict::Refused(refusal))),
                Claimed::InUse => panic!("claim {claim} twice"),
            },
            Command::Cancel { claim } => match self.stock.cancel(claim, turn) {
                Cancel::Now(outcome) => {
                    turn.reply_to(asker(outcome.claim.0), Reply::Outcome(outcome));
                }
                Cancel::Later | Cancel::TooLate => {}
            },
            Command::GiveBack { claim, lines } => match self.stock.give_back(claim, lines, turn) {
                GaveBack::Now => turn.reply(told(claim, Verdict::GivenBack)),
                GaveBack::Later => {}
                wrong => panic!("{wrong:?}"),
            },
            Command::Create { item, units } => answer(self.stock.create(item, units, turn), turn),
            Command::Restock { item, units } => answer(self.stock.restock(item, units, turn), turn),
            Command::Burn { item, units } => answer(self.stock.burn(item, units, turn), turn),
            Command::Stock(message) => {
                if let Some(outcome) = self.stock.decide(message, turn) {
                    turn.reply_to(asker(outcome.claim.0), Reply::Outcome(outcome));
                }
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        self.stock.evolve(&event.0);
    }
}

fn answer(result: Result<Stocked, BrokerRefusal>, turn: &mut Turn<Shop>) {
    turn.reply(match result {
        Ok(stocked) => Reply::Stocked(stocked.total.0),
        Err(refusal) => Reply::Refused(refusal.to_string()),
    });
}

/// SplitMix64: chance from one number.
#[derive(Clone, Debug)]
pub(super) struct Chance(pub u64);

impl Chance {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

pub(super) struct Net {
    pub shops: Vec<Shop>,
    pub table: Arc<Table>,
    pub links: BTreeMap<(u32, u32), VecDeque<StockMessage<Item>>>,
    pub timers: BTreeMap<(u32, TimerNumber), Command>,
    pub replies: BTreeMap<u64, Reply>,
    /// What the last turn emitted.
    pub last: Vec<Event>,
    pub messages: u64,
    wanted: BTreeMap<(ClaimId, Item), Units>,
    items: u8,
    chance: Chance,
    turns: u64,
    requests: u64,
}

fn through_codec<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).expect("encodes");
    decode(&bytes).expect("decodes")
}

impl Net {
    pub(super) fn new(islands: u32, items: u8, config: StockConfig, seed: u64) -> Self {
        let shop = Shop { stock: Stock::new(config) };
        Self {
            shops: vec![shop; islands as usize],
            table: Arc::new(Table::modulo(islands).unwrap()),
            links: BTreeMap::new(),
            timers: BTreeMap::new(),
            replies: BTreeMap::new(),
            last: Vec::new(),
            messages: 0,
            wanted: BTreeMap::new(),
            items,
            chance: Chance(seed),
            turns: 0,
            requests: 1 << 60,
        }
    }

    pub(super) fn islands(&self) -> u32 {
        self.shops.len() as u32
    }

    pub(super) fn broker(&self, item: Item) -> u32 {
        self.table.island_of(&[item.0]).0
    }

    /// A client claims on an island.
    pub(super) fn claim(&mut self, island: u32, claim: u64, lines: &[(u8, u64)]) {
        let lines = lines_of(lines);
        for line in lines.as_slice() {
            self.wanted.insert((ClaimId(claim), line.resource), line.units);
        }
        self.turn(
            island,
            Origin::Client(asker(claim)),
            Command::Claim { claim: ClaimId(claim), lines },
        );
    }

    pub(super) fn give_back(&mut self, island: u32, claim: u64, lines: &[(u8, u64)]) {
        let (claim, lines) = (ClaimId(claim), lines_of(lines));
        self.turn(island, Origin::Client(asker(claim.0)), Command::GiveBack { claim, lines });
    }

    pub(super) fn cancel(&mut self, island: u32, claim: u64) {
        self.requests += 1;
        let origin = Origin::Client(asker(self.requests));
        self.turn(island, origin, Command::Cancel { claim: ClaimId(claim) });
    }

    /// A client's command at an item's broker; returns what it was told.
    pub(super) fn broker_asks(&mut self, item: Item, command: Command) -> Reply {
        self.requests += 1;
        let request = self.requests;
        self.turn(self.broker(item), Origin::Client(asker(request)), command);
        self.replies[&request].clone()
    }

    pub(super) fn create(&mut self, item: u8, units: u64) -> Reply {
        let (item, units) = (Item(item), Units(units));
        self.broker_asks(item, Command::Create { item, units })
    }

    pub(super) fn restock(&mut self, item: u8, units: u64) -> Reply {
        let (item, units) = (Item(item), Units(units));
        self.broker_asks(item, Command::Restock { item, units })
    }

    /// One message is delivered or one timer fires, as chance wants; whether there was any.
    pub(super) fn step(&mut self) -> bool {
        let links: Vec<_> = self
            .links
            .iter()
            .filter(|(_, queue)| !queue.is_empty())
            .map(|(pair, _)| *pair)
            .collect();
        let all = links.len() + self.timers.len();
        if all == 0 {
            return false;
        }
        let chosen = self.chance.below(all as u64) as usize;
        if let Some((from, to)) = links.get(chosen) {
            self.deliver(*from, *to);
        } else {
            let key = *self.timers.keys().nth(chosen - links.len()).unwrap();
            let command = self.timers.remove(&key).unwrap();
            self.turn(key.0, Origin::Timer(key.1), command);
        }
        true
    }

    /// The next message of one link is delivered.
    pub(super) fn deliver(&mut self, from: u32, to: u32) {
        let message = self.links.get_mut(&(from, to)).unwrap().pop_front().unwrap();
        let origin = Origin::Island { from: IslandId(from), number: LinkSeq(self.turns) };
        self.turn(to, origin, Command::Stock(message));
    }

    /// A timer that was taken from `timers` fires.
    pub(super) fn fire(&mut self, island: u32, number: TimerNumber, command: Command) {
        self.turn(island, Origin::Timer(number), command);
    }

    /// At most so many steps.
    pub(super) fn steps(&mut self, most: u8) {
        for _ in 0..most {
            self.step();
        }
    }

    pub(super) fn settle(&mut self) {
        while self.step() {}
    }

    fn turn(&mut self, island: u32, origin: Origin, command: Command) {
        self.turns += 1;
        let mut turn = Turn::new(IslandId(island), Arc::clone(&self.table));
        let timer_next = TimerNumber(self.turns * 1000);
        turn.begin(origin, JournalPosition(self.turns), Stamp(self.turns << 16), timer_next);
        let shop = &mut self.shops[island as usize];
        shop.decide(through_codec(&command), &mut turn);
        let decision = std::mem::take(turn.decision_mut());
        for event in &decision.events {
            shop.evolve(&through_codec(event));
        }
        if self.turns.is_multiple_of(5) {
            *shop = through_codec(shop);
        }
        let mut denied = Vec::new();
        for (to, command) in decision.sends {
            let Command::Stock(message) = command else { panic!("only stock travels") };
            if let StockMessage::Deny { claim, resource, reason: DenyReason::SoldOut } = message {
                denied.push((claim, resource));
            }
            self.messages += 1;
            self.links.entry((island, to.0)).or_default().push_back(message);
        }
        for number in decision.cancelled {
            self.timers.remove(&(island, number));
        }
        for (number, _, command) in decision.timers {
            self.timers.insert((island, number), command);
        }
        for (asker, reply) in decision.replies {
            let before = self.replies.insert(asker.number.0, reply);
            assert!(before.is_none(), "answered twice: {before:?}");
        }
        self.last = decision.events;
        self.check_conserved();
        denied.into_iter().for_each(|(claim, item)| self.check_denied(claim, item));
    }

    pub(super) fn ledgers(&self, item: Item) -> Vec<Ledger> {
        self.shops.iter().map(|shop| shop.stock.ledger(&item)).collect()
    }

    /// Created less destroyed = held everywhere + in the queues, and the ledgers know it.
    fn check_conserved(&self) {
        for shop in &self.shops {
            shop.stock.check().unwrap();
        }
        for item in (0..self.items).map(Item) {
            let flying = audit(&self.ledgers(item)).unwrap();
            let queued: u64 = self
                .links
                .values()
                .flatten()
                .filter_map(StockMessage::carries)
                .filter_map(|(of, units)| (of == item).then_some(units.0))
                .sum();
            assert_eq!(flying, u128::from(queued), "{item:?} in flight");
        }
    }

    /// Only a drained broker refuses: no shelf has anything, and the pool has too little.
    fn check_denied(&self, claim: ClaimId, item: Item) {
        let ledgers = self.ledgers(item);
        let shelves: Vec<_> = ledgers.iter().map(|ledger| ledger.shelf.0).collect();
        assert!(shelves.iter().all(|units| *units == 0), "denied {item:?} with {shelves:?} free");
        let pool: u64 = ledgers.iter().map(|ledger| ledger.pool.0).sum();
        let wanted = self.wanted[&(claim, item)];
        assert!(pool < wanted.0, "denied {wanted} of {item:?} with {pool} pooled");
    }

    /// At quiescence nothing is held, in flight, waiting or queued.
    pub(super) fn check_quiet(&self) {
        assert!(self.timers.is_empty(), "a timer is left");
        for (number, shop) in self.shops.iter().enumerate() {
            assert_eq!(shop.stock.parked(), 0, "island {number} has claims left");
        }
        for item in (0..self.items).map(Item) {
            let ledgers = self.ledgers(item);
            assert_eq!(audit(&ledgers), Ok(0));
            assert!(ledgers.iter().all(|ledger| ledger.held == Units::ZERO), "{ledgers:?}");
            let queued: usize = self.shops.iter().map(|shop| shop.stock.queue_len(&item)).sum();
            assert_eq!(queued, 0, "{item:?} has needs left");
        }
    }

    pub(super) fn verdict(&self, claim: u64) -> Option<&Verdict<Item>> {
        match self.replies.get(&claim)? {
            Reply::Outcome(outcome) => Some(&outcome.verdict),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn accepted(&self, claim: u64) -> bool {
        matches!(self.verdict(claim), Some(Verdict::Accepted(_)))
    }
}

pub(super) fn lines_of(lines: &[(u8, u64)]) -> Lines<Item> {
    let line = |(item, units): &(u8, u64)| Line { resource: Item(*item), units: Units(*units) };
    Lines::new(lines.iter().map(line).collect()).unwrap()
}

pub(super) fn lease(chunk: u64) -> StockConfig {
    StockConfig { policy: PolicyKind::Lease(policy::Lease { chunk: Units(chunk) }), deadline: None }
}

pub(super) fn with_deadline(config: StockConfig) -> StockConfig {
    StockConfig { deadline: Some(Millis(50)), ..config }
}
