//! `replay`: a journal → the islands as they were, and how fast that was. Changes nothing.

use std::path::Path;

use archipelago::replay::{At, Log, Restored};

use super::args::ReplayArgs;
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::progress::Progress;
use super::report::{ReplayReport, per_second};

/// Replays a journal.
///
/// # Errors
/// When there is no journal, it is damaged, or this program cannot read it (exit 2).
pub fn replay(args: &ReplayArgs) -> Result<ReplayReport, Failure> {
    let log = open(&args.data, args.at)?;
    let report = for_world!(log, W => report(&restore::<W>(&log, args.threads)?))?;
    Ok(ReplayReport { at: log.point().map(|stamp| stamp.to_string()), ..report })
}

/// Opens a journal, as it stood at a point if one is given.
///
/// # Errors
/// When there is none, it is damaged, or has no such point.
pub fn open(data: &Path, at: Option<At>) -> Result<Log, Failure> {
    let log = Log::open(data)?;
    Ok(match at {
        Some(at) => log.at(at)?,
        None => log,
    })
}

/// Restores a journal's islands.
///
/// # Errors
/// As [`replay`].
pub fn restore<W: World>(log: &Log, threads: Option<u32>) -> Result<Restored<W>, Failure> {
    let setting = setting::<W>(log)?;
    let _progress = Progress::unknown("replaying the journal");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.map_or(cores, |threads| threads as usize);
    Ok(log.restore(threads, |_| W::born(&setting))?)
}

/// Reports a restore.
///
/// # Errors
/// When a state cannot be digested.
pub fn report<W: World>(restored: &Restored<W>) -> Result<ReplayReport, Failure> {
    let seconds = restored.figures.elapsed.as_secs_f64();
    let digest = restored.digest().map_err(|error| Failure::check(error.to_string()))?;
    Ok(ReplayReport {
        events: restored.figures.events,
        records: restored.figures.records,
        bytes: restored.recovered.bytes,
        sends_suppressed: restored.figures.sends_suppressed,
        sends_owed: restored.sends_owed(),
        digests_compared: restored.figures.digests,
        events_per_second: per_second(restored.figures.events, seconds),
        seconds,
        digest: digest.to_string(),
        at: None,
    })
}
