//! The workload of every replay bench: a shop's events, and the state that they fold to.
//!
//! 10,000 products of which few are sold often (Zipf, exponent 1), 200,000 customers. Of 10 events
//! 6 are orders of 1 to 4 lines, 2 are stock received, 2 are stock sent. The state is the stock of
//! each product, and the orders and units of each customer.
//!
//! Rules:
//! 1. Events follow from their number alone: any part of the stream can be made anywhere.
//! 2. All contenders fold with the code of [`state`], and end in one digest.
//!
//! It doesn't know where events are kept.

pub mod event;
pub mod island;
pub mod state;
pub mod stream;
