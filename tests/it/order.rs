//! `log --all` and `dead-letters`: a run's journal read in one order, page by page.
//!
//! Rules:
//! 1. Pages that go on from each other's positions are, put together, what one reader gets at once.
//! 2. Every record of the journal is in it once, and its cause before it.
//!
//! It doesn't know how the order is made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::harness::{archipelago, json, number, say};

fn log(data: &Path, words: &str) -> Value {
    let mut command = archipelago("log --data");
    json(command.arg(data).args(words.split_whitespace()))
}

fn records(page: &Value) -> &[Value] {
    page["records"].as_array().expect("a list of records")
}

/// "island 3 message 7, …" → (3, 7).
fn consumed(input: &str) -> Option<(u64, u64)> {
    let rest = input.strip_prefix("island ")?;
    let (from, rest) = rest.split_once(" message ")?;
    let (number, _) = rest.split_once(',')?;
    Some((from.parse().ok()?, number.parse().ok()?))
}

#[test]
fn a_runs_records_come_in_one_order_causes_first_however_they_are_cut_into_pages() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("sea");
    let mut run = archipelago("run warehouse --commands 300 --islands 5 --data");
    let report = json(run.arg(&data));
    let replay = json(archipelago("replay --data").arg(&data));
    let whole = log(&data, "--all");
    let all = records(&whole);
    assert_eq!(all.len() as u64, number(&replay, "records"), "each record once");
    assert_eq!(whole["more"], Value::Bool(false));

    let (mut sent, mut last) = (BTreeSet::new(), BTreeMap::new());
    for record in all {
        let (island, position) = (number(record, "island"), number(record, "position"));
        let before = last.insert(island, position).unwrap_or(0);
        assert_eq!(position, before + 1, "{record}");
        if let Some((from, number)) = consumed(record["input"].as_str().expect("a text")) {
            assert!(sent.remove(&(from, island, number)), "before its cause: {record}");
        }
        for send in record["sends"].as_array().expect("a list") {
            sent.insert((island, number(send, "to"), number(send, "number")));
        }
    }
    assert!(sent.is_empty() && number(&report, "messages") > 0, "all were consumed: {sent:?}");
    for island in whole["islands"].as_array().expect("a list") {
        assert_eq!(Some(&number(island, "position")), last.get(&number(island, "island")));
    }

    let (mut pages, mut from) = (Vec::new(), String::new());
    for limit in [1, 999, 7].into_iter().cycle() {
        let page = log(&data, &format!("--all --limit {limit} {from}"));
        pages.extend_from_slice(records(&page));
        from = format!("--from {}", page["positions"].as_str().expect("a token"));
        if page["more"] == Value::Bool(false) {
            break;
        }
    }
    assert!(pages == all, "pages are what one reader gets");
    assert!(records(&log(&data, &format!("--all {from}"))).is_empty(), "there is nothing behind");

    let third: Vec<&Value> = all.iter().filter(|it| number(it, "island") == 3).collect();
    let page = log(&data, "--island 3 --limit 10");
    assert_eq!(records(&page).iter().collect::<Vec<_>>(), third[..10]);
    let rest = log(&data, &format!("--island 3 --from {}", page["positions"].as_str().unwrap()));
    assert_eq!(records(&rest).iter().collect::<Vec<_>>(), third[10..]);
}

#[test]
fn positions_and_islands_that_do_not_fit_are_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("sea");
    json(archipelago("run warehouse --commands 5 --islands 2 --data").arg(&data));
    let cases = [
        ("--all --from yesterday", "positions are the token that a reader printed"),
        ("--all --from 0000000000000000:1,1", "another data directory"),
        ("--island 2", "the journal has islands 0 to 1"),
        ("", "not provided: --all"),
        ("--all --island 1", "cannot be used with"),
        ("--all --limit 0", "0 is not in 1.."),
    ];
    for (words, expected) in cases {
        let mut command = archipelago("log --data");
        let said = say(command.arg(&data).args(words.split_whitespace()));
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words}");
        assert!(said.err.contains(expected) && said.err.lines().count() == 1, "{}", said.err);
    }
}

#[test]
fn a_run_without_dead_letters_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("sea");
    json(archipelago("run warehouse --commands 5 --islands 2 --data").arg(&data));
    let report = json(archipelago("dead-letters --data").arg(&data));
    assert_eq!((number(&report, "count"), number(&report, "put_back")), (0, 0));
    assert!(report["letters"].as_array().expect("a list").is_empty());
    let said = say(archipelago("dead-letters --data").arg(&data));
    assert_eq!(said.out, "0 dead letters, 0 of them put back\n");
}
