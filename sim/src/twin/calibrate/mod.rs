//! Measuring what things cost on this machine, once, in small runs.
//!
//! Rules:
//! 1. Nothing is fitted to what the twin is to predict: the runs here have other orders, other
//!    products and other numbers of islands than real ones, and time single calls, not throughput.
//! 2. The real code is timed call by call, in the twin's own loop: the same plan makes the same
//!    calls each time, so the median over repetitions is taken for each single call. What else the
//!    machine does then falls away; what a call always costs stays.
//! 3. A section's numbers are the least squares over its calls, none below 0.
//! 4. What cold caches cost a woken thread is what the twin lacks of serial round trips of the real
//!    runtime.
//!
//! What the client does is measured by the command line, which owns it. It doesn't know why.

mod core;
mod disk;
mod fit;
mod threads;
mod trip;
mod workload;

use std::io;
use std::path::Path;
use std::time::Instant;

use crossbeam::channel::bounded;

pub use fit::line;
use workload::{Shape, orders};

use super::costs::{Costs, Counts, SECTIONS, Section};
use super::network::Delivery;
use super::plan::{Failed, Media, Outcome, Pace, Plan};
use super::run::measure;
use super::sea::Sample;
use crate::workload::warehouse::{Warehouse, WarehouseConfig};

/// How often each run is repeated.
const REPETITIONS: usize = 9;
/// Requests that the client's thread is ahead.
const REQUESTS_MAX: usize = 64;
/// The numbers of islands whose calls are timed.
const ISLANDS: [u32; 3] = [1, 5, 12];

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Unmeasured {
    /// The islands.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// The real runtime.
    #[error("the runtime cannot be measured: {0}")]
    Runtime(String),
    /// The disk.
    #[error("the disk cannot be measured: {0}")]
    Disk(#[from] io::Error),
}

/// What the client costs, in picoseconds: per request, per line of an order, per answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCosts {
    /// Each request made and admitted.
    pub request: u64,
    /// Each line of an order.
    pub line: u64,
    /// Each answer taken.
    pub answer: u64,
}

/// Measures everything but the client, which has been measured; the disk is the one of `folder`.
///
/// # Errors
/// [`Unmeasured`].
pub fn calibrate(folder: &Path, client: ClientCosts) -> Result<Costs, Unmeasured> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let mut costs = Costs { cores, ..Costs::default() };
    costs.ps[Section::Client as usize] = [client.request, client.line, client.answer, 0, 0];
    islands(&mut costs)?;
    threads::measure(&mut costs);
    core::measure(&mut costs);
    disk::measure_memory(&mut costs)?;
    disk::measure(folder, &mut costs)?;
    trip::measure(&mut costs)?;
    Ok(costs)
}

/// Measures the flushes of the disk of `folder` again: a disk that others use too changes from
/// minute to minute. Adds them to `flushes`, in nanoseconds.
///
/// # Errors
/// Those of the disk.
pub fn flushes(folder: &Path, flushes: &mut Vec<u64>) -> Result<(), Unmeasured> {
    Ok(disk::flushes(folder, flushes)?)
}

/// Times the calls of islands and journal.
fn islands(costs: &mut Costs) -> Result<(), Failed> {
    let overhead = timer_overhead();
    let mut rows: Vec<Vec<(Counts, u64)>> = vec![Vec::new(); SECTIONS.len()];
    for islands in ISLANDS {
        let mut runs: Vec<Vec<Sample>> = Vec::new();
        for repetition in 0..=REPETITIONS {
            let outcome = run_measured(islands)?;
            // The first one warms up.
            if repetition > 0 {
                runs.push(outcome.samples);
            }
        }
        let calls = runs.first().map_or(0, Vec::len);
        if runs.iter().any(|run| run.len() != calls) {
            return Err(Failed("two runs of one plan were not the same".to_owned()));
        }
        for at in 0..calls {
            let (section, counts, _) = runs[0][at];
            let mut times: Vec<u64> = runs.iter().map(|run| run[at].2).collect();
            let nanos = median(&mut times).saturating_sub(overhead);
            rows[section as usize].push((counts, nanos));
        }
    }
    for (rows, prices) in rows.iter().zip(&mut costs.ps) {
        if !rows.is_empty() {
            *prices = fit::fit(rows);
        }
    }
    Ok(())
}

fn run_measured(islands: u32) -> Result<Outcome<Warehouse>, Failed> {
    let plan = Plan {
        islands,
        threads: 2,
        costs: Costs::default(),
        delivery: Delivery::default(),
        // In memory there are no commits to be measured.
        media: Media::System,
        pace: Pace::FullSpeed,
        seed: 1,
    };
    let (setup, asks) = orders(&Shape::default());
    let config = WarehouseConfig::default();
    // Requests come from another thread, as in the runtime: from its caches, and its memory.
    let (sender, receiver) = bounded(REQUESTS_MAX);
    let client = std::thread::spawn(move || {
        for ask in &asks {
            if sender.send(ask.clone()).is_err() {
                return;
            }
        }
    });
    let make = move |_| Warehouse::new(config.clone());
    let outcome = measure(&plan, setup, receiver.into_iter(), make);
    // It ends when nobody receives any more, and cannot panic.
    let _ = client.join();
    outcome
}

/// What a pair of looks at the clock costs, in nanoseconds.
fn timer_overhead() -> u64 {
    let mut times: Vec<u64> = (0..10_001).map(|_| nanos(Instant::now())).collect();
    median(&mut times)
}

/// Nanoseconds since `began`.
fn nanos(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The middle one; 0 of none.
pub fn median(numbers: &mut [u64]) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

/// A few orders on scarce stock, for tests.
#[cfg(test)]
pub(super) fn small_orders() -> (Vec<workload::Request>, Vec<workload::Request>) {
    let shape = Shape { orders: 120, products: 20, customers: 15, lines_log: 2, stock: 25 };
    orders(&shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_plan_makes_the_same_calls_and_they_take_time() {
        let (first, second) = (run_measured(3).unwrap(), run_measured(3).unwrap());
        let calls = |outcome: &Outcome<Warehouse>| -> Vec<(Section, Counts)> {
            outcome.samples.iter().map(|(section, counts, _)| (*section, *counts)).collect()
        };
        assert_eq!(calls(&first), calls(&second));
        assert_eq!(first.nanos, second.nanos, "timing changes nothing");
        let seen = |section| calls(&first).iter().filter(|(other, _)| *other == section).count();
        for section in [Section::Ask, Section::Message, Section::Drain, Section::Commit] {
            assert!(seen(section) > 10, "{section:?}");
        }
        assert!(first.samples.iter().map(|(_, _, nanos)| nanos).sum::<u64>() > 100_000);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!((median(&mut [9, 1, 5]), median(&mut [])), (5, 0));
    }
}
