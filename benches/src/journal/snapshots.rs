//! What a snapshot does to whoever asks meanwhile, under full load.
//!
//! Rules:
//! 1. Phases with and without take turns in one run. One with is as long as the snapshot takes; the
//!    one before it, without, is as long as the snapshot before took, but a second at least.
//! 2. An answer counts for the phase in which it was asked and answered.
//!
//! It doesn't know how snapshots are made.

use std::path::Path;
use std::time::{Duration, Instant};

use archipelago::SnapshotPolicy;
use serde::Serialize;

use super::load::{Tally, busy, on};
use super::{Failed, quantiles};

/// Slots an island counts: with 16 islands a state of 1.6 million numbers.
const SLOTS: usize = 100_000;
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(8);

/// One phase.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Turn {
    /// How long it took.
    pub seconds: f64,
    /// Answers in it, per second.
    pub answers_per_second: f64,
    /// Median, 99 %, 99.9 %, longest, in microseconds.
    pub latency_us: [u64; 4],
}

/// A phase without a snapshot, and the one with it that followed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pair {
    /// Nothing but the load.
    pub without: Turn,
    /// A snapshot was made.
    pub with: Turn,
}

/// Measures `pairs` pairs in the missing folder `data`.
///
/// # Errors
/// What the runtime or the disk says.
pub fn run(data: &Path, pairs: usize) -> Result<Vec<Pair>, Failed> {
    let sea = on(data).snapshots(SnapshotPolicy::NEVER).open(|_| Tally::new(SLOTS))?;
    let (measured, times) = busy(&sea, 2 * pairs + 1, 1, |phase| {
        // Phase 0: warming up, and the first snapshot, which is of everything.
        std::thread::sleep(LEAST);
        let began = Instant::now();
        sea.snapshot()?;
        let mut took = began.elapsed();
        let mut times = Vec::new();
        for pair in 0..pairs {
            phase.begin(2 * pair + 1);
            let began = Instant::now();
            std::thread::sleep(took.clamp(LEAST, MOST));
            times.push(began.elapsed());
            phase.begin(2 * pair + 2);
            let began = Instant::now();
            if sea.snapshot()?.is_none() {
                return Err("there was nothing new to keep".into());
            }
            took = began.elapsed();
            times.push(took);
        }
        Ok(times)
    })?;
    let turn = |at: usize| {
        let seconds = times[at].as_secs_f64();
        Turn {
            seconds,
            answers_per_second: measured.answers[at + 1] as f64 / seconds,
            latency_us: quantiles(&measured.latency_us[at + 1]),
        }
    };
    Ok((0..pairs).map(|at| Pair { without: turn(2 * at), with: turn(2 * at + 1) }).collect())
}
