//! `journal check` and `journal repair` on damaged data directories.
//!
//! Rules:
//! 1. Without `--cut-at`, and at a place that is not the damage, nothing is changed.
//! 2. After a cut the directory replays and a run goes on; what was cut can be put back.
//!
//! It doesn't know the format of the journal, only how `about.txt` says it is put back.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::harness::{archipelago, good, json, number, place, refused, say};
use super::replayed::contents;

const RUN: &str = "run warehouse --commands 2000 --islands 4 --stock 60 --durability os --data";

/// A journal with a byte changed in the middle; returns the directory and the first segment.
fn damaged(place: &Path) -> (PathBuf, PathBuf) {
    let data = place.join("sea");
    good(archipelago(RUN).arg(&data));
    let segment = data.join("journal/00000001.segment");
    let mut bytes = std::fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let at = (end / 2..end).find(|at| bytes[*at] != 0).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    (data, segment)
}

/// `journal check --json` of a damaged directory: exit 1, one line of JSON.
fn check(data: &Path) -> Value {
    let said = say(archipelago("journal check --json --data").arg(data));
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.starts_with("error: "), "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn a_sound_journal_is_said_to_be_sound_and_is_not_cut() {
    let place = place();
    let data = place.path().join("sea");
    good(archipelago(RUN).arg(&data));
    let report = json(archipelago("journal check --data").arg(&data));
    assert_eq!(report["damage"], Value::Null);
    assert_eq!(report["sealed"], true);
    assert!(number(&report, "records") > 2000, "{report}");
    let before = contents(&data);
    let line = refused(archipelago("journal repair --cut-at 3 --data").arg(&data));
    assert!(line.contains("not damaged"), "{line}");
    assert!(contents(&data) == before);
}

#[test]
fn a_damaged_journal_is_cut_where_it_is_asked_to_and_what_is_cut_is_kept() {
    let place = place();
    let (data, segment) = damaged(place.path());
    let before = contents(&data);
    let report = check(&data);
    let damage = &report["damage"];
    let lost = damage["lost"].as_array().unwrap();
    assert!(!lost.is_empty(), "{report}");
    let (commit, at) = (damage["commit"].to_string(), damage["cut_at"].as_str().unwrap());
    assert_eq!(number(&report, "commits") + 1, number(damage, "commit"));

    let line = refused(archipelago("journal repair --data").arg(&data));
    assert!(line.contains(&format!("--cut-at {commit} (or {at})")), "{line}");
    for lost in lost {
        let words = format!("{} records of island {}", lost["records"], lost["island"]);
        assert!(line.contains(&words), "{words} in: {line}");
    }
    let line = refused(archipelago("journal repair --cut-at 1 --data").arg(&data));
    assert!(line.contains("nothing was cut"), "{line}");
    let line = refused(archipelago("journal repair --cut-at here --data").arg(&data));
    assert!(line.contains("SEGMENT:OFFSET"), "{line}");
    assert!(contents(&data) == before, "nothing was changed");

    let done = json(archipelago("journal repair --data").arg(&data).args(["--cut-at", &commit]));
    assert_eq!((&done["lost"], &done["cut_at"]), (&damage["lost"], &damage["cut_at"]));
    let kept = PathBuf::from(done["kept"].as_str().unwrap());
    let about = std::fs::read_to_string(kept.join("about.txt")).unwrap();
    assert!(about.contains(&format!("Cut from the journal at {at}: commit {commit}")), "{about}");
    let whole = good(archipelago("journal check --data").arg(&data));
    assert!(!whole.contains("damaged") && !whole.contains("torn"), "{whole}");
    good(archipelago("replay --data").arg(&data));

    // The line of about.txt, as it stands.
    let line = about.lines().find(|line| line.trim().starts_with("dd ")).unwrap();
    let (line, _) = line.split_once(';').unwrap();
    let shell = std::process::Command::new("sh").args(["-c", line]).current_dir(&kept).output();
    assert!(shell.unwrap().status.success(), "{line}");
    let name = segment.display().to_string();
    let find = |files: &std::collections::BTreeMap<_, _>| files.get(&name).cloned();
    assert!(find(&contents(&data)).is_some(), "{name}");
    assert!(find(&contents(&data)) == find(&before), "cut and put back is as it was");

    json(archipelago("journal repair --data").arg(&data).args(["--cut-at", at]));
    let report = json(archipelago(RUN).arg(&data));
    assert_eq!(report["conserved"], true, "the run goes on: {report}");
}
