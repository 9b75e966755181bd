//! The journaler's thread: everything handed over is written in order, and answered.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use archipelago_core::id::IslandId;

use super::failing::{Hooked, Verb, journal_on};
use super::{Story, read, settings};
use crate::journal::{
    ClosedJournal, Durable, Ending, IdleSeal, JournalError, Journaler, Memory, ScanMode,
};

#[test]
fn the_journaler_writes_all_that_was_handed_over_in_order_and_seals() {
    let disk = Arc::new(Memory::new());
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let journaler = Journaler::spawn(journal_on(disk.clone()), IdleSeal::Never, move |result| {
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
    let disk = Hooked::failing(Verb::Sync, 0, Arc::default());
    let journaler = Journaler::spawn(journal_on(disk), IdleSeal::Never, move |result| {
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
    let journal = journal_on(disk.clone());
    let told = |result: Result<Vec<Durable>, _>| drop(result.unwrap());
    let journaler = Journaler::spawn(journal, IdleSeal::Never, told).unwrap();
    let _alive = journaler.handle();
    journaler.hand_over(vec![Story::new(2).block(0, 1, 10)]).unwrap();
    drop(journaler);
    let (recovered, blocks) = read(&*disk, &settings(2), ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.ending, blocks.len()), (Ending::Data, 1));
}

/// Hands over blocks of these sizes while the first write waits; returns the blocks of each commit.
fn commits_of(sizes: &[usize]) -> Vec<usize> {
    let (go, word) = crossbeam::channel::unbounded();
    let (begins, begun) = crossbeam::channel::unbounded();
    let disk = Hooked::new(move |verb, _, _| {
        if verb == Verb::Write {
            begins.send(()).map_err(io::Error::other)?;
            word.recv().map_err(io::Error::other)?;
        }
        Ok(())
    });
    let (tell, heard) = crossbeam::channel::unbounded();
    let journaler = Journaler::spawn(journal_on(disk), IdleSeal::Never, move |result| {
        tell.send(result.unwrap().len()).unwrap();
    })
    .unwrap();
    let mut story = Story::new(2);
    let (first, rest) = sizes.split_first().unwrap();
    journaler.hand_over(vec![story.block(0, 1, *first)]).unwrap();
    begun.recv().unwrap();
    for size in rest {
        journaler.hand_over(vec![story.block(0, 1, *size)]).unwrap();
    }
    (0..10).for_each(|_| go.send(()).unwrap());
    journaler.close().unwrap();
    heard.iter().collect()
}

#[test]
fn what_queues_up_while_the_disk_is_busy_becomes_one_commit_up_to_a_limit() {
    assert_eq!(commits_of(&[1, 2, 3, 4, 5]), [1, 4]);
    let large = 300 << 10;
    assert_eq!(commits_of(&[1, large, large, large, 1]), [1, 2, 2]);
}

/// Waits until `reached`, which must come.
fn wait_for(reached: impl Fn() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Hands over a block and waits until it and what follows it are `each` more commits, `times`
/// times, and a while for one too many; returns the commits.
fn commits_with_pauses(idle: IdleSeal, times: u64, each: u64, disk: Arc<Hooked>) -> u64 {
    let told = |result: Result<Vec<Durable>, _>| drop(result.unwrap());
    let journaler = Journaler::spawn(journal_on(disk), idle, told).unwrap();
    let mut story = Story::new(2);
    for done in 1..=times {
        journaler.hand_over(vec![story.block(0, 1, 10)]).unwrap();
        wait_for(|| journaler.stats().commits() >= done * each);
        std::thread::sleep(Duration::from_millis(20));
    }
    let commits = journaler.stats().commits();
    drop(journaler);
    commits
}

#[test]
fn an_idle_journal_is_sealed_once_each_time_and_never_without_room() {
    let idle = IdleSeal::After(Duration::from_millis(1));
    let sound = || Hooked::new(|_, _, _| Ok(()));
    assert_eq!(commits_with_pauses(IdleSeal::Never, 4, 1, sound()), 4);
    // Segments of two sectors: each holds one block and one seal.
    let disk = sound();
    assert_eq!(commits_with_pauses(idle, 4, 2, disk.clone()), 8);
    let (recovered, blocks) = read(&disk.disk, &settings(2), ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.ending, recovered.last.0, blocks.len()), (Ending::Seal, 8, 4));

    // A segment that ends with the block has no room, and none is made for a seal.
    let disk = sound();
    let mut journal = journal_on(disk.clone());
    let mut story = Story::new(2);
    super::commit(&mut journal, vec![story.block(0, 1, 5000)]);
    assert!(!journal.wants_seal());
    journal.seal_idle().unwrap();
    assert_eq!(journal.stats().commits(), 1);
    drop(journal);
    let (recovered, _) = read(&disk.disk, &settings(2), ScanMode::ReadOnly).unwrap();
    assert_eq!(recovered.ending, Ending::Data);
}

#[test]
fn a_journal_at_work_is_not_sealed() {
    let disk = Arc::new(Memory::new());
    let idle = IdleSeal::After(Duration::from_secs(3600));
    let told = |result: Result<Vec<Durable>, _>| drop(result.unwrap());
    let journaler = Journaler::spawn(journal_on(disk.clone()), idle, told).unwrap();
    let mut story = Story::new(2);
    for _ in 0..100 {
        journaler.hand_over(vec![story.block(0, 1, 10)]).unwrap();
    }
    drop(journaler);
    let (recovered, blocks) = read(&*disk, &settings(2), ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.ending, blocks.len()), (Ending::Data, 100));
}

#[test]
fn an_idle_seal_that_fails_finishes_the_journal_and_the_next_hand_over_hears_it() {
    // The second flush is the seal's.
    let calls: Arc<[AtomicU64; 3]> = Arc::default();
    let disk = Hooked::failing(Verb::Sync, 1, Arc::clone(&calls));
    let (tell, heard) = crossbeam::channel::unbounded();
    let told = move |result: Result<Vec<Durable>, Arc<JournalError>>| {
        tell.send(result.map(|durable| durable.len())).unwrap();
    };
    let idle = IdleSeal::After(Duration::from_millis(1));
    let journaler = Journaler::spawn(journal_on(disk), idle, told).unwrap();
    let mut story = Story::new(2);
    journaler.hand_over(vec![story.block(0, 1, 10)]).unwrap();
    assert!(heard.recv().unwrap().is_ok());
    wait_for(|| calls[Verb::Sync as usize].load(Ordering::Relaxed) == 2);
    journaler.hand_over(vec![story.block(0, 1, 10)]).unwrap();
    let error = heard.recv().unwrap().unwrap_err();
    assert!(error.to_string().contains("the disk is broken"), "{error}");
    assert!(Arc::ptr_eq(&journaler.close().unwrap_err(), &error));
}
