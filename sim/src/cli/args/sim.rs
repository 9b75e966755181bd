//! What can be asked of `sim`. A flag beside a scenario file overrides what the file says.
//!
//! It doesn't know what worlds are.

use std::path::PathBuf;

use clap::Args;

use super::{Policy, islands, threads};
use crate::cli::report::Output;
use crate::scenario::COMMANDS_MAX;
use crate::workload::warehouse::catalog::Percent;

const EXAMPLES: &str = "\
Examples:
  archipelago sim warehouse
  archipelago sim warehouse --faults crash_loop --seeds 1000 --from 5000
  archipelago sim warehouse --islands 4 --faults lossy --seed 17      one world, again
  archipelago sim warehouse --seeds 1000 --shrink --report failure.html
  archipelago sim warehouse --orders orders.csv.gz --orders-max 500 --stock 50
  archipelago sim warehouse --scenario examples/scenarios/last_units.toml
  archipelago sim warehouse --scenario examples/scenarios/last_units.toml --islands 16 --seeds 500

Presets of faults: calm, reorder, lossy, slow_disk, flaky_disk, crash_loop, stall, partition,
clocks, swarm. 1,000 seeds or more under swarm (lease, 3 islands, 100 commands or more) must also
take every rare path that has a mark. The same seed and options give the same world to the byte, on
any machine.";

/// `sim warehouse`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WarehouseArgs {
    /// A world written down: islands, workload, faults, a script and what must come of it
    #[arg(long, value_name = "FILE.toml")]
    pub scenario: Option<PathBuf>,
    /// How many islands, 1 to 4096 [default: 8]
    #[arg(long, value_name = "N", value_parser = islands, allow_negative_numbers = true)]
    pub islands: Option<u32>,
    /// How many commands customers submit in each world [default: 200]
    #[arg(long, value_name = "K", conflicts_with = "orders",
          value_parser = clap::value_parser!(u64).range(1..=COMMANDS_MAX))]
    pub commands: Option<u64>,
    /// Orders and returns of a file instead, as CSV or gzipped CSV
    #[arg(long, value_name = "FILE")]
    pub orders: Option<PathBuf>,
    /// Only the first K of the file [default: 100000]
    #[arg(long, value_name = "K", requires = "orders",
          value_parser = clap::value_parser!(u64).range(1..=COMMANDS_MAX))]
    pub orders_max: Option<u64>,
    /// Stock of each product, in percent of the units that those ask for [default: 100]
    #[arg(long, value_name = "PERCENT", requires = "orders", allow_negative_numbers = true)]
    pub stock: Option<Percent>,
    /// How an island gets stock that it lacks [default: lease]
    #[arg(long, value_enum)]
    pub policy: Option<Policy>,
    /// Which worlds, and what to do with one that fails.
    #[command(flatten)]
    pub batch: BatchArgs,
}

/// `sim parcels`, `cities`, `bookings`, `items`, `invoices`: worlds of which nothing else is said.
#[derive(Clone, Debug, Args)]
pub struct WorldArgs {
    /// How many islands, 1 to 4096
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = islands,
          allow_negative_numbers = true)]
    pub islands: u32,
    /// How many commands clients submit in each world
    #[arg(long, value_name = "K", default_value_t = 200,
          value_parser = clap::value_parser!(u64).range(1..=COMMANDS_MAX))]
    pub commands: u64,
    /// Which worlds, and what to do with one that fails.
    #[command(flatten)]
    pub batch: BatchArgs,
}

/// Which worlds, and what to do with one that fails.
#[derive(Clone, Debug, Args)]
pub struct BatchArgs {
    /// What goes wrong: a preset of faults [default: swarm]
    #[arg(long, value_name = "PRESET")]
    pub faults: Option<String>,
    /// Only this seed
    #[arg(long, value_name = "S", conflicts_with_all = ["seeds", "from"])]
    pub seed: Option<u64>,
    /// How many seeds, one world each [default: 100]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: Option<u64>,
    /// The first seed [default: 0]
    #[arg(long, value_name = "S")]
    pub from: Option<u64>,
    /// How many worlds run at a time [default: as many as there are cores]
    #[arg(long, value_name = "J", value_parser = threads, allow_negative_numbers = true)]
    pub jobs: Option<u32>,
    /// Shrink a failure to a story, and keep it as a capsule for `archipelago sim replay`
    #[arg(long)]
    pub shrink: bool,
    /// Draw the world that failed, or else the first, as one HTML page
    #[arg(long, value_name = "OUT.html")]
    pub report: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl BatchArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `sim replay`.
#[derive(Clone, Debug, Args)]
pub struct CapsuleArgs {
    /// A capsule that `sim … --shrink` has written
    #[arg(value_name = "CAPSULE")]
    pub capsule: PathBuf,
    /// Draw its world as one HTML page
    #[arg(long, value_name = "OUT.html")]
    pub report: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl CapsuleArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}
