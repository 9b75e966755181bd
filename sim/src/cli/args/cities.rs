//! Arguments of `run cities`.
//!
//! It doesn't know how anything is done.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::SeaArgs;
use crate::workload::cities::Fixed;
use crate::workload::cities::feed::{CERTAIN, Disorder};
use crate::workload::cities::readings::MEASURES;

const EXAMPLES: &str = "\
Examples:
  archipelago run cities --readings beijing.csv.gz --measure TEMP
  archipelago run cities --readings beijing.csv.gz --measure CO --resend 0.2 --shuffle 500
  archipelago run cities --readings beijing.csv.gz --measure PM2.5 --deadline 24 --data hours
      stop it at any time and give the same line again: it continues

The file is a CSV in the form of Beijing Multi-Site Air Quality (doi 10.24432/C5RK5G), plain or
gzip: one row a station and hour, with the columns year, month, day, hour, station and the measure;
NA is a reading that never came. A row that is wrong is named and passed over. An hour is complete
when every station of the file has reported; at the end, what is not complete is closed as partial.
The model is the mean over the stations. Whatever is sent again, shuffled, or late: the results are
the same.";

/// `run cities`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CitiesArgs {
    /// Hourly readings, as CSV or gzipped CSV
    #[arg(long, value_name = "FILE")]
    pub readings: PathBuf,
    /// The column that is modelled
    #[arg(long, value_name = "COLUMN", value_parser = measure(), default_value = "TEMP")]
    pub measure: &'static str,
    /// The chance that a reading is sent again, 0 to 1
    #[arg(long, value_name = "P", default_value = "0", value_parser = chance,
          allow_negative_numbers = true)]
    resend: u32,
    /// Let nothing stand in its place, but within so many places of it
    #[arg(long, value_name = "K", default_value_t = 0)]
    shuffle: u32,
    /// Chance: the same seed sends the same readings again, and shuffles alike
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Close an hour when one H hours later was heard of, and amend it by what comes after
    #[arg(long, value_name = "H", value_parser = clap::value_parser!(u32).range(1..))]
    deadline: Option<u32>,
    /// Where and how to run.
    #[command(flatten)]
    pub sea: SeaArgs,
}

impl CitiesArgs {
    /// How the readings come.
    #[must_use]
    pub const fn disorder(&self) -> Disorder {
        let Self { resend: resend_ppm, shuffle, seed, deadline: deadline_hours, .. } = *self;
        Disorder { resend_ppm, shuffle, seed, deadline_hours }
    }
}

fn measure() -> impl TypedValueParser<Value = &'static str> {
    PossibleValuesParser::new(MEASURES).map(|asked| {
        let known = MEASURES.into_iter().find(|measure| *measure == asked);
        known.expect("the parser takes no other")
    })
}

fn chance(text: &str) -> Result<u32, String> {
    let (none, all) = (Fixed::default(), Fixed::parse("1").expect("a number"));
    match Fixed::parse(text) {
        Some(chance) if (none..=all).contains(&chance) => {
            Ok((i64::from(CERTAIN) / all.0 * chance.0) as u32)
        }
        _ => Err("it must be a number from 0 to 1, of at most four decimals".to_owned()),
    }
}
