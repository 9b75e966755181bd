//! Damage of every kind: what a crash can leave is cut to a prefix of commits, everything else is
//! refused with its place, and nothing panics.

use archipelago_core::id::{IslandId, Life};
use archipelago_core::journal::frame::{
    BlockHeader, CommitNumber, HEADER_BYTES, SECTOR, SegmentNumber,
};
use proptest::prelude::*;

use super::{Story, Told, commit};
use crate::journal::{Book, Damage, Ending, JournalError, ScanMode, Segment, Storage, TornTail};

/// A journal of five commits and no seal: blocks of several islands, one commit over two sectors,
/// over three segments.
fn small_journal() -> (Story, Vec<Told>) {
    let mut story = Story::new(3);
    let mut journal = story.open();
    for sizes in [vec![20], vec![100, 40], vec![600, 5000], vec![30, 30, 30], vec![77]] {
        let blocks =
            (0..).zip(sizes).map(|(island, bytes)| story.block(island, 2, bytes)).collect();
        commit(&mut journal, blocks);
    }
    drop(journal);
    let (recovered, told) = story.read(ScanMode::ReadOnly).unwrap();
    assert_eq!(recovered.last, CommitNumber(5));
    (story, told)
}

/// Where the commits' bytes stand, padding left out: commit, segment, offset.
fn used(told: &[Told]) -> Vec<(CommitNumber, SegmentNumber, usize)> {
    let bytes = |told: &Told| {
        let (commit, segment) = (told.commit, told.place.segment);
        let start = told.place.offset as usize;
        (start..start + HEADER_BYTES + told.body.len()).map(move |at| (commit, segment, at))
    };
    told.iter().flat_map(bytes).collect()
}

fn upto(told: &[Told], commit: u64) -> Vec<Told> {
    told.iter().filter(|told| told.commit.0 <= commit).cloned().collect()
}

fn damage(error: JournalError) -> Damage {
    match error {
        JournalError::Damaged(damage) => damage,
        other => panic!("expected damage, found: {other}"),
    }
}

/// Changes the bytes of one segment on a copy of the disk.
pub(super) fn changed(
    story: &Story,
    segment: SegmentNumber,
    change: impl FnOnce(&mut Vec<u8>),
) -> Story {
    let copy = story.copy();
    let mut image = copy.disk.image(segment);
    change(&mut image);
    copy.disk.replace(segment, image);
    copy
}

/// What must be found when commit `hit` of five is damaged.
fn expect_damage(damaged: &Story, told: &[Told], hit: CommitNumber, what: &str) {
    match damaged.read(ScanMode::ReadOnly) {
        Ok((recovered, found)) => {
            assert_eq!(hit, CommitNumber(5), "{what}: an acknowledged commit was lost silently");
            assert_eq!((recovered.last, found), (CommitNumber(4), upto(told, 4)), "{what}");
            assert!(recovered.torn.is_some(), "{what}");
        }
        Err(error) => {
            let found = damage(error);
            assert_ne!(hit, CommitNumber(5), "{what}: a torn write was refused: {found}");
            assert_eq!(found.commit, hit, "{what}: {found}");
        }
    }
}

#[test]
fn every_flipped_byte_is_refused_with_its_commit_or_cut_at_the_end() {
    let (story, told) = small_journal();
    for (at, (hit, segment, offset)) in used(&told).into_iter().enumerate() {
        let flipped = changed(&story, segment, |image| image[offset] ^= 1 << (at % 8));
        expect_damage(&flipped, &told, hit, &format!("segment {segment} offset {offset}"));
    }
}

#[test]
fn every_flipped_bit_of_the_headers_is_refused_or_cut() {
    let (story, told) = small_journal();
    for block in &told {
        for bit in 0..HEADER_BYTES * 8 {
            let at = block.place.offset as usize + bit / 8;
            let flipped = changed(&story, block.place.segment, |image| image[at] ^= 1 << (bit % 8));
            expect_damage(&flipped, &told, block.commit, &format!("{} bit {bit}", block.place));
        }
    }
}

#[test]
fn bytes_in_the_unused_parts_lose_nothing() {
    let (story, told) = small_journal();
    let used: std::collections::HashSet<_> =
        used(&told).into_iter().map(|(_, segment, offset)| (segment, offset)).collect();
    for Segment { number, bytes } in story.disk.segments().unwrap() {
        for offset in (0..bytes as usize).step_by(64) {
            if !used.contains(&(number, offset)) {
                let dirty = changed(&story, number, |image| image[offset] = 0x49);
                let (_, found) = dirty.read(ScanMode::Repair).unwrap();
                assert_eq!(found, told, "segment {number} offset {offset}");
                let (again, _) = dirty.read(ScanMode::ReadOnly).unwrap();
                assert_eq!(again.torn, None);
            }
        }
    }
}

#[test]
fn a_lost_tail_of_any_length_leaves_a_prefix_of_whole_commits() {
    let (story, told) = small_journal();
    let used = used(&told);
    for (at, (_, segment, offset)) in used.iter().copied().enumerate() {
        let lost = changed(&story, segment, |image| image[offset..].fill(0));
        for later in story.disk.segments().unwrap() {
            if later.number > segment {
                lost.disk.replace(later.number, vec![0; later.bytes as usize]);
            }
        }
        // A commit is whole when only zeros of it were "lost".
        let changed = used[at..].iter().find(|(_, segment, offset)| {
            story.disk.image(*segment)[*offset] != lost.disk.image(*segment)[*offset]
        });
        let last = changed.map_or(5, |(commit, ..)| commit.0 - 1);
        let (recovered, found) = lost.read(ScanMode::Repair).unwrap();
        assert_eq!((recovered.last.0, found), (last, upto(&told, last)), "{segment} {offset}");
        let (again, found) = lost.read(ScanMode::ReadOnly).unwrap();
        assert_eq!((again.torn, found), (None, upto(&told, last)), "{segment} {offset}");
    }
}

#[test]
fn a_lost_sector_in_the_middle_is_refused() {
    let (story, told) = small_journal();
    // The last commit is left out: when all of it is gone, nothing tells that it was there.
    let acknowledged = upto(&told, 4);
    for (hit, segment, offset) in used(&acknowledged) {
        if offset % SECTOR != 0 {
            continue;
        }
        let lost = changed(&story, segment, |image| image[offset..offset + SECTOR].fill(0));
        expect_damage(&lost, &told, hit, &format!("segment {segment} offset {offset}"));
    }
}

#[test]
fn a_file_shortened_to_any_length_is_refused() {
    let (story, _) = small_journal();
    for Segment { number, bytes } in story.disk.segments().unwrap() {
        for len in (0..bytes as usize).step_by(257).chain([SECTOR, 2 * SECTOR]) {
            let short = changed(&story, number, |image| image.truncate(len));
            let error = short.read(ScanMode::Repair).unwrap_err();
            assert!(matches!(error, JournalError::SegmentShortened { .. }), "{number}: {error}");
        }
    }
}

#[test]
fn a_large_segment_shortened_to_the_usual_size_is_refused() {
    let mut story = Story::new(2);
    let mut journal = story.open();
    let durable = commit(&mut journal, vec![story.block(0, 1, 5 * SECTOR)]);
    drop(journal);
    let short = changed(&story, durable[0].place.segment, |image| image.truncate(2 * SECTOR));
    let found = damage(short.read(ScanMode::Repair).unwrap_err());
    assert_eq!(found.label, "the segment was shortened");
}

#[test]
fn a_torn_commit_is_cut_whole_even_when_its_first_block_is_sound() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    let torn = commit(&mut journal, vec![story.block(0, 1, 10), story.block(1, 1, 9000)]);
    drop(journal);
    let second_sector = torn[0].place.offset as usize + SECTOR;
    let story = changed(&story, SegmentNumber(1), |image| image[second_sector] ^= 1);

    let before = story.disk.image(SegmentNumber(1));
    let (seen, _) = story.read(ScanMode::ReadOnly).unwrap();
    assert_eq!(seen.torn.as_ref().map(|torn| torn.tail), Some(TornTail::Left));
    assert!(story.disk.image(SegmentNumber(1)) == before, "reading changed the disk");
    let refused = Book::resume(story.settings, &seen).unwrap_err();
    assert!(matches!(refused, JournalError::NotRepaired { .. }), "{refused}");

    let (recovered, told) = story.read(ScanMode::Repair).unwrap();
    assert_eq!((recovered.last, told.len()), (CommitNumber(1), 1));
    assert_eq!(recovered.torn.as_ref().map(|torn| torn.tail), Some(TornTail::Cut));
    assert_eq!(recovered.islands[1].upto.0, 0, "the sound first block counts for nothing");
    assert!(story.disk.image(SegmentNumber(1))[SECTOR..].iter().all(|byte| *byte == 0));
}

#[test]
fn damage_names_its_file_offset_commit_and_island() {
    let (story, told) = small_journal();
    let block = &told[4];
    let body = block.place.offset as usize + HEADER_BYTES;
    let damaged = changed(&story, block.place.segment, |image| image[body] ^= 1);
    let error = damaged.read(ScanMode::Repair).unwrap_err();
    let message = error.to_string();
    let found = damage(error);
    assert_eq!((found.commit, found.island), (block.commit, Some(IslandId(1))));
    for part in ["segment 2 in memory", "commit 3", "island 1", "acknowledged", "restore"] {
        assert!(message.contains(part), "{part} in: {message}");
    }
    assert!(!message.contains('\n'));
}

#[test]
fn a_seal_tells_damage_to_the_last_commit_from_a_torn_write() {
    for sealed in [Ending::Data, Ending::Seal] {
        let mut story = Story::new(8);
        let mut journal = story.open();
        commit(&mut journal, vec![story.block(0, 1, 10)]);
        if sealed == Ending::Seal {
            super::close(journal);
        } else {
            drop(journal);
        }
        let damaged = changed(&story, SegmentNumber(1), |image| image[100] ^= 1);
        assert_eq!(damaged.read(ScanMode::Repair).is_err(), sealed == Ending::Seal);
    }
}

#[test]
fn evidence_is_found_even_when_the_next_commits_first_header_is_damaged_too() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    commit(&mut journal, vec![story.block(0, 1, 10), story.block(1, 1, 10)]);
    drop(journal);
    let damaged = changed(&story, SegmentNumber(1), |image| {
        image[20] ^= 1;
        image[SECTOR + 20] ^= 1;
    });
    assert_eq!(damage(damaged.read(ScanMode::Repair).unwrap_err()).commit, CommitNumber(1));
}

#[test]
fn evidence_is_found_wherever_it_stands() {
    // The only sound header left is the second of commit 2; it moves over the edge of what is
    // looked at in one piece, 256 KiB.
    for before_edge in [0, 1, 3, 48, 95, 96, 97] {
        let mut story = Story::new(128);
        let mut journal = story.open();
        commit(&mut journal, vec![story.block(0, 1, 10)]);
        let body = (256 << 10) - before_edge - SECTOR - HEADER_BYTES;
        commit(&mut journal, vec![story.block(0, 1, body), story.block(1, 1, 10)]);
        drop(journal);
        let damaged = changed(&story, SegmentNumber(1), |image| {
            image[20] ^= 1;
            image[SECTOR + 20] ^= 1;
        });
        let found = damage(damaged.read(ScanMode::Repair).unwrap_err());
        assert_eq!(found.commit, CommitNumber(1), "{before_edge} bytes before the edge");
    }
}

#[test]
fn a_copy_of_a_block_inside_a_torn_commit_is_no_evidence() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    let copied = story.disk.image(SegmentNumber(1))[2 * SECTOR..3 * SECTOR].to_vec();
    drop(journal);

    // The first commit of this journal carries, as its body, a later commit of the same life.
    let mut story = Story::new(8);
    let mut journal = story.open();
    let mut block = story.block(0, 1, SECTOR - HEADER_BYTES);
    block.body.extend_from_slice(&copied);
    commit(&mut journal, vec![block]);
    drop(journal);
    let torn = changed(&story, SegmentNumber(1), |image| image[20] ^= 1);
    assert_eq!(torn.read(ScanMode::Repair).unwrap().0.last, CommitNumber(0));
}

#[test]
fn a_missing_segment_is_refused_by_name() {
    let (story, _) = small_journal();
    for number in 1..story.disk.segments().unwrap().len() as u32 {
        let story = story.copy();
        story.disk.remove(SegmentNumber(number));
        let error = story.read(ScanMode::Repair).unwrap_err();
        let expected = format!("segment {number} in memory is missing");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn swapped_files_and_files_of_another_life_are_refused() {
    let (story, _) = small_journal();
    let (first, second) = (SegmentNumber(1), SegmentNumber(2));
    let swapped = story.copy();
    swapped.disk.replace(first, story.disk.image(second));
    swapped.disk.replace(second, story.disk.image(first));
    let found = damage(swapped.read(ScanMode::Repair).unwrap_err());
    assert_eq!(found.detail, "it says it stands at segment 2 offset 0");

    let mut other = Story::new(3);
    other.settings.life = Life(0xb0b);
    let mut journal = other.open();
    commit(&mut journal, vec![other.block(0, 1, 10)]);
    drop(journal);
    let mixed = story.copy();
    mixed.disk.replace(second, other.disk.image(first));
    let found = damage(mixed.read(ScanMode::Repair).unwrap_err());
    assert_eq!(found.label, "a block of another data directory");
}

/// Changes one header in place, and gives it a right checksum again.
fn forged(story: &Story, at: usize, change: impl FnOnce(&mut BlockHeader)) -> Story {
    changed(story, SegmentNumber(1), |image| {
        let (mut header, _) = BlockHeader::decode(&image[at..]).unwrap();
        change(&mut header);
        image[at..at + HEADER_BYTES].copy_from_slice(&header.encode());
    })
}

#[test]
fn a_sound_block_that_does_not_follow_the_one_before_is_refused() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 2, 10)]);
    commit(&mut journal, vec![story.block(0, 2, 10)]);
    drop(journal);
    let forge = |change: fn(&mut BlockHeader)| forged(&story, SECTOR, change);
    let cases = [
        (forge(|header| header.chain.0 ^= 1), "it follows another commit than the one before"),
        (forge(|header| header.commit.0 = 3), "it is of commit 3"),
        (forge(|header| header.here.offset = 8192), "stands at segment 1 offset 8192"),
        (forge(|header| header.blocks = 3), "does not follow"),
        (forge(|header| (header.index, header.blocks) = (1, 2)), "it is block 1 of 2"),
        (forge(|header| header.first.0 = 4), "position 4 does not continue"),
        (forge(|header| header.island.0 = 1), "position 3 does not continue"),
        (forge(|header| header.island.0 = 77), "position 3 does not continue"),
        (forge(|header| header.previous = None), "position 3 does not continue"),
        (forge(|header| header.life.0 = 5), "a block of another data directory"),
        (forge(|header| header.body_bytes = 1 << 20), "the segment was shortened"),
        (forge(|header| header.records = 0), "a block this code cannot read"),
    ];
    for (forged, expected) in cases {
        match forged.read(ScanMode::Repair) {
            // A commit that never got its other blocks is a torn write, not a wrong one.
            Ok((recovered, _)) => {
                assert_eq!((expected, recovered.last.0), ("does not follow", 1));
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains(expected), "{expected} in: {message}");
                assert!(message.contains("offset 4096: commit 2"), "{message}");
            }
        }
    }
}

#[test]
fn blocks_of_two_commits_never_make_one() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(2, 1, 10)]);
    commit(&mut journal, vec![story.block(0, 1, 10), story.block(1, 1, 10)]);
    drop(journal);
    let second = SECTOR + HEADER_BYTES + 10;
    let forge = |change: fn(&mut BlockHeader)| forged(&story, second, change);
    for forged in [
        forge(|header| header.commit.0 = 3),
        forge(|header| header.watermark.0 = 0),
        forge(|header| header.chain.0 = 1),
        forge(|header| header.blocks = 4),
        forge(|header| header.life.0 = 5),
    ] {
        assert_eq!(forged.read(ScanMode::Repair).unwrap().0.last, CommitNumber(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        at in 0..12_000_usize,
    ) {
        let (story, _) = small_journal();
        for segment in story.disk.segments().unwrap() {
            let damaged = changed(&story, segment.number, |image| {
                let end = image.len().min(at + bytes.len());
                image[at..end].copy_from_slice(&bytes[..end - at]);
            });
            let _ = damaged.read(ScanMode::Repair);
        }
    }
}
