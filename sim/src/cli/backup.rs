//! `backup`: a copy of a data directory, also of one that is being written to.
//!
//! Rules: a copy that was not read back is not called good; a warehouse's is replayed.
//!
//! It doesn't know how the copy is made.

use std::time::Instant;

use archipelago::replay::Log;
use archipelago::snapshot::{BackedUp, backup as copy};

use super::args::BackupArgs;
use super::failure::Failure;
use super::progress::Progress;
use super::report::BackupReport;
use super::setting::{APPLICATION, Setting};

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
    let digest = if log.description().application == APPLICATION {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let restored = log.restore(threads, Setting::of(&log)?.island())?;
        let digest = restored.digest().map_err(|error| Failure::input(error.to_string()))?;
        Some(digest.to_string())
    } else {
        None
    };
    Ok(BackupReport {
        to: args.to.display().to_string(),
        commit: commit.0,
        records,
        bytes,
        digest,
        seconds: began.elapsed().as_secs_f64(),
    })
}
