//! How long an order takes at a load that is given, beside what a flush takes.
//!
//! Rules:
//! 1. An order is due at a time that was fixed before; its latency runs from then.
//! 2. The disk's own flushes are timed before each run, of commits of that run's size.
//!
//! It doesn't know how fast an order could be.

use std::path::Path;
use std::time::{Duration, Instant};

use archipelago::{Archipelago, RequestNumber};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::ceiling::{Commits, Filled};
use super::clients::Orders;
use super::store::{Order, Store};
use super::throughput::{Load, open};
use crate::rounds::Failed;
use crate::table::{grouped, median};

/// How long the system runs before latencies count.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long a client sleeps between two looks.
const NAP: Duration = Duration::from_micros(50);
/// Flushes that are timed before a run.
const FLUSHES: u64 = 2_000;

/// Quantiles in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: u64,
    /// 99 of 100 are no longer.
    pub p99: u64,
    /// 999 of 1000.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Quantiles {
    /// Those of a histogram of nanoseconds.
    #[must_use]
    pub fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile);
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: times.max() }
    }
}

/// One round.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    /// Orders a second that were due.
    pub due_a_second: u64,
    /// Orders a second that were answered.
    pub answered_a_second: u64,
    /// Of orders, from due to answered.
    pub orders: Quantiles,
    /// Of the disk's own flushes of as many bytes.
    pub flushes: Quantiles,
}

/// Runs `rounds` rounds of `time` each, with `due_a_second` orders in all.
///
/// # Errors
/// The first that failed.
pub fn rounds(
    folder: &Path,
    load: Load,
    due_a_second: u64,
    time: Duration,
    rounds: u32,
) -> Result<Vec<Round>, Failed> {
    let filled = Filled::new(folder)?;
    let mut bytes = 64 << 10;
    let mut all = Vec::new();
    for round in 0..=rounds {
        let mut flushes = Histogram::new(3)?;
        filled.write(Commits { count: FLUSHES, bytes: bytes * FLUSHES }, &mut flushes)?;
        let data = tempfile::tempdir_in(folder)?;
        let sea = open(Some(data.path()), load)?;
        let (orders, answered_a_second) = open_loop(&sea, load.clients, due_a_second, time)?;
        let closed = sea.close(Duration::from_secs(60))?;
        bytes = closed.journal_bytes / closed.commits.max(1);
        if round > 0 {
            let (orders, flushes) = (Quantiles::of(&orders), Quantiles::of(&flushes));
            all.push(Round { due_a_second, answered_a_second, orders, flushes });
        }
    }
    Ok(all)
}

fn open_loop(
    sea: &Archipelago<Store>,
    clients: u64,
    due_a_second: u64,
    time: Duration,
) -> Result<(Histogram<u64>, u64), Failed> {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..clients)
            .map(|client| {
                let each = due_a_second / clients;
                scope.spawn(move || {
                    one_client(sea, client, each, time).map_err(|why| why.to_string())
                })
            })
            .collect();
        let (mut latencies, mut answered) = (latencies_kept()?, 0);
        for client in all {
            let (one, rate) = client.join().map_err(|_| "a client panicked")??;
            latencies.add(&one)?;
            answered += rate;
        }
        Ok((latencies, answered))
    })
}

/// Up to a minute, in nanoseconds.
fn latencies_kept() -> Result<Histogram<u64>, Failed> {
    Ok(Histogram::new_with_bounds(1, 60_000_000_000, 3)?)
}

fn one_client(
    sea: &Archipelago<Store>,
    client: u64,
    due_a_second: u64,
    time: Duration,
) -> Result<(Histogram<u64>, u64), Failed> {
    let named = sea.client(&format!("client {client}"))?;
    let mut orders = Orders::new(&named);
    let mut latencies = latencies_kept()?;
    let due_at = |number: u64| Duration::from_nanos(number * 1_000_000_000 / due_a_second);
    let first = client << 40;
    let (mut due, mut answered, mut here) = (first..first, 0, Vec::new());
    let began = Instant::now();
    let mut note = |here: &mut Vec<RequestNumber>| {
        // The clock is read when they are in hand, never before.
        let now = began.elapsed();
        for number in here.drain(..) {
            let due = due_at(number.0 - 1);
            if due > WARM_UP {
                latencies.saturating_record(now.saturating_sub(due).as_nanos().max(1) as u64);
            }
        }
    };
    while began.elapsed() < WARM_UP + time {
        due.end = first + began.elapsed().as_nanos() as u64 * due_a_second / 1_000_000_000;
        // What is refused as busy is asked again, and was due when it was due.
        orders.ask(&mut due.by_ref().map(Order::numbered))?;
        orders.take_here(|number| here.push(number))?;
        answered += here.len();
        note(&mut here);
        std::thread::sleep(NAP);
    }
    let rate = answered as f64 / began.elapsed().as_secs_f64();
    while !orders.is_done() {
        orders.ask(&mut std::iter::empty())?;
        orders.take(|number| here.push(number))?;
        note(&mut here);
    }
    Ok((latencies, rate as u64))
}

/// The rounds as a table, with the ratio of the two 99 per cent in the median round.
#[must_use]
pub fn table(rounds: &[Round]) -> String {
    let mut text = format!(
        "Latency in an open loop, µs\n\n{:<12} {:>12} {:>9} {:>9} {:>9} {:>9} | {:>9} {:>9} {:>6}\n",
        "due/s", "answered/s", "p50", "p99", "p99.9", "max", "flush p50", "p99", "ratio",
    );
    for round in rounds {
        let micros = |nanos: u64| grouped(nanos / 1000);
        let Round { orders, flushes, .. } = round;
        text += &format!(
            "{:<12} {:>12} {:>9} {:>9} {:>9} {:>9} | {:>9} {:>9} {:>6}\n",
            grouped(round.due_a_second),
            grouped(round.answered_a_second),
            micros(orders.p50),
            micros(orders.p99),
            micros(orders.p999),
            micros(orders.max),
            micros(flushes.p50),
            micros(flushes.p99),
            ratio(round.permille()),
        );
    }
    let permille = median(rounds.iter().map(Round::permille));
    text + &format!("p99 of an order by that of a flush, median: {}\n", ratio(permille))
}

fn ratio(permille: u64) -> String {
    format!("{}.{:02}", permille / 1000, permille % 1000 / 10)
}

impl Round {
    /// The orders' 99 per cent in thousandths of the flushes'.
    #[must_use]
    pub const fn permille(&self) -> u64 {
        let flush = if self.flushes.p99 == 0 { 1 } else { self.flushes.p99 };
        self.orders.p99 * 1000 / flush
    }
}
