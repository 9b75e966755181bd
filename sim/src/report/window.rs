//! What of a long trace is shown.
//!
//! Rules:
//! 1. At most [`HAPPENINGS_MAX`] happenings in a row, around the focus.
//! 2. Beside them, from anywhere: the causes of the record that failed, back to the client's
//!    request; and *landmarks* (crashes, cuts, faults …), so that an island that was down when the
//!    window begins is shown as down.
//! 3. Samples are thinned evenly to [`SAMPLES_MAX`] (fewer for many islands), states to those of
//!    shown records and [`STATE_BYTES_MAX`].
//! 4. One pass each: a trace may have millions of happenings.
//!
//! It doesn't know how they are drawn.

use std::collections::BTreeMap;
use std::ops::Range;

use archipelago_core::id::{IslandId, JournalPosition, LinkSeq, TimerNumber};

use crate::trace::{Happening, Nanos, Record, Request, Sample, Source, StateAt, Trace, What};

/// The most happenings that a page shows in a row.
pub const HAPPENINGS_MAX: usize = 8_000;

/// The most samples that a page draws.
pub const SAMPLES_MAX: usize = 1_500;

/// The most queues in all samples that a page draws, unless that were less than
/// [`SAMPLES_LEAST`] samples: a sample has one for each island.
const SAMPLE_QUEUES_MAX: usize = 150_000;

/// Fewer samples would be no curve.
const SAMPLES_LEAST: usize = 100;

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
#[derive(PartialEq, Eq)]
enum Wanted {
    /// The record at a place.
    Record(IslandId, JournalPosition),
    /// The record of the first island that sent the second this message.
    Message(IslandId, IslandId, LinkSeq),
    /// The record of this island that set a timer.
    Timer(IslandId, TimerNumber),
    /// A request, when it was asked here.
    Request(IslandId, Request),
}

impl Wanted {
    /// Whether it is this record of the island `on`.
    fn is(&self, on: IslandId, record: &Record) -> bool {
        match *self {
            Self::Record(island, position) => island == on && position == record.position,
            Self::Message(from, to, number) => {
                from == on && record.sends.iter().any(|send| (send.to, send.number) == (to, number))
            }
            Self::Timer(island, number) => island == on && record.timers.contains(&number),
            Self::Request(..) => false,
        }
    }
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
        let Some(on) = happening.island else { continue };
        match &happening.what {
            // Asked again and again: all are kept, the first is among them.
            What::Asked { request, .. } if wanted == Wanted::Request(on, *request) => {
                found.push(at);
            }
            What::Recorded(record) if wanted.is(on, record) => {
                found.push(at);
                wanted = match record.source {
                    Source::Client(request) => Wanted::Request(on, request),
                    Source::Message { from, number } => Wanted::Message(from, on, number),
                    Source::Timer { number } => Wanted::Timer(on, number),
                };
            }
            _ => {}
        }
    }
    found
}

/// Samples thinned: the last of each group, with the group's worst latency.
pub(super) fn samples(all: &[Sample]) -> Vec<Sample> {
    let islands = all.last().map_or(1, |sample| sample.queues.len().max(1));
    let most = (SAMPLE_QUEUES_MAX / islands).clamp(SAMPLES_LEAST, SAMPLES_MAX);
    let group = all.len().div_ceil(most).max(1);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Latency, Place, Queue};

    #[test]
    fn a_window_lies_around_its_focus_and_inside_the_trace() {
        assert_eq!(around(10, 4), 0..10);
        assert_eq!(around(100_000, 0), 0..HAPPENINGS_MAX);
        assert_eq!(around(100_000, 100_000), 100_000 - HAPPENINGS_MAX..100_000);
        let middle = around(100_000, 50_000);
        assert!(middle.len() == HAPPENINGS_MAX && middle.contains(&50_000));
        assert!(50_000 - middle.start > middle.end - 50_000, "causes lie before");
    }

    #[test]
    fn thinned_samples_keep_the_last_count_and_the_worst_latency() {
        let sample = |n: u64, islands: usize| Sample {
            at: Nanos(n),
            answered: n,
            latency: n.is_multiple_of(3).then_some(Latency { p50: Nanos(1), p99: Nanos(n) }),
            queues: vec![Queue::default(); islands],
            levels: Vec::new(),
        };
        let many: Vec<Sample> = (0..10_000).map(|n| sample(n, 4)).collect();
        let thin = samples(&many);
        assert!(thin.len() <= SAMPLES_MAX && thin.len() > SAMPLES_MAX / 2, "{}", thin.len());
        assert_eq!(thin.last().expect("there are some").answered, 9_999);
        let worst = |all: &[Sample]| all.iter().filter_map(|s| s.latency).map(|l| l.p99).max();
        assert_eq!(worst(&thin), worst(&many));
        let wide: Vec<Sample> = (0..2_000).map(|n| sample(n, 1_000)).collect();
        assert!(samples(&wide).len() * 1_000 <= SAMPLE_QUEUES_MAX);
        assert_eq!(samples(&many[..7]), many[..7]);
    }

    #[test]
    fn states_are_those_of_the_window_and_one_before_nearest_first_when_they_are_too_many() {
        let state = |at, bytes| StateAt {
            at: Nanos(at),
            place: Place { island: IslandId(0), position: JournalPosition(at) },
            text: "x".repeat(bytes),
        };
        let all: Vec<StateAt> = (1..=9).map(|at| state(at, 1)).collect();
        let at = |states: Vec<&StateAt>| states.iter().map(|s| s.at.0).collect::<Vec<_>>();
        assert_eq!(at(states(&all, Nanos(4), Nanos(7), Nanos(5))), [3, 4, 5, 6, 7]);
        let heavy: Vec<StateAt> = (1..=9).map(|at| state(at, STATE_BYTES_MAX / 2)).collect();
        assert_eq!(at(states(&heavy, Nanos(1), Nanos(9), Nanos(5))), [4, 5]);
        let huge = [state(1, STATE_BYTES_MAX + 1), state(2, 1)];
        assert_eq!(at(states(&huge, Nanos(1), Nanos(2), Nanos(1))), [1]);
    }
}
