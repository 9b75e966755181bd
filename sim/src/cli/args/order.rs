//! Arguments of `log` and `dead-letters`.
//!
//! It doesn't know how anything is done.

use std::path::PathBuf;

use archipelago::replay::Positions;
use clap::Args;

use crate::cli::report::Output;

const LOG_EXAMPLES: &str = "\
Examples:
  archipelago log --all --data sea --limit 100
  archipelago log --all --data sea --limit 100 --from 5f0c9b2a11d3e870:12,40,0,7
  archipelago log --all --data sea --json | jq -r .positions

A record comes after those before it on its island, and after the record that caused it. Records of
which neither caused the other come by their stamps, then by island. Positions say how far each
island was read: who goes on from them gets each record once.";

/// `log`.
#[derive(Clone, Debug, Args)]
#[command(after_help = LOG_EXAMPLES)]
pub struct LogArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The records of all islands, in one order
    #[arg(long, required_unless_present = "island", conflicts_with = "island")]
    all: bool,
    /// Only the records of this island, counted from 0; positions go on over all
    #[arg(long, value_name = "I")]
    pub island: Option<u32>,
    /// Go on behind these positions, as an earlier page ended with them [default: the beginning]
    #[arg(long, value_name = "POSITIONS")]
    pub from: Option<Positions>,
    /// The most records to write [default: all]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl LogArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `dead-letters`.
#[derive(Clone, Debug, Args)]
pub struct DeadLettersArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The most dead letters to show; all are counted
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub limit: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl DeadLettersArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}
