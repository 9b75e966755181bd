//! Archipelago's simulator, its workloads on real and generated data, and the command line.
//!
//! [`Simulation`] runs one's own islands in a hostile world, from one seed: the runtime's own
//! drivers and journal on a fake disk, fake links and a fake clock ([`world`], [`fault`]).
//! [`workload::warehouse::Warehouse`] is an island to embed; [`cli`] is the program `archipelago`.
//! A failure is [shrunk](shrink) to a story; [`trace`] holds what happened in a world, and
//! [`report`] draws it as a page; [`scenario`] reads worlds from files; the [`oracle`] proves that
//! every prefix of a journal recovers, and the [`twin`] predicts throughput.
//!
//! `docs/SIMULATION.md` in the repository is the way in, from nothing to a shrunk failure; its code
//! is that of `examples/simulate_my_island.rs` and `examples/simulate_more.rs`. `docs/TWIN.md` is
//! the twin's page.
//!
//! It doesn't know who embeds it.
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
pub mod fault;
mod mix;
pub mod oracle;
pub mod report;
pub mod scenario;
pub mod shrink;
pub mod simulation;
pub mod trace;
pub mod twin;
pub mod workload;
pub mod world;

pub use archipelago_core::kind;
pub use check::{Check, Cut, Mark, Marks};
pub use fault::{Faults, Preset};
pub use shrink::{Capsule, Effort, Shrunk};
pub use simulation::{Broken, Simulation, Summary};
pub use world::{Dice, Figures, Misfortune, Stream, Verb, Violation, Ways};
