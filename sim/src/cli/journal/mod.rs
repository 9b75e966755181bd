//! `archipelago journal`: what is wrong with a data directory, and the cut by hand.
//!
//! Rules:
//! 1. `check` changes nothing. Exit 1 when the directory would be refused.
//! 2. `repair` changes nothing without `--cut-at`.
//!
//! It doesn't know what an application's records mean.

mod check;
mod report;

use std::path::PathBuf;

use archipelago::journal::repair::{CutAt, RepairError, cut};
use archipelago::journal::{DataDirectory, JournalError};
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::report::Output;

pub use check::check;
pub use report::{CheckReport, DamageView, LostView, RepairReport, TailView, TornView};

/// What can be asked of a journal as such.
#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// Read all of it and say what is wrong, and what a cut there would lose; changes nothing
    Check(CheckArgs),
    /// Cut a damaged journal where its damage is; what is cut is kept beside it
    Repair(RepairArgs),
}

/// `journal check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl CheckArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `journal repair`.
#[derive(Clone, Debug, Args)]
pub struct RepairArgs {
    /// The directory with the journal
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The damaged commit, as `journal check` names it, or its SEGMENT:OFFSET: it goes, and all
    /// behind it
    #[arg(long, value_name = "COMMIT")]
    pub cut_at: Option<CutAt>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl RepairArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// Cuts a damaged journal.
///
/// # Errors
/// When there is no journal, it is in use or not damaged, or nobody said where to cut, or said it
/// wrong (exit 2).
pub fn repair(args: &RepairArgs) -> Result<RepairReport, Failure> {
    let data = DataDirectory::open_to_repair(&args.data)?;
    let done = cut(&data, args.cut_at).map_err(|error| match error {
        RepairError::Journal(error) => error.into(),
        other => Failure::input(other.to_string()),
    })?;
    Ok(RepairReport {
        directory: args.data.display().to_string(),
        damage: done.damage,
        cut_at: CutAt::Place(done.at).to_string(),
        commit: done.commit.0,
        kept: done.kept.display().to_string(),
        lost: done.lost.iter().map(LostView::from).collect(),
    })
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::input(error.to_string())
    }
}
