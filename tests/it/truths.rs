//! The published truths of the real orders, for every number of islands.
//!
//! Rules:
//! 1. Served one after the other, the accepted orders are those that one shared pool would accept.
//! 2. Every run is conserved, and its digest is that of a replay in another process.
//! 3. Durability is not the point here, so replies wait for the operating system only.
//!
//! The numbers stand in the data's own description; this file doesn't know how they come about.

use serde_json::Value;

use super::harness::{archipelago, first_week, json, number, place, whole_file};
use super::replayed::replays_to_the_same;

/// Percent of stock, orders accepted and units sold in the first week, for any islands.
const FIRST_WEEK: [(u32, u64, u64); 5] = [
    (25, 135, 6_918),
    (50, 239, 19_904),
    (75, 343, 39_650),
    (90, 393, 54_894),
    (100, 633, 138_593),
];

/// The same where each of 16 islands sells its own slice only.
const FIRST_WEEK_ISOLATED: [(u32, u64); 4] = [(25, 11), (50, 28), (75, 43), (90, 52)];

/// Every key that the JSON of a run promises.
const RUN_KEYS: [&str; 16] = [
    "orders",
    "accepted",
    "refused",
    "units_ordered",
    "units_sold",
    "units_left",
    "returns_accepted",
    "returns_refused",
    "local_orders",
    "messages",
    "orders_per_second",
    "latency_us",
    "journal_bytes",
    "islands",
    "conserved",
    "digest",
];

/// Runs orders of `file` with these `words`, and checks what is true of every run.
fn run(file: &std::path::Path, words: &str) -> Value {
    let data = place();
    let mut command = archipelago("run warehouse --durability os");
    command.args(words.split_whitespace()).arg("--orders").arg(file);
    let report = json(command.arg("--data").arg(data.path().join("sea")));
    for key in RUN_KEYS {
        assert!(report.get(key).is_some(), "{key} is missing in {report}");
    }
    for key in ["p50", "p99", "p999", "max"] {
        number(&report["latency_us"], key);
    }
    assert_eq!(report["conserved"], true, "{words}: {report}");
    let (accepted, refused) = (number(&report, "accepted"), number(&report, "refused"));
    assert_eq!(accepted + refused, number(&report, "orders"), "{words}: every order is answered");
    replays_to_the_same(&report, &data.path().join("sea"));
    report
}

fn the_first_week_served_serially(islands: u32) {
    let Some(file) = first_week() else { return };
    for (stock, accepted, sold) in FIRST_WEEK {
        let report = run(&file, &format!("--serial --stock {stock} --islands {islands}"));
        assert_eq!(
            (number(&report, "accepted"), number(&report, "units_sold")),
            (accepted, sold),
            "at {stock} % on {islands} islands"
        );
        assert_eq!((number(&report, "orders"), number(&report, "units_ordered")), (633, 138_593));
        assert_eq!(number(&report, "islands"), u64::from(islands));
    }
}

#[test]
fn the_first_week_served_serially_sells_the_published_units_on_1_island() {
    the_first_week_served_serially(1);
}

#[test]
fn the_first_week_served_serially_sells_the_published_units_on_4_islands() {
    the_first_week_served_serially(4);
}

#[test]
fn the_first_week_served_serially_sells_the_published_units_on_16_islands() {
    the_first_week_served_serially(16);
}

#[test]
fn the_first_week_served_serially_sells_the_published_units_on_64_islands() {
    the_first_week_served_serially(64);
}

#[test]
fn isolated_slices_accept_the_published_few() {
    let Some(file) = first_week() else { return };
    for (stock, accepted) in FIRST_WEEK_ISOLATED {
        let words = format!("--serial --policy isolated --stock {stock} --islands 16");
        let report = run(&file, &words);
        assert_eq!(number(&report, "accepted"), accepted, "at {stock} %");
        assert_eq!(number(&report, "messages"), 0, "nobody asks anybody");
    }
}

#[test]
fn asking_in_a_ring_sells_no_more_than_there_is() {
    let Some(file) = first_week() else { return };
    for words in ["--serial --stock 50", "--stock 50", "--stock 90 --islands 64"] {
        let report = run(&file, &format!("--policy ring {words}"));
        assert!(number(&report, "accepted") > 28, "a ring finds more than isolated slices");
    }
}

#[test]
fn returns_are_conserved_and_need_the_units_of_accepted_orders() {
    let Some(file) = whole_file() else { return };
    let report = run(&file, "--returns --stock 100 --islands 16");
    // 8,905 rows of the file are returns with a customer.
    let (taken, refused) =
        (number(&report, "returns_accepted"), number(&report, "returns_refused"));
    assert_eq!(taken + refused, 8_905);
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
    assert_eq!(number(&report, "accepted"), 20_725, "returns take nothing away");
    let scarce = run(&file, "--returns --stock 50 --islands 16");
    assert!(number(&scarce, "returns_accepted") < taken, "fewer orders, fewer units to return");
}

fn the_whole_file_at_full_speed(islands: u32) {
    let Some(file) = whole_file() else { return };
    let all = run(&file, &format!("--stock 100 --islands {islands}"));
    let key = |key| number(&all, key);
    assert_eq!((key("orders"), key("accepted"), key("refused")), (20_725, 20_725, 0));
    assert_eq!((key("units_ordered"), key("units_sold")), (5_660_978, 5_660_978));
    assert_eq!(key("units_left"), 0);
    let half = run(&file, &format!("--stock 50 --islands {islands}"));
    assert!(number(&half, "refused") > 0);
    assert!(number(&half, "units_sold") <= 5_660_978 / 2);
    for (stock, report) in [(100, &all), (50, &half)] {
        eprintln!(
            "{islands} islands, {stock} %: {} accepted, {:.2} messages an order, {:.1} % local",
            number(report, "accepted"),
            number(report, "messages") as f64 / 20_725.0,
            number(report, "local_orders") as f64 / 207.25,
        );
    }
}

#[test]
fn the_whole_file_is_accepted_where_there_is_enough_on_1_island() {
    the_whole_file_at_full_speed(1);
}

#[test]
fn the_whole_file_is_accepted_where_there_is_enough_on_4_islands() {
    the_whole_file_at_full_speed(4);
}

#[test]
fn the_whole_file_is_accepted_where_there_is_enough_on_16_islands() {
    the_whole_file_at_full_speed(16);
}

#[test]
fn the_whole_file_is_accepted_where_there_is_enough_on_64_islands() {
    the_whole_file_at_full_speed(64);
}
