//! **Island**: the second station. One command at a time is decided and evolved.
//!
//! Rules:
//! 1. `decide` sees `&self` and returns values through its [`Turn`]; `evolve` alone changes state.
//! 2. One input makes one record, or none (a duplicate).
//! 3. Nothing leaves before the record that caused it is durable: the gate holds it.
//! 4. A panic in `decide` makes a dead letter; a panic in `evolve` stops the island.
//!
//! It doesn't know threads, files, clocks or entropy.

pub mod decider;
pub(crate) mod deciding;
mod digests;
mod gate;
pub mod kernel;
mod reason;
pub mod timers;
pub mod turn;
mod values;

pub use decider::Island;
pub use digests::DigestPolicy;
pub use kernel::Kernel;
pub use reason::panic_text;
pub use turn::{Decision, Origin, Turn};
pub use values::{Admitted, Answer, Counters, Limits, Output, Refusal, Request};
