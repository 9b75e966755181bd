//! Archipelago's simulator, its workloads on real and generated data, and the command line.
//!
//! [`Simulation`] runs one's own islands in a hostile world, from one seed: the runtime's own
//! drivers and journal on a fake disk, fake links and a fake clock ([`world`], [`fault`]).
//! [`workload::warehouse::Warehouse`] is an island to embed; [`cli`] is the program `archipelago`.
//!
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
pub mod fault;
pub mod scenario;
pub mod simulation;
pub mod workload;
pub mod world;

pub use check::{Check, Cut, Mark, Marks};
pub use fault::{Faults, Preset};
pub use simulation::{Broken, Simulation, Summary};
pub use world::{Dice, Figures, Misfortune, Stream, Verb, Violation, Ways};
