//! Workloads: what real or generated users ask of the islands.
//!
//! They don't know threads, journals or the command line: a workload is a stream of actions.

pub mod parcels;
pub mod warehouse;
