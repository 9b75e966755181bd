//! Data directories that cannot be used as asked: one line, exit 2, and nothing in them changes.
//!
//! Rules:
//! 1. A directory without a journal is named; nothing is made in it.
//! 2. A journal made with another setting is refused with what differs.
//! 3. A directory in use by one process is refused to every other, and the first goes on.
//!
//! Damage inside a journal stands in `damage`.

use std::path::Path;
use std::time::Duration;

use archipelago::{Island, Turn, builder};
use serde::{Deserialize, Serialize};

use super::harness::{archipelago, json, place, refused, start};
use super::replayed::{contents, replay};

const READERS: [&str; 4] = [
    "replay --data",
    "state warehouse --data",
    "state warehouse --orders --data",
    "inspect --data",
];

/// A small journal, closed cleanly; returns its digest.
fn sea(data: &Path) -> serde_json::Value {
    let words = "run warehouse --commands 200 --islands 4 --stock 60 --durability os --data";
    json(archipelago(words).arg(data))["digest"].clone()
}

#[test]
fn a_directory_without_a_journal_is_named_and_left_alone() {
    let place = place();
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for words in READERS {
        let line = refused(archipelago(words).arg(&empty));
        assert!(line.contains("empty holds no Archipelago journal"), "{words}: {line}");
        let line = refused(archipelago(words).arg(place.path().join("none")));
        assert!(line.contains("none"), "{words}: {line}");
    }
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0, "nothing was made in it");
    assert!(!place.path().join("none").exists());
}

#[test]
fn a_directory_with_files_of_others_is_not_made_ours() {
    let place = place();
    std::fs::write(place.path().join("letter.txt"), "Dear customer").unwrap();
    let before = contents(place.path());
    let mut command = archipelago("run warehouse --commands 10 --durability os --data");
    let line = refused(command.arg(place.path()));
    assert!(line.contains("is not empty and holds no Archipelago journal"), "{line}");
    assert!(contents(place.path()) == before);
}

#[test]
fn a_place_that_cannot_be_a_directory_is_refused() {
    let place = place();
    let file = place.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for data in [file.clone(), file.join("below"), "/proc/archipelago".into()] {
        let mut command = archipelago("run warehouse --commands 10 --durability os --data");
        let line = refused(command.arg(&data));
        assert!(line.contains(&*data.display().to_string()), "{line}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a folder");
}

#[test]
fn another_setting_on_the_same_data_is_refused_with_what_differs() {
    let place = place();
    let data = place.path().join("sea");
    let digest = sea(&data);
    let before = contents(&data);
    let cases = [
        ("--commands 200 --islands 5 --stock 60", "made with --islands 4, not 5"),
        ("--commands 200 --islands 4 --stock 61", "made with --stock 60, not 61"),
        ("--commands 200 --islands 4 --stock 60 --policy ring", "made with --policy"),
        ("--commands 201 --islands 4 --stock 60", "made with another order file, or another --c"),
        ("--commands 200 --islands 4 --stock 60 --seed 77", "made with another order file, or"),
    ];
    for (words, reason) in cases {
        let mut command = archipelago("run warehouse --durability os");
        let line = refused(command.args(words.split_whitespace()).arg("--data").arg(&data));
        assert!(line.contains(reason), "{words}: {line}");
        assert!(contents(&data) == before, "{words}: something was changed");
    }
    assert_eq!(sea(&data), digest, "the old setting still goes on");
}

#[test]
fn a_second_process_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let place = place();
    let (data, replies) = (place.path().join("sea"), place.path().join("replies.txt"));
    // Long enough to be running still when the others have tried; it is ended below.
    let words = "run warehouse --commands 5000000 --islands 4 --durability os --data";
    let mut first = start(archipelago(words).arg(&data).arg("--replies").arg(&replies));
    while replies.metadata().map_or(0, |meta| meta.len()) == 0 {
        assert_eq!(first.try_wait().unwrap(), None, "it runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    let again = "run warehouse --commands 10 --islands 4 --durability os --data";
    for words in READERS.into_iter().chain([again]) {
        let line = refused(archipelago(words).arg(&data));
        assert!(line.contains("is in use by another process"), "{words}: {line}");
    }
    assert_eq!(first.try_wait().unwrap(), None, "the first was not disturbed");
    first.kill().unwrap();
    first.wait().unwrap();
    let digest = replay(&data, "")["digest"].clone();
    assert_eq!(replay(&data, "")["digest"], digest, "readers may come one after the other");
}

/// An island that is no warehouse.
#[derive(Default, Serialize, Deserialize)]
struct Counter(u64);

impl Island for Counter {
    type Command = u64;
    type Event = u64;
    type Reply = u64;

    fn decide(&self, add: u64, turn: &mut Turn<Self>) {
        turn.emit(add);
        turn.reply(self.0 + add);
    }

    fn evolve(&mut self, add: &u64) {
        self.0 += add;
    }
}

#[test]
fn a_journal_of_another_application_is_refused_by_name() {
    let place = place();
    let data = place.path().join("sea");
    let counting = builder().islands(2).journal(&data).application("counter", "{}");
    let sea = counting.open(|_| Counter::default()).unwrap();
    assert_eq!(sea.ask("alice", 2).unwrap().wait().unwrap(), 2);
    sea.close(Duration::from_secs(60)).unwrap();
    let before = contents(&data);
    let run = "run warehouse --commands 10 --islands 2 --durability os --data";
    for words in READERS.into_iter().chain([run]) {
        let line = refused(archipelago(words).arg(&data));
        assert!(line.contains("counter"), "{words}: {line}");
    }
    assert!(contents(&data) == before);
}
