//! Replay of a real run: a warehouse that was asked all orders of a file.
//!
//! Rules:
//! 1. The journal is what `run warehouse --orders FILE --stock 50` leaves, with everything that a
//!    real run has: requests, messages between islands, answers, timers.
//! 2. The bare loop folds a vector of the events in it with the warehouse's own code, island by
//!    island as they came. Both must end in one state.
//!
//! It doesn't know what an order is.

use std::path::Path;

use archipelago::replay::{Log, OpenError};
use archipelago::{Island, IslandId};
use archipelago_benches::rounds::{Contender, Failed, Took};
use archipelago_benches::session::Session;
use archipelago_benches::table::grouped;
use archipelago_core::bytes::Malformed;
use archipelago_core::codec::{CodecError, Wire};
use archipelago_core::journal::record::Entry;
use archipelago_core::replay::Digest;
use clap::Parser;

use crate::cli::args::{Cli, Command, RunWorkload};
use crate::cli::harness::{World, setting};
use crate::cli::run;
use crate::workload::warehouse::{Event, Warehouse};

/// Runs `file` if there is no journal of it yet, and restores that.
///
/// # Errors
/// What is wrong with the file; the first run that failed.
pub(super) fn replay(session: &mut Session<'_>, file: &Path) -> Result<(), Failed> {
    let data = session.place().join("orders");
    let ran = ran(file, &data)?;
    let log = Log::open(&data)?;
    let setting = setting::<Warehouse>(&log)?;
    let born = |_: IslandId| Warehouse::born(&setting);
    let events = events(&log)?;
    let islands = log.description().islands;
    let wanted = fold(&events, islands, born);
    let bare = Contender::new("bare loop over a vector", || {
        let fold = || fold(&events, islands, born);
        let (found, took) = Took::time(events.len() as u64, fold);
        same(&found, &wanted)?;
        Ok(took)
    });
    let restored = |name: &str, threads| {
        let (data, born, wanted, count) = (&data, &born, &wanted, events.len() as u64);
        Contender::new(name, move || {
            let restore = || Log::open(data)?.restore(threads, born);
            let (restored, took) = Took::time(count, restore);
            let states = restored?.images.into_iter().map(|image| image.state);
            same(&states.collect::<Vec<_>>(), wanted)?;
            Ok(took)
        })
    };
    let title = format!(
        "Replay of a real run: {} orders, {} records, {} events, state in maps",
        grouped(ran.orders),
        grouped(ran.records),
        grouped(events.len() as u64)
    );
    let contenders = vec![bare, restored("restored", 1), restored("restored, 2 threads", 2)];
    session.hold(title, "events", contenders)?;
    Ok(())
}

/// What a run told.
struct Ran {
    orders: u64,
    records: u64,
}

fn ran(file: &Path, data: &Path) -> Result<Ran, Failed> {
    let line = ["archipelago", "run", "warehouse", "--stock", "50", "--orders"].map(Into::into);
    let line = line.into_iter().chain([file.into(), "--data".into(), data.into()]);
    let Cli { command: Command::Run { workload: RunWorkload::Warehouse(args) } } =
        Cli::try_parse_from::<_, std::ffi::OsString>(line)?
    else {
        return Err("the line runs a warehouse".into());
    };
    let report = run::warehouse(&args)?;
    let records = report.replay.map_or(0, |replay| replay.records);
    Ok(Ran { orders: report.orders, records })
}

/// All events of a journal, with whose they are.
fn events(log: &Log) -> Result<Vec<(IslandId, Event)>, Failed> {
    let mut all = Vec::new();
    log.records::<Bad>(|at| {
        at.record.walk::<Bad>(|entry| {
            if let Entry::Event(bytes) = entry {
                all.push((at.island, Event::decode(bytes)?));
            }
            Ok(())
        })
    })
    .map_err(|Bad(failed)| failed)?;
    Ok(all)
}

/// Why events cannot be had.
struct Bad(Failed);

impl From<OpenError> for Bad {
    fn from(error: OpenError) -> Self {
        Self(error.into())
    }
}

impl From<Malformed> for Bad {
    fn from(error: Malformed) -> Self {
        Self(error.into())
    }
}

impl From<CodecError> for Bad {
    fn from(error: CodecError) -> Self {
        Self(error.into())
    }
}

fn fold(
    events: &[(IslandId, Event)],
    islands: u32,
    born: impl Fn(IslandId) -> Warehouse,
) -> Vec<Warehouse> {
    let mut states: Vec<Warehouse> = (0..islands).map(IslandId).map(born).collect();
    events.iter().for_each(|(island, event)| states[island.0 as usize].evolve(event));
    states
}

fn same(found: &[Warehouse], wanted: &[Warehouse]) -> Result<(), Failed> {
    let [found, wanted] = [Digest::of(found)?, Digest::of(wanted)?];
    match found == wanted {
        true => Ok(()),
        false => Err(format!("digest {found}, not {wanted}").into()),
    }
}
