//! How long an order takes at a load that is given, beside what the disk alone takes.
//!
//! Rules:
//! 1. An order is due at a time that was fixed before; its latency runs from then.
//! 2. The disk alone has its turn before each run, for the same time, with commits of that run's
//!    size, one after the other. Its flushes are timed; and so is each order that would have been
//!    due: it is in the first commit that begins after that, and done when that is flushed. A disk
//!    that stands still for 30 ms is one slow flush of thousands, and all orders of 30 ms.
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
    /// Of orders as many a second that wait for these flushes and for nothing else.
    pub disk_alone: Quantiles,
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
        let (flushes, disk_alone) = disk_alone(&filled, bytes, due_a_second, time)?;
        let data = tempfile::tempdir_in(folder)?;
        let sea = open(Some(data.path()), load)?;
        let (orders, answered_a_second) = open_loop(&sea, load.clients, due_a_second, time)?;
        let closed = sea.close(Duration::from_secs(60))?;
        bytes = closed.journal_bytes / closed.commits.max(1);
        if round > 0 {
            let orders = Quantiles::of(&orders);
            all.push(Round { due_a_second, answered_a_second, orders, flushes, disk_alone });
        }
    }
    Ok(all)
}

/// The flushes of commits of `bytes`, and the orders that are due meanwhile.
fn disk_alone(
    filled: &Filled,
    bytes: u64,
    due_a_second: u64,
    time: Duration,
) -> Result<(Quantiles, Quantiles), Failed> {
    let (mut flushes, mut orders) = (latencies_kept()?, latencies_kept()?);
    let mut due = (0..).map(|number| due_at(number, due_a_second)).peekable();
    for commit in filled.flushes(Commits { count: 1, bytes }) {
        let commit = commit?;
        flushes.saturating_record(commit.flush.as_nanos() as u64);
        while let Some(due) = due.next_if(|due| *due <= commit.began) {
            orders.saturating_record((commit.ended - due).as_nanos() as u64);
        }
        if commit.ended >= time {
            break;
        }
    }
    Ok((Quantiles::of(&flushes), Quantiles::of(&orders)))
}

/// When an order is due after the first one.
const fn due_at(number: u64, due_a_second: u64) -> Duration {
    Duration::from_nanos((number as u128 * 1_000_000_000 / due_a_second as u128) as u64)
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
    let first = client << 40;
    let (mut due, mut answered, mut here) = (first..first, 0, Vec::new());
    let began = Instant::now();
    let mut note = |here: &mut Vec<RequestNumber>| {
        // The clock is read when they are in hand, never before.
        let now = began.elapsed();
        for number in here.drain(..) {
            let due = due_at(number.0 - 1, due_a_second);
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

/// The rounds as a table, with the ratios of the 99 per cent.
#[must_use]
pub fn table(rounds: &[Round]) -> String {
    let mut text = format!(
        "Latency in an open loop, µs\n\n{:<12} {:>12} {:>9} {:>9} {:>9} {:>9} | {:>9} {:>9} | \
         {:>9} {:>9} | {:>7} {:>7}\n",
        "due/s",
        "answered/s",
        "p50",
        "p99",
        "p99.9",
        "max",
        "flush p50",
        "p99",
        "alone p50",
        "p99",
        "/ flush",
        "/ alone",
    );
    for round in rounds {
        let micros = |nanos: u64| grouped(nanos / 1000);
        let Round { orders, flushes, disk_alone, .. } = round;
        text += &format!(
            "{:<12} {:>12} {:>9} {:>9} {:>9} {:>9} | {:>9} {:>9} | {:>9} {:>9} | {:>7} {:>7}\n",
            grouped(round.due_a_second),
            grouped(round.answered_a_second),
            micros(orders.p50),
            micros(orders.p99),
            micros(orders.p999),
            micros(orders.max),
            micros(flushes.p50),
            micros(flushes.p99),
            micros(disk_alone.p50),
            micros(disk_alone.p99),
            ratio(round.permille(flushes)),
            ratio(round.permille(disk_alone)),
        );
    }
    let flushes = median(rounds.iter().map(|round| round.permille(&round.flushes)));
    let alone = median(rounds.iter().map(|round| round.permille(&round.disk_alone)));
    text + &format!(
        "p99 of an order, medians: {} by that of a flush, {} by that of an order that waits for the \
         disk alone\n",
        ratio(flushes),
        ratio(alone),
    )
}

fn ratio(permille: u64) -> String {
    format!("{}.{:02}", permille / 1000, permille % 1000 / 10)
}

impl Round {
    /// The orders' 99 per cent in thousandths of those of `other`.
    const fn permille(&self, other: &Quantiles) -> u64 {
        let other = if other.p99 == 0 { 1 } else { other.p99 };
        self.orders.p99 * 1000 / other
    }
}
