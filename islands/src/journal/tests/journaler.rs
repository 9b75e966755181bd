//! The journaler's thread: everything handed over is written in order, and answered.

use std::io;
use std::sync::{Arc, Mutex};

use archipelago_core::id::IslandId;

use super::failing::{Hooked, Verb, journal_on};
use super::{Story, read, settings};
use crate::journal::{ClosedJournal, Ending, JournalError, Journaler, Memory, ScanMode};

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
    let disk = Hooked::failing(Verb::Sync, 0, Arc::default());
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
    let journaler = Journaler::spawn(journal_on(disk), move |result| {
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
    let large = 5 << 20;
    assert_eq!(commits_of(&[1, large, large, large, 1]), [1, 2, 2]);
}
