//! `sim prefixes`: whether a journal recovers rightly from every one of its bytes.
//! Changes nothing.

use std::sync::Arc;
use std::time::Instant;

use archipelago::journal::{DataDirectory, Durability};
use archipelago::replay::Log;
use archipelago_core::journal::frame::SchemaVersion;

use super::args::PrefixesArgs;
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::progress::Progress;
use super::report::{PrefixesReport, per_second};
use crate::oracle::{Problem, check};

/// Checks every byte boundary of a journal.
///
/// # Errors
/// When there is no journal, it is damaged or another application's (exit 2), or recovery is wrong
/// at a boundary (exit 1).
pub fn prefixes(args: &PrefixesArgs) -> Result<PrefixesReport, Failure> {
    let log = Log::open(&args.data)?;
    for_world!(log, W => checked::<W>(log, args))
}

fn checked<W: World>(log: Log, args: &PrefixesArgs) -> Result<PrefixesReport, Failure> {
    let setting = setting::<W>(&log)?;
    drop(log);
    let cannot = |error: &dyn std::fmt::Display| Failure::input(error.to_string());
    let data = DataDirectory::open_read_only(&args.data).map_err(|error| cannot(&error))?;
    let settings = data.description().settings(SchemaVersion(W::SCHEMA_VERSION), Durability::Disk);
    let storage = Arc::new(data.storage().map_err(|error| cannot(&error))?);
    let progress = Progress::unknown("checking every prefix");
    let began = Instant::now();
    let found =
        check(storage, &settings, |_| W::born(&setting)).map_err(|problem| match problem {
            Problem::Flaw(flaw) => Failure::check(flaw.to_string()),
            other => cannot(&other),
        })?;
    let seconds = began.elapsed().as_secs_f64();
    drop(progress);
    Ok(PrefixesReport {
        boundaries: found.boundaries,
        records: found.records,
        commits: found.commits,
        messages: found.messages,
        recoveries: found.recoveries,
        links_started: found.links_started,
        full_starts: found.full_starts,
        digests: found.digests,
        seconds,
        records_per_second: per_second(found.records, seconds),
        digest: found.digest.to_string(),
    })
}
