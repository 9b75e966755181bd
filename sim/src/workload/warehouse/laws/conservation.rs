//! Stock is conserved: what was made is somewhere, at every cut.
//!
//! Rules:
//! 1. Of an island that has changed, the books of each product are compared with those seen before;
//!    a product whose books differ is added up again from the difference, over all islands.
//! 2. Each island's books balance, and what its customers bought is what its stock sold.
//! 3. At rest everything is added up from nothing, so an error of rule 1 cannot hide; and nothing
//!    is held or on its way.
//!
//! It doesn't know why units move.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{Imbalance, Ledger, audit};
use archipelago_core::lookup::Lookup;
use archipelago_core::replay::Image;

use crate::check::{Check, Cut};
use crate::workload::warehouse::{ProductCode, Warehouse};

/// One product over all islands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Total {
    sent: i128,
    received: i128,
    /// Pool, shelves, held and sold.
    there: i128,
    /// Minted less burned.
    created: i128,
}

impl Total {
    fn add(&mut self, ledger: &Ledger, sign: i128) {
        let wide = |units: archipelago::patterns::stock::Units| sign * i128::from(units.0);
        self.sent += wide(ledger.sent);
        self.received += wide(ledger.received);
        self.there +=
            wide(ledger.pool) + wide(ledger.shelf) + wide(ledger.held) + wide(ledger.sold);
        self.created += wide(ledger.minted) - wide(ledger.burned);
    }

    fn check(&self) -> Result<(), Imbalance> {
        // None of these sums is below 0: each ledger that was taken away had been added.
        let wide = |sum: i128| u128::try_from(sum).unwrap_or(0);
        let Self { sent, received, there, created } = *self;
        if received > sent {
            return Err(Imbalance::Appeared { sent: wide(sent), received: wide(received) });
        }
        let there = there + sent - received;
        if created == there {
            Ok(())
        } else {
            Err(Imbalance::Total { created, there: wide(there) })
        }
    }
}

/// Holds the books together.
#[derive(Debug, Default)]
pub struct Conservation {
    /// Each island's books as last seen, ascending by product.
    seen: Vec<Vec<(ProductCode, Ledger)>>,
    totals: Lookup<ProductCode, Total>,
    /// Products to be added up again; used again and again.
    touched: Vec<ProductCode>,
}

impl Conservation {
    /// Takes in the books of an island that has changed.
    fn take(&mut self, at: usize, state: &Warehouse) -> Result<(), String> {
        state.stock().check().map_err(|breach| format!("island {at}: {breach}"))?;
        let books = state.ledgers();
        let sold: u64 = books.iter().map(|(_, ledger)| ledger.sold.0).sum();
        let counters = state.counters();
        if counters.units_sold.checked_sub(counters.units_back) != Some(sold) {
            return Err(format!(
                "island {at}: its customers bought {} units and gave {} back, its stock sold {sold}",
                counters.units_sold, counters.units_back
            ));
        }
        let mut before = std::mem::take(&mut self.seen[at]).into_iter().peekable();
        for (product, ledger) in &books {
            // A product never leaves an island's books, so those before are among those now.
            let old = before.next_if(|(known, _)| known == product).map(|(_, old)| old);
            let old = old.unwrap_or_default();
            if old == *ledger {
                continue;
            }
            if !ledger.is_balanced() {
                let wrong = Imbalance::Island(*ledger);
                return Err(format!("island {at}, product {product}: {wrong}"));
            }
            let total = self.totals.get_or_insert_with(*product, Total::default);
            total.add(&old, -1);
            total.add(ledger, 1);
            self.touched.push(*product);
        }
        if let Some((product, _)) = before.next() {
            return Err(format!("island {at}: the books of product {product} are gone"));
        }
        self.seen[at] = books;
        Ok(())
    }
}

impl Check<Warehouse> for Conservation {
    fn name(&self) -> &str {
        "stock is conserved at every cut"
    }

    fn always(&mut self, cut: Cut<'_, Warehouse>) -> Result<(), String> {
        self.seen.resize_with(cut.len(), Vec::new);
        self.touched.clear();
        for island in cut.changed() {
            let at = island.0 as usize;
            self.take(at, &cut[at].state)?;
        }
        for product in &self.touched {
            let total = self.totals.get(product).copied().unwrap_or_default();
            total.check().map_err(|wrong| format!("product {product}: {wrong}"))?;
        }
        Ok(())
    }

    fn finally(&mut self, cut: Cut<'_, Warehouse>) -> Result<(), String> {
        let (held, flying) = from_nothing(cut)?;
        match u128::from(held) + flying {
            0 => Ok(()),
            _ => Err(format!("at rest {held} units are held, {flying} on their way")),
        }
    }
}

/// Adds up all books of all islands; returns the units held and on their way.
fn from_nothing(cut: Cut<'_, Warehouse>) -> Result<(u64, u128), String> {
    let mut ledgers: BTreeMap<ProductCode, Vec<Ledger>> = BTreeMap::new();
    for (at, Image { state, .. }) in cut.iter().enumerate() {
        state.stock().check().map_err(|breach| format!("island {at}: {breach}"))?;
        for (product, ledger) in state.ledgers() {
            ledgers.entry(product).or_default().push(ledger);
        }
    }
    let (mut held, mut flying) = (0, 0);
    for (product, ledgers) in &ledgers {
        flying += audit(ledgers).map_err(|wrong| format!("product {product}: {wrong}"))?;
        held += ledgers.iter().map(|ledger| ledger.held.0).sum::<u64>();
    }
    Ok((held, flying))
}

#[cfg(test)]
mod tests {
    use archipelago::patterns::stock::Units;

    use super::*;

    #[test]
    fn a_total_built_of_differences_tells_what_is_missing() {
        let ledger = |minted, pool, sent, received, sold| Ledger {
            minted: Units(minted),
            pool: Units(pool),
            sent: Units(sent),
            received: Units(received),
            sold: Units(sold),
            ..Ledger::default()
        };
        let mut total = Total::default();
        total.add(&ledger(10, 10, 0, 0, 0), 1);
        assert_eq!(total.check(), Ok(()));
        total.add(&ledger(10, 10, 0, 0, 0), -1);
        total.add(&ledger(10, 6, 4, 0, 0), 1);
        assert_eq!(total.check(), Ok(()), "4 are on their way");
        total.add(&ledger(0, 0, 0, 4, 4), 1);
        assert_eq!(total.check(), Ok(()));
        let mut twice = total;
        twice.add(&ledger(0, 0, 0, 4, 4), 1);
        assert_eq!(twice.check(), Err(Imbalance::Appeared { sent: 4, received: 8 }));
        total.add(&ledger(0, 0, 0, 4, 4), -1);
        total.add(&ledger(0, 0, 0, 4, 3), 1);
        assert_eq!(total.check(), Err(Imbalance::Total { created: 10, there: 9 }));
    }
}
