//! What a warehouse keeps of a customer: the balance, and the last accepted orders.
//!
//! Rules:
//! 1. Balance = units of accepted orders less units given back, per product; no product with 0.
//! 2. Of the accepted orders only the last few are kept; the balance outlives them.
//!
//! It doesn't know the stock.

use std::collections::{BTreeMap, VecDeque};

use archipelago::patterns::stock::{Lines, Units};
use serde::{Deserialize, Serialize};

use super::name::{OrderNumber, ProductCode};

/// One customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    balance: BTreeMap<ProductCode, Units>,
    recent: VecDeque<(OrderNumber, Lines<ProductCode>)>,
}

impl Customer {
    /// Units of `product` that could be given back.
    #[must_use]
    pub fn had(&self, product: &ProductCode) -> Units {
        self.balance.get(product).copied().unwrap_or(Units::ZERO)
    }

    /// Whether all of `lines` could be given back.
    #[must_use]
    pub fn has(&self, lines: &Lines<ProductCode>) -> bool {
        lines.as_slice().iter().all(|line| self.had(&line.resource) >= line.units)
    }

    /// The lines of one of the last accepted orders.
    #[must_use]
    pub fn order(&self, order: &OrderNumber) -> Option<&Lines<ProductCode>> {
        self.recent.iter().find(|(number, _)| number == order).map(|(_, lines)| lines)
    }

    /// How many accepted orders are remembered.
    #[must_use]
    pub fn orders_kept(&self) -> usize {
        self.recent.len()
    }

    /// An order was accepted; at most `kept` are remembered.
    pub fn bought(&mut self, order: OrderNumber, lines: &Lines<ProductCode>, kept: u32) {
        for line in lines.as_slice() {
            let had = self.balance.entry(line.resource).or_default();
            // Sold units were minted, and no more than 2^40 ever are: the sum fits.
            had.0 = had.0.saturating_add(line.units.0);
        }
        if kept > 0 {
            while self.recent.len() >= kept as usize {
                self.recent.pop_front();
            }
            self.recent.push_back((order, lines.clone()));
        }
    }

    /// Units were given back; the decision made sure that they are there.
    pub fn gave_back(&mut self, lines: &Lines<ProductCode>) {
        for line in lines.as_slice() {
            let left = self.had(&line.resource).0.saturating_sub(line.units.0);
            if left == 0 {
                self.balance.remove(&line.resource);
            } else {
                self.balance.insert(line.resource, Units(left));
            }
        }
    }

    /// A cancelled order is not kept any more.
    pub fn forget(&mut self, order: &OrderNumber) {
        self.recent.retain(|(number, _)| number != order);
    }
}
