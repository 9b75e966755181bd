//! What subcommands report: as JSON with fixed keys, or readable.
//!
//! Rules:
//! 1. The JSON keys are a promise: new ones come at the end, none is renamed.
//! 2. A report says by itself whether what it reports is good ([`Report::verdict`]).
//!
//! It doesn't know how the numbers were found.

use std::io::{self, Write};

use serde::Serialize;

use super::failure::Failure;

mod again;
mod backup;
mod bookings;
mod cities;
mod common;
mod dead_letters;
mod diff;
mod inspect;
mod invoices;
mod prefixes;
mod replay;
mod run;
mod sim;
mod snapshot;
mod state;
mod why;

pub use again::{DifferenceView, KindView, OtherStateView, PartView, VerifyReport, WhatIfReport};
pub use backup::BackupReport;
pub use bookings::BookingsReport;
pub use cities::CitiesReport;
pub use common::{Common, Latency};
pub use dead_letters::{DeadLettersReport, LetterView};
pub use diff::{DiffReport, IslandDiffView, SidesView};
pub use inspect::{InspectReport, RecordView, SendView};
pub use invoices::InvoicesReport;
pub use prefixes::PrefixesReport;
pub use replay::ReplayReport;
pub use run::RunReport;
pub use sim::{BrokenReport, CapsuleReport, ShrunkReport, SimReport};
pub use snapshot::{ArchiveReport, SnapshotReport};
pub use state::{OrderState, OrderView, ProductStock, StateReport};
pub use why::{StepView, StoryView, WhyReport};

/// In which form to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Readable,
    /// One JSON object on one line.
    Json,
}

impl Output {
    pub(super) const fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Readable }
    }
}

/// A report.
pub trait Report: Serialize {
    /// Writes it for people.
    ///
    /// # Errors
    /// Those of `out`.
    fn render(&self, out: &mut dyn Write) -> io::Result<()>;

    /// Whether what it reports is good; asked after it was printed.
    ///
    /// # Errors
    /// A [`Failure::check`] that says what is not.
    fn verdict(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Prints a report.
///
/// # Errors
/// When `out` cannot be written; a reader that went away is no error.
pub fn print<R: Report>(report: &R, output: Output, out: &mut dyn Write) -> Result<(), Failure> {
    let done = match output {
        Output::Readable => report.render(out),
        Output::Json => serde_json::to_writer(&mut *out, report)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    written(done.and_then(|()| out.flush()))
}

/// The outcome of writing to standard output: nobody need read to the end.
pub(super) fn written(done: io::Result<()>) -> Result<(), Failure> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::input(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Count per second, to a tenth; 0 when no time has passed.
#[must_use]
pub fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { (count as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
}
