//! **Warehouse**: orders against a stock that is spread over all islands; the project's seed.
//!
//! Rules:
//! 1. A product lives at the island of its code (its broker), a customer at the island of the
//!    login. A command is routed by that key; at a wrong island it is refused.
//! 2. An order is taken whole or refused whole; its lines of one product are added up.
//! 3. A return is taken when the customer's units of that product from accepted orders, less those
//!    given back, suffice. Guests (`guest:…`) have no such balance, so they return nothing.
//! 4. An order can be cancelled while it waits, and among the customer's last 16 accepted ones
//!    (`orders_kept`) while all its units are still the customer's.
//! 5. Memory is bounded by products + customers × (products + 16 orders) + waiting orders, never by
//!    the number of orders.
//!
//! The island: [`command`] → [`island`] → [`event`], [`reply`]. The demand on it: [`orders`] (a
//! real file) or [`demand`] (generated) → [`work`] (one shape for both) → [`action`] (what is
//! submitted, one after the other).
//!
//! It doesn't know prices, dates or countries, nor how it is run.

pub mod action;
pub mod catalog;
pub mod command;
pub mod config;
pub mod customer;
mod decision;
pub mod demand;
pub mod event;
pub mod island;
pub mod laws;
pub mod load_error;
pub mod name;
pub mod orders;
pub mod reply;
pub mod rows;
pub mod scenario;
#[cfg(test)]
mod tests;
pub mod work;

pub use command::{Change, Command, OrderLine};
pub use config::WarehouseConfig;
pub use event::Event;
pub use island::{Counters, Warehouse};
pub use name::{BadName, Login, OrderNumber, ProductCode};
pub use reply::{NotCancellable, OrderRefusal, Reply};
