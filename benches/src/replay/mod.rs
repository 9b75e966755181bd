//! Replay against the bare loop: the shop's events from a journal of the product, and from memory.
//!
//! Rules:
//! 1. The journal was written by the product, with live group commits; it is read with all checks.
//! 2. The bare loop folds a vector of the same events with the same code. Its digest is the one
//!    that every contender must end in.
//!
//! It doesn't know how a journal is read.

pub mod contests;
pub mod journals;
pub mod restoring;
