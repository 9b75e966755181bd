//! Snapshots: what a start that goes on from one must have in common with a whole replay, and what
//! becomes of one that is damaged, too new, or of another version. And copies of a running system.
//!
//! Rules: the oracle is the whole replay of a copy of the directory that nothing was archived from.
//!
//! It doesn't know how a snapshot is written.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use archipelago::core::replay::Digest;
use archipelago::journal::{DataDirectory, Durability, SEGMENTS_FOLDER};
use archipelago::replay::Log;
use archipelago::snapshot::{Folder, Keep, SNAPSHOTS_FOLDER, Snapshot, archive, backup, newest};
use archipelago::{Archipelago, Island, OpenError, SnapshotPolicy, Turn, builder};
use serde::{Deserialize, Serialize};

use super::bank::{Bank, Command, answer, bank, close, tokens};

const ISLANDS: u32 = 3;

fn open(data: &Path, policy: SnapshotPolicy) -> Result<Archipelago<Bank>, OpenError> {
    let small = builder().islands(ISLANDS).threads(2).segment_bytes(64 << 10);
    small.durability(Durability::Os).journal(data).snapshots(policy).open(bank)
}

/// Copies a directory with the folders in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn digest(data: &Path) -> (Digest, u64) {
    let restored = Log::open(data).unwrap().restore(2, bank).unwrap();
    (restored.digest().unwrap(), restored.figures.records)
}

fn found(data: &Path) -> (Option<Snapshot<Bank>>, usize) {
    let directory = DataDirectory::open_read_only(data).unwrap();
    let settings = directory.description().settings(Default::default(), Durability::Os);
    let storage = directory.storage().unwrap();
    let (snapshot, passed) = newest(&Folder::of(data), &storage, &settings).unwrap();
    (snapshot, passed.len())
}

/// Lets tokens walk through a few segments, takes a snapshot while some are on their way, does so
/// again, and ends like a crash. Returns how many tokens began their walk.
fn walk_and_crash(data: &Path) -> u64 {
    let sea = open(data, SnapshotPolicy::NEVER).unwrap();
    let segments = || fs::read_dir(data.join(SEGMENTS_FOLDER)).unwrap().count();
    let mut began = 0;
    let mut walk = |hops| {
        let walk = Command::Walk { tokens: 5, hops };
        began += answer(sea.ask(format!("key {hops}"), walk).unwrap()).unwrap();
    };
    for _ in 0..2 {
        let enough = segments() + 2;
        while segments() < enough {
            walk(100);
        }
        walk(1000);
        assert!(sea.snapshot().unwrap().is_some());
    }
    walk(1000);
    began
}

#[test]
fn a_start_from_a_snapshot_is_a_whole_replay_also_when_the_rest_is_archived() {
    let temp = tempfile::tempdir().unwrap();
    let (data, whole) = (temp.path().join("data"), temp.path().join("whole"));
    let (mut began, mut on_their_way, mut archived, mut fewer) = (0, 0, 0, 0);
    for _ in 0..4 {
        began += walk_and_crash(&data);
        let (snapshot, passed) = found(&data);
        let unacked = snapshot.expect("there are two").unacked;
        assert_eq!(passed, 0);
        on_their_way += unacked.iter().flatten().map(|(_, chunk)| chunk.count).sum::<u32>();
        // The copy gets back what the rounds before archived.
        copy(&data, &whole);
        archived += archive::<Bank>(&data, &Keep::Nowhere).unwrap().segments.len();
        let (by_snapshot, by_replay) = (digest(&data), digest(&whole));
        assert_eq!(by_snapshot.0, by_replay.0);
        fewer += u32::from(by_snapshot.1 < by_replay.1);
    }
    assert!(on_their_way > 0, "no snapshot was taken with messages on their way");
    assert!(archived > 0, "nothing was archived");
    assert!(fewer > 0, "no start was shorter");
    let sea = open(&data, SnapshotPolicy::NEVER).unwrap();
    assert!(sea.started_from().is_some());
    assert_eq!(tokens(&close(sea)), began);
}

#[test]
fn snapshots_are_made_by_themselves_and_two_are_kept() {
    let temp = tempfile::tempdir().unwrap();
    let policy = SnapshotPolicy { records: Some(50), ..SnapshotPolicy::NEVER };
    let sea = open(temp.path(), policy).unwrap();
    let folder = Folder::of(temp.path());
    let mut seen = std::collections::BTreeSet::new();
    let mut number = 0;
    while seen.len() < 3 {
        number += 1;
        answer(sea.ask(format!("{number}"), Command::Put(number)).unwrap()).unwrap();
        seen.extend(folder.list().unwrap().into_iter().map(|(commit, _)| commit));
        std::thread::sleep(Duration::from_millis(1));
    }
    close(sea);
    assert_eq!(folder.list().unwrap().len(), 2);
}

/// A directory with two snapshots, and their files, newest first.
fn with_two(data: &Path) -> Vec<PathBuf> {
    let sea = open(data, SnapshotPolicy::NEVER).unwrap();
    for round in 0..2 {
        answer(sea.ask("a", Command::Put(round)).unwrap()).unwrap();
        answer(sea.ask("b", Command::Walk { tokens: 2, hops: 9 }).unwrap()).unwrap();
        sea.snapshot().unwrap().expect("there is something new");
    }
    close(sea);
    Folder::of(data).list().unwrap().into_iter().map(|(_, file)| file).collect()
}

#[test]
fn whatever_byte_is_damaged_the_snapshot_before_takes_its_place() {
    let temp = tempfile::tempdir().unwrap();
    let files = with_two(temp.path());
    let whole = fs::read(&files[0]).unwrap();
    let sound = found(temp.path()).0.expect("it is whole").taken;
    let before = {
        fs::write(&files[0], b"").unwrap();
        found(temp.path()).0.expect("the one before").taken
    };
    assert_ne!(sound, before);
    let spared = 10..12;
    for at in (0..whole.len()).filter(|at| !spared.contains(at)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(&files[0], &bytes).unwrap();
        let (snapshot, passed) = found(temp.path());
        assert_eq!((snapshot.expect("one of two").taken, passed), (before.clone(), 1), "byte {at}");
    }
    for length in 0..whole.len() {
        fs::write(&files[0], &whole[..length]).unwrap();
        assert_eq!(found(temp.path()).1, 1, "{length} bytes");
    }
    fs::write(&files[0], [&whole[..], b"x"].concat()).unwrap();
    assert_eq!(found(temp.path()).1, 1, "one byte more");
    fs::write(&files[0], &whole).unwrap();
    assert_eq!(found(temp.path()).0.expect("whole again").taken, sound);
}

#[test]
fn without_a_snapshot_the_whole_journal_is_replayed_and_an_archived_one_says_what_to_do() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    walk_and_crash(&data);
    let files: Vec<_> = Folder::of(&data).list().unwrap();
    let archive_folder = temp.path().join("archive");
    let gone = archive::<Bank>(&data, &Keep::In(archive_folder.clone())).unwrap();
    assert!(!gone.segments.is_empty(), "the test walks too little");
    let by_snapshot = digest(&data);
    for (_, file) in files {
        fs::write(file, b"damaged").unwrap();
    }
    let error = open(&data, SnapshotPolicy::NEVER).expect_err("nothing to begin with");
    assert!(matches!(error, OpenError::NoBeginning { .. }), "{error}");
    assert!(error.to_string().contains("put the segments before it back"), "{error}");
    copy(&archive_folder, &data.join(SEGMENTS_FOLDER));
    assert_eq!(digest(&data).0, by_snapshot.0);
    let sea = open(&data, SnapshotPolicy::NEVER).unwrap();
    assert_eq!(sea.started_from(), None);
}

#[test]
fn one_snapshot_is_not_enough_to_archive() {
    let temp = tempfile::tempdir().unwrap();
    let files = with_two(temp.path());
    fs::remove_file(&files[0]).unwrap();
    let error = archive::<Bank>(temp.path(), &Keep::Nowhere).unwrap_err();
    assert!(error.to_string().contains("needs two"), "{error}");
    fs::write(&files[0], b"damaged").unwrap();
    let error = archive::<Bank>(temp.path(), &Keep::Nowhere).unwrap_err();
    assert!(error.to_string().contains("cannot be loaded"), "{error}");
}

#[test]
fn a_journal_that_lost_what_a_snapshot_has_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let (data, before) = (temp.path().join("data"), temp.path().join("before"));
    let sea = open(&data, SnapshotPolicy::NEVER).unwrap();
    answer(sea.ask("a", Command::Put(1)).unwrap()).unwrap();
    close(sea);
    copy(&data.join(SEGMENTS_FOLDER), &before);
    with_two(&data);
    fs::remove_dir_all(data.join(SEGMENTS_FOLDER)).unwrap();
    copy(&before, &data.join(SEGMENTS_FOLDER));
    let error = open(&data, SnapshotPolicy::NEVER).expect_err("the journal is older");
    assert!(error.to_string().contains("put the journal's files back"), "{error}");
    fs::remove_dir_all(data.join(SNAPSHOTS_FOLDER)).unwrap();
    open(&data, SnapshotPolicy::NEVER).unwrap();
}

/// Counts; `V` is the version of its state.
#[derive(Default, Serialize, Deserialize)]
struct Counter<const V: u32> {
    count: u64,
}

impl<const V: u32> Island for Counter<V> {
    type Command = u64;
    type Event = u64;
    type Reply = u64;
    const STATE_VERSION: u32 = V;

    fn decide(&self, add: u64, turn: &mut Turn<Self>) {
        turn.emit(add);
        turn.reply(self.count);
    }

    fn evolve(&mut self, add: &u64) {
        // Version 1 mends a mistake.
        self.count += if V == 0 { *add } else { 2 * *add };
    }
}

#[test]
fn a_snapshot_of_another_state_version_is_passed_over_and_the_state_built_again() {
    fn open<const V: u32>(data: &Path) -> Archipelago<Counter<V>> {
        builder().islands(2).journal(data).open(|_| Counter::default()).unwrap()
    }
    let temp = tempfile::tempdir().unwrap();
    let sea = open::<0>(temp.path());
    for add in [3, 4] {
        answer(sea.ask("key", add).unwrap()).unwrap();
    }
    sea.snapshot().unwrap().expect("there is something new");
    drop(sea);
    let same = open::<0>(temp.path());
    assert!(same.started_from().is_some());
    assert_eq!(answer(same.ask("key", 0).unwrap()).unwrap(), 7);
    drop(same);
    let other = open::<1>(temp.path());
    assert_eq!(other.started_from(), None);
    assert_eq!(answer(other.ask("key", 0).unwrap()).unwrap(), 14);
}

#[test]
fn a_backup_of_a_running_system_has_what_was_acknowledged_before_it_and_opens() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let sea = open(&data, SnapshotPolicy::NEVER).unwrap();
    let mut put = 0;
    for round in 0..5 {
        answer(sea.ask("walk", Command::Walk { tokens: 3, hops: 300 }).unwrap()).unwrap();
        for _ in 0..20 {
            put += 1;
            answer(sea.ask("key", Command::Put(put)).unwrap()).unwrap();
        }
        let copy = temp.path().join(format!("copy {round}"));
        let backed = backup(&data, &copy).unwrap();
        let restored = Log::open(&copy).unwrap().restore(2, bank).unwrap();
        let records: u64 = restored.images.iter().map(|image| image.position.0).sum();
        assert_eq!((records, restored.recovered.last), (backed.records, backed.commit));
        assert!(restored.recovered.torn.is_none(), "nothing half written is in a copy");
        let stored = restored.images.iter().flat_map(|image| &image.state.stored).max();
        assert_eq!(stored, Some(&put), "what was answered is in it");
        assert!(backed.bytes > 0);
    }
    assert!(backup(&data, &temp.path().join("copy 0")).is_err(), "a copy is never written over");
    drop(sea);
    // Two lives of one journal: each goes on by itself.
    let sea = open(&temp.path().join("copy 3"), SnapshotPolicy::NEVER).unwrap();
    assert_eq!(answer(sea.ask("key", Command::Put(0)).unwrap()).unwrap(), 81);
}
