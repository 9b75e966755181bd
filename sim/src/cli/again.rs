//! `verify` and `what-if`: the recorded inputs decided again by this program. Changes nothing.
//!
//! It doesn't know what an order is.

use archipelago::replay::{Again, Decided, Log};

use super::args::{VerifyArgs, WhatIfArgs};
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::progress::Progress;
use super::report::{
    DifferenceView, KindView, OtherStateView, VerifyReport, WhatIfReport, per_second,
};

/// Decides every recorded input again and compares, byte for byte.
///
/// # Errors
/// When there is no journal, it is damaged, or this program cannot read it (exit 2). That it
/// differs is the report's verdict (exit 1).
pub fn verify(args: &VerifyArgs) -> Result<VerifyReport, Failure> {
    let log = Log::open(&args.data)?;
    let progress = bar(&log)?;
    let again = again(&log, args.threads, &progress);
    let verified = for_world!(log, W => {
        let setting = setting::<W>(&log)?;
        Ok(again.verify(|_| W::born(&setting))?)
    })?;
    let Decided { records, events, digests, elapsed, after } = verified.decided;
    let seconds = elapsed.as_secs_f64();
    Ok(VerifyReport {
        records,
        events,
        differing: verified.differing,
        digests_compared: digests,
        first: verified.first.as_ref().map(DifferenceView::of),
        other_state: verified.other_state.as_ref().map(OtherStateView::of),
        seconds,
        records_per_second: per_second(records, seconds),
        after_commit: after.map(|commit| commit.0),
    })
}

/// Decides every recorded input again and counts what this program would have decided otherwise.
///
/// # Errors
/// When there is no journal, it is damaged, or this program cannot read it (exit 2).
pub fn what_if(args: &WhatIfArgs) -> Result<WhatIfReport, Failure> {
    let log = Log::open(&args.data)?;
    let progress = bar(&log)?;
    let again = again(&log, args.threads, &progress).examples(args.limit);
    let found = for_world!(log, W => {
        let setting = setting::<W>(&log)?;
        Ok(again.what_if(|_| W::born(&setting))?)
    })?;
    let seconds = found.decided.elapsed.as_secs_f64();
    Ok(WhatIfReport {
        records: found.decided.records,
        events: found.decided.events,
        differing: found.differing(),
        kinds: found.kinds.iter().map(|(kind, found)| KindView::of(kind, found)).collect(),
        seconds,
        records_per_second: per_second(found.decided.records, seconds),
        after_commit: found.decided.after.map(|commit| commit.0),
    })
}

fn bar(log: &Log) -> Result<Progress, Failure> {
    Ok(Progress::of("bytes decided again", log.bytes_max()?))
}

fn again<'a>(log: &'a Log, threads: Option<u32>, progress: &'a Progress) -> Again<'a> {
    let again = log.again().watch(|bytes| progress.set(bytes));
    match threads {
        Some(threads) => again.threads(threads as usize),
        None => again,
    }
}
