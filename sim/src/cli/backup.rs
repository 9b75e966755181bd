//! `backup`: a copy of a data directory, also of one that is being written to.
//!
//! Rules: a copy that was not read back is not called good; one of a world known here is replayed.
//!
//! It doesn't know how the copy is made.

use std::time::Instant;

use archipelago::replay::Log;
use archipelago::snapshot::{BackedUp, backup as copy};

use super::args::BackupArgs;
use super::failure::Failure;
use super::harness::{World, for_world};
use super::progress::Progress;
use super::replay::restore;
use super::report::BackupReport;

/// Copies, then opens the copy and replays it.
///
/// # Errors
/// When there is no journal or it is damaged, the target is not empty or cannot be written, or the
/// copy does not replay (exit 2).
pub fn backup(args: &BackupArgs) -> Result<BackupReport, Failure> {
    let _progress = Progress::unknown("copying");
    let began = Instant::now();
    let BackedUp { commit, records, bytes } = copy(&args.data, &args.to)?;
    let log = Log::open(&args.to)?;
    let digest = for_world!(log, W => digest::<W>(&log).map(Some), _unknown => Ok(None))?;
    Ok(BackupReport {
        to: args.to.display().to_string(),
        commit: commit.0,
        records,
        bytes,
        digest,
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn digest<W: World>(log: &Log) -> Result<String, Failure> {
    let restored = restore::<W>(log, None)?;
    let digest = restored.digest().map_err(|error| Failure::input(error.to_string()))?;
    Ok(digest.to_string())
}
