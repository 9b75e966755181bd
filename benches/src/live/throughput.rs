//! Orders a second, beside what the disk and the kernels alone allow.
//!
//! It doesn't know how long one order takes.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use archipelago::{Archipelago, SnapshotPolicy, builder};

use super::ISLANDS;
use super::ceiling::{Commits, Filled, kernels_alone};
use super::clients::closed_loop;
use super::store::Store;
use crate::rounds::{Clock, Contender, Failed, Took};
use crate::session::Session;
use crate::table::{grouped, median};

/// How long a close may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Orders of a run that is flushed to the disk.
    pub orders: u64,
    /// Clients.
    pub clients: u64,
    /// Orders that each has on its way at most.
    pub window: usize,
    /// Threads that drive the islands.
    pub threads: usize,
}

impl Default for Load {
    /// Two clients, on two threads' islands.
    fn default() -> Self {
        Self { orders: 2_000_000, clients: 2, window: 8_192, threads: 2 }
    }
}

/// Opens islands; `folder` is where their journal goes, which is made for them.
///
/// # Errors
/// What the disk says.
pub fn open(folder: Option<&Path>, load: Load) -> Result<Archipelago<Store>, Failed> {
    let unanswered = (load.clients as u32).saturating_mul(load.window as u32);
    let chosen = builder()
        .islands(ISLANDS)
        .threads(load.threads)
        .snapshots(SnapshotPolicy::NEVER)
        .unanswered_max(unanswered)
        .queue_max(unanswered as usize);
    let chosen = match folder {
        Some(folder) => chosen.journal(folder.join("store")),
        None => chosen.in_memory(),
    };
    Ok(chosen.open(|_| Store::default())?)
}

/// Holds the contest; the durable rate, if it was measured.
///
/// # Errors
/// The first run that failed.
pub fn throughput(
    session: &mut Session<'_>,
    folder: &Path,
    load: Load,
) -> Result<Option<u64>, Failed> {
    let filled = Filled::new(folder)?;
    let written = Cell::new(Commits::default());
    let Load { orders, clients, window, threads } = load;
    let title = format!(
        "Live orders of one line, {ISLANDS} islands on {threads} threads, {clients} clients with {} \
         on their way",
        grouped(window as u64),
    );
    let durable = Contender::new("durable: flushed before the reply", || {
        let data = tempfile::tempdir_in(folder)?;
        let (took, commits) = run(Some(data.path()), load)?;
        written.set(commits);
        Ok(took)
    });
    let raw = Contender::new("ceiling: disk alone, the same commits", || {
        let commits = written.get();
        let mut flushes = filled.flushes(commits).take(commits.count as usize);
        let (done, took) = Took::time(orders, || flushes.try_for_each(|flush| flush.map(drop)));
        done.map(|()| took)
    });
    let kernels = Contender::new("ceiling: kernels alone", || {
        let orders = 4 * orders;
        let (done, took) = Took::time(orders, || kernels_alone(orders, threads as u64));
        done.map(|()| took)
    });
    let memory =
        Contender::new("in memory", || Ok(run(None, Load { orders: 2 * orders, ..load })?.0));
    let contenders = vec![durable, raw, kernels, memory];
    let Some(held) = session.hold_by(Clock::Wall, title, "orders", contenders)? else {
        return Ok(None);
    };
    let rates: Vec<Vec<u64>> = held
        .contenders
        .iter()
        .map(|one| one.runs.iter().map(|run| run.rate(Clock::Wall)).collect())
        .collect();
    let told = told(&rates, orders, written.get());
    session.say(&told)?;
    Ok(rates.first().map(|durable| median(durable.iter().copied())))
}

/// What the table doesn't say.
fn told(rates: &[Vec<u64>], orders: u64, Commits { count, bytes }: Commits) -> String {
    let mut text = format!(
        "{} orders a commit of {} bytes, {} bytes an order\n",
        grouped(orders / count.max(1)),
        grouped(bytes / count.max(1)),
        bytes / orders.max(1),
    );
    if let [durable, raw, kernels, ..] = rates {
        let ceilings = raw.iter().zip(kernels).map(|(raw, kernels)| (*raw).min(*kernels).max(1));
        let ratios =
            durable.iter().zip(ceilings).map(|(durable, ceiling)| durable * 1000 / ceiling);
        let permille = median(ratios);
        text += &format!(
            "durable by the lower ceiling: {}.{:02}\n",
            permille / 1000,
            permille % 1000 / 10
        );
    }
    text
}

/// Opens islands, has their clients ask, and closes; the asking is timed.
///
/// # Errors
/// What the system says, or orders that are missing.
pub fn run(folder: Option<&Path>, load: Load) -> Result<(Took, Commits), Failed> {
    let sea = open(folder, load)?;
    let Load { orders, clients, window, .. } = load;
    let (done, took) = Took::time(orders, || closed_loop(&sea, clients, orders, window));
    done?;
    let closed = sea.close(PATIENCE)?;
    let taken: u64 = closed.stats.iter().map(|island| island.counters.events).sum();
    if taken != orders {
        return Err(format!("{taken} orders were taken, not {orders}").into());
    }
    Ok((took, Commits { count: closed.commits, bytes: closed.journal_bytes }))
}
