//! Damaged data directories: told with their place, exit 2, and nothing is changed.
//!
//! Rules:
//! 1. After a clean close any changed byte of what was written is damage, never a torn tail.
//! 2. The line names the file and the offset. Put the byte back, and all is as it was.
//!
//! It doesn't know the format of the journal, only that unused space is zero.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::harness::{Chance, archipelago, json, place, refused, seed};
use super::replayed::{contents, replay};

const RUN: &str = "run warehouse --commands 300 --islands 4 --stock 60 --durability os --data";

const ALL: [&str; 4] = ["replay --data", "state warehouse --orders --data", "inspect --data", RUN];

/// A journal closed cleanly; returns the directory and the digest.
fn sea(place: &Path) -> (PathBuf, Value) {
    let data = place.join("sea");
    let digest = json(archipelago(RUN).arg(&data))["digest"].clone();
    (data, digest)
}

/// The only segment of a small journal.
fn segment(data: &Path) -> PathBuf {
    let mut names = contents(data).into_keys().filter(|name| name.ends_with(".segment"));
    let first = names.next().expect("a journal has a segment");
    first.into()
}

/// Expects every subcommand to refuse `data` for each reason of `reasons`, and to change nothing.
fn all_refuse(data: &Path, reasons: &[&str]) {
    let before = contents(data);
    for words in ALL {
        let line = refused(archipelago(words).arg(data));
        for reason in reasons {
            assert!(line.contains(reason), "{words}: {line}\ndoes not say: {reason}");
        }
        assert!(contents(data) == before, "{words}: something was changed");
    }
}

#[test]
fn a_changed_byte_anywhere_in_a_closed_journal_is_damage_with_its_place() {
    let place = place();
    let (data, digest) = sea(place.path());
    let file = segment(&data);
    let whole = std::fs::read(&file).unwrap();
    let written: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut chance = Chance::new(seed(), 1_000);
    for _ in 0..12 {
        let at = written[chance.below(written.len() as u64) as usize];
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << chance.below(8);
        std::fs::write(&file, &bytes).unwrap();
        eprintln!("byte {at} is changed");
        all_refuse(&data, &["00000001.segment offset ", "nothing was changed"]);
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(replay(&data, "")["digest"], digest, "nothing was lost");
}

#[test]
fn a_commit_wiped_out_in_the_middle_is_damage() {
    let place = place();
    let (data, digest) = sea(place.path());
    let file = segment(&data);
    let whole = std::fs::read(&file).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() / 4_096;
    for sector in [0, end / 2] {
        let mut bytes = whole.clone();
        bytes[sector * 4_096..][..4_096].fill(0);
        std::fs::write(&file, &bytes).unwrap();
        all_refuse(&data, &["00000001.segment"]);
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(replay(&data, "")["digest"], digest);
}

#[test]
fn a_shortened_segment_is_damage() {
    let place = place();
    let (data, digest) = sea(place.path());
    let file = segment(&data);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    all_refuse(&data, &["00000001.segment", "restore it from a copy"]);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(replay(&data, "")["digest"], digest);
}

#[test]
fn a_damaged_description_is_named_with_its_line() {
    let place = place();
    let (data, digest) = sea(place.path());
    let file = data.join("archipelago.json");
    let whole = std::fs::read_to_string(&file).unwrap();
    for text in ["", "{", "Dear customer", &whole[..whole.len() / 2], "{\"format_version\": 1}"] {
        std::fs::write(&file, text).unwrap();
        all_refuse(&data, &["archipelago.json line ", "column"]);
    }
    std::fs::write(&file, "{\"format_version\": 99}").unwrap();
    all_refuse(&data, &["archipelago.json: format version 99, this code reads version 1"]);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(replay(&data, "")["digest"], digest);
}
