//! Measures what the product costs, and the simulator beside its peers.
//!
//! [`rounds`] is for what runs in this process and is told in wall time: [`replay`] of the
//! [`shop`]'s events. [`contest`] is for whole programs, told in CPU time: deliveries on a token
//! [`ring`] of simulators. [`journal`] measures starts, snapshots and seals.
//!
//! Rules:
//! 1. Contenders run in turns (A, B, C, A, B, C, …), so that a machine that slows down slows all of
//!    them. Of what is shown as a ratio, both sides are measured in the same round.
//! 2. A run that did not do all of its work is no run: it ends the measurement.
//!
//! It doesn't know how what it measures works, ours or another's.
#![forbid(unsafe_code)]

pub mod about;
pub mod contest;
pub mod cpu;
pub mod idle;
pub mod journal;
pub mod replay;
pub mod ring;
pub mod rounds;
pub mod shop;
pub mod table;
