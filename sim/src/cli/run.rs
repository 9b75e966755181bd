//! `run warehouse`: the workload on islands, from the first submission to the report.
//!
//! Rules:
//! 1. Products are requests 1, 2, 3 …; orders and returns follow, in the order of the workload.
//!    Running again on the same data asks only for what has no answer yet.
//! 2. At full speed a bounded number of requests is on its way; Busy means to wait for an answer.
//! 3. At the end the run replays its own journal and compares digests.

use std::time::Instant;

use archipelago::Closed;
use archipelago::patterns::stock::{Policy, Units};
use archipelago_core::id::RequestNumber;
use hdrhistogram::Histogram;

use super::args::{Returns, RunArgs};
use super::books::Books;
use super::failure::Failure;
use super::harness::{Place, Ran, Sea};
use super::progress::Progress;
use super::reply_log::ReplyLog;
use super::report::RunReport;
use super::setting::{Setting, policy};
use super::submit::{Kept, Submitter, kept};
use crate::workload::warehouse::action::{Action, Counts};
use crate::workload::warehouse::catalog::{Catalog, Product};
use crate::workload::warehouse::demand::{Demand, Shape};
use crate::workload::warehouse::orders::Orders;
use crate::workload::warehouse::work::Work;
use crate::workload::warehouse::{ProductCode, Warehouse};

/// Runs the warehouse.
///
/// # Errors
/// Bad input (exit 2), or a reply that contradicts one given before (exit 1).
pub fn warehouse(args: &RunArgs) -> Result<RunReport, Failure> {
    let place = Place::of(&args.sea)?;
    let work = work(args)?;
    let setting = Setting::asked(args, work.fingerprint);
    let history = place.history::<Warehouse, _>(&setting, kept)?;
    let replies = args.replies.as_deref().map(ReplyLog::open).transpose()?;
    let sea = place.open(&setting, history)?;
    let Work { catalog, counts, actions, .. } = work;
    let codes = codes(&catalog)?;
    let mut submitter = Submitter::to(&sea, replies);
    let setup = set_up(&sea, &catalog, &codes, args, &mut submitter)?;
    submitter.set_pace(args.sea.pace());
    let ran = orders(args, &codes, &counts, actions, &mut submitter)?;
    drop(submitter);
    let ran = Ran { before_us: Some(setup.latency_us), ..ran };
    let (mut report, common) = sea.finish(ran, |closed| Ok(report(&counts, closed)))?;
    report.set_common(common);
    report.setup_messages = setup.messages;
    report.messages = report.messages.saturating_sub(setup.messages);
    Ok(report)
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
    sea: &Sea<Warehouse, Kept>,
    catalog: &Catalog,
    codes: &[ProductCode],
    args: &RunArgs,
    submitter: &mut Submitter<'_>,
) -> Result<Setup, Failure> {
    let progress = Progress::of("products", codes.len() as u64);
    for (at, (product, code)) in catalog.products().iter().zip(codes).enumerate() {
        let units = Units(product.stock(args.stock));
        submitter.submit_product(RequestNumber(at as u64 + 1), *code, units)?;
        progress.set(at as u64 + 1);
    }
    submitter.drain()?;
    sea.settle("the slices of stock did not arrive in time")?;
    // A product of which something is sliced sends a slice to every island.
    let islands = args.sea.islands;
    let is_sliced = |product: &&Product| {
        let units = Units(product.stock(args.stock));
        policy(args.policy).pooled(units, islands) < units
    };
    let sliced = catalog.products().iter().filter(is_sliced).count() as u64;
    Ok(Setup { messages: sliced * u64::from(islands), latency_us: sea.latency_us()? })
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
        progress.add(1);
    }
    submitter.drain()?;
    let seconds = started.elapsed().as_secs_f64();
    let submitted = submitter.submitted().since(before);
    Ok(Ran { answered: submitted.orders, busy: submitted.busy, seconds, before_us: None })
}

/// What the islands say of it at the end.
fn report(counts: &Counts, closed: &Closed<Warehouse>) -> RunReport {
    let books = Books::of(&closed.images);
    if let Some(wrong) = &books.imbalance {
        eprintln!("not conserved: {wrong}");
    }
    let counters = books.counters;
    RunReport {
        orders: counts.orders,
        accepted: counters.orders_accepted,
        refused: counters.orders_refused,
        units_ordered: counts.units,
        units_sold: counters.units_sold,
        units_left: books.units_left(),
        returns_accepted: counters.returns_accepted,
        returns_refused: counters.returns_refused,
        local_orders: counters.orders_local,
        conserved: books.imbalance.is_none(),
        ..RunReport::default()
    }
}
