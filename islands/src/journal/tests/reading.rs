//! What was written comes back: in order, whole, from every storage, however often it is reopened.

use std::collections::BTreeSet;
use std::sync::Arc;

use archipelago_core::id::{IslandId, Life};
use archipelago_core::journal::frame::{BlockPlace, CommitNumber, SECTOR, SegmentNumber};
use proptest::prelude::*;

use super::{Story, Told, close, commit, read, settings};
use crate::journal::{
    Access, BlockRef, Directory, Ending, GroupJournal, JournalError, Memory, ScanMode, Storage,
    read_block, scan,
};

/// One hand-over: island, records, body length. `Reopen` closes, or drops, and opens again.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(u32, u32, usize)>),
    Close,
    Drop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let body = prop_oneof![4 => 0..300_usize, 1 => 3_900..4_200_usize, 1 => 4_200..20_000_usize];
    let blocks = prop::collection::vec((0..super::ISLANDS, 1..5_u32, body), 1..6);
    let step = prop_oneof![8 => blocks.prop_map(Step::Commit), 1 => Just(Step::Close),
        1 => Just(Step::Drop)];
    prop::collection::vec(step, 1..24)
}

/// Runs the steps on a disk and checks that exactly what was said durable is read back.
fn comes_back(disk: Arc<dyn Storage>, steps: &[Step]) {
    let mut story = Story::new(3);
    let settings = story.settings;
    let resume = || {
        let (recovered, _) = read(&*disk, &settings, ScanMode::Repair).unwrap();
        assert_eq!(recovered.torn, None);
        GroupJournal::resume(disk.clone(), settings, &recovered).unwrap()
    };
    let mut journal = resume();
    let mut said: Vec<Told> = Vec::new();
    for step in steps {
        match step {
            Step::Commit(blocks) => {
                let blocks: Vec<_> = blocks
                    .iter()
                    .map(|(island, records, bytes)| story.block(*island, *records, *bytes))
                    .collect();
                let durable = commit(&mut journal, blocks.clone());
                let number = CommitNumber(journal.stats().commits());
                for (block, durable) in blocks.iter().zip(durable) {
                    assert_eq!(durable.island, block.island);
                    assert_eq!(durable.upto.0, block.first.0 + u64::from(block.records) - 1);
                    assert!(durable.body.is_empty(), "a body is given back empty");
                    said.push(Told {
                        commit: number,
                        island: block.island,
                        first: block.first,
                        place: durable.place,
                        body: block.body.clone(),
                    });
                }
            }
            Step::Close => {
                close(journal);
                journal = resume();
            }
            Step::Drop => {
                drop(journal);
                journal = resume();
            }
        }
    }
    let (commits, bytes) = (journal.stats().commits(), journal.stats().bytes());
    drop(journal);
    let (recovered, told) = read(&*disk, &settings, ScanMode::ReadOnly).unwrap();
    assert_eq!(told, said);
    assert_eq!((recovered.last.0, recovered.bytes), (commits, bytes));
    walks_back(&*disk, &told, &recovered.islands);
}

/// Following `previous` from each island's tail visits all its blocks, last first.
fn walks_back(disk: &dyn Storage, told: &[Told], tails: &[crate::journal::IslandTail]) {
    for (island, tail) in tails.iter().enumerate() {
        let mut visited = Vec::new();
        let mut place = tail.place;
        while let Some(here) = place {
            let (header, body) = read_block(disk, here, settings(3).life).unwrap();
            visited.push((header.here, body));
            place = header.previous;
        }
        visited.reverse();
        let of_island = told.iter().filter(|told| told.island == IslandId(island as u32));
        let expected: Vec<_> = of_island.map(|told| (told.place, told.body.clone())).collect();
        assert_eq!(visited, expected, "island {island}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_was_written_to_memory_comes_back(steps in steps()) {
        comes_back(Arc::new(Memory::new()), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn what_was_written_to_a_directory_comes_back(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        comes_back(Arc::new(Directory::open(folder.path(), Access::ReadWrite).unwrap()), &steps);
    }
}

#[test]
fn commits_larger_than_a_window_and_a_segment_come_back() {
    let mut story = Story::new(2);
    let mut journal = story.open();
    let mut expected = Vec::new();
    for bytes in [10, 3 << 20, 100, 5 << 20, 2 << 20, 1] {
        let blocks =
            vec![story.block(0, 1, bytes), story.block(1, 2, 1000), story.block(2, 1, bytes)];
        expected.extend(blocks.iter().map(|block| block.body.clone()));
        commit(&mut journal, blocks);
    }
    drop(journal);
    let (_, told) = story.read(ScanMode::ReadOnly).unwrap();
    let bodies: Vec<_> = told.into_iter().map(|told| told.body).collect();
    assert!(bodies == expected, "bodies differ");
}

#[test]
fn every_commit_starts_on_a_sector_and_stays_in_its_segment() {
    let mut story = Story::new(3);
    let mut journal = story.open();
    for round in 0..20 {
        let blocks = vec![story.block(0, 1, 500 * round), story.block(1, 1, 10)];
        let durable = commit(&mut journal, blocks);
        assert_eq!(durable[0].place.offset as usize % SECTOR, 0);
        assert_eq!(durable[0].place.segment, durable[1].place.segment);
    }
    drop(journal);
    let (recovered, _) = story.read(ScanMode::ReadOnly).unwrap();
    assert!(recovered.segments.len() > 5, "the test means to cross segments");
    assert!(recovered.bytes.is_multiple_of(SECTOR as u64));
}

#[test]
fn a_clean_close_ends_with_a_seal_and_closing_again_adds_nothing() {
    let mut story = Story::new(3);
    assert_eq!(close(story.open()).last, CommitNumber(0), "an empty journal needs no seal");
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    let closed = close(journal);
    assert_eq!((closed.last, closed.bytes), (CommitNumber(2), 2 * SECTOR as u64));
    assert_eq!(story.read(ScanMode::ReadOnly).unwrap().0.ending, Ending::Seal);
    assert_eq!(close(story.open()), closed);
}

#[test]
fn one_block_is_read_only_from_its_own_place_and_life() {
    let mut story = Story::new(3);
    let mut journal = story.open();
    let durable = commit(&mut journal, vec![story.block(0, 1, 10), story.block(1, 1, 10)]);
    drop(journal);
    let (disk, life) = (&*story.disk, story.settings.life);
    assert_eq!(read_block(disk, durable[1].place, life).unwrap().0.island, IslandId(1));
    let other = read_block(disk, durable[1].place, Life(1)).unwrap_err();
    assert!(matches!(other, JournalError::BlockElsewhere { .. }), "{other}");
    let between = BlockPlace { segment: SegmentNumber(1), offset: 1 };
    let error = read_block(disk, between, life).unwrap_err();
    assert!(matches!(error, JournalError::NoBlock { .. }), "{error}");
    let beyond = BlockPlace { segment: SegmentNumber(1), offset: u32::MAX };
    assert!(read_block(disk, beyond, life).is_err());
}

#[test]
fn a_buffer_is_used_again_as_soon_as_nobody_has_its_blocks() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    let blocks: Vec<_> = (0..40).map(|_| story.block(0, 1, 5_000)).collect();
    blocks.iter().for_each(|block| drop(commit(&mut journal, vec![block.clone()])));
    // Keeps the last so many blocks; returns how many buffers were used.
    let buffers = |kept: usize| {
        let (mut blocks, mut seen) = (Vec::new(), BTreeSet::new());
        let mut sink = |block: BlockRef| {
            seen.insert(Arc::as_ptr(&block.buffer).addr());
            blocks.push(block);
            if blocks.len() > kept {
                blocks.remove(0);
            }
            Ok::<(), JournalError>(())
        };
        scan(&*story.disk, &story.settings, ScanMode::ReadOnly, &mut sink).unwrap();
        seen.len()
    };
    assert_eq!(buffers(0), 1);
    assert_eq!(buffers(1), 2);
    // A segment is read at once, and holds five of them.
    assert!((3..=5).contains(&buffers(12)), "{}", buffers(12));
}
