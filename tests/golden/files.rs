//! The golden files: read for ever, and written again to the byte as long as their version is
//! written.
//!
//! Rules: never change what stands in a folder of `tests/golden`. A new format gets a folder of its
//! own, and the others go on being read.
//!
//! It doesn't know the format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use archipelago::core::bytes::Malformed;
use archipelago::core::journal::frame::SchemaVersion;
use archipelago::core::journal::record::{Entry, Source};
use archipelago::journal::{
    BlockRef, DataDirectory, Durability, JournalError, Recovered, ScanMode, scan,
};
use archipelago::replay::{Log, OpenError};

use super::journal::{self, Version};

pub(crate) fn golden(version: Version) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version.name())
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
    Version::ALL.into_iter().for_each(gives_the_golden_bytes);
}

fn gives_the_golden_bytes(version: Version) {
    let place = tempfile::tempdir().expect("a folder");
    let fresh = place.path().join("fresh");
    journal::make(&fresh, version);
    if std::env::var_os("ARCHIPELAGO_GOLDEN").is_some() {
        // Once for each version of the format, by hand.
        let kept = golden(version);
        std::fs::create_dir_all(kept.join("journal")).expect("a folder");
        for (name, bytes) in files(&fresh) {
            // Golden files are never changed.
            if !kept.join(&name).exists() {
                std::fs::write(kept.join(name), bytes).expect("written");
            }
        }
    }
    let (fresh, kept) = (files(&fresh), files(&golden(version)));
    assert_eq!(fresh.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, bytes) in &kept {
        assert!(bytes.len() <= 64 << 10, "{name} is small");
        let differ = fresh[name].iter().zip(bytes).position(|(one, other)| one != other);
        assert_eq!((differ, fresh[name].len()), (None, bytes.len()), "{name}");
    }
}

#[test]
fn the_golden_journal_is_read() {
    let (told, found) = read(Version::One);
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
    // Who reads records does not see what stands behind them.
    let (told, found) = read(Version::Two);
    assert_eq!(told, expected[..2]);
    assert_eq!((found.last.0, found.torn), (2, None));
}

#[test]
fn a_block_of_version_2_says_its_trailer_and_one_without_stays_version_1() {
    let data = DataDirectory::open_read_only(&golden(Version::Two)).expect("it opens");
    let settings = data.description().settings(SchemaVersion::default(), Durability::Disk);
    let storage = data.storage().expect("its storage");
    let mut found = Vec::new();
    let mut note = |block: BlockRef| -> Result<(), JournalError> {
        let header = block.header.encode();
        let trailer_bytes = block.header.trailer_bytes;
        found.push((header[4], block.trailer(), trailer_bytes, block.records().len()));
        Ok(())
    };
    scan(&storage, &settings, ScanMode::ReadOnly, &mut note).expect("it is whole");
    assert_eq!(found, [(2, Some(journal::TRAILER), 20, 78), (1, None, 0, 52)]);
}

/// The records of a golden journal, in words.
fn read(version: Version) -> (Vec<String>, Recovered) {
    // A copy without the lock file: a checkout may be read-only, and is read by others.
    let log = Log::open(golden(version)).expect("it opens");
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
    (told, found)
}
