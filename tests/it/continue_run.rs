//! Running again on the same data, and reading what is there.
//!
//! Rules:
//! 1. What was answered is not decided twice: the digest stays, no order is answered again.
//! 2. The readers agree with each other and with the run, and nobody need read them to the end.
//!
//! It doesn't know crashes: see `kill`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::harness::{archipelago, good, json, number, place};
use super::replayed::{replay, replays_to_the_same};

const RUN: &str = "run warehouse --commands 3000 --islands 8 --stock 50 --durability os --data";

fn again(data: &Path) -> Value {
    json(archipelago(RUN).arg(data))
}

#[test]
fn running_again_decides_nothing_twice() {
    let place = place();
    let data = place.path().join("sea");
    let first = again(&data);
    assert_eq!(number(&first, "answered_now"), 3_000);
    for _ in 0..2 {
        let more = again(&data);
        assert_eq!(number(&more, "answered_now"), 0);
        let same = [
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
            "setup_messages",
            "islands",
            "conserved",
            "digest",
        ];
        for key in same {
            assert_eq!(more[key], first[key], "{key}");
        }
        replays_to_the_same(&more, &data);
    }
}

#[test]
fn a_run_that_is_continued_writes_the_replies_that_are_missing() {
    let place = place();
    let (data, replies) = (place.path().join("sea"), place.path().join("replies.txt"));
    again(&data);
    let said = good(archipelago("state warehouse --orders --data").arg(&data));
    let half: String = said.lines().take(1_500).map(|line| format!("{line}\n")).collect();
    std::fs::write(&replies, half).unwrap();
    json(archipelago(RUN).arg(&data).arg("--replies").arg(&replies));
    assert_eq!(std::fs::read_to_string(&replies).unwrap(), said);
}

#[test]
fn any_number_of_threads_replays_to_the_same() {
    let place = place();
    let data = place.path().join("sea");
    let digest = again(&data)["digest"].clone();
    for words in ["--threads 1", "--threads 2", "--threads 7", "--threads 64"] {
        assert_eq!(replay(&data, words)["digest"], digest, "{words}");
    }
}

#[test]
fn state_and_inspect_agree_with_the_run() {
    let place = place();
    let data = place.path().join("sea");
    let report = again(&data);
    let mut command = archipelago("state warehouse --orders --data");
    let state = json(command.arg(&data));
    assert_eq!(state["conserved"], true);
    let mut sold = 0;
    let mut left = 0;
    let products = state["products"].as_array().expect("products");
    for product in products {
        let shelves = product["shelf"].as_array().expect("a shelf for each island");
        assert_eq!(shelves.len(), 8);
        let shelf: u64 = shelves.iter().map(|units| units.as_u64().unwrap()).sum();
        let key = |key| number(product, key);
        assert_eq!((key("held"), key("in_flight")), (0, 0), "after a clean close: {product}");
        assert_eq!(key("minted"), key("burned") + key("sold") + shelf + key("pool"), "{product}");
        sold += key("sold");
        left += shelf + key("pool");
    }
    assert_eq!(left, number(&report, "units_left"));
    // Sold and not given back: the report counts what was ever sold.
    assert!(sold <= number(&report, "units_sold"));
    let orders = state["orders"].as_array().expect("orders");
    let accepted = orders.iter().filter(|order| order["state"] == "accepted").count();
    assert_eq!((orders.len() as u64, accepted as u64), (3_000, number(&report, "accepted")));

    let code = products[0]["product"].as_str().expect("a code").to_owned();
    let mut command = archipelago("state warehouse --product");
    let one = json(command.arg(&code).arg("--data").arg(&data));
    assert_eq!(one["products"], Value::from(vec![products[0].clone()]));

    let replayed = replay(&data, "");
    let mut command = archipelago("inspect --limit 1000000 --data");
    let records = json(command.arg(&data))["records"].take();
    assert_eq!(records.as_array().map(Vec::len), replayed["records"].as_u64().map(|n| n as usize));
    let sends = records.as_array().unwrap().iter();
    let sends: usize = sends.map(|record| record["sends"].as_array().unwrap().len()).sum();
    assert_eq!(sends as u64, number(&replayed, "sends_suppressed"));
    let mut command = archipelago("inspect --island 3 --from 5 --limit 2 --data");
    let two = json(command.arg(&data))["records"].take();
    let places: Vec<_> = two.as_array().unwrap().iter().map(|r| &r["position"]).collect();
    assert_eq!(places, [5, 6]);
    assert_eq!(two[0]["island"], 3);
}

#[test]
fn a_reader_may_go_away_in_the_middle() {
    let place = place();
    let data = place.path().join("sea");
    again(&data);
    for words in ["inspect --limit 1000000", "state warehouse --orders", "state warehouse"] {
        let mut command = archipelago(words);
        command.arg("--data").arg(&data).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let mut head = String::new();
        let mut out = BufReader::with_capacity(16, child.stdout.take().expect("it is piped"));
        out.read_line(&mut head).expect("it says something");
        drop(out);
        let rest = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&rest.stderr);
        assert_eq!((rest.status.code(), &*err), (Some(0), ""), "{words} | head -1");
    }
}

#[test]
fn the_readable_summary_says_that_the_digests_agree() {
    let out = good(&mut archipelago("run warehouse --commands 2000 --durability os"));
    for words in ["orders ", "accepted", "latency, median", "stock conserved: yes", "digest: "] {
        assert!(out.contains(words), "{words} is missing in\n{out}");
    }
    assert!(out.ends_with("The digests agree: the journal alone gives the same state.\n"), "{out}");
}
