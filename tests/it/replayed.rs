//! A run's journal, replayed by another process.
//!
//! Rules:
//! 1. The same digest; the run's own replay said the same.
//! 2. After a clean close nothing is owed; what was sent is not sent again.
//! 3. Replaying changes no file.
//!
//! It doesn't know what was run.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::harness::{archipelago, json, number};

/// Every key that the JSON of a replay promises.
const REPLAY_KEYS: [&str; 8] = [
    "events",
    "records",
    "bytes",
    "sends_suppressed",
    "sends_owed",
    "events_per_second",
    "seconds",
    "digest",
];

/// Replays `data` and expects what `report`, of a run on it that was closed cleanly, says.
pub(super) fn replays_to_the_same(report: &Value, data: &Path) {
    let files = contents(data);
    let replay = replay(data, "");
    assert_eq!(replay["digest"], report["digest"], "replay agrees with the run: {report}");
    assert_eq!(replay["digest"], report["replay"]["digest"]);
    assert_eq!(number(&replay, "sends_owed"), 0, "nothing is owed after a clean close");
    let sent = number(report, "messages") + number(report, "setup_messages");
    assert_eq!(
        number(&replay, "sends_suppressed"),
        sent,
        "each message sent is one not sent again"
    );
    let spread = number(report, "islands") > 1;
    assert!(sent > 0 || !spread, "islands that share stock send messages");
    assert!(contents(data) == files, "replay changes nothing");
}

/// Replays `data` with more `words`, and checks that the report has every key.
pub(super) fn replay(data: &Path, words: &str) -> Value {
    let mut command = archipelago("replay");
    let replay = json(command.args(words.split_whitespace()).arg("--data").arg(data));
    for key in REPLAY_KEYS {
        assert!(replay.get(key).is_some(), "{key} is missing in {replay}");
    }
    replay
}

/// Every file under `folder`, whole; nothing where there is no folder.
pub(super) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("a file can be read");
                files.insert(path.display().to_string(), bytes);
            }
        }
    }
    files
}
