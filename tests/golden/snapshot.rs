//! The golden snapshot: loaded for ever, and written again to the byte as long as this is the
//! version that is written.
//!
//! Rules: never change what stands in `tests/golden/snapshot-1`. A new form gets a folder of its
//! own, and its test says whether this one is still loaded or passed over.
//!
//! It doesn't know the form.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use archipelago::core::id::{IslandId, JournalPosition, TimerNumber};
use archipelago::core::journal::frame::{Block, SchemaVersion};
use archipelago::journal::{DataDirectory, Durability, GroupJournal, JournalError, ScanMode, scan};
use archipelago::snapshot::{Folder, newest, take_at_rest};

use super::journal::{Texts, asker, description, request};

/// One island has asked another for something, and set a timer; nobody has heard of it yet.
fn make(path: &Path) {
    let data = DataDirectory::create_or_open(path, &description()).expect("a new directory");
    let settings = data.description().settings(SchemaVersion(0), Durability::Disk);
    let storage = Arc::new(data.storage().expect("its storage"));
    let mut nothing = |_| -> Result<(), JournalError> { Ok(()) };
    let found = scan(&*storage, &settings, ScanMode::Repair, &mut nothing).expect("it is empty");
    let mut journal =
        GroupJournal::resume_without_threads(storage, settings, &found).expect("a journal");
    let (island, first) = (IslandId(0), JournalPosition(1));
    let mut blocks =
        vec![Block { island, first, records: 1, body: request(0x10000), trailer: None }];
    journal.commit(&mut blocks).expect("a commit");
    journal.close().expect("a seal");
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/snapshot-1")
}

const FILE: &str = "00000000000000000002.snapshot";

#[test]
fn the_same_journal_gives_the_golden_snapshot() {
    let place = tempfile::tempdir().expect("a folder");
    make(place.path());
    let taken = take_at_rest(place.path(), |_| Texts).expect("a snapshot");
    let fresh = std::fs::read(taken.file.expect("something is new")).expect("a file");
    let kept = folder().join(FILE);
    if std::env::var_os("ARCHIPELAGO_GOLDEN").is_some() {
        assert!(!kept.exists(), "golden files are never changed");
        std::fs::create_dir_all(folder()).expect("a folder");
        std::fs::write(&kept, &fresh).expect("written");
    }
    let kept = std::fs::read(kept).expect("the golden file");
    let differ = fresh.iter().zip(&kept).position(|(one, other)| one != other);
    assert_eq!((differ, fresh.len()), (None, kept.len()));
}

#[test]
fn the_golden_snapshot_is_loaded() {
    let place = tempfile::tempdir().expect("a folder");
    make(place.path());
    let snapshots = place.path().join("snapshots");
    std::fs::create_dir(&snapshots).expect("a folder");
    std::fs::copy(folder().join(FILE), snapshots.join(FILE)).expect("a copy");
    let data = DataDirectory::open_read_only(place.path()).expect("it opens");
    let settings = data.description().settings(SchemaVersion(0), Durability::Disk);
    let storage = data.storage().expect("its storage");
    let (found, passed) =
        newest::<Texts>(&Folder::of(place.path()), &storage, &settings).expect("it can be read");
    assert_eq!(passed, []);
    let found = found.expect("it is used");
    assert_eq!(found.taken.recovered().last.0, 2);
    let image = &found.images[0];
    assert_eq!(
        (found.images.len(), image.position, image.stamp.0),
        (4, JournalPosition(1), 0x10000)
    );
    assert_eq!(image.timers.first().map(|(_, number, _)| number), Some(TimerNumber(1)));
    let asked = asker(0xa1a2_a3a4, 7, 300);
    assert_eq!(image.sessions.highest(asked.client), asked.number);
    let (to, chunk) = &found.unacked[0][0];
    assert_eq!((to.0, chunk.first.0, chunk.count), (2, 1, 1), "a message that nobody has consumed");
    assert!(chunk.bytes.ends_with(b"lend"));
}
