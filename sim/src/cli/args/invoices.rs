//! What can be asked of `run invoices`.
//!
//! It doesn't know how invoices are sent.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SeaArgs;
use crate::workload::invoices::feed::Plan;
use crate::workload::invoices::file::Sharing;

/// The farthest that an invoice may be shuffled.
const SHUFFLE_MAX: i64 = 1_000_000;

const EXAMPLES: &str = "\
Examples:
  archipelago run invoices --orders online_retail.csv.gz
  archipelago run invoices --orders online_retail.csv.gz --shuffle 1000 --resend 0.1 --islands 4
  archipelago run invoices --orders online_retail.csv.gz --shuffle 1000 --gaps gaps.csv --json
  archipelago run invoices --orders online_retail.csv.gz --series letter --data ledger

The invoices of the file are numbered; some numbers are missing. They are sent by number, shuffled,
and some of them twice. The book of the series puts them in order, each once, and posts them to
their customers' accounts. Every 256 invoices, and at the end, it is told up to where all has been
sent: then it knows which numbers do not exist. The run compares what it found with the file.";

/// `run invoices`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InvoicesArgs {
    /// The order file, as CSV or gzipped CSV
    #[arg(long, value_name = "FILE")]
    pub orders: PathBuf,
    /// How many places away from its own an invoice may be sent
    #[arg(long, value_name = "K", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..=SHUFFLE_MAX))]
    shuffle: u32,
    /// How likely an invoice is sent twice, 0 to 1
    #[arg(long, value_name = "P", default_value = "0", value_parser = ppm,
          allow_negative_numbers = true)]
    resend: u32,
    /// Chance of both: the same seed sends in the same order
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Which invoices share one sequence of numbers
    #[arg(long, value_enum, default_value_t = SeriesArg::One)]
    series: SeriesArg,
    /// Write the gaps here as CSV: series, from, upto, missing, since_ms, closed_ms, why
    #[arg(long, value_name = "FILE")]
    pub gaps: Option<PathBuf>,
    /// Where and how to run.
    #[command(flatten)]
    pub sea: SeaArgs,
}

/// Which invoices share one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SeriesArg {
    /// All: sales, credit notes (C) and corrections (A), as the numbers were given
    One,
    /// Each letter is a series of its own
    Letter,
}

impl InvoicesArgs {
    /// How the invoices are sent.
    #[must_use]
    pub const fn plan(&self) -> Plan {
        Plan { shuffle: self.shuffle, resend_ppm: self.resend, seed: self.seed }
    }

    /// Which letters share a sequence.
    #[must_use]
    pub const fn sharing(&self) -> Sharing {
        match self.series {
            SeriesArg::One => Sharing::One,
            SeriesArg::Letter => Sharing::ByLetter,
        }
    }
}

/// A chance as parts of a million.
fn ppm(text: &str) -> Result<u32, String> {
    let chance: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if !(0.0..=1.0).contains(&chance) {
        return Err(format!("{text} is not between 0 and 1"));
    }
    Ok((chance * 1e6).round() as u32)
}
