//! `run warehouse`: the workload on islands, from the first submission to the report.
//!
//! Rules:
//! 1. Products are requests 1, 2, 3 …; orders and returns follow, in the order of the workload.
//!    Running again on the same data asks only for what has no answer yet.
//! 2. At full speed a bounded number of requests is on its way; Busy means to wait for an answer.
//! 3. At the end the run replays its own journal and compares digests.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use archipelago::island::latency_of;
use archipelago::journal::Durability;
use archipelago::patterns::stock::{Policy, Units};
use archipelago::replay::Log;
use archipelago::{Archipelago, AtRest, Builder, Closed, Settled, builder};
use archipelago_core::id::RequestNumber;
use hdrhistogram::Histogram;

use super::args::{self, Pace, Returns, RunArgs};
use super::books::Books;
use super::failure::Failure;
use super::history::{CLIENT, History};
use super::progress::Progress;
use super::replay;
use super::reply_log::ReplyLog;
use super::report::{Latency, RunReport, per_second};
use super::setting::{APPLICATION, Setting, earlier, policy};
use super::submit::{Submitted, Submitter};
use crate::workload::warehouse::action::{Action, Counts};
use crate::workload::warehouse::catalog::{Catalog, Product};
use crate::workload::warehouse::demand::{Demand, Shape};
use crate::workload::warehouse::orders::Orders;
use crate::workload::warehouse::work::Work;
use crate::workload::warehouse::{Command, ProductCode, Warehouse};

/// How long to wait for messages on their way, after the setup and at the end.
const SETTLE_TIME: Duration = Duration::from_secs(60);

/// Runs the warehouse.
///
/// # Errors
/// Bad input (exit 2), or a reply that contradicts one given before (exit 1).
pub fn warehouse(args: &RunArgs) -> Result<RunReport, Failure> {
    let place = Place::of(args)?;
    let work = work(args)?;
    let setting = Setting::asked(args, work.fingerprint);
    let history = match place.directory() {
        Some(data) => history(data, &setting, args.islands)?,
        None => History::default(),
    };
    let replies = args.replies.as_deref().map(ReplyLog::open).transpose()?;
    let sea = place.choose(opening(args, &setting)).open(setting.island())?;
    let client = sea.client(CLIENT).map_err(|error| Failure::input(error.to_string()))?;
    let mut submitter = Submitter::new(&client, &history, replies);
    let Work { catalog, counts, actions, .. } = work;
    let codes = codes(&catalog)?;
    let setup = set_up(&sea, &catalog, &codes, args, &mut submitter)?;
    let ran = orders(args, &codes, &counts, actions, &mut submitter)?;
    let closed = sea.close(SETTLE_TIME).map_err(|error| Failure::input(error.to_string()))?;
    let mut report = report(args, &counts, &closed, &setup, ran)?;
    // The replay needs the memory of its own islands.
    drop(closed);
    report.replay = place.directory().map(own_replay).transpose()?;
    Ok(report)
}

fn own_replay(data: &Path) -> Result<super::report::ReplayReport, Failure> {
    replay::report(&replay::restore(&Log::open(data)?, None)?)
}

/// The workload that the arguments ask for, with returns whether they are submitted or not.
///
/// # Errors
/// What is wrong with the order file.
pub fn work(args: &RunArgs) -> Result<Work, Failure> {
    match &args.orders {
        Some(file) => {
            let _progress = Progress::unknown("reading orders");
            Ok(Orders::load(file)?.into())
        }
        None => {
            let _progress = Progress::unknown("counting the generated orders");
            let shape = Shape { orders: args.commands, seed: args.seed, ..Shape::default() };
            Ok(Work::from(&Demand::new(shape)?))
        }
    }
}

/// Where the journal is kept.
enum Place {
    Memory,
    /// Removed when it is dropped.
    Temporary(tempfile::TempDir),
    Data(PathBuf),
}

impl Place {
    fn of(args: &RunArgs) -> Result<Self, Failure> {
        match (&args.data, args.durability) {
            (Some(_), args::Durability::Memory) => Err(Failure::input(
                "--durability memory keeps nothing in --data: leave out one of them",
            )),
            (None, args::Durability::Memory) => Ok(Self::Memory),
            (Some(data), _) => Ok(Self::Data(data.clone())),
            (None, _) => tempfile::Builder::new()
                .prefix("archipelago-")
                .tempdir()
                .map(Self::Temporary)
                .map_err(|error| {
                    Failure::input(format!(
                        "cannot make a temporary directory: {error}; use --data"
                    ))
                }),
        }
    }

    fn directory(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Temporary(data) => Some(data.path()),
            Self::Data(data) => Some(data),
        }
    }

    fn choose(&self, builder: Builder) -> Builder {
        match self.directory() {
            Some(data) => builder.journal(data),
            None => builder.in_memory(),
        }
    }
}

fn opening(args: &RunArgs, setting: &Setting) -> Builder {
    let durability = match args.durability {
        args::Durability::Disk => Durability::Disk,
        args::Durability::Os | args::Durability::Memory => Durability::Os,
    };
    let builder = builder()
        .islands(args.islands)
        .durability(durability)
        .application(APPLICATION, &setting.text());
    match args.threads {
        Some(threads) => builder.threads(threads as usize),
        None => builder,
    }
}

fn history(data: &Path, setting: &Setting, islands: u32) -> Result<History, Failure> {
    match earlier(data, setting, islands)? {
        Some(log) => {
            let _progress = Progress::unknown("reading what was answered before");
            History::read(&log, |_, _| {})
        }
        None => Ok(History::default()),
    }
}

pub(super) fn codes(catalog: &Catalog) -> Result<Vec<ProductCode>, Failure> {
    let code = |product: &Product| ProductCode::try_from(&*product.code);
    let codes: Result<_, _> = catalog.products().iter().map(code).collect();
    codes.map_err(|bad| Failure::input(format!("product code: {bad}")))
}

/// What spreading the stock took.
struct Setup {
    /// Messages sent for it, in all runs on this data.
    messages: u64,
    /// Latencies of its requests, which are not the orders'.
    latency_us: Histogram<u64>,
}

/// Creates the products and waits until every slice has arrived.
fn set_up(
    sea: &Archipelago<Warehouse>,
    catalog: &Catalog,
    codes: &[ProductCode],
    args: &RunArgs,
    submitter: &mut Submitter<'_>,
) -> Result<Setup, Failure> {
    let progress = Progress::of("products", codes.len() as u64);
    for (at, (product, code)) in catalog.products().iter().zip(codes).enumerate() {
        let create =
            Command::CreateProduct { product: *code, units: Units(product.stock(args.stock)) };
        submitter.submit(RequestNumber(at as u64 + 1), code.as_str(), create)?;
        progress.set(at as u64 + 1);
    }
    submitter.drain()?;
    match sea.settle(SETTLE_TIME) {
        Ok(AtRest::Yes) => {}
        Ok(AtRest::No) => {
            return Err(Failure::check("the slices of stock did not arrive in time"));
        }
        Err(error) => return Err(Failure::input(error.to_string())),
    }
    let stats = sea.stats().map_err(|error| Failure::input(error.to_string()))?;
    // A product of which something is sliced sends a slice to every island.
    let is_sliced = |product: &&Product| {
        let units = Units(product.stock(args.stock));
        policy(args.policy).pooled(units, args.islands) < units
    };
    let sliced = catalog.products().iter().filter(is_sliced).count() as u64;
    let messages = sliced * u64::from(args.islands);
    Ok(Setup { messages, latency_us: latency_of(&stats) })
}

/// What the run of the orders gave.
struct Ran {
    submitted: Submitted,
    seconds: f64,
}

fn orders(
    args: &RunArgs,
    codes: &[ProductCode],
    counts: &Counts,
    actions: impl Iterator<Item = Action>,
    submitter: &mut Submitter<'_>,
) -> Result<Ran, Failure> {
    let products = codes.len() as u64;
    let (what, total) = match args.returns() {
        Returns::Submit => ("orders and returns", counts.orders + counts.returns),
        Returns::Skip => ("orders", counts.orders),
    };
    let progress = Progress::of(what, total);
    let before = submitter.submitted();
    let started = Instant::now();
    for (at, action) in actions.enumerate() {
        let number = RequestNumber(products + at as u64 + 1);
        if matches!(action, Action::Return(_)) && args.returns() == Returns::Skip {
            continue;
        }
        submitter.submit_action(number, &action, codes)?;
        if args.pace() == Pace::Serial {
            submitter.drain()?;
        }
        progress.add(1);
    }
    submitter.drain()?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(Ran { submitted: submitter.submitted().since(before), seconds })
}

fn report(
    args: &RunArgs,
    counts: &Counts,
    closed: &Closed<Warehouse>,
    setup: &Setup,
    ran: Ran,
) -> Result<RunReport, Failure> {
    if let Settled::No { waiting, unacked } = closed.settled {
        return Err(Failure::check(format!(
            "the islands did not come to rest: {waiting} requests without an answer, \
             {unacked} messages not acknowledged; what is open stays in the journal"
        )));
    }
    let books = Books::of(&closed.images);
    if let Some(wrong) = &books.imbalance {
        eprintln!("not conserved: {wrong}");
    }
    let digest = closed.digest().map_err(|error| Failure::check(error.to_string()))?;
    let mut latency = latency_of(&closed.stats);
    // What was recorded before is part of it, so there is something to take away from.
    let _ = latency.subtract(&setup.latency_us);
    let sent = |image: &archipelago_core::replay::Image<Warehouse>| -> u64 {
        image.sent.values().map(|number| number.0).sum()
    };
    let counters = books.counters;
    Ok(RunReport {
        orders: counts.orders,
        accepted: counters.orders_accepted,
        refused: counters.orders_refused,
        units_ordered: counts.units,
        units_sold: counters.units_sold,
        units_left: books.units_left(),
        returns_accepted: counters.returns_accepted,
        returns_refused: counters.returns_refused,
        local_orders: counters.orders_local,
        messages: closed.images.iter().map(sent).sum::<u64>().saturating_sub(setup.messages),
        setup_messages: setup.messages,
        busy: ran.submitted.busy,
        orders_per_second: per_second(ran.submitted.orders, ran.seconds),
        latency_us: Latency {
            p50: latency.value_at_quantile(0.5),
            p99: latency.value_at_quantile(0.99),
            p999: latency.value_at_quantile(0.999),
            max: latency.max(),
        },
        journal_bytes: closed.journal_bytes,
        islands: args.islands,
        conserved: books.imbalance.is_none(),
        digest: digest.to_string(),
        threads: closed.threads as u32,
        seconds: ran.seconds,
        answered_now: ran.submitted.orders,
        ..RunReport::default()
    })
}
