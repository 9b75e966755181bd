//! Measures the journal: what opening costs, what a snapshot and a seal do to whoever asks, what
//! recycling gains, and how many bytes records take.
//!
//! Rules:
//! 1. The real runtime on a real directory, flushed to the disk.
//! 2. What is compared is measured in turns (A, B, A, B, …) in one process, and each turn is told.
//! 3. Times are wall time: a flush is a wait.
//!
//! It doesn't know what the figures should be.

pub mod load;
pub mod opening;
pub mod records;
pub mod recycle;
pub mod seal;
pub mod snapshots;

use hdrhistogram::Histogram;

/// Why a measurement came to nothing.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;

/// An empty histogram of microseconds, with three significant digits.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits can be kept")
}

/// Median, 99 and 99.9 per cent, and the longest, in microseconds.
#[must_use]
pub fn quantiles(times: &Histogram<u64>) -> [u64; 4] {
    let at = |quantile| times.value_at_quantile(quantile);
    [at(0.5), at(0.99), at(0.999), times.max()]
}

/// The median of some numbers; 0 of none.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}
