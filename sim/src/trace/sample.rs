//! Samples of a trace: figures of a world over time.
//!
//! It doesn't know what the workload counts: a level is a name and a number for each island.

use serde::{Deserialize, Serialize};

use super::Nanos;

/// Figures at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Nanos,
    /// Requests answered since the beginning.
    pub answered: u64,
    /// Latency since the sample before; `None` if nothing was answered.
    pub latency: Option<Latency>,
    /// By island.
    pub queues: Vec<Queue>,
    /// What the workload counts: first by [`super::Trace::level_names`], then by island.
    pub levels: Vec<Vec<i64>>,
}

/// Latency, from the first time a request was asked to its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests waited no longer.
    pub p50: Nanos,
    /// 99 of 100 waited no longer.
    pub p99: Nanos,
}

/// How much waits on an island.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Records that are not durable.
    pub undurable: u64,
    /// Messages sent and not acknowledged.
    pub unacked: u64,
}
