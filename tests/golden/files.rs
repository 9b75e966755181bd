//! The golden files: read for ever, and written again to the byte as long as this is the version
//! that is written.
//!
//! Rules: never change what stands in `tests/golden/version-1`. A new format gets a folder of its
//! own, and this one goes on being read.
//!
//! It doesn't know the format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use archipelago::core::bytes::Malformed;
use archipelago::core::journal::record::{Entry, Source};
use archipelago::replay::{Log, OpenError};

use super::journal;

pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/version-1")
}

/// The files below `folder`, but for the lock, which is empty.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for inside in [folder.to_owned(), folder.join("journal")] {
        for entry in std::fs::read_dir(&inside).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() && !path.ends_with("lock") {
                let name = path.strip_prefix(folder).expect("inside").display().to_string();
                found.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn the_same_inputs_give_the_golden_bytes() {
    let place = tempfile::tempdir().expect("a folder");
    let fresh = place.path().join("fresh");
    journal::make(&fresh);
    if std::env::var_os("ARCHIPELAGO_GOLDEN").is_some() {
        // Once for each version of the format, by hand.
        let kept = golden();
        std::fs::create_dir_all(kept.join("journal")).expect("a folder");
        for (name, bytes) in files(&fresh) {
            assert!(!kept.join(&name).exists(), "{name}: golden files are never changed");
            std::fs::write(kept.join(name), bytes).expect("written");
        }
    }
    let (fresh, kept) = (files(&fresh), files(&golden()));
    assert_eq!(fresh.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, bytes) in &kept {
        assert!(bytes.len() <= 64 << 10, "{name} is small");
        let differ = fresh[name].iter().zip(bytes).position(|(one, other)| one != other);
        assert_eq!((differ, fresh[name].len()), (None, bytes.len()), "{name}");
    }
}

#[test]
fn the_golden_journal_is_read() {
    // A copy without the lock file: a checkout may be read-only, and is read by others.
    let log = Log::open(golden()).expect("it opens");
    assert_eq!(log.description(), &journal::description());
    let mut told = Vec::new();
    let found = log
        .records(|at| -> Result<(), OpenError> {
            let mut words = vec![format!("{:?}", String::from_utf8_lossy(&at.record.input[1..]))];
            words.truncate(usize::from(at.record.input.len() < 100));
            words.extend(at.record.dead.map(|reason| format!("dead {reason}")));
            words.push(match at.record.source {
                Source::Client { asker, answered_below } => {
                    let (client, slot) = (asker.client.0, asker.slot);
                    format!("client {client:x} {slot} {} {answered_below}", asker.number)
                }
                Source::Island { from, number, cause } => {
                    let (hops, root) = (cause.hops, cause.island);
                    format!("island {from} {number} {hops} {root} {}", cause.position)
                }
                Source::Timer(number) => format!("timer {number}"),
            });
            let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[1..]).into_owned();
            at.record
                .walk(|entry| -> Result<(), Malformed> {
                    words.push(match entry {
                        Entry::Event(bytes) => format!("event {}", text(bytes)),
                        Entry::Send { to, number, command } => {
                            format!("send {to} {number} {}", text(command))
                        }
                        Entry::Reply { asker, reply } => {
                            format!("reply {:x} {}", asker.client.0, text(reply))
                        }
                        Entry::Timer { number, deadline, command } => {
                            format!("timer {number} at {deadline} {}", text(command))
                        }
                        Entry::Cancelled(number) => format!("cancelled {number}"),
                    });
                    Ok(())
                })
                .expect("a whole record");
            let (island, position, stamp) = (at.island, at.position, at.record.stamp.0);
            told.push(format!("{island}.{position} {stamp:x}: {}", words.join(", ")));
            Ok(())
        })
        .expect("it is whole");
    let request = "client a1a2a3a4 7 300 299, event sold, event low, send 2 1 lend, \
                   reply a1a2a3a4 yes, timer 1 at 500 ms late";
    let expected = [
        format!("0.1 10000: \"buy\", {request}"),
        "2.1 10001: \"lend\", island 1 1 2 3 300, reply b1b2b3b4 no, cancelled 1".to_owned(),
        "0.2 20000: \"late\", dead it panicked, timer 1".to_owned(),
        format!("0.3 20001: \"buy\", {request}"),
        "1.1 30000: client 1 0 1 1".to_owned(),
    ];
    assert_eq!(told, expected);
    assert_eq!((found.last.0, found.torn), (4, None));
}
