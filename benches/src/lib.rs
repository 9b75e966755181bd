//! Measures what the product costs on a machine: what `archipelago bench` runs, and the benches of
//! the journal.
//!
//! A [`session`] is one measurement, from its command line to its figures. Its parts: [`replay`] of
//! the [`shop`]'s events, [`mod@start`], [`mod@routing`], [`curves`] and [`mod@memory`];
//! [`live`] orders and [`link`]s. [`rounds`]
//! holds contenders against each other. [`journal`] measures starts, snapshots and seals closely.
//!
//! Rules:
//! 1. Contenders run in turns (A, B, C, A, B, C, …), so that a machine that slows down slows all of
//!    them. Of what is shown as a ratio, both sides are measured in the same round.
//! 2. A run that did not do all of its work is no run: it ends the measurement.
//!
//! It doesn't know how what it measures works, ours or another's; nor the simulator, which measures
//! itself.
#![forbid(unsafe_code)]

pub mod about;
pub mod cpu;
pub mod curves;
pub mod journal;
pub mod link;
pub mod live;
pub mod memory;
pub mod replay;
pub mod rounds;
pub mod routing;
pub mod session;
pub mod shop;
pub mod start;
pub mod table;
