//! A small stock: an order has one line, and is taken if there are units enough.
//!
//! It doesn't know who orders.

use archipelago::core::lookup::Lookup;
use archipelago::{Island, Turn};
use serde::{Deserialize, Serialize};

/// Units of each product before the first order.
const UNITS: u32 = 1 << 30;
/// Products.
const PRODUCTS: u64 = 10_000;

/// What is left of the products that were ordered, by product.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Store {
    left: Lookup<u32, u32>,
}

/// An order of one line.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub order: u64,
    /// Who orders.
    pub customer: u32,
    /// The product.
    pub product: u32,
    /// Units of it.
    pub units: u16,
}

/// An order was taken.
#[derive(Debug, Serialize, Deserialize)]
pub struct Placed(Order);

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placing {
    /// It was taken.
    Accepted,
    /// There are not units enough.
    Refused,
}

impl Order {
    /// Order `number`: its product and units follow from it, each product as likely as any other.
    #[must_use]
    pub const fn numbered(number: u64) -> Self {
        let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^= mixed >> 32;
        let product = ((mixed & 0xffff_ffff) * PRODUCTS) >> 32;
        let customer = (mixed >> 40) as u32;
        Self {
            order: number,
            customer,
            product: product as u32,
            units: ((mixed >> 32) & 3) as u16 + 1,
        }
    }

    /// Its product, which routes it.
    #[must_use]
    pub const fn key(&self) -> [u8; 4] {
        self.product.to_le_bytes()
    }
}

impl Store {
    fn left(&self, product: u32) -> u32 {
        self.left.get(&product).copied().unwrap_or(UNITS)
    }
}

impl Island for Store {
    type Command = Order;
    type Event = Placed;
    type Reply = Placing;

    fn decide(&self, order: Order, turn: &mut Turn<Self>) {
        if u32::from(order.units) > self.left(order.product) {
            return turn.reply(Placing::Refused);
        }
        turn.emit(Placed(order));
        turn.reply(Placing::Accepted);
    }

    fn evolve(&mut self, Placed(order): &Placed) {
        *self.left.get_or_insert_with(order.product, || UNITS) -= u32::from(order.units);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_orders_are_spread_evenly() {
        let mut orders = vec![0_u32; PRODUCTS as usize];
        (0..1_000_000).for_each(|number| orders[Order::numbered(number).product as usize] += 1);
        let (least, most) = (orders.iter().min().unwrap(), orders.iter().max().unwrap());
        assert!(*least > 30 && *most < 300, "{least}..{most}");
    }
}
