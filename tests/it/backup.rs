//! `backup` of a run at work: each copy is a data directory that replays, and holds all that was
//! answered before it was begun.
//!
//! Rules: the oracle is the file of replies that the run itself writes, read before each copy.
//!
//! It doesn't know how a copy is made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::harness::{archipelago, good, json, number, place, refused, start};

fn on(words: &str, data: &Path) -> std::process::Command {
    let mut command = archipelago(words);
    command.arg("--data").arg(data);
    command
}

fn backup(data: &Path, to: &Path) -> Value {
    json(on("backup", data).arg("--to").arg(to))
}

/// The whole lines of the replies file, by order.
fn answered(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let pair = |line: &str| line.split_once(' ').map(|(one, two)| (one.to_owned(), two.to_owned()));
    whole.lines().filter_map(pair).collect()
}

/// What the copy says became of each order.
fn orders(data: &Path) -> BTreeMap<String, String> {
    let state = json(on("state warehouse", data).arg("--orders"));
    let orders = state["orders"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    orders.map(|order| (text(&order["order"]), text(&order["state"]))).collect()
}

#[test]
fn copies_of_a_run_at_work_hold_what_was_answered_and_replay() {
    let place = place();
    let (data, replies) = (place.path().join("sea"), place.path().join("replies.txt"));
    let run = || {
        let mut command = on("run warehouse --islands 3 --commands 80000", &data);
        command.arg("--replies").arg(&replies);
        command
    };
    let mut child = start(&mut run());
    let (mut at_work, mut commits) = (0, Vec::new());
    for round in 0..3 {
        while answered(&replies).len() < round * 5_000 + 1_000 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (copy, before) = (place.path().join(format!("copy {round}")), answered(&replies));
        let told = backup(&data, &copy);
        at_work += u32::from(child.try_wait().unwrap().is_none());
        commits.push(number(&told, "commit"));
        // Nothing is torn in it, and it is the state that it was said to be.
        let checked = json(&mut on("journal check", &copy));
        assert!(checked["torn"].is_null() && checked["damage"].is_null(), "{checked}");
        assert_eq!(number(&checked, "records"), number(&told, "records"));
        assert_eq!(json(&mut on("replay", &copy))["digest"], told["digest"]);
        let held = orders(&copy);
        for (order, answer) in before {
            assert_eq!(held.get(&order), Some(&answer), "order {order}, copy {round}");
        }
        assert!(json(&mut on("state warehouse", &copy))["conserved"].as_bool().unwrap());
    }
    assert!(child.wait().unwrap().success());
    assert!(at_work > 0, "no copy was made while the run was at work");
    assert!(commits.is_sorted(), "{commits:?}");
    // At rest it is all of it; and a copy goes on as the journal would have.
    let (last, first) = (place.path().join("last"), place.path().join("copy 0"));
    fs::create_dir(&last).unwrap();
    assert_eq!(backup(&data, &last)["digest"], json(&mut on("replay", &data))["digest"]);
    good(&mut on("run warehouse --islands 3 --commands 80000", &first));
}

#[test]
fn a_copy_of_an_archived_journal_brings_its_snapshots() {
    let place = place();
    let data = place.path().join("sea");
    let run = "run warehouse --durability os --islands 3 --commands 300000";
    let replies = place.path().join("replies.txt");
    let mut child = start(on(run, &data).arg("--replies").arg(&replies));
    while answered(&replies).len() < 200_000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    json(&mut on("snapshot", &data));
    good(on(run, &data).arg("--replies").arg(&replies));
    json(&mut on("snapshot", &data));
    let whole = json(&mut on("replay", &data));
    let archived = json(&mut on("archive --delete", &data));
    assert!(number(&archived, "segments") > 0, "{archived}");
    let copy = place.path().join("copy");
    let told = backup(&data, &copy);
    assert_eq!(told["digest"], whole["digest"]);
    assert_eq!(json(&mut on("replay", &copy))["digest"], whole["digest"]);
    fs::remove_dir_all(data.join("snapshots")).unwrap();
    let told = refused(on("backup", &data).arg("--to").arg(place.path().join("other")));
    assert!(told.contains("put the segments before it back"), "{told}");
    assert!(!place.path().join("other").exists(), "a copy that failed leaves nothing");
}

#[test]
fn a_target_that_is_not_empty_a_missing_journal_and_damage_are_refused() {
    let place = place();
    let (data, to) = (place.path().join("sea"), place.path().join("copies.d/one"));
    good(&mut on("run warehouse --islands 2 --commands 500", &data));
    let said = |data: &Path, to: &Path| refused(on("backup", data).arg("--to").arg(to));
    let told = said(place.path(), &to);
    assert!(told.contains("holds no Archipelago journal"), "{told}");
    backup(&data, &to);
    for target in [&to, &data, &data.join("archipelago.json")] {
        let told = said(&data, target);
        assert!(told.contains("never written over"), "{told}");
    }
    // What only looks like a half made copy is not ours to remove.
    let other = place.path().join("two");
    let half = place.path().join("two.incomplete");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("mine"), "mine").unwrap();
    let told = said(&data, &other);
    assert!(told.contains("two.incomplete") && told.contains("remove it"), "{told}");
    assert!(half.join("mine").exists());
    fs::remove_dir_all(&half).unwrap();
    let segment = data.join("journal/00000001.segment");
    let mut bytes = fs::read(&segment).unwrap();
    // In the first header, whatever is in the first commit.
    bytes[20] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let told = said(&data, &other);
    assert!(told.contains("00000001.segment"), "{told}");
    assert!(!other.exists() && !half.exists(), "a copy that failed leaves nothing");
}
