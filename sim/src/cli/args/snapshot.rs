//! Arguments of `snapshot` and `archive`.
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
