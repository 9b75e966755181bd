//! What can be asked of the twin on the command line.
//!
//! It doesn't know how anything is done.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Durability, Policy, islands, threads};
use crate::cli::report::Output;
use crate::workload::warehouse::catalog::Percent;
use crate::workload::warehouse::demand::{ORDERS_MAX, Shape};

/// `sim calibrate`.
#[derive(Clone, Debug, Args)]
pub struct CalibrateArgs {
    /// Write the costs here; without it they are printed
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A folder on the disk to measure [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl CalibrateArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// What the twin runs, for `sweep` and `validate`.
#[derive(Clone, Debug, Args)]
pub struct WorkArgs {
    /// Orders to place, as CSV or gzipped CSV; without it a demand is generated. Returns are
    /// passed over
    #[arg(long, value_name = "FILE")]
    pub orders: Option<PathBuf>,
    /// How many orders to generate
    #[arg(long, value_name = "K", default_value_t = 10_000, conflicts_with = "orders",
          value_parser = clap::value_parser!(u64).range(1..=ORDERS_MAX))]
    pub commands: u64,
    /// Chance of the generated orders, of slow flushes, of late frames and of where threads stand
    #[arg(long, value_name = "S", default_value_t = Shape::default().seed)]
    pub seed: u64,
    /// Stock of each product, in percent of its units ordered, rounded down
    #[arg(long, value_name = "PERCENT", default_value = "100", allow_negative_numbers = true)]
    pub stock: Percent,
    /// How many threads drive the islands, at most one each [default: as many as cores]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// What things cost, as `sim calibrate --out` writes it [default: measured now]
    #[arg(long, value_name = "FILE")]
    pub costs: Option<PathBuf>,
    /// Submit each order after the reply to the one before, instead of at full speed
    #[arg(long)]
    pub serial: bool,
}

const SWEEP_EXAMPLES: &str = "\
Examples:
  archipelago sim calibrate --out costs.toml
  archipelago sim sweep --costs costs.toml --islands 1,4,16,64
  archipelago sim sweep --costs costs.toml --islands 16 --delay-us 0,100,1000 --reorder 0,8
  archipelago sim sweep --costs costs.toml --policy lease,ring --stock 50 --out plots

Time is virtual: the same costs and options give the same table on any machine.";

/// `sim sweep`.
#[derive(Clone, Debug, Args)]
#[command(after_help = SWEEP_EXAMPLES)]
pub struct SweepArgs {
    /// What is run.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Numbers of islands, each 1 to 4096
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,4,16,64",
          value_parser = islands, allow_negative_numbers = true)]
    pub islands: Vec<u32>,
    /// Microseconds that a message between islands takes
    #[arg(long, value_name = "D,…", value_delimiter = ',', default_value = "0",
          value_parser = clap::value_parser!(u64).range(0..=DELAY_US_MAX))]
    pub delay_us: Vec<u64>,
    /// By how many later messages of its link a message may be overtaken
    #[arg(long, value_name = "R,…", value_delimiter = ',', default_value = "0",
          value_parser = clap::value_parser!(u32).range(0..=REORDER_MAX))]
    pub reorder: Vec<u32>,
    /// How an island gets stock that it lacks
    #[arg(long, value_enum, value_delimiter = ',', default_value = "lease")]
    pub policy: Vec<Policy>,
    /// What a reply waits for
    #[arg(long, value_enum, default_value_t = Durability::Disk)]
    pub durability: Durability,
    /// Cores that threads share, instead of those of the costs
    #[arg(long, value_name = "C", value_parser = threads, allow_negative_numbers = true)]
    pub cores: Option<u32>,
    /// Write the table as CSV and the plots as SVG into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl SweepArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `sim validate`.
#[derive(Clone, Debug, Args)]
pub struct ValidateArgs {
    /// What is run.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Numbers of islands, each 1 to 4096
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,4,16",
          value_parser = islands, allow_negative_numbers = true)]
    pub islands: Vec<u32>,
    /// How an island gets stock that it lacks
    #[arg(long, value_enum, default_value_t = Policy::Lease)]
    pub policy: Policy,
    /// What a reply waits for
    #[arg(long, value_enum, value_delimiter = ',', default_value = "memory,disk")]
    pub durability: Vec<Durability>,
    /// Real runs of each; the median counts
    #[arg(long, value_name = "K", default_value_t = 9,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// Exit 1 when a prediction is off by more than so many percent
    #[arg(long, value_name = "PERCENT", default_value_t = 25)]
    pub within: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl ValidateArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// The longest delay: 10 seconds.
const DELAY_US_MAX: u64 = 10_000_000;
/// The deepest reordering.
const REORDER_MAX: i64 = 10_000;
