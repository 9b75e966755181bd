//! Reading island by island: the same blocks as in the order they were written, the same end, and
//! the same verdict on damage.

use archipelago_core::journal::frame::{CommitNumber, SegmentNumber};
use proptest::prelude::*;

use super::damage::changed;
use super::{ISLANDS, Story, Told, commit};
use crate::journal::{
    Bodies, Found, JournalError, JournalSettings, Order, Recovered, ScanMode, Storage, scan_found,
};

/// All blocks, island by island where that is possible, and how many came so.
fn by_island(
    disk: &dyn Storage,
    settings: &JournalSettings,
) -> (Result<Recovered, JournalError>, Vec<Told>, Vec<Vec<Told>>) {
    let (mut told, mut stretches) = (Vec::new(), Vec::new());
    let mut bodies = Bodies::of(disk, settings, None);
    let mut sink = |found: Found| match found {
        Found::Block(block) => {
            told.push(Told::of(&block));
            Ok(())
        }
        Found::Stretch(stretch) => {
            let (mut headers, _) = stretch.into_parts();
            headers.sort_by_key(|header| header.island);
            let read = headers.into_iter().map(|header| bodies.read(header));
            let read = read.map(|block| block.map(|block| Told::of(&block)));
            let read: Vec<Told> = read.collect::<Result<_, _>>()?;
            told.extend_from_slice(&read);
            stretches.push(read);
            Ok(())
        }
        Found::End => Ok(()),
    };
    let order = (ScanMode::ReadOnly, Order::ByIsland);
    let scanned = scan_found(disk, settings, order, None, &mut sink);
    (scanned, told, stretches)
}

/// Asserts that reading island by island finds what reading in order found.
pub(super) fn same(
    disk: &dyn Storage,
    settings: &JournalSettings,
    scanned: &Result<Recovered, JournalError>,
    told: &[Told],
) {
    let (found, mut blocks, stretches) = by_island(disk, settings);
    assert_eq!(format!("{found:?}"), format!("{scanned:?}"));
    let mut expected = told.to_vec();
    expected.sort_by_key(|block| (block.island, block.first));
    // Stable: each island's blocks are compared in the order they came in.
    blocks.sort_by_key(|block| block.island);
    if let Ok(found) = found {
        assert_eq!(blocks, expected);
        assert!(stretches.iter().flatten().all(|block| block.commit <= found.last));
    }
}

fn stretches(story: &Story) -> Vec<Vec<Told>> {
    by_island(&*story.disk, &story.settings).2
}

/// A journal of so many commits, each with a block of every island.
fn long_journal(segment_sectors: usize, commits: usize, body_bytes: usize) -> Story {
    let mut story = Story::new(segment_sectors);
    let mut journal = story.open();
    for _ in 0..commits {
        let blocks = (0..ISLANDS).map(|island| story.block(island, 2, body_bytes)).collect();
        commit(&mut journal, blocks);
    }
    drop(journal);
    story
}

#[test]
fn most_of_a_long_journal_comes_in_stretches_and_none_holds_what_may_not_be_durable() {
    let story = long_journal(2, 60, 1000);
    let (recovered, told) = story.read(ScanMode::ReadOnly).unwrap();
    let stretches = stretches(&story);
    assert!(stretches.len() >= 2, "{} of 60 commits in 30 segments", stretches.len());
    let blocks: usize = stretches.iter().map(Vec::len).sum();
    assert!(blocks * 10 >= told.len() * 9, "{blocks} of {}", told.len());
    // Nothing is written behind the last commit that says it was acknowledged.
    assert!(stretches.iter().flatten().all(|block| block.commit < recovered.last));
    for stretch in &stretches {
        assert!(stretch.is_sorted_by_key(|block| (block.island, block.first)));
    }
}

#[test]
fn small_blocks_of_large_segments_are_read_as_they_were_written() {
    let story = long_journal(4096, 60, 1000);
    story.read(ScanMode::ReadOnly).unwrap();
    assert!(stretches(&story).is_empty());
    let story = long_journal(4096, 60, 5000);
    story.read(ScanMode::ReadOnly).unwrap();
    assert!(!stretches(&story).is_empty());
}

#[test]
fn a_body_that_is_not_sound_is_damage_and_told_as_such() {
    let story = long_journal(2, 20, 1000);
    let (_, told) = story.read(ScanMode::ReadOnly).unwrap();
    for block in told.iter().filter(|block| block.commit < CommitNumber(19)) {
        let at = block.place.offset as usize + 500;
        let copy = changed(&story, block.place.segment, |image| image[at] ^= 4);
        match copy.read(ScanMode::ReadOnly) {
            Err(JournalError::Damaged(damage)) => assert_eq!(damage.commit, block.commit),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    /// `read` compares with the other order, whatever is asked of it.
    #[test]
    fn any_journal_is_the_same_in_both_orders(
        segment_sectors in 1_usize..6,
        commits in prop::collection::vec(
            prop::collection::btree_map(0..ISLANDS, 1_usize..3000, 1..4),
            1..60,
        ),
        damage in prop::option::of((0.0..1.0_f64, 0_usize..24 * 1024, 1_u8..)),
    ) {
        let commits: Vec<Vec<_>> =
            commits.into_iter().map(|blocks| blocks.into_iter().collect()).collect();
        let story = Story::new(segment_sectors).written(&commits);
        if let Some((segment, offset, change)) = damage {
            let segments = story.disk.segments().unwrap();
            let number = SegmentNumber((segment * segments.len() as f64) as u32 + 1);
            let mut image = story.disk.image(number);
            let offset = offset % image.len();
            image[offset] ^= change;
            story.disk.replace(number, image);
        }
        let _ = story.read(ScanMode::ReadOnly);
    }
}
