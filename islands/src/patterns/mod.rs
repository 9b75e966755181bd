//! **Patterns**: pieces of logic to embed in an island, so that it need not be thought out again.
//!
//! Rules:
//! 1. A pattern is plain state inside the user's island: its messages ride in the user's commands,
//!    its changes in the user's events.
//! 2. It decides from `&self` and a turn, and changes in `evolve` alone, as an island does.
//!
//! It doesn't know threads, files or clocks, nor what the user's island is about.

pub mod aggregator;
pub mod saga;
pub mod stock;
