//! `state warehouse`: what a journal leads to, product by product or order by order.

use std::collections::BTreeMap;

use archipelago::replay::Log;

use super::args::{StateArgs, StateView};
use super::books::Books;
use super::failure::Failure;
use super::harness::{History, Status};
use super::replay::{open, restore};
use super::reply_log::Outcome;
use super::report::{OrderState, OrderView, StateReport};
use super::submit::kept;
use crate::workload::warehouse::{Command, Warehouse};

/// Shows the state of a warehouse.
///
/// # Errors
/// When there is no journal, it is damaged or another application's, or the product is not in it
/// (exit 2).
pub fn warehouse(args: &StateArgs) -> Result<StateReport, Failure> {
    let log = open(&args.data, args.at)?;
    let restored = restore::<Warehouse>(&log, None)?;
    let books = Books::of(&restored.images);
    let mut products: Vec<_> = books.products().collect();
    if let Some(code) = &args.product {
        products.retain(|stock| stock.product == *code);
        if products.is_empty() {
            return Err(Failure::input(format!(
                "{}: no product {code:?}; leave out --product to see all",
                args.data.display()
            )));
        }
    }
    let orders = match args.view() {
        StateView::Orders => Some(orders(&log)?),
        StateView::Products => None,
    };
    let islands = log.description().islands;
    let at = log.point().map(|stamp| stamp.to_string());
    Ok(StateReport { products, orders, islands, conserved: books.imbalance.is_none(), at })
}

/// What became of each order, in the order they were submitted.
fn orders(log: &Log) -> Result<Vec<OrderView>, Failure> {
    let mut names = BTreeMap::new();
    let history = History::read::<Warehouse>(log, kept, |number, command| {
        if let Command::PlaceOrder { order, .. } = command {
            names.insert(number, order.as_str().to_owned());
        }
    })?;
    let view = |(number, order)| {
        let state = match history.status(number) {
            Status::Answered(Some(Outcome::Accepted)) => OrderState::Accepted,
            Status::Answered(Some(Outcome::Refused)) => OrderState::Refused,
            Status::Unknown | Status::Open | Status::Answered(None) => OrderState::Open,
        };
        OrderView { order, state }
    };
    Ok(names.into_iter().map(view).collect())
}
