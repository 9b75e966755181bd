//! What of a long trace is shown.
//!
//! Rules:
//! 1. At most [`HAPPENINGS_MAX`] happenings in a row, around the focus.
//! 2. Beside them, from anywhere: the causes of the record that failed, back to the client's
//!    request; and *landmarks* (crashes, cuts, faults …), so that an island that was down when the
//!    window begins is shown as down.
//! 3. Samples are thinned evenly to [`SAMPLES_MAX`], states to those of shown records and
//!    [`STATE_BYTES_MAX`].
//! 4. One pass each: a trace may have millions of happenings.
//!
//! It doesn't know how they are drawn.

use std::collections::BTreeMap;
use std::ops::Range;

use archipelago_core::id::IslandId;

use crate::trace::{Happening, Nanos, Request, Sample, Source, StateAt, Trace, What};

/// The most happenings that a page shows in a row.
pub const HAPPENINGS_MAX: usize = 8_000;

/// The most samples that a page draws.
pub const SAMPLES_MAX: usize = 1_500;

/// The most bytes of states that a page holds, unless a single one has more.
pub const STATE_BYTES_MAX: usize = 8 << 20;

/// The most landmarks from outside the window.
const LANDMARKS_MAX: usize = 2_000;

/// Around what a page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// What failed; the beginning if nothing did.
    Failure,
    /// This time.
    At(Nanos),
}

/// Where the focus stands among the happenings.
pub(super) fn focus(trace: &Trace, focus: Focus) -> usize {
    let all = &trace.happenings;
    let at = match (focus, &trace.violation) {
        (Focus::At(at), _) => at,
        (Focus::Failure, Some(violation)) => {
            let told = |happening: &Happening| matches!(happening.what, What::Violated);
            let Some(place) = all.iter().rposition(told) else {
                return all.partition_point(|happening| happening.at < violation.at);
            };
            return place;
        }
        (Focus::Failure, None) => return 0,
    };
    all.partition_point(|happening| happening.at < at)
}

/// The happenings around `focus`, of `len`: two thirds before it, because causes are there.
pub(super) fn around(len: usize, focus: usize) -> Range<usize> {
    let from = focus.saturating_sub(HAPPENINGS_MAX / 3 * 2).min(len.saturating_sub(HAPPENINGS_MAX));
    from..(from + HAPPENINGS_MAX).min(len)
}

/// The places of all happenings to show, in order.
pub(super) fn chosen(trace: &Trace, window: &Range<usize>) -> Vec<usize> {
    let all = &trace.happenings;
    let outside = |at: &usize| !window.contains(at);
    let mut chosen: Vec<usize> = causes(trace).into_iter().filter(outside).collect();
    let landmarks = |range: Range<usize>| range.filter(|&at| is_landmark(&all[at].what));
    chosen.extend(landmarks(0..window.start).rev().take(LANDMARKS_MAX / 2));
    chosen.extend(landmarks(window.end..all.len()).take(LANDMARKS_MAX / 2));
    chosen.extend(window.clone());
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// What says when an island is up and reachable.
fn is_landmark(what: &What) -> bool {
    match what {
        What::Crashed
        | What::Restarted { .. }
        | What::Paused { .. }
        | What::ClockStepped { .. }
        | What::Cut { .. }
        | What::Mended { .. }
        | What::DiskFault { .. }
        | What::Refused { .. }
        | What::Healed { .. }
        | What::Violated => true,
        What::Asked { .. }
        | What::Answered { .. }
        | What::Recorded(_)
        | What::FrameSent(_)
        | What::FrameArrived { .. }
        | What::Suppressed { .. }
        | What::Resent { .. }
        | What::CommitBegun(_)
        | What::CommitDurable(_)
        | What::Marked { .. } => false,
    }
}

/// What is looked for on the way back.
enum Wanted {
    /// The record at a place.
    Record(IslandId, archipelago_core::id::JournalPosition),
    /// The record of the first island that sent the second this message.
    Message(IslandId, IslandId, archipelago_core::id::LinkSeq),
    /// The first time that a request was asked, here.
    Request(IslandId, Request),
}

/// The places of the record that failed and of its causes. Causes lie before effects, so one pass
/// backwards meets them all.
fn causes(trace: &Trace) -> Vec<usize> {
    let mut found = Vec::new();
    let Some(violation) = &trace.violation else { return found };
    let (Some(island), Some(position)) = (violation.island, violation.position) else {
        return found;
    };
    let mut wanted = Wanted::Record(island, position);
    let upto = trace.happenings.partition_point(|happening| happening.at <= violation.at);
    for (at, happening) in trace.happenings[..upto].iter().enumerate().rev() {
        let Some(island) = happening.island else { continue };
        match (&wanted, &happening.what) {
            (Wanted::Request(on, request), What::Asked { request: asked, .. })
                if *on == island && request == asked =>
            {
                // Asked again and again: all are kept, the first is among them.
                found.push(at);
            }
            (Wanted::Record(on, position), What::Recorded(record))
                if *on == island && *position == record.position =>
            {
                found.push(at);
                wanted = match record.source {
                    Source::Client(request) => Wanted::Request(island, request),
                    Source::Message { from, number } => Wanted::Message(from, island, number),
                    Source::Timer { .. } => break,
                };
            }
            (Wanted::Message(from, to, number), What::Recorded(record))
                if *from == island
                    && record.sends.iter().any(|send| send.to == *to && send.number == *number) =>
            {
                found.push(at);
                wanted = match record.source {
                    Source::Client(request) => Wanted::Request(island, request),
                    Source::Message { from, number } => Wanted::Message(from, island, number),
                    Source::Timer { .. } => break,
                };
            }
            _ => {}
        }
    }
    found
}

/// Samples thinned to [`SAMPLES_MAX`]: the last of each group, with the group's worst latency.
pub(super) fn samples(all: &[Sample]) -> Vec<Sample> {
    let group = all.len().div_ceil(SAMPLES_MAX).max(1);
    let thin = |group: &[Sample]| {
        let mut sample = group.last()?.clone();
        sample.latency = group.iter().filter_map(|sample| sample.latency).max_by_key(|l| l.p99);
        Some(sample)
    };
    all.chunks(group).filter_map(thin).collect()
}

/// The states to show between two times: of each island also the last one before, to compare
/// with. Those nearest to `focus` are kept when they are too many.
pub(super) fn states(all: &[StateAt], from: Nanos, to: Nanos, focus: Nanos) -> Vec<&StateAt> {
    let mut before = BTreeMap::new();
    let mut states = Vec::new();
    for (at, state) in all.iter().enumerate() {
        if state.at < from {
            before.insert(state.place.island, at);
        } else if state.at <= to {
            states.push(at);
        }
    }
    states.extend(before.into_values());
    states.sort_by_key(|&at| (all[at].at.0.abs_diff(focus.0), at));
    let mut bytes = 0;
    states.retain(|&at| {
        let first = bytes == 0;
        bytes += all[at].text.len().max(1);
        first || bytes <= STATE_BYTES_MAX
    });
    states.sort_unstable();
    states.into_iter().map(|at| &all[at]).collect()
}
