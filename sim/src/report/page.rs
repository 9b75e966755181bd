//! What a page is given: a trace cut to its window, and an overview of the whole.
//!
//! Rules:
//! 1. What was left out is counted, so that the page can say it.
//!
//! It doesn't know how a page looks.

use serde::Serialize;
use serde_json::Value;

use super::window::{self, Focus};
use crate::trace::{Happening, Nanos, Sample, StateAt, Trace, Violated};

/// Bars of the overview: as many as a screen shows side by side.
const BARS: u64 = 480;

/// The data of a page.
#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    seed: u64,
    islands: u32,
    names: &'a [String],
    code: &'a str,
    repeat: &'a str,
    config: &'a [(String, String)],
    ended: Nanos,
    violation: &'a Option<Violated>,
    happenings: Vec<&'a Happening>,
    /// The place of each in the whole trace.
    places: Vec<usize>,
    /// The window: these are shown without a gap.
    window: Window,
    samples: Vec<Sample>,
    samples_of: usize,
    level_names: &'a [String],
    states: Vec<&'a StateAt>,
    states_of: usize,
    /// Happenings over the whole time, in equal spans.
    overview: Vec<u32>,
}

/// The happenings that are shown without a gap.
#[derive(Serialize)]
struct Window {
    from: Nanos,
    to: Nanos,
    first: usize,
    count: usize,
    of: usize,
    focus: Nanos,
}

/// The data of the page of `trace` around `focus`.
pub(super) fn json(trace: &Trace, focus: Focus) -> Value {
    let all = &trace.happenings;
    let last = all.last().map_or(Nanos(0), |happening| happening.at);
    let ended = trace.ended.max(last);
    let center = window::focus(trace, focus);
    let range = window::around(all.len(), center);
    let at = |place: usize| all.get(place).map_or(ended, |happening| happening.at);
    // A window that reaches the trace's ends reaches the world's ends.
    let from = if range.start == 0 { Nanos(0) } else { at(range.start) };
    let to = if range.end == all.len() { ended } else { at(range.end.saturating_sub(1)) };
    let places = window::chosen(trace, &range);
    let page = Page {
        title: &trace.title,
        seed: trace.seed,
        islands: trace.islands,
        names: &trace.names,
        code: &trace.code,
        repeat: &trace.repeat,
        config: &trace.config,
        ended,
        violation: &trace.violation,
        happenings: places.iter().map(|&place| &all[place]).collect(),
        places,
        window: Window {
            from,
            to,
            first: range.start,
            count: range.len(),
            of: all.len(),
            focus: at(center),
        },
        samples: window::samples(&trace.samples),
        samples_of: trace.samples.len(),
        level_names: &trace.level_names,
        states: window::states(&trace.states, from, to, at(center)),
        states_of: trace.states.len(),
        overview: overview(all, ended),
    };
    serde_json::to_value(page).expect("plain values with text as keys are JSON")
}

/// How many happenings there are in each of [`BARS`] equal spans.
fn overview(all: &[Happening], ended: Nanos) -> Vec<u32> {
    let mut bars = vec![0; BARS as usize];
    for happening in all {
        let share = u128::from(happening.at.0) * u128::from(BARS) / u128::from(ended.0.max(1));
        bars[(share as usize).min(BARS as usize - 1)] += 1;
    }
    bars
}
