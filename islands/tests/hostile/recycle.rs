//! A journal that takes bounded room: segments that no start needs any more become the segments to
//! come, or move away, while the system runs; and what a crash leaves in the middle of that.
//!
//! Rules: the oracle is what was answered. Nothing here measures time.
//!
//! It doesn't know when the thread that makes snapshots looks.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use archipelago::journal::SEGMENTS_FOLDER;
use archipelago::replay::Log;
use archipelago::snapshot::{Archive, Folder};
use archipelago::{Archipelago, Durability, OpenError, SnapshotPolicy, builder};

use super::bank::{Bank, Command, answer, bank, close, tokens};

const SEGMENT_BYTES: u64 = 16 << 10;
/// As in the product: what is let go beyond it is removed.
const SPARES_MAX: usize = 16;

fn open(data: &Path, archive: Archive) -> Result<Archipelago<Bank>, OpenError> {
    let small = builder().islands(3).threads(2).segment_bytes(SEGMENT_BYTES);
    let small = small.durability(Durability::Os).snapshots(SnapshotPolicy::NEVER);
    small.archive(archive).journal(data).open(bank)
}

/// The files of the journal whose names end so.
fn files(data: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join(SEGMENTS_FOLDER)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.to_str().unwrap().ends_with(suffix)).collect();
    files.sort();
    files
}

fn number(segment: &Path) -> u32 {
    segment.file_stem().unwrap().to_str().unwrap().parse().unwrap()
}

/// Puts numbers and lets tokens walk until the journal is `segments` segments further.
fn work(sea: &Archipelago<Bank>, data: &Path, segments: u32, put: &mut u64) -> u64 {
    let last = || number(files(data, ".segment").last().unwrap());
    let (until, mut began) = (last() + segments, 0);
    while last() < until {
        *put += 1;
        answer(sea.ask("key", Command::Put(*put)).unwrap()).unwrap();
        let walk = Command::Walk { tokens: 3, hops: 5 };
        began += answer(sea.ask(format!("{put}"), walk).unwrap()).unwrap();
    }
    // A message that nobody has consumed would keep the segments.
    sea.settle(super::bank::LONG).unwrap();
    began
}

fn stored(sea: &Archipelago<Bank>) -> u64 {
    let islands = (0..3).map(|island| {
        let most = |bank: &Bank| bank.stored.last().copied().unwrap_or_default();
        sea.query(archipelago::IslandId(island), most).unwrap().wait().unwrap()
    });
    islands.max().unwrap()
}

#[test]
fn a_journal_that_recycles_takes_bounded_room_and_opens_from_its_snapshot() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let (mut put, mut began, mut before, mut most) = (0, 0, 0, 0);
    let (mut names, mut inodes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..3 {
        let sea = open(&data, Archive::Recycle).unwrap();
        assert_eq!(stored(&sea), put, "what was answered is there after a crash");
        for _ in 0..5 {
            began += work(&sea, &data, 4, &mut put);
            sea.snapshot().unwrap().expect("there is something new");
            let segments = files(&data, ".segment");
            // What the snapshot before needs: from the one that was being filled, before the one
            // made ahead.
            assert!(number(&segments[0]) + 2 >= before, "{segments:?}, {before}");
            before = number(segments.last().unwrap());
            most = most.max(segments.len());
            for segment in segments {
                inodes.insert(fs::metadata(&segment).unwrap().ino());
                names.insert(number(&segment));
            }
        }
    }
    assert!(names.len() > 2 * most, "the test is too short: {} of {most}", names.len());
    assert!(inodes.len() <= most + SPARES_MAX, "{} files, {most} at a time", inodes.len());
    assert!(number(&files(&data, ".segment")[0]) > 1);
    let sea = open(&data, Archive::Recycle).unwrap();
    assert!(sea.started_from().is_some());
    assert_eq!(stored(&sea), put);
    assert_eq!(tokens(&close(sea)), began);
    let restored = Log::open(&data).unwrap().restore(2, bank).unwrap();
    assert!(restored.recovered.torn.is_none());
}

#[test]
fn whatever_a_crash_leaves_of_recycling_nothing_old_is_ever_seen() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    let mut put = 0;
    let sea = open(&whole, Archive::Recycle).unwrap();
    let mut old = Vec::new();
    for _ in 0..3 {
        work(&sea, &whole, 3, &mut put);
        old = fs::read(&files(&whole, ".segment")[0]).unwrap();
        sea.snapshot().unwrap();
    }
    drop(sea);
    assert!(old.iter().any(|byte| *byte != 0), "an old segment has something to be seen");
    let last = number(files(&whole, ".segment").last().unwrap());
    let first = number(&files(&whole, ".segment")[0]);
    let half = [&vec![0; 5000][..], &old[5000..]].concat();
    // A spare; one as the next segment before, amid and after it is filled; the same for the ones
    // after; a spare of another size; and all of these.
    let spare = |number: u32| format!("{number:08}.segment.spare");
    let new = |number: u32| format!("{number:08}.segment.new");
    let stages: Vec<Vec<(String, &[u8])>> = vec![
        vec![(spare(first - 1), &old)],
        vec![(new(last + 1), &old)],
        vec![(new(last + 1), &half)],
        vec![(new(last + 1), &[0; 100])],
        vec![(new(last + 2), &half), (spare(1), &half)],
        vec![(spare(1), &old[..8192])],
        vec![(spare(1), &old), (new(last + 1), &old), (new(last + 3), &half), (spare(2), &[])],
    ];
    for (at, left) in stages.into_iter().enumerate() {
        let data = temp.path().join(format!("stage {at}"));
        super::snapshots::copy(&whole, &data);
        for file in files(&data, ".spare") {
            fs::remove_file(file).unwrap();
        }
        for (name, bytes) in &left {
            fs::write(data.join(SEGMENTS_FOLDER).join(name), bytes).unwrap();
        }
        let mut put = put;
        for _ in 0..2 {
            let sea = open(&data, Archive::Recycle).unwrap();
            assert_eq!(stored(&sea), put, "{left:?}");
            work(&sea, &data, 3, &mut put);
            // Ends as by a crash.
            drop(sea);
            let recovered = Log::open(&data).unwrap().restore(2, bank).unwrap().recovered;
            assert!(recovered.torn.is_none(), "stage {at}: {:?}", recovered.torn);
            zeros_behind(&data, recovered.next.segment.0, recovered.next.offset as usize);
        }
        assert!(files(&data, ".spare").is_empty(), "what fits is used, the rest removed");
    }
}

/// Nothing stands behind the end of the journal.
fn zeros_behind(data: &Path, segment: u32, offset: usize) {
    for file in files(data, ".segment").into_iter().filter(|file| number(file) >= segment) {
        let bytes = fs::read(&file).unwrap();
        let from = if number(&file) == segment { offset } else { 0 };
        assert!(bytes[from..].iter().all(|byte| *byte == 0), "{} is not zeros", file.display());
    }
}

#[test]
fn segments_move_away_while_it_runs_and_come_back() {
    let temp = tempfile::tempdir().unwrap();
    let (data, away) = (temp.path().join("data"), temp.path().join("far/away"));
    let sea = open(&data, Archive::Move(away.clone())).unwrap();
    let mut put = 0;
    for _ in 0..4 {
        work(&sea, &data, 3, &mut put);
        sea.snapshot().unwrap();
    }
    drop(sea);
    let digest = |data: &Path| {
        let restored = Log::open(data).unwrap().restore(2, bank).unwrap();
        (restored.digest().unwrap(), restored.figures.records)
    };
    let short = digest(&data);
    assert_eq!(
        number(&fs::read_dir(&away).unwrap().map(|one| one.unwrap().path()).min().unwrap()),
        1
    );
    super::snapshots::copy(&away, &data.join(SEGMENTS_FOLDER));
    fs::remove_dir_all(data.join("snapshots")).unwrap();
    let whole = digest(&data);
    assert_eq!(short.0, whole.0);
    assert!(short.1 < whole.1, "nothing was archived");
}

#[test]
fn a_damaged_snapshot_keeps_the_segments() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let mut put = 0;
    let sea = open(&data, Archive::Recycle).unwrap();
    work(&sea, &data, 3, &mut put);
    sea.snapshot().unwrap();
    drop(sea);
    let one = Folder::of(&data).list().unwrap().remove(0).1;
    fs::write(&one, "damaged").unwrap();
    let sea = open(&data, Archive::Recycle).unwrap();
    assert_eq!(sea.started_from(), None);
    work(&sea, &data, 3, &mut put);
    // With it there are two files, but only one that anything can begin at.
    sea.snapshot().unwrap();
    assert_eq!(number(&files(&data, ".segment")[0]), 1, "a start may need all of it");
}

#[test]
fn what_nobody_has_consumed_keeps_the_segments() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let sea = open(&data, Archive::Recycle).unwrap();
    // An island that stopped consumes nothing any more.
    let key = (0..).map(|n: u32| n.to_string()).find(|key| sea.island_of(key).0 == 0).unwrap();
    answer(sea.ask(&key, Command::PoisonAt(1)).unwrap()).unwrap();
    let stopped = || sea.query(archipelago::IslandId(1), |_| ()).and_then(|look| look.wait());
    while stopped().is_ok() {
        std::thread::yield_now();
    }
    answer(sea.ask(&key, Command::Walk { tokens: 3, hops: 9 }).unwrap()).unwrap();
    for _ in 0..4 {
        let last = number(files(&data, ".segment").last().unwrap());
        while number(files(&data, ".segment").last().unwrap()) < last + 3 {
            answer(sea.ask(&key, Command::Put(1)).unwrap()).unwrap();
        }
        sea.snapshot().unwrap().expect("there is something new");
    }
    assert_eq!(number(&files(&data, ".segment")[0]), 1, "its sender may have to read them again");
}
