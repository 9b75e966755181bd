//! What can be asked on the command line, with its defaults and limits.
//!
//! It doesn't know how anything is done.

use std::path::PathBuf;

mod bench;
mod bookings;
mod cities;
mod invoices;
mod journal;
mod order;
mod sea;
mod sim;
mod snapshot;

use archipelago_core::command::route::Table;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use bench::{BenchArgs, Part};
pub use bookings::{BookingsArgs, Rooms};
pub use cities::CitiesArgs;
pub use invoices::InvoicesArgs;
pub use journal::{
    DiffArgs, Direction, InspectArgs, ReplayArgs, StateArgs, StateView, VerifyArgs, WhatIfArgs,
    WhyArgs,
};
pub use order::{DeadLettersArgs, LogArgs};
pub use sea::{Durability, Pace, SeaArgs};
pub use sim::{BatchArgs, CapsuleArgs, WarehouseArgs, WorldArgs};
pub use snapshot::{ArchiveArgs, BackupArgs, SnapshotArgs};

use super::journal::JournalCommand;
use super::report::Output;
use super::twin::{CalibrateArgs, SweepArgs, ValidateArgs};
use crate::workload::warehouse::catalog::Percent;
use crate::workload::warehouse::demand::{ORDERS_MAX, Shape};

const EXAMPLES: &str = "\
Examples:
  archipelago run warehouse                                   generated orders, nothing to set up
  archipelago run warehouse --orders orders.csv.gz --stock 50 --data sea --replies replies.txt
  archipelago run warehouse --orders orders.csv.gz --serial --islands 4 --json
  archipelago run cities --readings beijing.csv.gz --measure TEMP
  archipelago replay --data sea                               the same state again, nothing is sent
  archipelago state warehouse --data sea --product 85123A
  archipelago inspect --data sea --island 3 --limit 5
  archipelago state warehouse --data sea --at 3:17            right after record 17 of island 3
  archipelago verify --data sea                               decided again: the same?
  archipelago why --data sea --event 536365                   from its events to its request
  archipelago log --all --data sea --limit 20                 all islands' records in one order
  archipelago dead-letters --data sea                         commands whose decision failed
  archipelago journal check --data sea                        what is wrong with it, if anything
  archipelago sim warehouse --faults swarm --seeds 100        other faults with every seed
  archipelago sim warehouse --scenario last_units.toml        a world written down
  archipelago bench                                           how fast it is on this machine

Exit codes: 0 good, 1 the check failed, 2 bad usage or input.";

const RUN_EXAMPLES: &str = "\
Examples:
  archipelago run warehouse
  archipelago run warehouse --commands 1000000 --seed 7 --islands 64
  archipelago run warehouse --orders orders.csv.gz --stock 50 --policy ring
  archipelago run warehouse --orders orders.csv --data sea --replies replies.txt
      stop it at any time and give the same line again: it continues, and decides no order twice

The order file is a CSV in the form of UCI Online Retail (doi 10.24432/C5BW33), plain or gzip, with
the columns InvoiceNo, StockCode, Quantity and CustomerID; others are not looked at. One InvoiceNo
is one order, taken whole or refused whole; InvoiceNo C… gives back.";

/// Islands that each decide alone, on one thread, from their own journal.
#[derive(Clone, Debug, Parser)]
#[command(name = "archipelago", version, after_help = EXAMPLES, arg_required_else_help = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run a workload on islands and report what came of it
    #[command(arg_required_else_help = false)]
    Run {
        /// Which workload.
        #[command(subcommand)]
        workload: RunWorkload,
    },
    /// Rebuild the state from a journal; changes nothing, sends nothing
    Replay(ReplayArgs),
    /// Show the state that a journal leads to
    #[command(arg_required_else_help = false)]
    State {
        /// Of which workload.
        #[command(subcommand)]
        workload: StateWorkload,
    },
    /// Show the records of a journal in words
    Inspect(InspectArgs),
    /// Decide every recorded input again: events, sends and replies must come out as recorded
    Verify(VerifyArgs),
    /// Decide every recorded input again, and count what this program would decide otherwise
    WhatIf(WhatIfArgs),
    /// Walk from a record back to the client's request that led to it, or on to what came of it
    Why(WhyArgs),
    /// Compare two journals, record by record, to the first difference of each island
    Diff(DiffArgs),
    /// Show the records of all islands in one order, each after its cause, page by page
    Log(LogArgs),
    /// Show the commands whose decision failed, and why
    DeadLetters(DeadLettersArgs),
    /// Write a snapshot, so that the next start replays only what comes after it
    Snapshot(SnapshotArgs),
    /// Move the journal's segments away that no start needs any more
    Archive(ArchiveArgs),
    /// Copy a data directory, also while another process writes to it
    Backup(BackupArgs),

    /// Check a journal, or cut a damaged one
    #[command(arg_required_else_help = false)]
    Journal {
        /// What to do with it.
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Run a workload in a simulated, hostile world, from a seed, and hold the laws against it
    #[command(arg_required_else_help = false)]
    Sim {
        /// Which workload.
        #[command(subcommand)]
        workload: SimWorkload,
    },
    /// Measure the product on this machine
    #[command(arg_required_else_help = false)]
    Bench(BenchArgs),
}

/// What can be simulated: a workload under faults, or its speed.
#[derive(Clone, Debug, Subcommand)]
pub enum SimWorkload {
    /// Customers place orders, cancel and give back, while disks, links and processes fail
    Warehouse(WarehouseArgs),
    /// Check that a warehouse's journal recovers rightly, whichever of its bytes it ends with
    Prefixes(PrefixesArgs),
    /// Islands send each other numbered parcels and set timers: tests the machinery itself
    Parcels(WorldArgs),
    /// Stations report, hours start a model when all have, or at their deadline
    Cities(WorldArgs),
    /// Guests book nights in two hotels, cancel and come, while agents and islands are away
    Bookings(WorldArgs),
    /// Orders whose commands come before they are ready for them: the stash
    Items(WorldArgs),
    /// Numbered invoices that are lost, late, doubled or void: the resequencer
    Invoices(WorldArgs),
    /// Run a shrunk failure again, from its capsule alone
    Replay(CapsuleArgs),
    /// Measure what things cost on this machine, for sweep and validate
    Calibrate(CalibrateArgs),
    /// Predict throughput and latency: islands × delay × reordering × policy, in virtual time
    #[command(arg_required_else_help = false)]
    Sweep(SweepArgs),
    /// Predict the throughput of orders, run them for real, and show the error
    Validate(ValidateArgs),
}

/// The workloads that can be run.
#[derive(Clone, Debug, Subcommand)]
pub enum RunWorkload {
    /// Customers place orders; each island holds a slice of every product's stock
    Warehouse(RunArgs),
    /// Stations report each hour; a model runs on the hour when all of them have
    Cities(CitiesArgs),
    /// Guests book nights in two hotels, cancel, stay away or come; each booking is a saga
    Bookings(BookingsArgs),
    /// Numbered invoices come shuffled and twice; they are booked in order, and gaps are found
    Invoices(InvoicesArgs),
}

/// The workloads whose state can be shown.
#[derive(Clone, Debug, Subcommand)]
pub enum StateWorkload {
    /// Stock by product, or with --orders what became of each order
    Warehouse(StateArgs),
}

/// `run warehouse`.
#[derive(Clone, Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Orders to place, as CSV or gzipped CSV; without it a demand is generated, with returns
    #[arg(long, value_name = "FILE")]
    pub orders: Option<PathBuf>,
    /// How many orders to generate
    #[arg(long, value_name = "K", default_value_t = Shape::default().orders,
          conflicts_with = "orders",
          value_parser = clap::value_parser!(u64).range(1..=ORDERS_MAX))]
    pub commands: u64,
    /// Chance of the generated orders: the same seed makes the same orders
    #[arg(long, value_name = "S", default_value_t = Shape::default().seed,
          conflicts_with = "orders")]
    pub seed: u64,
    /// Stock of each product, in percent of its units ordered, rounded down
    #[arg(long, value_name = "PERCENT", default_value = "100", allow_negative_numbers = true)]
    pub stock: Percent,
    /// Where and how to run.
    #[command(flatten)]
    pub sea: SeaArgs,
    /// How an island gets stock that it lacks
    #[arg(long, value_enum, default_value_t = Policy::Lease)]
    pub policy: Policy,
    /// Submit the returns of the order file too
    #[arg(long)]
    returns: bool,
    /// Append one line `<InvoiceNo> accepted|refused` here when a reply arrives
    #[arg(long, value_name = "FILE")]
    pub replies: Option<PathBuf>,
}

impl RunArgs {
    /// What to do with returns. Generated demand always has them; those of a file wait for
    /// `--returns`.
    #[must_use]
    pub const fn returns(&self) -> Returns {
        if self.returns || self.orders.is_none() { Returns::Submit } else { Returns::Skip }
    }
}

/// How an island gets stock that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// A broker with a pool lends, and collects everything once before it refuses
    Lease,
    /// Ask the other islands one after the other
    Ring,
    /// Never ask: each island sells its own slice only
    Isolated,
}

/// What to do with the returns of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Pass over them.
    Skip,
    /// Submit them in their place between the orders.
    Submit,
}

/// `sim prefixes`.
#[derive(Clone, Debug, Args)]
pub struct PrefixesArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl PrefixesArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// The most threads that can be asked for; more than islands are never of use.
pub const THREADS_MAX: u32 = 1024;

pub(super) fn islands(text: &str) -> Result<u32, String> {
    let islands =
        text.parse().map_err(|_| "it must be a whole number from 1 to 4096".to_owned())?;
    Table::modulo(islands).map(|table| table.islands()).map_err(|error| error.to_string())
}

pub(super) fn threads(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(threads @ 1..=THREADS_MAX) => Ok(threads),
        _ => Err(format!("it must be a whole number from 1 to {THREADS_MAX}")),
    }
}
