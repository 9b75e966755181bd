//! What the seal of an idle journal costs under load: the same load with it and without.
//!
//! It doesn't know when a journal is idle.

use std::path::Path;
use std::time::{Duration, Instant};

use archipelago::journal::IdleSeal;
use serde::Serialize;

use super::load::{Tally, busy, on};
use super::{Failed, quantiles};

/// One run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Run {
    /// Answers per second.
    pub answers_per_second: f64,
    /// Median, 99 %, 99.9 %, longest, in microseconds.
    pub latency_us: [u64; 4],
    /// Commits, seals included.
    pub commits: u64,
}

/// Runs for `time` in the missing folder `data`.
///
/// # Errors
/// What the runtime or the disk says.
pub fn run(data: &Path, time: Duration, idle: IdleSeal) -> Result<Run, Failed> {
    let sea = on(data).idle_seal(idle).open(|_| Tally::new(1000))?;
    let (measured, seconds) = busy(&sea, 1, 1, |_| {
        let began = Instant::now();
        std::thread::sleep(time);
        Ok(began.elapsed().as_secs_f64())
    })?;
    let closed = sea.close(Duration::from_secs(60))?;
    Ok(Run {
        answers_per_second: measured.answers[0] as f64 / seconds,
        latency_us: quantiles(&measured.latency_us[0]),
        commits: closed.commits,
    })
}
