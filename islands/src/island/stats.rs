//! What one island has done, and how long its answers took.
//!
//! It doesn't know clocks: times arrive as nanoseconds.

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Counters;
use hdrhistogram::Histogram;

/// Latencies are kept in microseconds up to an hour, with two significant digits: about 20 KiB an
/// island, however many answers there are.
const LATENCY_US_MAX: u64 = 3_600_000_000;

/// A snapshot of one island's figures since its start.
#[derive(Clone, Debug)]
pub struct IslandStats {
    /// Which island.
    pub island: IslandId,
    /// Its last record.
    pub position: JournalPosition,
    /// What it has done.
    pub counters: Counters,
    /// Answers given.
    pub answered: u64,
    /// Requests not answered yet.
    pub waiting: u64,
    /// Client sessions remembered.
    pub sessions: u64,
    /// From admission to durable reply, in microseconds.
    pub latency_us: Histogram<u64>,
    /// Why it stopped, if it did.
    pub stopped: Option<String>,
}

/// An empty latency histogram.
pub(crate) fn latency_histogram() -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, 2, 2).expect("the bounds are constants");
    histogram.auto(true);
    histogram
}

/// The latencies of several islands together.
#[must_use]
pub fn latency_of(stats: &[IslandStats]) -> Histogram<u64> {
    let mut all = latency_histogram();
    for island in stats {
        // Both grow by themselves; a refusal could only leave one island out of the percentiles.
        let _ = all.add(&island.latency_us);
    }
    all
}

/// Records one latency.
pub(crate) fn record_latency(histogram: &mut Histogram<u64>, nanos: u64) {
    // Auto-resize makes room for any value below the cap.
    let _ = histogram.record((nanos / 1000).clamp(1, LATENCY_US_MAX));
}
