//! The books of all islands together: per product where its units are, and whether they add up.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{Ledger, audit};
use archipelago_core::replay::Image;

use super::report::ProductStock;
use crate::workload::warehouse::{Counters, ProductCode, Warehouse};

/// All islands' books.
#[derive(Debug, Default)]
pub struct Books {
    /// Each product's ledgers, by island.
    ledgers: BTreeMap<ProductCode, Vec<Ledger>>,
    /// What does not add up, the first of it.
    pub imbalance: Option<String>,
    /// The sums of all islands' counters.
    pub counters: Counters,
}

impl Books {
    /// Opens the books of `images`.
    #[must_use]
    pub fn of(images: &[Image<Warehouse>]) -> Self {
        let mut books = Self::default();
        for (island, image) in images.iter().enumerate() {
            for (product, ledger) in image.state.ledgers() {
                let shelves = books.ledgers.entry(product).or_default();
                shelves.resize(images.len(), Ledger::default());
                shelves[island] = ledger;
            }
            if let Err(breach) = image.state.stock().check() {
                books.note(format!("island {island}: {breach}"));
            }
            books.add(image.state.counters());
        }
        let wrong = books.ledgers.iter().find_map(|(product, ledgers)| {
            audit(ledgers).err().map(|imbalance| format!("product {product}: {imbalance}"))
        });
        wrong.into_iter().for_each(|wrong| books.note(wrong));
        books
    }

    fn note(&mut self, wrong: String) {
        self.imbalance.get_or_insert(wrong);
    }

    fn add(&mut self, counters: Counters) {
        let sum = &mut self.counters;
        sum.orders_accepted += counters.orders_accepted;
        sum.orders_refused += counters.orders_refused;
        sum.orders_local += counters.orders_local;
        sum.orders_cancelled += counters.orders_cancelled;
        sum.units_sold += counters.units_sold;
        sum.units_back += counters.units_back;
        sum.returns_accepted += counters.returns_accepted;
        sum.returns_refused += counters.returns_refused;
    }

    /// Each product's stock, ascending by code.
    pub fn products(&self) -> impl Iterator<Item = ProductStock> {
        self.ledgers.iter().map(|(product, ledgers)| {
            let sum = |term: fn(&Ledger) -> u64| ledgers.iter().map(term).sum::<u64>();
            let sent = sum(|ledger| ledger.sent.0);
            ProductStock {
                product: product.to_string(),
                minted: sum(|ledger| ledger.minted.0),
                burned: sum(|ledger| ledger.burned.0),
                sold: sum(|ledger| ledger.sold.0),
                shelf: ledgers.iter().map(|ledger| ledger.shelf.0).collect(),
                pool: sum(|ledger| ledger.pool.0),
                held: sum(|ledger| ledger.held.0),
                in_flight: sent.saturating_sub(sum(|ledger| ledger.received.0)),
            }
        })
    }

    /// Units that are there and not sold: on shelves, in pools, held and in flight.
    #[must_use]
    pub fn units_left(&self) -> u64 {
        let left = |stock: ProductStock| {
            stock.shelf.iter().sum::<u64>() + stock.pool + stock.held + stock.in_flight
        };
        self.products().map(left).sum()
    }
}
