//! Writing: going on after recovery, stopping after a failure, and the journaler's thread.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{
    Block, BlockHeader, Chain, CommitNumber, HEADER_BYTES, SegmentNumber,
};

use super::{Story, close, commit, read, settings};
use crate::journal::{
    Book, ClosedJournal, Durability, Ending, GroupJournal, JournalError, Journaler, Memory,
    ScanMode, Segment, Storage,
};

/// A disk whose n-th write, sync or create fails, once; the verbs after it would work again.
struct Failing {
    disk: Memory,
    verb: Verb,
    good: AtomicU64,
    calls: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verb {
    Write,
    Sync,
    Create,
}

impl Failing {
    fn new(verb: Verb, good: u64) -> Arc<Self> {
        let (good, calls) = (AtomicU64::new(good), AtomicU64::new(0));
        Arc::new(Self { disk: Memory::new(), verb, good, calls })
    }

    fn may(&self, verb: Verb) -> io::Result<()> {
        // A segment made ahead, by its thread, is no second try.
        if verb != Verb::Create || self.verb == Verb::Create {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
        if verb == self.verb && self.good.fetch_sub(1, Ordering::Relaxed) == 0 {
            return Err(io::Error::other("the disk is broken"));
        }
        Ok(())
    }
}

impl Storage for Failing {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        self.disk.segments()
    }
    fn create(&self, segment: Segment) -> io::Result<()> {
        self.may(Verb::Create)?;
        self.disk.create(segment)
    }
    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(segment, offset, buffer)
    }
    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.may(Verb::Write)?;
        self.disk.write_at(segment, offset, bytes)
    }
    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        self.may(Verb::Sync)?;
        self.disk.sync(segment)
    }
    fn name(&self, segment: SegmentNumber) -> String {
        self.disk.name(segment)
    }
}

fn journal_on(disk: Arc<dyn Storage>) -> GroupJournal {
    let (recovered, _) = read(&*disk, &settings(2), ScanMode::Repair).unwrap();
    GroupJournal::resume(disk, settings(2), &recovered).unwrap()
}

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
fn the_journaler_writes_all_that_was_handed_over_in_order_and_seals() {
    let disk = Arc::new(Memory::new());
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let journaler = Journaler::spawn(journal_on(disk.clone()), move |result| {
        let durable = result.unwrap();
        heard.lock().unwrap().extend(durable.iter().map(|one| (one.island, one.upto)));
    })
    .unwrap();
    std::thread::scope(|scope| {
        for island in 0..4 {
            let handle = journaler.handle();
            scope.spawn(move || {
                let mut story = Story::new(2);
                for _ in 0..100 {
                    handle.hand_over(vec![story.block(island, 1, 50)]).unwrap();
                }
            });
        }
    });
    let stats = Arc::clone(journaler.stats());
    let ClosedJournal { bytes, last } = journaler.close().unwrap();
    assert_eq!((stats.bytes(), stats.commits()), (bytes, last.0));
    let told = told.lock().unwrap();
    for island in 0..4 {
        let upto: Vec<u64> =
            told.iter().filter(|one| one.0 == IslandId(island)).map(|one| one.1.0).collect();
        assert_eq!(upto, (1..=100).collect::<Vec<_>>());
    }
    let (recovered, blocks) = read(&*disk, &settings(2), ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.ending, blocks.len()), (Ending::Seal, 400));
    assert_eq!(recovered.bytes, bytes);
}

#[test]
fn the_journaler_answers_every_hand_over_after_a_failure_with_the_error() {
    let (answers, heard) = crossbeam::channel::unbounded();
    let disk = Failing::new(Verb::Sync, 0);
    let journaler = Journaler::spawn(journal_on(disk), move |result| {
        answers.send(result.map(|_| ()).unwrap_err()).unwrap();
    })
    .unwrap();
    let mut story = Story::new(2);
    for _ in 0..20 {
        journaler.hand_over(vec![story.block(0, 1, 10)]).unwrap();
    }
    let handle = journaler.handle();
    let error = journaler.close().unwrap_err();
    let heard: Vec<Arc<JournalError>> = heard.iter().collect();
    assert_eq!(heard.len(), 20);
    assert!(heard.iter().all(|one| Arc::ptr_eq(one, &error)));
    let closed = handle.hand_over(Vec::new()).unwrap_err();
    assert!(matches!(closed, JournalError::Closed), "{closed}");
}

#[test]
fn a_dropped_journaler_writes_what_it_has_and_no_seal() {
    let disk = Arc::new(Memory::new());
    let journaler = Journaler::spawn(journal_on(disk.clone()), |result| drop(result.unwrap()));
    let journaler = journaler.unwrap();
    let _alive = journaler.handle();
    journaler.hand_over(vec![Story::new(2).block(0, 1, 10)]).unwrap();
    drop(journaler);
    let (recovered, blocks) = read(&*disk, &settings(2), ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.ending, blocks.len()), (Ending::Data, 1));
}

#[test]
fn an_open_journal_has_its_first_segment_and_an_empty_commit_writes_nothing() {
    let mut story = Story::new(2);
    let mut journal = story.open();
    assert_eq!(story.disk.segments().unwrap().len(), 1);
    assert!(commit(&mut journal, Vec::new()).is_empty());
    assert_eq!(close(journal).bytes, 0);
}
