//! `snapshot` and `archive` on the journal of a run that was killed in the middle and continued.
//!
//! Rules: the oracle is the digest of the whole replay, before anything was archived.
//!
//! It doesn't know how a snapshot looks.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::harness::{archipelago, good, json, number, place, refused, start};

/// Enough orders for a few segments.
const ORDERS: &str = "400000";
/// Bytes of replies after which it is killed, in its middle.
const KILLED_AT: u64 = 4_000_000;

fn on(words: &str, data: &Path) -> std::process::Command {
    let mut command = archipelago(words);
    command.arg("--data").arg(data);
    command
}

#[test]
fn a_start_goes_on_from_the_snapshot_and_what_it_does_not_need_can_go_and_come_back() {
    let place = place();
    let (data, replies) = (place.path().join("sea"), place.path().join("replies.txt"));
    let run = || {
        let mut command = on("run warehouse --durability os --islands 3", &data);
        command.args(["--commands", ORDERS]).arg("--replies").arg(&replies);
        command
    };
    let mut child = start(&mut run());
    while fs::metadata(&replies).map_or(0, |file| file.len()) < KILLED_AT {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let first = json(&mut on("snapshot", &data));
    assert!(first["file"].is_string(), "{first}");
    let told = refused(&mut on("archive --delete", &data));
    assert!(told.contains("needs two"), "{told}");
    good(&mut run());
    let second = json(&mut on("snapshot", &data));
    assert!(number(&second, "commit") > number(&first, "commit"));
    let again = json(&mut on("snapshot", &data));
    assert!(again["file"].is_null(), "{again}");

    let whole = json(&mut on("replay", &data));
    let folder = place.path().join("archive");
    let archived = json(on("archive", &data).arg("--to").arg(&folder));
    assert!(number(&archived, "segments") > 0, "{archived}");
    assert_eq!(archived["snapshot"], first["commit"]);
    let rest = json(&mut on("replay", &data));
    assert_eq!(rest["digest"], whole["digest"]);
    assert!(number(&rest, "records") < number(&whole, "records"));
    // To go on, a run reads the whole past: it compares each reply.
    let told = refused(&mut run());
    assert!(told.contains("back"), "{told}");

    for segment in fs::read_dir(&folder).unwrap() {
        let segment = segment.unwrap();
        fs::rename(segment.path(), data.join("journal").join(segment.file_name())).unwrap();
    }
    let back = json(&mut on("replay", &data));
    assert_eq!((&back["digest"], &back["records"]), (&whole["digest"], &whole["records"]));
}

#[test]
fn a_missing_choice_and_a_missing_journal_are_said() {
    let place = place();
    let told = refused(&mut on("archive", place.path()));
    assert!(told.contains("--to") && told.contains("--delete"), "{told}");
    for words in ["snapshot", "archive --delete"] {
        let told = refused(&mut on(words, place.path()));
        assert!(told.contains("holds no Archipelago journal"), "{told}");
    }
}
