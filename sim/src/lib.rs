//! Archipelago at work: the warehouse, real and generated demand for it, and the command line.
//!
//! What it is not: a simulator, yet. There is no fake disk, network or clock here so far.
//!
//! [`workload::warehouse::Warehouse`] is an island to embed; [`cli`] is the program `archipelago`.
#![forbid(unsafe_code)]

pub mod cli;
pub mod workload;
