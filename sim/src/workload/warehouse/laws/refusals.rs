//! The refusal contract of a leased stock: only a drained broker refuses.
//!
//! Rules:
//! 1. While a product is drained (its broker says so) no shelf anywhere has a unit of it: whoever
//!    is refused then is refused rightly.
//! 2. A broker's count of denials grows only where a product of its was drained in between.
//! 3. Twin: a need waits only for a drain, and only if the pool has too little for it. At rest no
//!    need waits.
//!
//! It doesn't know which order was refused: a cut shows sums, not single answers.

use std::collections::{BTreeMap, BTreeSet};

use archipelago::patterns::stock::{Epoch, Phase, Units};
use archipelago_core::id::IslandId;

use super::ByBroker;
use crate::check::{Check, Cut};
use crate::workload::warehouse::{ProductCode, Warehouse};

/// Holds brokers to the contract.
#[derive(Debug)]
pub struct Refusals {
    products: ByBroker,
    /// Per island, its denials when last seen.
    denies: Vec<u64>,
    /// Each product's phase when last seen.
    phases: BTreeMap<ProductCode, Phase>,
    /// The products that are drained.
    drained: BTreeSet<ProductCode>,
}

impl Refusals {
    /// For these products.
    #[must_use]
    pub fn new(products: ByBroker) -> Self {
        let denies = vec![0; products.len()];
        Self { products, denies, phases: BTreeMap::new(), drained: BTreeSet::new() }
    }

    /// Looks at the desks of an island that has changed.
    fn desks(&mut self, cut: Cut<'_, Warehouse>, island: IslandId) -> Result<(), String> {
        let at = island.0 as usize;
        let stock = cut[at].state.stock();
        let denies = stock.counters().denies;
        let refused = denies > self.denies[at];
        self.denies[at] = denies;
        let mut may_refuse = false;
        for product in &self.products[at] {
            let Some(phase) = stock.phase(product) else { continue };
            let before = self.phases.insert(*product, phase);
            may_refuse |= was_drained(before, phase);
            if let Some(need) = stock.next_need(product) {
                let pool = stock.ledger(product).pool;
                if !matches!(phase, Phase::Draining(..)) || pool >= need.wanted {
                    return Err(format!(
                        "product {product}: island {} waits for {} units while the pool of its \
                         broker has {pool} and is {phase:?}",
                        need.island, need.wanted
                    ));
                }
            }
            if matches!(phase, Phase::Pooled(_)) {
                if self.drained.insert(*product) {
                    (0..cut.len()).try_for_each(|other| no_shelf(cut, other, product))?;
                }
            } else {
                self.drained.remove(product);
            }
        }
        if refused && !may_refuse {
            return Err(format!(
                "island {island} denied a need, and no product of its was drained"
            ));
        }
        Ok(())
    }
}

/// Whether a product was drained at some moment since it was last seen.
fn was_drained(before: Option<Phase>, now: Phase) -> bool {
    let drained = |phase| matches!(phase, Phase::Pooled(_));
    // A new resource begins as a drained one, with nothing.
    before.is_none_or(|before| {
        let steps = epoch(now).0 - epoch(before).0;
        let drains = matches!(before, Phase::Draining(..));
        drained(before) || drained(now) || steps >= if drains { 1 } else { 2 }
    })
}

const fn epoch(phase: Phase) -> Epoch {
    let (Phase::Open(epoch) | Phase::Draining(epoch, _) | Phase::Pooled(epoch)) = phase;
    epoch
}

fn no_shelf(cut: Cut<'_, Warehouse>, at: usize, product: &ProductCode) -> Result<(), String> {
    match cut[at].state.ledger(product).shelf {
        Units::ZERO => Ok(()),
        shelf => Err(format!(
            "product {product} is drained, and {shelf} units lie on the shelf of island {at}"
        )),
    }
}

impl Check<Warehouse> for Refusals {
    fn name(&self) -> &str {
        "only a drained broker refuses"
    }

    fn always(&mut self, cut: Cut<'_, Warehouse>) -> Result<(), String> {
        for island in cut.changed() {
            self.desks(cut, *island)?;
            for product in &self.drained {
                no_shelf(cut, island.0 as usize, product)?;
            }
        }
        Ok(())
    }

    fn finally(&mut self, cut: Cut<'_, Warehouse>) -> Result<(), String> {
        let products = ByBroker::clone(&self.products);
        for (at, products) in products.iter().enumerate() {
            self.desks(cut, IslandId(at as u32))?;
            let stock = cut[at].state.stock();
            if let Some(product) = products.iter().find(|product| stock.queue_len(product) > 0) {
                return Err(format!("at rest a need of product {product} waits at island {at}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_between_two_looks_is_noticed() {
        let (open, draining, pooled) = (
            |n| Phase::Open(Epoch(n)),
            |n| Phase::Draining(Epoch(n), 3),
            |n| Phase::Pooled(Epoch(n)),
        );
        assert!(was_drained(None, open(1)));
        assert!(!was_drained(Some(open(1)), open(1)));
        assert!(!was_drained(Some(open(1)), draining(2)));
        assert!(was_drained(Some(draining(2)), pooled(2)));
        assert!(was_drained(Some(pooled(2)), open(3)));
        assert!(was_drained(Some(open(1)), open(3)), "drained and opened again");
        assert!(was_drained(Some(draining(2)), open(3)));
        assert!(!was_drained(Some(draining(2)), draining(2)));
    }
}
