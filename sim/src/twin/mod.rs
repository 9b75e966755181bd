//! The twin: how fast would the runtime be? The runtime's own drivers and journal book, with costs
//! charged in virtual time instead of checks held against them.
//!
//! ```text
//! client ─▶ mailboxes ─▶ worker 0 … T−1 ─▶ journaler ─▶ disk      each thread needs a core
//!    ▲                        │  ▲              │
//!    └──────── answers ───────┘  └── notices ───┘
//! ```
//! Rules:
//! 1. What is decided is decided by the real code; only time is made up. So messages, records,
//!    bytes, commits and who waits for whom are not guessed.
//! 2. Each thread does what its counterpart in the runtime does, in that order, one step at a time.
//!    A step takes what [`Costs`] say; what it causes is there for others when it ends.
//! 3. Each thread stays on its core and waits there for its turn, as Linux lets it.
//! 4. Integers only: the same plan gives the same outcome, to the nanosecond, on any machine.
//! 5. Costs are measured in runs of another shape than those they predict ([`calibrate`]).
//!
//! It doesn't know correctness: faults and laws are the simulator's.

pub mod calibrate;
mod client;
mod cores;
mod costs;
mod journaler;
mod mailbox;
mod network;
mod plan;
pub mod plot;
mod run;
mod sea;
#[cfg(test)]
mod tests;
mod worker;

pub use costs::{BadCosts, Costs};
pub use network::Delivery;
pub use plan::{Ask, Failed, Media, Outcome, Pace, Plan};
pub use run::run;
