//! Warehouses in memory: one queue per ordered pair, random order between pairs, everything through
//! the codec, every event kept so that replay can be compared.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use archipelago::patterns::stock::{Units, audit};
use archipelago_core::codec::{Wire, decode, encode};
use archipelago_core::command::route::{self, Table};
use archipelago_core::id::{
    Asker, ClientId, IslandId, JournalPosition, LinkSeq, RequestNumber, TimerNumber,
};
use archipelago_core::island::{Island, Origin, Turn};
use archipelago_core::time::Stamp;

use crate::workload::warehouse::*;

/// Whether states go through the codec after every turn, as if each came from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshots {
    Never,
    Always,
}

pub(super) struct Net {
    pub islands: Vec<Warehouse>,
    pub replies: BTreeMap<RequestNumber, Reply>,
    pub events: Vec<Vec<Event>>,
    pub messages: u64,
    table: Arc<Table>,
    links: BTreeMap<(u32, u32), VecDeque<Command>>,
    timers: BTreeMap<(u32, TimerNumber), Command>,
    snapshots: Snapshots,
    chance: u64,
    turns: u64,
    requests: u64,
}

pub(super) fn bytes_of<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).expect("encodes");
    bytes
}

fn through_codec<T: Wire>(value: &T) -> T {
    let mut bytes = Vec::new();
    value.encode(&mut bytes).expect("encodes");
    T::decode(&bytes).expect("decodes")
}

impl Net {
    pub(super) fn new(islands: u32, config: WarehouseConfig, seed: u64) -> Self {
        Self {
            islands: vec![Warehouse::new(config); islands as usize],
            replies: BTreeMap::new(),
            events: vec![Vec::new(); islands as usize],
            messages: 0,
            table: Arc::new(Table::modulo(islands).unwrap()),
            links: BTreeMap::new(),
            timers: BTreeMap::new(),
            snapshots: Snapshots::Never,
            chance: seed,
            turns: 0,
            requests: 0,
        }
    }

    pub(super) fn with_snapshots(mut self) -> Self {
        self.snapshots = Snapshots::Always;
        self
    }

    pub(super) fn owner(&self, key: &str) -> u32 {
        self.table.island_of(key.as_bytes()).0
    }

    /// A client sends a command to its key's island.
    pub(super) fn ask(&mut self, command: Command) -> RequestNumber {
        let island = self.owner(command.key().expect("clients have keys"));
        self.ask_at(island, command)
    }

    /// A client sends a command to an island, rightly or wrongly.
    pub(super) fn ask_at(&mut self, island: u32, command: Command) -> RequestNumber {
        self.requests += 1;
        let number = RequestNumber(self.requests);
        let asker = Asker { client: ClientId(1), slot: route::slot(b"any"), number };
        self.turn(island, Origin::Client(asker), command);
        number
    }

    /// The same, and only as far as the reply: other messages stay on their way.
    pub(super) fn answer(&mut self, command: Command) -> Reply {
        let number = self.ask(command);
        while !self.replies.contains_key(&number) {
            assert!(self.step(), "never answered");
        }
        self.replies[&number].clone()
    }

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
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let chosen = ((self.chance >> 33) % all as u64) as usize;
        if let Some((from, to)) = links.get(chosen).copied() {
            let command = self.links.get_mut(&(from, to)).unwrap().pop_front().unwrap();
            let origin = Origin::Island { from: IslandId(from), number: LinkSeq(self.turns) };
            self.turn(to, origin, command);
        } else {
            let key = *self.timers.keys().nth(chosen - links.len()).unwrap();
            let command = self.timers.remove(&key).unwrap();
            self.turn(key.0, Origin::Timer(key.1), command);
        }
        true
    }

    pub(super) fn settle(&mut self) {
        while self.step() {}
    }

    fn turn(&mut self, island: u32, origin: Origin, command: Command) {
        self.turns += 1;
        let mut turn = Turn::new(IslandId(island), Arc::clone(&self.table));
        let timer_next = TimerNumber(self.turns * 10);
        turn.begin(origin, JournalPosition(self.turns), Stamp(self.turns << 16), timer_next);
        let warehouse = &mut self.islands[island as usize];
        warehouse.decide(through_codec(&command), &mut turn);
        let decision = std::mem::take(turn.decision_mut());
        for event in decision.events {
            warehouse.evolve(&through_codec(&event));
            self.events[island as usize].push(event);
        }
        if self.snapshots == Snapshots::Always {
            *warehouse = decode(&bytes_of(warehouse)).unwrap();
        }
        for (to, command) in decision.sends {
            self.messages += 1;
            self.links.entry((island, to.0)).or_default().push_back(command);
        }
        for number in decision.cancelled {
            self.timers.remove(&(island, number));
        }
        for (number, _, command) in decision.timers {
            self.timers.insert((island, number), command);
        }
        for (asker, reply) in decision.replies {
            let before = self.replies.insert(asker.number, reply);
            assert!(before.is_none(), "answered twice: {before:?}");
        }
    }

    /// Nothing waits, nothing is in flight, and the books of every product add up.
    pub(super) fn check_quiet(&self, products: &[ProductCode]) {
        for island in &self.islands {
            island.stock().check().unwrap();
            assert_eq!((island.orders_waiting(), island.stock().parked()), (0, 0));
        }
        for product in products {
            let ledgers: Vec<_> =
                self.islands.iter().map(|island| island.ledger(product)).collect();
            assert_eq!(audit(&ledgers), Ok(0), "{product}");
            assert!(ledgers.iter().all(|ledger| ledger.held == Units::ZERO));
        }
        assert_eq!(self.replies.len() as u64, self.requests, "everything is answered");
    }

    /// What lies free of a product anywhere.
    pub(super) fn free(&self, product: &ProductCode) -> u64 {
        let ledgers = self.islands.iter().map(|island| island.ledger(product));
        ledgers.map(|ledger| ledger.pool.0 + ledger.shelf.0).sum()
    }
}

pub(super) fn code(text: &str) -> ProductCode {
    ProductCode::try_from(text).unwrap()
}

pub(super) fn create(product: &str, units: u64) -> Command {
    Command::CreateProduct { product: code(product), units: Units(units) }
}

pub(super) fn place(order: &str, login: &str, lines: &[(&str, u64)]) -> Command {
    let line = |(product, units): &(&str, u64)| OrderLine {
        resource: code(product),
        units: Units(*units),
    };
    Command::PlaceOrder {
        order: OrderNumber::try_from(order).unwrap(),
        login: Login::try_from(login).unwrap(),
        lines: lines.iter().map(line).collect(),
    }
}

pub(super) fn cancel(order: &str, login: &str) -> Command {
    Command::CancelOrder {
        order: OrderNumber::try_from(order).unwrap(),
        login: Login::try_from(login).unwrap(),
    }
}

pub(super) fn give_back(number: &str, login: &str, product: &str, units: u64) -> Command {
    Command::Return {
        number: OrderNumber::try_from(number).unwrap(),
        login: Login::try_from(login).unwrap(),
        product: code(product),
        units: Units(units),
    }
}
