//! The page of a trace: what it holds, what it leaves out, and that text stays text.
//!
//! It doesn't know how a page looks: `tests/browser` opens the pages that are written here.

mod plausible;

use std::path::Path;

use archipelago_sim::report::{self, Focus, HAPPENINGS_MAX, SAMPLES_MAX};
use archipelago_sim::trace::{Nanos, Trace, What};
use serde_json::Value;

const CHECK: &str = "units are conserved";

/// The data that the page was given.
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"trace\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).expect("the data is JSON")
}

fn places(data: &Value) -> Vec<u64> {
    data["places"].as_array().unwrap().iter().map(|place| place.as_u64().unwrap()).collect()
}

#[test]
fn a_short_trace_is_shown_whole_and_text_stays_text() {
    let trace = plausible::trace(u64::MAX, 4, 300, Some(CHECK));
    let html = report::html(&trace);
    let data = data(&html);
    assert_eq!(data["happenings"].as_array().unwrap().len(), trace.happenings.len());
    assert_eq!(data["seed"], "18446744073709551615");
    assert!(!html.contains("<img src=x"), "a command's text became an element");
    let back: Vec<_> = serde_json::from_value(data["samples"].clone()).expect("samples go back");
    assert_eq!(trace.samples, back);
    let asked = trace.happenings.iter().position(|happening| match &happening.what {
        What::Recorded(record) => record.input.text == plausible::NASTY,
        _ => false,
    });
    let shown = &data["happenings"][asked.expect("an order has a nasty text")];
    assert_eq!(shown["what"]["input"]["text"], plausible::NASTY);
    assert_eq!(html, report::html(&trace), "the same trace gives the same page");
}

#[test]
fn a_trace_goes_to_json_and_back() {
    let trace = plausible::trace(5, 3, 400, Some(CHECK));
    let told = serde_json::to_string(&trace).expect("a trace is JSON");
    assert_eq!(serde_json::from_str::<Trace>(&told).expect("it reads back"), trace);
}

#[test]
fn a_long_trace_is_cut_to_a_window_around_what_failed_and_says_so() {
    let mut trace = plausible::trace(3, 8, 50_000, Some(CHECK));
    assert!(trace.happenings.len() > 40_000);
    let html = report::html(&trace);
    let shown = data(&html);
    let window = &shown["window"];
    assert_eq!(window["of"], trace.happenings.len());
    assert_eq!(window["count"], HAPPENINGS_MAX);
    let first = window["first"].as_u64().unwrap();
    let failed = trace.happenings.iter().position(|h| h.what == What::Violated).unwrap() as u64;
    assert!((first..first + HAPPENINGS_MAX as u64).contains(&failed));
    // Within the window nothing is left out; outside there are only landmarks and causes.
    let kept = places(&shown);
    let inside: Vec<u64> = kept.iter().copied().filter(|&p| p >= first).collect();
    let whole: Vec<u64> = (first..first + HAPPENINGS_MAX as u64).collect();
    assert!(inside.starts_with(&whole));
    assert!(kept.iter().any(|&place| trace.happenings[place as usize].what == What::Crashed));
    assert!(shown["samples"].as_array().unwrap().len() <= SAMPLES_MAX);
    let counted: u64 =
        shown["overview"].as_array().unwrap().iter().map(|bar| bar.as_u64().unwrap()).sum();
    assert_eq!(counted, trace.happenings.len() as u64, "the overview counts everything");
    assert!(html.len() < 16 << 20, "{} bytes", html.len());

    // Elsewhere by choice; and the causes of what failed are still there.
    let begin = data(&report::html_around(&trace, Focus::At(Nanos(0))));
    let kept = places(&begin);
    assert!(kept.contains(&failed), "what failed is a landmark");
    let last = begin["happenings"].as_array().unwrap().len() - 1;
    let chain: Vec<&Value> = (HAPPENINGS_MAX..=last)
        .map(|at| &begin["happenings"][at]["what"])
        .filter(|what| what["is"] == "recorded")
        .collect();
    let source = |what: &&Value| what["source"]["is"].as_str().unwrap().to_owned();
    let sources: Vec<String> = chain.iter().map(source).collect();
    assert_eq!(sources, ["client", "message", "message"], "Order, Borrow, Grant");

    // A failure that names no record has no causes to keep.
    trace.violation.as_mut().unwrap().position = None;
    let begin = data(&report::html_around(&trace, Focus::At(Nanos(0))));
    assert!(places(&begin).len() < kept.len());
}

#[test]
fn a_world_where_nothing_happened_has_a_page_too() {
    let page = data(&report::html(&Trace { islands: 2, ..Trace::default() }));
    assert_eq!(page["window"]["count"], 0);
    let empty = data(&report::html(&Trace::default()));
    assert_eq!(empty["islands"], 0);
}

/// Pages for `tests/browser/run`, in the folder that it names; without one they are made, only.
#[test]
fn pages_for_the_browser_are_made() {
    let mut quiet = plausible::trace(11, 5, 300, None);
    quiet.title = "warehouse, calm".to_owned();
    let pages = [
        ("small.html", report::html(&plausible::trace(u64::MAX, 4, 300, Some(CHECK)))),
        ("large.html", report::html(&plausible::trace(3, 8, 50_000, Some(CHECK)))),
        ("good.html", report::html(&quiet)),
        ("many.html", report::html(&plausible::trace(9, 40, 4_000, Some(CHECK)))),
        ("empty.html", report::html(&Trace { islands: 2, ..Trace::default() })),
    ];
    let folder = std::env::var_os("ARCHIPELAGO_PAGES");
    for (name, html) in pages {
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{name}");
        if let Some(folder) = &folder {
            std::fs::write(Path::new(folder).join(name), html).expect("a page can be written");
        }
    }
}
