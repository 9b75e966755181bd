//! Writing: going on after recovery, stopping after a failure.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{
    Block, BlockHeader, Chain, CommitNumber, HEADER_BYTES, SegmentNumber,
};

use super::failing::{Hooked, Verb, journal_on};
use super::{Story, close, commit, read, settings};
use crate::journal::{
    Book, Durability, GroupJournal, JournalSettings, Memory, ScanMode, Segment, Storage,
};

#[test]
fn after_one_failed_write_sync_or_create_the_journal_never_writes_again() {
    // Each commit fills a sector, so the third needs the second segment.
    for (verb, doing) in [(Verb::Write, "write"), (Verb::Sync, "flush"), (Verb::Create, "make")] {
        let calls: Arc<[AtomicU64; 3]> = Arc::default();
        let count = || calls.each_ref().map(|calls| calls.load(Ordering::Relaxed));
        let mut journal = journal_on(Hooked::failing(verb, 1, Arc::clone(&calls)));
        let mut story = Story::new(2);
        let first = (0..6)
            .find_map(|_| journal.commit(&mut vec![story.block(0, 1, 10)]).err())
            .expect("a verb failed");
        let mut before = count();
        let mut errors: Vec<_> =
            (0..3).map(|_| journal.commit(&mut vec![story.block(0, 1, 10)]).unwrap_err()).collect();
        errors.push(journal.close().unwrap_err());
        let mut after = count();
        if verb != Verb::Create {
            // A segment made ahead, by its thread, is no second try.
            (before[Verb::Create as usize], after[Verb::Create as usize]) = (0, 0);
        }
        assert_eq!(after, before, "{verb:?}: it tried again");
        assert!(errors.iter().all(|error| Arc::ptr_eq(error, &first)), "{verb:?}");
        assert!(first.to_string().starts_with(&format!("cannot {doing} segment")), "{first}");
    }
}

#[test]
fn a_segment_that_could_not_be_made_ahead_and_was_not_needed_spoils_nothing() {
    let mut journal = journal_on(Hooked::failing(Verb::Create, 1, Arc::default()));
    commit(&mut journal, vec![Story::new(2).block(0, 1, 10)]);
    let closed = journal.close().expect("all that was written is durable");
    assert_eq!(closed.last.0, 2, "one commit and its seal");
}

#[test]
fn segments_are_made_one_after_the_other_even_when_a_large_commit_passes_one_over() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let disk = Hooked::new(move |verb, segment, _| {
        if verb == Verb::Create {
            // The segment made ahead is slow.
            std::thread::sleep(Duration::from_millis(if segment.0 == 2 { 100 } else { 0 }));
            seen.lock().unwrap().push(segment.0);
        }
        Ok(())
    });
    let mut journal = journal_on(disk);
    let mut story = Story::new(2);
    commit(&mut journal, vec![story.block(0, 1, 10)]);
    let large = commit(&mut journal, vec![story.block(0, 1, 20_000)]);
    assert_eq!(large[0].place.segment, SegmentNumber(3));
    drop(journal);
    assert_eq!(order.lock().unwrap()[..3], [1, 2, 3]);
}

/// A disk that remembers what would be left after a loss of power.
fn forgetful() -> (Arc<Hooked>, Arc<Memory>) {
    let durable = Arc::new(Memory::new());
    let kept = Arc::clone(&durable);
    let disk = Hooked::new(move |verb, segment, now| {
        match verb {
            Verb::Create => kept.create(Segment { number: segment, bytes: 8192 })?,
            Verb::Sync => kept.replace(segment, now.image(segment)),
            Verb::Write => {}
        }
        Ok(())
    });
    (disk, durable)
}

#[test]
fn what_is_said_durable_survives_a_loss_of_power() {
    let (disk, durable) = forgetful();
    let mut journal = journal_on(disk);
    let mut story = Story::new(2);
    for round in 1..=7 {
        commit(&mut journal, vec![story.block(0, 1, 10)]);
        let (_, told) = read(&*durable, &settings(2), ScanMode::ReadOnly).unwrap();
        assert_eq!(told.len(), round);
    }
}

#[test]
fn what_a_repairing_scan_reads_and_what_it_cuts_survives_a_loss_of_power() {
    let (disk, durable) = forgetful();
    let os = JournalSettings { durability: Durability::Os, ..settings(2) };
    let (recovered, _) = read(&*disk, &os, ScanMode::Repair).unwrap();
    let mut journal = GroupJournal::resume(disk.clone(), os, &recovered).unwrap();
    let mut story = Story::new(2);
    for _ in 0..3 {
        commit(&mut journal, vec![story.block(0, 1, 10)]);
    }
    drop(journal);
    let last = |disk: &Memory| read(disk, &os, ScanMode::ReadOnly).unwrap().0.last.0;
    assert_eq!((last(&disk.disk), last(&durable)), (3, 0), "nothing was flushed so far");

    disk.write_at(SegmentNumber(2), 100, &[7]).unwrap();
    let (recovered, _) = read(&*disk, &os, ScanMode::Repair).unwrap();
    assert!(recovered.torn.is_some());
    assert_eq!(last(&durable), 2);
    assert!(durable.image(SegmentNumber(2)).iter().all(|byte| *byte == 0));
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
        trailer: None,
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
fn an_open_journal_has_its_first_segment_and_an_empty_commit_writes_nothing() {
    let mut story = Story::new(2);
    let mut journal = story.open();
    assert_eq!(story.disk.segments().unwrap().len(), 1);
    assert!(commit(&mut journal, Vec::new()).is_empty());
    assert_eq!(close(journal).bytes, 0);
}
