//! Archipelago's simulator, its workloads on real and generated data, and the command line.
//!
//! [`Simulation`] runs one's own islands in a hostile world, from one seed: the runtime's own
//! drivers and journal on a fake disk, fake links and a fake clock ([`world`], [`fault`]).
//! [`workload::warehouse::Warehouse`] is an island to embed; [`cli`] is the program `archipelago`.
//!
//! What it is not, yet: a shrinker of failures, or a twin that predicts throughput.
#![forbid(unsafe_code)]

pub mod cli;
pub mod fault;
pub mod simulation;
pub mod twin;
pub mod workload;
pub mod world;

pub use fault::{Faults, Preset};
pub use simulation::{Broken, Simulation, Summary};
pub use world::{Cut, Dice, Figures, Stream, Violation};
