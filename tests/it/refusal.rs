//! The refusal contract, read from the journal of real orders at full speed: nobody is refused
//! while the units lie free.
//!
//! Rules:
//! 1. The journal's order is one in which things can have happened: a message is durable before it
//!    is consumed. That is checked, message by message.
//! 2. Free units of a product are those in its broker's pool, on any shelf, or on their way to
//!    either. Held ones are not free: nobody waits for them.
//! 3. At every denial the pool, as the broker's own steps leave it, is too small, all shelves are
//!    empty, and nothing is on its way but refunds of claims that were refused themselves. Denials
//!    that such a refund would have prevented are counted and said, not hidden.
//! 4. Every refused order was denied by a broker once, and every denial refused an order.
//! 5. After each record the books of the products it touched add up, and the units in flight are
//!    those that this reader saw leave and not arrive yet.
//!
//! It doesn't know how the protocol decides.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use archipelago::patterns::stock::{DenyReason, DeskStep, Ledger, StockEvent, StockMessage, audit};
use archipelago::replay::{Log, OpenError, RecordAt};
use archipelago_core::bytes::Malformed;
use archipelago_core::codec::decode;
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, LinkSeq};
use archipelago_core::journal::record::{Entry, Source};
use archipelago_core::replay::Image;
use archipelago_sim::cli::harness::{World, setting};
use archipelago_sim::workload::warehouse::{Command, Event, ProductCode, Reply, Warehouse};

use super::harness::{archipelago, json, number, place, whole_file};

/// A broker's phase, followed step by step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// So many islands have not surrendered yet.
    Draining(u32),
    Drained,
}

/// One product, as this reader follows it.
struct Product {
    phase: Phase,
    pool: u64,
    /// Units wanted, by the needs in the broker's queue.
    queue: VecDeque<u64>,
    /// Units on their way.
    flying: u64,
    /// Units on their way to a pool or a shelf, refunds apart.
    flying_free: u64,
    flying_refunds: u64,
}

impl Product {
    fn new() -> Self {
        let (phase, queue) = (Phase::Drained, VecDeque::new());
        Self { phase, pool: 0, queue, flying: 0, flying_free: 0, flying_refunds: 0 }
    }
}

/// A message on its way.
struct Flying {
    product: ProductCode,
    units: u64,
    free: u64,
    refund: u64,
}

impl Flying {
    fn of(message: &StockMessage<ProductCode>) -> Option<Self> {
        let (product, units) = message.carries()?;
        let units = units.0;
        let (free, refund) = match *message {
            StockMessage::Refund { .. } => (0, units),
            StockMessage::Grant { slack, .. } => (slack.0, 0),
            _ => (units, 0),
        };
        Some(Self { product, units, free, refund })
    }
}

/// What one walk over a journal saw.
#[derive(Debug, Default)]
struct Seen {
    records: u64,
    /// Denials; each was checked.
    denials: u64,
    /// Denials that refunds on their way would have prevented.
    refund_would_help: u64,
    accepted: u64,
    refused: u64,
}

/// Follows a journal and believes nothing.
struct Reader {
    islands: Vec<Image<Warehouse>>,
    table: Table,
    products: BTreeMap<ProductCode, Product>,
    flying: BTreeMap<(IslandId, IslandId, LinkSeq), Option<Flying>>,
    seen: Seen,
}

impl Reader {
    fn new(log: &Log) -> Self {
        let setting = setting::<Warehouse>(log).expect("a warehouse's journal");
        let islands = log.description().islands;
        Self {
            islands: (0..islands).map(|_| Image::new(Warehouse::born(&setting))).collect(),
            table: Table::modulo(islands).expect("it ran with so many"),
            products: BTreeMap::new(),
            flying: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    fn product(&mut self, product: ProductCode) -> &mut Product {
        self.products.entry(product).or_insert_with(Product::new)
    }

    fn record(&mut self, at: &RecordAt<'_>) {
        self.seen.records += 1;
        let mut touched = BTreeSet::new();
        if let Source::Island { from, number, .. } = at.record.source {
            let landed = self.flying.remove(&(from, at.island, number));
            if let Some(landed) = landed.expect("rule 1: it was sent before it is consumed") {
                touched.insert(landed.product);
                let product = self.product(landed.product);
                product.flying -= landed.units;
                product.flying_free -= landed.free;
                product.flying_refunds -= landed.refund;
            }
        }
        let mut denied = Vec::new();
        let walked = at.record.walk(|entry| -> Result<(), Malformed> {
            match entry {
                Entry::Event(bytes) => match decode(bytes).expect("an event") {
                    Event::Stock(StockEvent::Desk { resource, steps }) => {
                        touched.insert(resource);
                        assert_eq!(self.table.island_of(resource.as_str().as_bytes()), at.island);
                        steps.iter().for_each(|step| denied.extend(self.step(resource, step)));
                    }
                    Event::Stock(StockEvent::RefusedHere) => {
                        panic!("island {}: refused without asking the broker", at.island)
                    }
                    Event::OrderAccepted { taken, .. } => {
                        touched.extend(taken.lines.as_slice().iter().map(|line| line.resource));
                    }
                    _ => {}
                },
                Entry::Send { to, number, command } => {
                    let Command::Stock(message) = decode(command).expect("a command") else {
                        panic!("islands speak of nothing but stock")
                    };
                    if let StockMessage::Deny { resource, reason, .. } = message {
                        assert_eq!(reason, DenyReason::SoldOut);
                        let place = denied.iter().position(|product| *product == resource);
                        denied.remove(place.expect("only what the desk denied is told so"));
                    }
                    let flying = Flying::of(&message);
                    if let Some(flying) = &flying {
                        touched.insert(flying.product);
                        let product = self.product(flying.product);
                        product.flying += flying.units;
                        product.flying_free += flying.free;
                        product.flying_refunds += flying.refund;
                    }
                    self.flying.insert((at.island, to, number), flying);
                }
                Entry::Reply { reply, .. } => match decode(reply).expect("a reply") {
                    Reply::Accepted { .. } => self.seen.accepted += 1,
                    Reply::Refused { .. } => self.seen.refused += 1,
                    _ => {}
                },
                Entry::Timer { .. } | Entry::Cancelled(_) => {}
            }
            Ok(())
        });
        walked.expect("a whole record");
        assert_eq!(denied, [], "who is denied is told so");
        self.islands[at.island.0 as usize].apply(&at.record).expect("the record follows");
        touched.into_iter().for_each(|product| self.adds_up(product));
    }

    /// Follows one step of a desk; a denial is checked and says its product.
    fn step(&mut self, code: ProductCode, step: &DeskStep) -> Option<ProductCode> {
        let islands = self.islands.len() as u32;
        let product = self.product(code);
        match *step {
            DeskStep::Minted(units) | DeskStep::Credited(units) => product.pool += units.0,
            DeskStep::Burned(units) => product.pool -= units.0,
            DeskStep::Opened(units) => {
                product.pool -= units.0;
                product.phase = Phase::Open;
            }
            DeskStep::DrainBegan(recalled) => {
                assert!(product.phase == Phase::Open && recalled == islands, "{code}");
                product.phase = Phase::Draining(islands);
            }
            DeskStep::Surrendered => match product.phase {
                Phase::Draining(1) => product.phase = Phase::Drained,
                Phase::Draining(missing) => product.phase = Phase::Draining(missing - 1),
                _ => panic!("{code}: surrendered and not recalled"),
            },
            DeskStep::Queued(need) => product.queue.push_back(need.wanted.0),
            DeskStep::Granted { units, slack } => {
                assert_eq!(product.queue.pop_front(), Some(units.0), "first come, first served");
                product.pool -= units.0 + slack.0;
            }
            DeskStep::Denied => {
                self.denial(code);
                return Some(code);
            }
            DeskStep::Refunded => {}
        }
        None
    }

    /// Rule 3.
    fn denial(&mut self, code: ProductCode) {
        for (island, image) in self.islands.iter().enumerate() {
            let shelf = image.state.ledger(&code).shelf.0;
            assert_eq!(shelf, 0, "{code} is denied while it lies on the shelf of island {island}");
        }
        let product = self.product(code);
        let wanted = product.queue.pop_front().expect("somebody is denied");
        assert!(product.phase == Phase::Drained, "{code} is denied before all is collected");
        assert!(product.pool < wanted, "{code}: {wanted} denied, {} in the pool", product.pool);
        assert_eq!(product.flying_free, 0, "{code} is denied while it comes to the pool");
        let refund_would_help = product.pool + product.flying_refunds >= wanted;
        self.seen.refund_would_help += u64::from(refund_would_help);
        self.seen.denials += 1;
    }

    /// Rule 5.
    fn adds_up(&self, code: ProductCode) {
        let ledgers: Vec<Ledger> =
            self.islands.iter().map(|image| image.state.ledger(&code)).collect();
        let flying = audit(&ledgers).unwrap_or_else(|wrong| panic!("{code}: {wrong}"));
        let product = &self.products[&code];
        assert_eq!(flying, u128::from(product.flying), "{code}: units in flight");
        let pool: u64 = ledgers.iter().map(|ledger| ledger.pool.0).sum();
        assert_eq!(pool, product.pool, "{code}: units in the pool");
    }
}

fn nobody_is_refused_while_units_are_free(islands: u32) {
    let Some(file) = whole_file() else { return };
    let data = place();
    let mut command = archipelago("run warehouse --durability os --stock 50");
    command.args(["--islands", &islands.to_string(), "--orders"]).arg(file);
    let report = json(command.arg("--data").arg(data.path().join("sea")));
    let log = Log::open(data.path().join("sea")).expect("the run left a journal");
    let mut reader = Reader::new(&log);
    let walked = log.records(|at| -> Result<(), OpenError> {
        reader.record(&at);
        Ok(())
    });
    walked.expect("a whole journal");
    let seen = &reader.seen;
    eprintln!("{islands} islands: {seen:?}");
    assert_eq!(
        (seen.accepted, seen.refused),
        (number(&report, "accepted"), number(&report, "refused"))
    );
    assert!(seen.denials > 0, "half the stock is not enough for all");
    assert_eq!(seen.denials, seen.refused, "each refusal is one denial");
    assert!(reader.flying.is_empty(), "everything sent was consumed");
    let setting = setting::<Warehouse>(&log).unwrap();
    let restored = log.restore(1, |_| Warehouse::born(&setting)).unwrap();
    for (read, restored) in reader.islands.iter().zip(&restored.images) {
        assert_eq!(read.digest().unwrap(), restored.digest().unwrap());
    }
}

#[test]
fn nobody_is_refused_while_units_are_free_on_4_islands() {
    nobody_is_refused_while_units_are_free(4);
}

#[test]
fn nobody_is_refused_while_units_are_free_on_16_islands() {
    nobody_is_refused_while_units_are_free(16);
}

#[test]
fn nobody_is_refused_while_units_are_free_on_64_islands() {
    nobody_is_refused_while_units_are_free(64);
}
