//! `snapshot` and `archive`: starts that don't replay everything, and journals that don't only
//! grow.

use std::time::Instant;

use archipelago::replay::Log;
use archipelago::snapshot::{Keep, archive, take_at_rest};
use archipelago_core::journal::frame::CommitNumber;

use super::args::{ArchiveArgs, SnapshotArgs};
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::progress::Progress;
use super::report::{ArchiveReport, SnapshotReport};

/// Writes a snapshot of a journal.
///
/// # Errors
/// When there is no journal, it is in use, damaged or another application's (exit 2).
pub fn snapshot(args: &SnapshotArgs) -> Result<SnapshotReport, Failure> {
    let log = Log::open(&args.data)?;
    for_world!(log, W => taken::<W>(log, args))
}

fn taken<W: World>(log: Log, args: &SnapshotArgs) -> Result<SnapshotReport, Failure> {
    let setting = setting::<W>(&log)?;
    // Its lock is given back before the directory is opened for changes.
    drop(log);
    let _progress = Progress::unknown("writing a snapshot");
    let began = Instant::now();
    let taken = take_at_rest(&args.data, |_| W::born(&setting))?;
    let file = taken.file.map(|file| file.display().to_string());
    let bytes = file.as_ref().map_or(Ok(0), |file| std::fs::metadata(file).map(|file| file.len()));
    let bytes = bytes.map_err(|error| Failure::input(error.to_string()))?;
    let CommitNumber(commit) = taken.commit;
    Ok(SnapshotReport { file, commit, bytes, seconds: began.elapsed().as_secs_f64() })
}

/// Archives what no start needs.
///
/// # Errors
/// When there are not two snapshots that load, the directory is in use, or a file cannot be moved
/// (exit 2).
pub fn archived(args: &ArchiveArgs) -> Result<ArchiveReport, Failure> {
    let log = Log::open(&args.data)?;
    let keep = args.keep();
    let archived = for_world!(log, W => {
        setting::<W>(&log)?;
        drop(log);
        let _progress = Progress::unknown("verifying the snapshots");
        Ok(archive::<W>(&args.data, &keep)?)
    })?;
    Ok(ArchiveReport {
        segments: archived.segments.len() as u64,
        bytes: archived.bytes,
        snapshot: archived.snapshot.0,
        to: match keep {
            Keep::In(folder) => Some(folder.display().to_string()),
            Keep::Nowhere => None,
        },
    })
}
