//! What a run of the twin is asked for, and what comes of it.
//!
//! It doesn't know how it is run.

use archipelago_core::replay::Image;
use hdrhistogram::Histogram;

use super::costs::Costs;
use super::network::Delivery;
use super::sea::Sample;

/// Where the journal is, and what a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// In memory.
    Memory,
    /// In files, not flushed.
    System,
    /// On disk, flushed.
    Disk,
}

/// How the client submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At most 8,192 on their way at a time.
    FullSpeed,
    /// Each after the answer to the one before.
    Serial,
}

/// A request that the client makes.
#[derive(Clone, Debug)]
pub struct Ask<C> {
    /// Which island decides.
    pub key: Vec<u8>,
    /// What it decides.
    pub command: C,
    /// How many lines it has: what making it costs.
    pub lines: u64,
}

/// What a run of the twin is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many islands.
    pub islands: u32,
    /// How many threads drive them, at most one an island.
    pub threads: u32,
    /// What things cost, and how many cores there are.
    pub costs: Costs,
    /// How frames travel.
    pub delivery: Delivery,
    /// Where the journal is.
    pub media: Media,
    /// How requests come.
    pub pace: Pace,
    /// Which flushes are slow, which frames late, and where threads stand.
    pub seed: u64,
}

/// What a run was, from the first request after the setup to the last answer.
#[derive(Debug)]
pub struct Outcome<I> {
    /// Requests answered.
    pub answered: u64,
    /// Virtual nanoseconds.
    pub nanos: u64,
    /// From admission to answer, in microseconds.
    pub latency_us: Histogram<u64>,
    /// Messages between islands.
    pub messages: u64,
    /// Commits.
    pub commits: u64,
    /// Bytes of these commits.
    pub commit_bytes: u64,
    /// Times that admission said Busy.
    pub busy: u64,
    /// The islands at the end.
    pub images: Vec<Image<I>>,
    pub(super) samples: Vec<Sample>,
}

/// A run that could not go on: a defect of the islands under it, or of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the twin cannot go on: {0}")]
pub struct Failed(pub(super) String);
