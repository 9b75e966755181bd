//! worlds

pub mod workload;
