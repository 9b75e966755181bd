//! The orders that costs are measured with: lines by powers of two, products drawn evenly, stock
//! for a part of them. Unlike those of any file, so that nothing is measured on what is predicted.
//!
//! It doesn't know what is done with them.

use archipelago::patterns::stock::Units;

use crate::twin::network::mix;
use crate::twin::plan::Ask;
use crate::workload::warehouse::{BadName, Command, Login, OrderLine, OrderNumber, ProductCode};

/// What orders there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// How many orders.
    pub(super) orders: u64,
    /// How many products.
    pub(super) products: u64,
    /// How many customers.
    pub(super) customers: u64,
    /// An order has 1, 2, 4 … up to this power of two of lines.
    pub(super) lines_log: u64,
    /// Units of each product at the beginning.
    pub(super) stock: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { orders: 400, products: 3_000, customers: 150, lines_log: 7, stock: 15 }
    }
}

/// A request of the warehouse.
pub(super) type Request = Ask<Command>;

/// Requests that create the products, and requests that place the orders.
#[must_use]
pub(super) fn orders(shape: &Shape) -> (Vec<Request>, Vec<Request>) {
    let create = |at| {
        let product = product(at);
        let command = Command::CreateProduct { product, units: Units(shape.stock) };
        Ask { key: product.as_str().as_bytes().to_vec(), command, lines: 1 }
    };
    let place = |at| {
        let draw = |what: u64, limit: u64| mix(at + 1, what) % limit;
        let login: Login = name(&format!("K{}", draw(1, shape.customers)));
        let count = 1_u64 << draw(2, shape.lines_log + 1);
        let line = |line| OrderLine {
            resource: product(draw(10 + 2 * line, shape.products)),
            units: Units(1 + draw(11 + 2 * line, 4)),
        };
        let lines: Vec<OrderLine> = (0..count).map(line).collect();
        let order: OrderNumber = name(&format!("M{at}"));
        let (key, lines_count) = (login.as_str().as_bytes().to_vec(), lines.len() as u64);
        Ask { key, command: Command::PlaceOrder { order, login, lines }, lines: lines_count }
    };
    ((0..shape.products).map(create).collect(), (0..shape.orders).map(place).collect())
}

fn product(at: u64) -> ProductCode {
    name(&format!("Q{at}"))
}

/// A name of this file's own making, which always fits.
fn name<'a, N: TryFrom<&'a str, Error = BadName>>(text: &'a str) -> N {
    N::try_from(text).expect("these names are short")
}
