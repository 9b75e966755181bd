//! Items: a world for the stash. Orders are opened, filled, paid, shipped and cancelled, and their
//! commands come in any order, from clients and by way of other islands.
//!
//! ```text
//!   client ─────────────────▶ ORDER   absent ─open─▶ open ─pay─▶ paid ─ship─▶ shipped
//!   client ─▶ another island ──▲                      └─cancel─▶ cancelled
//! ```
//!
//! Rules:
//! 1. Each request for a deed is a task with a number of its own. It ends once: done, refused,
//!    turned away for want of room, or a dead letter, which somebody may put back. Some panic in
//!    their turn: those that need not wait leave nothing behind.
//! 2. Each order's island is the owner of its number.
//!
//! It doesn't know what goes wrong around it.

mod command;
mod laws;
mod scenario;
mod shop;

pub use command::{Command, Deed, Event, Reply, Task};
pub use scenario::Scenario;
pub use shop::{End, Order, Shop, Stage};
