//! Worlds for Archipelago: workloads on real and generated data, and the command line.
//!
//! The simulator itself is under way.
#![forbid(unsafe_code)]

pub mod cli;
pub mod workload;
