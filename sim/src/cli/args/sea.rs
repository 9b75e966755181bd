//! Arguments of every `run`: on which islands, how durable, at which pace, how reported.
//!
//! It doesn't know what is run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{islands, threads};
use crate::cli::report::Output;

/// Where and how a world is run.
#[derive(Clone, Debug, Args)]
pub struct SeaArgs {
    /// How many islands share the keys, 1 to 4096
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = islands,
          allow_negative_numbers = true)]
    pub islands: u32,
    /// How many threads run the islands, at most one each [default: as many as there are cores]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// Submit each request after the reply to the one before, instead of at full speed
    #[arg(long)]
    serial: bool,
    /// Where to keep the journal; run again on the same one to continue [default: a temporary
    /// directory, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What a reply waits for
    #[arg(long, value_enum, default_value_t = Durability::Disk)]
    pub durability: Durability,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl SeaArgs {
    /// How requests are submitted.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        if self.serial { Pace::Serial } else { Pace::FullSpeed }
    }

    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// What a reply waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// The disk says that it has the record (survives a power failure)
    Disk,
    /// The operating system has the record (survives kill -9)
    Os,
    /// Nothing: the journal is kept in memory only
    Memory,
}

/// How requests are submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// All islands at full speed, with bounded outstanding requests.
    FullSpeed,
    /// Each request after the reply to the one before.
    Serial,
}
