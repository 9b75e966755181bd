//! Measures the journal ([`journal`]), and the simulator: deliveries per CPU second on a token
//! ring, beside its peers, and how much faster than real time an idle warehouse passes.
//!
//! Rules of the simulator's benches:
//! 1. CPU time of the process, not wall time; making the world and checking it at its end count.
//! 2. Contenders run in turns (A, B, C, A, B, C, …), each run in a process of its own, so that a
//!    machine that slows down slows all of them.
//! 3. A run that did not deliver everything is no run: it ends the measurement.
//!
//! It doesn't know how a simulator works, ours or another.
#![forbid(unsafe_code)]

pub mod about;
pub mod contest;
pub mod cpu;
pub mod idle;
pub mod journal;
pub mod ring;
pub mod table;
