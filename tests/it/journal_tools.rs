//! A warehouse's journal looked at afterwards: verify, what-if, points, why, diff.
//!
//! Rules:
//! 1. Nothing that looks at a journal changes a file.
//! 2. What the tools say is held against what the run said, or the order file says.
//!
//! It doesn't know how records are laid out.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::harness::{archipelago, first_week, good, json, number, place, refused, say};
use super::replayed::contents;

/// A run of generated orders, or of an order file, on a directory of its own.
fn run(words: &str, orders: Option<&Path>) -> (TempDir, Value) {
    let data = place();
    let mut command = archipelago("run warehouse --durability os");
    command.args(words.split_whitespace());
    if let Some(orders) = orders {
        command.arg("--orders").arg(orders);
    }
    let report = json(command.arg("--data").arg(data.path().join("sea")));
    (data, report)
}

/// A tool's JSON on the data of [`run`].
fn tool(words: &str, data: &TempDir) -> Value {
    let mut command = archipelago(words);
    json(command.arg("--data").arg(data.path().join("sea")))
}

#[test]
fn a_journal_is_decided_again_as_it_stands_and_no_file_changes() {
    let (data, report) = run("--commands 3000 --islands 7 --stock 60", None);
    let files = contents(data.path());
    for threads in ["1", "3"] {
        let verified = tool(&format!("verify --threads {threads}"), &data);
        assert_eq!((number(&verified, "differing"), &verified["first"]), (0, &Value::Null));
        assert_eq!(verified["records"], report["replay"]["records"]);
        assert_eq!(verified["events"], report["replay"]["events"]);
    }
    let what_if = tool("what-if", &data);
    assert_eq!((number(&what_if, "differing"), &what_if["kinds"]), (0, &Value::Array(vec![])));
    let text = good(archipelago("verify --data").arg(data.path().join("sea")));
    assert!(text.ends_with("Every record is decided again as it stands.\n"), "{text}");
    assert!(contents(data.path()) == files, "looking changes nothing");
}

#[test]
fn the_first_week_of_real_orders_is_decided_again_under_each_policy() {
    let Some(file) = first_week() else { return };
    for policy in ["lease", "ring", "isolated"] {
        let words = format!("--stock 50 --returns --islands 16 --policy {policy}");
        let (data, report) = run(&words, Some(&file));
        let verified = tool("verify", &data);
        assert_eq!(number(&verified, "differing"), 0, "{policy}: {verified}");
        assert_eq!(verified["records"], report["replay"]["records"]);
    }
}

#[test]
fn at_each_point_stock_is_conserved_and_the_last_point_is_the_end() {
    let (data, report) = run("--commands 1500 --islands 5 --stock 40", None);
    let mut stamps = Vec::new();
    for island in 0..5 {
        let words = format!("inspect --island {island} --limit 100000");
        let inspected = tool(&words, &data);
        let records = inspected["records"].as_array().expect("records");
        for (nth, record) in records.iter().enumerate() {
            assert_eq!(number(record, "position"), nth as u64 + 1);
        }
        let half = &records[records.len() / 2];
        let last = records.last().expect("each island has records");
        for record in [&records[0], half, last] {
            let stamp = record["stamp"].as_str().expect("a stamp").to_owned();
            let (millis, counter) = stamp.split_once('.').expect("milliseconds and a counter");
            stamps.push((millis.parse::<u64>().unwrap(), counter.parse::<u64>().unwrap()));
            let point = format!("{island}:{}", number(record, "position"));
            let at_record = tool(&format!("replay --at {point}"), &data);
            let at_stamp = tool(&format!("replay --at {stamp}"), &data);
            assert_eq!(at_record["at"], stamp.as_str());
            assert_eq!(at_record["digest"], at_stamp["digest"], "{point}");
            // Conserved at this cut: the command would exit with 1 otherwise.
            let state = tool(&format!("state warehouse --at {point}"), &data);
            assert_eq!((&state["conserved"], &state["at"]), (&Value::Bool(true), &at_record["at"]));
            let shown = tool(&format!("inspect --at {point} --island {island} --limit 2"), &data);
            assert_eq!(shown["records"].as_array().and_then(|all| all.last()), Some(record));
        }
    }
    let (millis, counter) = stamps.iter().max().expect("stamps");
    let end = tool(&format!("replay --at {millis}.{counter}"), &data);
    assert_eq!(
        (&end["digest"], &end["records"]),
        (&report["digest"], &report["replay"]["records"])
    );
}

#[test]
fn a_point_or_a_record_that_is_not_there_is_refused_with_what_is() {
    let (data, _) = run("--commands 50 --islands 3", None);
    let refused =
        |words: &str| refused(archipelago(words).arg("--data").arg(data.path().join("sea")));
    assert_eq!(refused("replay --at 9:1"), "island 9, record 1: the journal has islands 0 to 2");
    let error = refused("state warehouse --at 1:999999");
    assert!(error.starts_with("island 1, record 999999: island 1 has records 1 to "), "{error}");
    let error = refused("inspect --at 12");
    assert!(error.starts_with("time 12.65535: the journal's records are stamped "), "{error}");
    assert!(refused("inspect --at soon").contains("it must be ISLAND:POSITION, or a stamp"));
    assert!(refused("why 9:1").contains("the journal has islands 0 to 2"));
    assert!(refused("why 1:999999").contains("island 1 has "));
    assert!(refused("why --event Nonsense").contains("no event and no reply has \"Nonsense\""));
    assert!(refused("why").contains("not provided"), "either a record or --event");
}

#[test]
fn every_answer_goes_back_to_the_request_that_it_answers() {
    let (data, _) = run("--commands 400 --islands 4 --stock 50", None);
    let answers = tool("why --event Accepted --limit 1000000", &data);
    let stories = answers["stories"].as_array().expect("stories");
    assert!(stories.len() as u64 == number(&answers, "matches") && stories.len() > 50);
    let mut far = 0;
    for story in stories {
        let steps = story["steps"].as_array().expect("steps");
        let root = &steps[0]["record"];
        let request = root["input"].as_str().expect("an input");
        assert!(request.starts_with("client "), "{request}");
        let last = &steps.last().expect("a step")["record"];
        far += u64::from(steps.len() > 1);
        // Forwards from the request, the record is found again below it.
        if steps.len() > 2 && far < 20 {
            let words =
                format!("why --forward --limit 100000 {}:{}", root["island"], root["position"]);
            let tree = tool(&words, &data);
            let tree = tree["stories"][0]["steps"].as_array().expect("steps");
            assert!(tree.iter().any(|step| step["record"] == *last), "{words}");
        }
    }
    assert!(far > 10, "orders that needed other islands: {far}");
}

#[test]
fn a_journal_is_like_itself_and_not_like_one_of_another_stock() {
    let words = "--commands 200 --islands 1 --stock 80 --serial";
    let (a, _) = run(words, None);
    let (c, _) = run("--commands 200 --islands 1 --stock 40 --serial", None);
    let compare = |left: &TempDir, right: &TempDir| {
        let mut command = archipelago("diff --json");
        command.arg(left.path().join("sea")).arg(right.path().join("sea"));
        let said = say(&mut command);
        let report: Value = serde_json::from_str(&said.out).expect("one object");
        (said.code, said.err, report)
    };
    let (code, err, same) = compare(&a, &a);
    assert_eq!((code, err.as_str(), &same["differ"]), (Some(0), "", &Value::Array(vec![])));
    assert_eq!((number(&same, "clocks_part"), &same["settings_same"]), (0, &Value::Bool(true)));
    let (code, err, other) = compare(&a, &c);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.starts_with("error: the journals differ on 1 islands: island 0 from "), "{err}");
    assert_eq!(other["settings_same"], false);
    let first = &other["differ"][0];
    assert_eq!(number(first, "records_same") + 1, number(first, "position"));
    assert!(!first["parts"].as_array().expect("parts").is_empty(), "{first}");
}
