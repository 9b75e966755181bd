//! The island itself: its state, and how events change it.
//!
//! Rules:
//! 1. A command is passed to its decision, or refused if its key belongs to another island.
//! 2. An event changes stock, customers and who waits, in that order.
//! 3. Claims are numbered by this island, one by one, when they have to wait.
//!
//! It doesn't know how stock finds units on other islands: see `patterns::stock`.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{ClaimId, Ledger, Line, Lines, Stock, Stocked, Verdict};
use archipelago_core::id::Asker;
use archipelago_core::island::{Island, Turn};
use archipelago_core::lookup::Lookup;
use serde::{Deserialize, Serialize};

use super::command::{Change, Command};
use super::config::WarehouseConfig;
use super::customer::Customer;
use super::decision::{answer, not_stocked};
use super::event::{Errand, Event, Free};
use super::name::{Login, LoginKind, OrderNumber, ProductCode};
use super::reply::Reply;

/// Sums since the beginning, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Orders accepted (also if cancelled later).
    pub orders_accepted: u64,
    /// Orders refused by the stock.
    pub orders_refused: u64,
    /// Orders accepted or refused without any message to another island.
    pub orders_local: u64,
    /// Accepted orders that were cancelled.
    pub orders_cancelled: u64,
    /// Units of accepted orders (also if given back later).
    pub units_sold: u64,
    /// Units given back by returns and cancellations.
    pub units_back: u64,
    /// Returns accepted.
    pub returns_accepted: u64,
    /// Returns refused.
    pub returns_refused: u64,
}

/// Who waits, and for what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) errand: Errand,
    pub(super) asker: Option<Asker>,
    /// Who cancelled it while it waited.
    pub(super) canceller: Option<Asker>,
}

/// A warehouse's part on one island.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Warehouse {
    config: WarehouseConfig,
    pub(super) stock: Stock<ProductCode>,
    pub(super) customers: Lookup<Login, Customer>,
    pub(super) waiting: BTreeMap<ClaimId, Waiting>,
    /// The claims of waiting orders, by who ordered what.
    pub(super) orders: Lookup<(Login, OrderNumber), ClaimId>,
    pub(super) claims_made: u64,
    counters: Counters,
}

impl Default for Warehouse {
    fn default() -> Self {
        Self::new(WarehouseConfig::default())
    }
}

impl Warehouse {
    /// An empty warehouse.
    #[must_use]
    pub fn new(config: WarehouseConfig) -> Self {
        Self {
            stock: Stock::new(config.stock()),
            config,
            customers: Lookup::new(),
            waiting: BTreeMap::new(),
            orders: Lookup::new(),
            claims_made: 0,
            counters: Counters::default(),
        }
    }

    /// Its settings.
    #[must_use]
    pub const fn config(&self) -> &WarehouseConfig {
        &self.config
    }

    /// The stock inside, with its books, phases and counters.
    #[must_use]
    pub const fn stock(&self) -> &Stock<ProductCode> {
        &self.stock
    }

    /// The books of a product on this island.
    #[must_use]
    pub fn ledger(&self, product: &ProductCode) -> Ledger {
        self.stock.ledger(product)
    }

    /// The books of all products on this island, ascending. Costs a sort.
    #[must_use]
    pub fn ledgers(&self) -> Vec<(ProductCode, Ledger)> {
        self.stock.ledgers()
    }

    /// How many orders wait for other islands.
    #[must_use]
    pub fn orders_waiting(&self) -> usize {
        self.orders.len()
    }

    /// How many customers it knows.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.customers.len()
    }

    /// What it keeps of a customer.
    #[must_use]
    pub fn customer(&self, login: &Login) -> Option<&Customer> {
        self.customers.get(login)
    }

    /// The sums since the beginning.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn bought(&mut self, order: OrderNumber, login: Login, lines: &Lines<ProductCode>) {
        self.counters.orders_accepted += 1;
        self.counters.units_sold += lines.total();
        if login.kind() == LoginKind::Customer {
            let customer = self.customers.get_or_insert_with(login, Customer::default);
            customer.bought(order, lines, self.config.orders_kept);
        }
    }

    fn gave_back(&mut self, login: Login, lines: &Lines<ProductCode>, errand: Errand) {
        self.counters.units_back += lines.total();
        let Some(customer) = self.customers.get_mut(&login) else { return };
        customer.gave_back(lines);
        match errand {
            Errand::Cancel { order } => {
                customer.forget(&order);
                self.counters.orders_cancelled += 1;
            }
            Errand::Return { .. } | Errand::Order { .. } => self.counters.returns_accepted += 1,
        }
    }
}

impl Island for Warehouse {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        if let Some(key) = command.key() {
            let owner = turn.island_of(key);
            if owner != turn.island() {
                return answer(turn, Reply::Misrouted { owner });
            }
        }
        match command {
            Command::CreateProduct { product, units } => {
                let created = self.stock.create(product, units, turn);
                let done = |_| Reply::ProductCreated { product, units };
                answer(turn, created.map_or_else(|refusal| not_stocked(product, refusal), done));
            }
            Command::UpdateProduct { product, change } => {
                let updated = match change {
                    Change::Add(units) => self.stock.restock(product, units, turn),
                    Change::WriteOff(units) => self.stock.burn(product, units, turn),
                };
                let done = |Stocked { total }| Reply::Updated { product, total };
                answer(turn, updated.map_or_else(|refusal| not_stocked(product, refusal), done));
            }
            Command::PlaceOrder { order, login, lines } => {
                self.place_order(order, login, lines, turn);
            }
            Command::CancelOrder { order, login } => self.cancel_order(order, login, turn),
            Command::Return { number, login, product, units } => {
                self.take_return(number, login, Line { resource: product, units }, turn);
            }
            Command::Stock(_) if turn.asker().is_some() => answer(turn, Reply::NotForClients),
            Command::Stock(message) => {
                if let Some(outcome) = self.stock.decide(message, turn) {
                    self.settle(outcome, turn);
                }
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Stock(event) => self.stock.evolve(event),
            Event::OrderAccepted { order, login, taken } => {
                self.stock.evolve_taken(taken);
                self.counters.orders_local += 1;
                self.bought(*order, *login, &taken.lines);
            }
            Event::OrderRefused => {
                self.counters.orders_local += 1;
                self.counters.orders_refused += 1;
            }
            Event::OrderParked { order, login, claim, asker } => {
                let errand = Errand::Order { order: *order, login: *login };
                self.orders.insert((*login, *order), *claim);
                self.wait(*claim, errand, *asker);
            }
            Event::CancelAsked { claim, asker } => {
                if let Some(waiting) = self.waiting.get_mut(claim) {
                    waiting.canceller = *asker;
                }
            }
            Event::Settled { claim, verdict } => {
                let Some(waiting) = self.waiting.remove(claim) else { return };
                if let Errand::Order { order, login } = waiting.errand {
                    self.orders.remove(&(login, order));
                    match verdict {
                        Verdict::Accepted(lines) => self.bought(order, login, lines),
                        Verdict::Refused(_) | Verdict::GivenBack => {
                            self.counters.orders_refused += 1;
                        }
                    }
                }
            }
            Event::GivenBack { login, lines, errand, claim, asker, free } => {
                self.gave_back(*login, lines, *errand);
                if *free == Free::Later {
                    self.wait(*claim, *errand, *asker);
                }
            }
            Event::ReturnRefused => self.counters.returns_refused += 1,
        }
    }
}

impl Warehouse {
    fn wait(&mut self, claim: ClaimId, errand: Errand, asker: Option<Asker>) {
        self.claims_made += 1;
        self.waiting.insert(claim, Waiting { errand, asker, canceller: None });
    }
}
