//! Writing: going on after recovery, stopping after a failure.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{
    Block, BlockHeader, Chain, CommitNumber, HEADER_BYTES, SegmentNumber,
};

use super::failing::{Failing, Verb, journal_on};
use super::{Story, close, commit, read, settings};
use crate::journal::{Book, Durability, GroupJournal, Memory, ScanMode, Storage};

#[test]
fn after_one_failed_write_sync_or_create_the_journal_never_writes_again() {
    // Each commit fills a sector, so the third needs the second segment.
    for (verb, good, doing) in
        [(Verb::Write, 1, "write"), (Verb::Sync, 1, "flush"), (Verb::Create, 1, "make")]
    {
        let disk = Failing::new(verb, good);
        let mut journal = journal_on(disk.clone());
        let mut story = Story::new(2);
        let mut errors = Vec::new();
        for _ in 0..6 {
            if let Err(error) = journal.commit(&mut vec![story.block(0, 1, 10)]) {
                errors.push(error);
                break;
            }
        }
        let calls = disk.calls.load(Ordering::Relaxed);
        for _ in 0..3 {
            errors.push(journal.commit(&mut vec![story.block(0, 1, 10)]).unwrap_err());
        }
        errors.push(journal.close().unwrap_err());
        assert_eq!(disk.calls.load(Ordering::Relaxed), calls, "{verb:?}: it tried again");
        assert_eq!(errors.len(), 5);
        assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])), "{verb:?}");
        let expected = format!("cannot {doing} segment");
        assert!(errors[0].to_string().starts_with(&expected), "{}", errors[0]);
    }
}

#[test]
fn a_block_that_does_not_continue_its_island_is_refused_and_leaves_the_book_as_it_was() {
    let (recovered, _) = read(&Memory::new(), &settings(2), ScanMode::Repair).unwrap();
    let mut book = Book::resume(settings(2), &recovered).unwrap();
    let block = |island, first, records| Block {
        island: IslandId(island),
        first: JournalPosition(first),
        records,
        body: vec![1],
    };
    for (blocks, expected) in [
        (vec![block(0, 1, 2), block(1, 1, 1), block(0, 2, 1)], "position 2, expected 3"),
        (vec![block(0, 1, 1), block(0, 2, 0)], "without records"),
        (vec![block(0, 1, 1), block(9, 1, 1)], "there are 4 islands"),
    ] {
        let mut given = blocks.clone();
        let error = book.prepare(&mut given).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(given, blocks);
    }
    assert!(book.islands().iter().all(|tail| tail.upto == JournalPosition::ZERO));
    let first = book.prepare(&mut vec![block(0, 1, 1)]).unwrap().unwrap();
    assert_eq!(first.number(), CommitNumber(1));
}

#[test]
fn a_watermark_is_the_last_commit_completed_when_it_was_prepared() {
    let (recovered, _) = read(&Memory::new(), &settings(2), ScanMode::Repair).unwrap();
    let mut book = Book::resume(settings(2), &recovered).unwrap();
    let mut story = Story::new(2);
    let mut prepare =
        |book: &mut Book| book.prepare(&mut vec![story.block(0, 1, 10)]).unwrap().unwrap();
    let watermark = |image: &[u8]| BlockHeader::decode(image).unwrap().0.watermark.0;
    let one = prepare(&mut book);
    let two = prepare(&mut book);
    assert_eq!((watermark(one.image()), watermark(two.image())), (0, 0));
    book.complete(one);
    let three = prepare(&mut book);
    assert_eq!(watermark(three.image()), 1);
    book.complete(two);
    book.complete(three);
    assert_eq!(book.watermark(), CommitNumber(3));
}

#[test]
fn a_journal_goes_on_after_recovery_with_the_next_number_and_the_same_chain() {
    let mut story = Story::new(8);
    let mut journal = story.open();
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    drop(journal);
    let mut image = story.disk.image(SegmentNumber(1));
    image[4096 + 100] ^= 1;
    story.disk.replace(SegmentNumber(1), image);

    let mut journal = story.open();
    let durable = commit(&mut journal, vec![story.block(0, 3, 12)]);
    assert_eq!((durable[0].upto.0, durable[0].place.offset), (4, 4096));
    drop(journal);
    let image = story.disk.image(SegmentNumber(1));
    let (first, _) = BlockHeader::decode(&image).unwrap();
    let (second, _) = BlockHeader::decode(&image[4096..]).unwrap();
    assert_eq!((second.commit, second.watermark), (CommitNumber(2), CommitNumber(1)));
    assert_eq!(second.chain, Chain::of(image.first_chunk::<HEADER_BYTES>().unwrap()));
    assert_eq!(second.previous, Some(first.here));
}

#[test]
fn only_disk_durability_flushes_each_commit() {
    for (durability, syncs) in [(Durability::Disk, 2), (Durability::Os, 0)] {
        let disk = Failing::new(Verb::Sync, 1000);
        let settings = crate::journal::JournalSettings { durability, ..settings(8) };
        let (recovered, _) = read(&*disk, &settings, ScanMode::Repair).unwrap();
        let mut journal = GroupJournal::resume(disk.clone(), settings, &recovered).unwrap();
        let mut story = Story::new(8);
        commit(&mut journal, vec![story.block(0, 1, 10)]);
        commit(&mut journal, vec![story.block(0, 1, 10)]);
        assert_eq!(1000 - disk.good.load(Ordering::Relaxed), syncs, "{durability:?}");
    }
}

#[test]
fn an_open_journal_has_its_first_segment_and_an_empty_commit_writes_nothing() {
    let mut story = Story::new(2);
    let mut journal = story.open();
    assert_eq!(story.disk.segments().unwrap().len(), 1);
    assert!(commit(&mut journal, Vec::new()).is_empty());
    assert_eq!(close(journal).bytes, 0);
}
