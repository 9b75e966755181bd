//! Invoices: numbered slips of somebody else, which are to be booked in order, and posted to their
//! customers' accounts.
//!
//! ```text
//!              Deliver (any order, twice, or never)
//!   SOURCE ────────────────────────────────────────▶ BOOK of a series ──Post──▶ ACCOUNT
//!   a file, or ◀─ settled, no room, asked for a gap ── resequenced, each once     in order
//!   an office  ───── "you have all below b" ────────▶
//! ```
//!
//! Rules:
//! 1. A series is one sequence of numbers. Its book is the island that owns the series, an account
//!    the island that owns the customer.
//! 2. What the book releases it books and posts in the same turn: an account hears of a series in
//!    the order of its numbers.
//! 3. A source says "you have all below b" of numbers alone that the book has answered for, or that
//!    do not exist: a number that is on its way, or was turned away for want of room, may still
//!    come.
//! 4. In `run invoices` the source is the program, with a file ([`mod@file`], [`feed`]); in a
//!    simulated world it is an office on an island ([`office`]), which issues numbers that are
//!    lost, late, doubled, or void.
//!
//! It doesn't know how islands are run, nor what goes wrong around them.

mod command;
pub mod feed;
pub mod file;
mod laws;
mod ledger;
pub mod office;
mod scenario;

pub use command::{Command, Event, Invoice, Kind, Reply, Series, Slip};
pub use ledger::{Account, Book, Ledger};
pub use scenario::Scenario;
