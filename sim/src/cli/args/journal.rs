//! Arguments of what looks at a journal: replay, state, inspect, verify, what-if, why, diff.
//!
//! It doesn't know how anything is done.

use std::path::PathBuf;

use archipelago::replay::{At, RecordId};
use clap::Args;

use super::threads;
use crate::cli::report::Output;
use crate::cli::why::record_id;

/// `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Only up to this point: ISLAND:POSITION (right after that record), or a stamp as `inspect`
    /// shows it
    #[arg(long, value_name = "POINT")]
    pub at: Option<At>,
    /// How many threads replay islands [default: as many as there are cores]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl ReplayArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `state warehouse`.
#[derive(Clone, Debug, Args)]
pub struct StateArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// As it was at this point: ISLAND:POSITION (right after that record), or a stamp as `inspect`
    /// shows it
    #[arg(long, value_name = "POINT")]
    pub at: Option<At>,
    /// One line an order, `<InvoiceNo> accepted|refused|open`, instead of the table of products
    #[arg(long)]
    orders: bool,
    /// Only this product, with its shelf on each island
    #[arg(long, value_name = "CODE", conflicts_with = "orders")]
    pub product: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl StateArgs {
    /// What to show.
    #[must_use]
    pub const fn view(&self) -> StateView {
        if self.orders { StateView::Orders } else { StateView::Products }
    }

    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// What of the state is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateView {
    /// The stock of the products.
    Products,
    /// What became of each order (the JSON has the products too).
    Orders,
}

/// `inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Only this island, counted from 0 [default: all, one after the other]
    #[arg(long, value_name = "I")]
    pub island: Option<u32>,
    /// The first position to show on an island
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub from: u64,
    /// The last records up to this point instead, in the order of their stamps: ISLAND:POSITION
    /// (right after that record), or a stamp
    #[arg(long, value_name = "POINT", conflicts_with = "from")]
    pub at: Option<At>,
    /// The most records to show
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub limit: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl InspectArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// How many threads decide again [default: as many as there are cores]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl VerifyArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `what-if`.
#[derive(Clone, Debug, Args)]
pub struct WhatIfArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// How many records of each kind of difference to show, the first ones
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub limit: usize,
    /// How many threads decide again [default: as many as there are cores]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl WhatIfArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `why`.
#[derive(Clone, Debug, Args)]
pub struct WhyArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The record that is asked about
    #[arg(value_name = "ISLAND:POSITION", value_parser = record_id,
          required_unless_present = "event", conflicts_with = "event")]
    pub record: Option<RecordId>,
    /// Ask about the records with an event or a reply that has this text in its words, as
    /// `inspect` shows them
    #[arg(long, value_name = "TEXT")]
    pub event: Option<String>,
    /// What came of it, instead of what led to it
    #[arg(long)]
    forward: bool,
    /// The most records to show
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub limit: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl WhyArgs {
    /// Which way to walk.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        if self.forward { Direction::Forward } else { Direction::Back }
    }

    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// Which way to walk along causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the client's request.
    Back,
    /// To all that came of it.
    Forward,
}

/// `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// A directory with a journal
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// Another one
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl DiffArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}
