//! Crashes: whatever part of the writes in flight reached the disk, all that was durable comes
//! back, the rest is cut to whole commits, and the journal goes on.

use archipelago_core::journal::frame::{Block, CommitNumber, SECTOR};
use proptest::prelude::*;

use super::{Story, commit};
use crate::journal::{Book, Memory, ScanMode, Storage};

/// Writes the sectors of prepared commits that `reaches` lets through, as a crash would.
fn crash(
    disk: &Memory,
    book: &mut Book,
    commits: Vec<Vec<Block>>,
    mut reaches: impl FnMut() -> Reach,
) {
    let mut prepared = Vec::new();
    for mut blocks in commits {
        prepared.extend(book.prepare(&mut blocks).unwrap());
    }
    for commit in &prepared {
        if let Some(segment) = commit.create() {
            disk.create(segment).unwrap();
        }
        let start = u64::from(commit.place().offset);
        for (index, sector) in commit.image().chunks(SECTOR).enumerate() {
            if reaches() == Reach::Disk {
                let at = start + (index * SECTOR) as u64;
                disk.write_at(commit.place().segment, at, sector).unwrap();
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reach {
    Disk,
    Nowhere,
}

#[test]
fn an_unacknowledged_commit_behind_a_hole_is_cut_and_the_journal_goes_on() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    drop(journal);
    let (recovered, told) = story.read(ScanMode::Repair).unwrap();
    let mut book = Book::resume(story.settings, &recovered).unwrap();
    let commits = vec![vec![story.block(0, 1, 10)], vec![story.block(1, 1, 10)]];
    let mut order = [Reach::Nowhere, Reach::Disk].into_iter();
    crash(&story.disk, &mut book, commits, || order.next().unwrap());

    let (recovered, found) = story.read(ScanMode::Repair).unwrap();
    let label = recovered.torn.map(|torn| torn.label);
    assert_eq!(label, Some("unacknowledged commits behind one that was never written"));
    assert_eq!(found, told);

    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 11)]);
    drop(journal);
    let (recovered, found) = story.read(ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.last, found.len(), recovered.torn), (CommitNumber(2), 2, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_sectors_a_crash_lets_through_all_that_was_durable_comes_back(
        durable in prop::collection::vec(0..9_000_usize, 0..6),
        in_flight in prop::collection::vec((0..9_000_usize, 0..9_000_usize), 0..5),
        reaches in prop::collection::vec(prop_oneof![Just(Reach::Disk), Just(Reach::Nowhere)], 64),
    ) {
        let mut story = Story::new(4);
        let mut journal = story.open();
        for bytes in &durable {
            commit(&mut journal, vec![story.block(0, 1, *bytes)]);
        }
        drop(journal);
        let (recovered, acknowledged) = story.read(ScanMode::Repair).unwrap();
        let mut book = Book::resume(story.settings, &recovered).unwrap();
        let commits = in_flight
            .iter()
            .map(|(one, two)| vec![story.block(0, 1, *one), story.block(1, 1, *two)])
            .collect();
        let mut reaches = reaches.into_iter().cycle();
        crash(&story.disk, &mut book, commits, || reaches.next().unwrap());

        let (seen, told) = story.read(ScanMode::ReadOnly).unwrap();
        prop_assert!(seen.last.0 >= durable.len() as u64);
        prop_assert_eq!(&told[..acknowledged.len()], &acknowledged[..]);
        let (cut, cut_told) = story.read(ScanMode::Repair).unwrap();
        prop_assert_eq!((cut.last, &cut_told), (seen.last, &told));
        let (again, again_told) = story.read(ScanMode::ReadOnly).unwrap();
        prop_assert_eq!((again.torn, again.next, again_told), (None, cut.next, told));

        let mut journal = story.open();
        commit(&mut journal, vec![story.block(0, 1, 10)]);
        drop(journal);
        let (after, _) = story.read(ScanMode::ReadOnly).unwrap();
        prop_assert_eq!(after.last, cut.last.next());
    }
}
