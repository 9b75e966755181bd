//! The report of `state warehouse`.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use super::{Failure, Report};
use crate::cli::text::{table, thousands};

/// The state that a journal leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateReport {
    /// The products, or the one asked for.
    pub products: Vec<ProductStock>,
    /// What became of each order, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<Vec<OrderView>>,
    /// How many islands.
    pub islands: u32,
    /// Whether each product's units are conserved.
    pub conserved: bool,
    /// The stamp up to which records were read, when not all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// The stock of one product, in units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProductStock {
    /// Its code.
    pub product: String,
    /// Units ever made.
    pub minted: u64,
    /// Units taken out of the world.
    pub burned: u64,
    /// Units sold and not given back.
    pub sold: u64,
    /// Units free on each island, by island.
    pub shelf: Vec<u64>,
    /// Units free at the broker.
    pub pool: u64,
    /// Units held for orders not yet decided.
    pub held: u64,
    /// Units in messages between islands.
    pub in_flight: u64,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// Its number: InvoiceNo in an order file.
    pub order: String,
    /// What became of it.
    pub state: OrderState,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderState {
    /// Taken whole.
    Accepted,
    /// Refused whole.
    Refused,
    /// Not decided yet.
    Open,
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Open => "open",
        })
    }
}

impl Report for StateReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(orders) = &self.orders {
            return orders
                .iter()
                .try_for_each(|view| writeln!(out, "{} {}", view.order, view.state));
        }
        let mut rows = vec![
            ["product", "minted", "burned", "sold", "shelves", "pool", "held", "in flight"]
                .map(str::to_owned)
                .to_vec(),
        ];
        let mut total = ProductStock { product: "all".into(), ..ProductStock::default() };
        for stock in &self.products {
            rows.push(cells(stock));
            total.minted += stock.minted;
            total.burned += stock.burned;
            total.sold += stock.sold;
            total.shelf.push(stock.shelf.iter().sum());
            total.pool += stock.pool;
            total.held += stock.held;
            total.in_flight += stock.in_flight;
        }
        match self.products.as_slice() {
            [one] => {
                table(&rows, out)?;
                let shelves = one.shelf.iter().enumerate();
                let shelves: Vec<Vec<String>> = shelves
                    .map(|(island, &units)| vec![format!("island {island}"), thousands(units)])
                    .collect();
                table(&shelves, out)?;
            }
            _ => {
                rows.push(cells(&total));
                table(&rows, out)?;
            }
        }
        writeln!(out, "stock conserved: {}", if self.conserved { "yes" } else { "NO" })
    }

    fn verdict(&self) -> Result<(), Failure> {
        if self.conserved { Ok(()) } else { Err(Failure::check("stock is not conserved")) }
    }
}

fn cells(stock: &ProductStock) -> Vec<String> {
    let shelves = stock.shelf.iter().sum();
    let numbers =
        [stock.minted, stock.burned, stock.sold, shelves, stock.pool, stock.held, stock.in_flight];
    std::iter::once(stock.product.clone()).chain(numbers.map(thousands)).collect()
}
