//! The way of a message from an island on one thread to an island on another, in memory.
//!
//! Rules:
//! 1. The whole way: decided, written to a record, carried, and decided again at the other end,
//!    exactly once and in order.
//! 2. A round trip is too short to be timed alone by a client: chains of them are timed, and a
//!    quantile is one of chains, told for one round trip.
//!
//! It doesn't know what a link is made of.

pub mod island;
pub mod ways;
