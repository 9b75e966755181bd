//! Arguments of `snapshot`, `archive` and `backup`.
//!
//! It doesn't know how anything is done.

use std::path::PathBuf;

use archipelago::snapshot::Keep;
use clap::{ArgGroup, Args};

use crate::cli::report::Output;

/// `snapshot`.
#[derive(Clone, Debug, Args)]
pub struct SnapshotArgs {
    /// The directory with the journal; no other process may have it open
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl SnapshotArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

/// `archive`.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("keep").required(true))]
pub struct ArchiveArgs {
    /// The directory with the journal; no other process may have it open
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Move them to this directory; put back, they make the journal whole again
    #[arg(long, value_name = "DIR", group = "keep")]
    to: Option<PathBuf>,
    /// Remove them for good: the past can then be neither shown nor verified
    #[arg(long, group = "keep")]
    delete: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl ArchiveArgs {
    /// What becomes of the segments.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.to.clone().map_or(Keep::Nowhere, Keep::In)
    }

    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}

const BACKUP_EXAMPLES: &str = "\
Examples:
  archipelago backup --data sea --to copies/monday      also while `archipelago run` works on it
  archipelago replay --data copies/monday               the copy is a data directory like any other

A copy holds every answer that was given before it began, and all islands as of one moment. Put
back, it goes in place of the whole directory: one island alone, from another time, is refused by
the others. The copy is read back, and a warehouse is replayed, before the command says that all
is good.";

/// `backup`.
#[derive(Clone, Debug, Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub struct BackupArgs {
    /// The directory with the journal; another process may be writing to it
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The directory to make; it must be missing or empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl BackupArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }
}
