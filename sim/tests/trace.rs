//! The trace of a world: it tells what happened, joins up, and changes nothing.
//!
//! It doesn't know how a page is drawn.

use std::collections::BTreeSet;

use archipelago_sim::trace::{Source, What};
use archipelago_sim::workload::warehouse::scenario::Scenario;
use archipelago_sim::{Faults, Preset};

#[test]
fn a_trace_tells_every_durable_record_and_its_causes_join_up() {
    let scenario = Scenario { commands: 60, ..Scenario::default() };
    let simulation = scenario.simulation().faults(Faults::crash_loop());
    let trace = simulation.trace(4);
    let figures = simulation.seed(4).unwrap();
    assert_eq!(trace.ended.0, figures.nanos, "a world with a trace is the same world");
    assert!(trace.violation.is_none());

    let mut records = BTreeSet::new();
    let mut sends = BTreeSet::new();
    let (mut frames, mut arrived, mut crashes) = (BTreeSet::new(), 0, 0);
    for happening in &trace.happenings {
        match &happening.what {
            What::Recorded(record) => {
                let island = happening.island.unwrap();
                records.insert((island, record.position));
                sends.extend(record.sends.iter().map(|send| (island, send.to, send.number)));
                if let Source::Message { from, number } = record.source {
                    assert!(sends.contains(&(from, island, number)), "{record:?} has a cause");
                }
                assert!(!record.input.kind.is_empty(), "{record:?}");
            }
            What::FrameSent(frame) => drop(frames.insert(frame.id)),
            What::FrameArrived { frame } => {
                assert!(frames.contains(frame), "{frame:?} was sent");
                arrived += 1;
            }
            What::Crashed => crashes += 1,
            _ => {}
        }
    }
    assert!(records.len() as u64 >= figures.records, "{} of {}", records.len(), figures.records);
    assert_eq!(crashes, figures.crashes + figures.falls);
    assert!(arrived > 100 && !trace.samples.is_empty() && !trace.states.is_empty());
    assert!(trace.happenings.is_sorted_by_key(|happening| happening.at));
}

#[test]
fn a_failure_stands_in_its_trace_with_its_place() {
    let simulation =
        Scenario::default().simulation().preset(Preset::Swarm).always("no tenth", |islands| {
            match islands.iter().position(|image| image.position.0 > 9) {
                None => Ok(()),
                Some(island) => Err(format!("island {island}")),
            }
        });
    let broken = simulation.seed(2).unwrap_err();
    let trace = simulation.trace(2);
    let violated = trace.violation.as_ref().unwrap();
    assert_eq!((&*violated.check, violated.at.0), ("no tenth", broken.violation.at.0));
    assert!(trace.happenings.iter().any(|happening| matches!(happening.what, What::Violated)));
    let page = archipelago_sim::report::html(&trace);
    assert!(page.contains("no tenth") && page.len() > 100_000);
    if let Some(path) = std::env::var_os("ARCHIPELAGO_PAGE") {
        std::fs::write(path, page).unwrap();
    }
}
