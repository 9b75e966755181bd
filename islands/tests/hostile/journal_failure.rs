//! A journal that fails: everyone is told, nothing is tried again, nothing acknowledged is lost.
//!
//! Rules: a fault begins while askers are at work; after it the disk is opened again, as a new
//! process would.
//!
//! It doesn't know real disks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use archipelago::command::{AskError, Busy};
use archipelago::{Archipelago, AtRest, IslandId, builder};

use super::bank::{
    Bank, Command, LONG, SHORT, answer, ask_until_taken, bank, close, key_of, stored, tokens,
};
use super::disk::{Disk, LIFE, Mood};

fn open(disk: &Arc<Disk>) -> Archipelago<Bank> {
    let disk: Arc<Disk> = Arc::clone(disk);
    builder().islands(5).threads(2).segment_bytes(1 << 14).storage(disk, LIFE).open(bank).unwrap()
}

/// Puts numbers from `first` on until the journal fails; returns the acknowledged ones.
fn put_until_failure(sea: &Archipelago<Bank>, first: u64) -> BTreeSet<u64> {
    let mut acknowledged = BTreeSet::new();
    for number in (first..).step_by(1000) {
        let put = ask_until_taken(sea, &number.to_string(), || Command::Put(number));
        match put.and_then(answer) {
            Ok(_) => drop(acknowledged.insert(number)),
            Err(AskError::Journal(_)) => break,
            Err(other) => panic!("not the journal's error: {other}"),
        }
    }
    acknowledged
}

fn fails_and_loses_nothing(mood: Mood, tries_max: u64) {
    let disk = Disk::new();
    let sea = open(&disk);
    let parked = sea.ask("parked", Command::Park).unwrap();
    let at = sea.island_of("parked");
    assert_eq!(answer(sea.query(at, |bank| bank.parked.len()).unwrap()), Ok(1), "it is durable");
    let acknowledged: BTreeSet<u64> = std::thread::scope(|scope| {
        let sea = &sea;
        let askers: Vec<_> =
            (0..4).map(|first| scope.spawn(move || put_until_failure(sea, first))).collect();
        sea.ask("first", Command::Put(999_999)).map(answer).unwrap().unwrap();
        disk.set(mood);
        askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
    });
    let told = answer(parked).unwrap_err();
    assert!(matches!(&told, AskError::Journal(why) if why.contains("cannot")), "{told}");

    // Later asks and queries are refused at once, with the reason.
    assert_eq!(sea.ask("late", Command::Put(0)).unwrap_err(), told);
    assert_eq!(sea.tell("late", Command::Put(0)).unwrap_err(), told);
    assert_eq!(sea.query(IslandId(0), |bank| bank.puts).unwrap_err(), told);
    assert_eq!(sea.stats().unwrap_err(), told);
    let failed = sea.close(LONG).unwrap_err();
    assert_eq!(AskError::Journal(failed.to_string().into()), told);
    let tried = disk.tried_while_failing.load(Ordering::SeqCst);
    assert!(tried <= tries_max, "the failing disk was asked {tried} times");

    let sea = open(&disk.survivor());
    let closed = close_with_one_parked(sea);
    let kept = stored(&closed);
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(kept.contains(&999_999));
}

/// Who was parked before the restart is released, so that the system can come to rest.
fn close_with_one_parked(sea: Archipelago<Bank>) -> archipelago::Closed<Bank> {
    assert_eq!(answer(sea.ask("parked", Command::Release).unwrap()).unwrap(), 1);
    close(sea)
}

#[test]
fn a_broken_write_ends_it_with_its_reason() {
    // The segment being made and the write may fail at the same time.
    fails_and_loses_nothing(Mood::Broken, 2);
}

#[test]
fn a_failed_flush_ends_it_and_is_not_tried_again() {
    // One write, its flush, and the segment being made.
    fails_and_loses_nothing(Mood::NoFlush, 3);
}

#[test]
fn a_full_disk_is_told_at_the_door_and_all_goes_on_when_there_is_room() {
    let disk = Disk::new();
    let sea = open(&disk);
    let walk = Command::Walk { tokens: 9, hops: 3000 };
    answer(sea.ask("walk", walk).unwrap()).unwrap();
    disk.set(Mood::Full);
    // The walk fills what is left; then nobody is admitted.
    let mut acknowledged = BTreeSet::new();
    let mut asked = Vec::new();
    for number in 0.. {
        match sea.ask(number.to_string(), Command::Put(number)) {
            Ok(pending) => asked.push((number, pending)),
            Err(AskError::Busy(Busy::DiskFull)) => break,
            Err(AskError::Busy(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(sea.query(IslandId(0), |bank| bank.puts).is_ok(), "reads stay possible");
    disk.set(Mood::Good);
    for (number, pending) in asked {
        answer(pending).unwrap();
        acknowledged.insert(number);
    }
    let late = sea.ask_within(LONG, "late", Command::Put(u64::MAX)).unwrap();
    answer(late).unwrap();
    acknowledged.insert(u64::MAX);
    assert_eq!(sea.settle(LONG), Ok(AtRest::Yes));
    let closed = close(sea);
    assert_eq!((tokens(&closed), stored(&closed)), (9, acknowledged.clone()));
    let closed = close(open(&disk.survivor()));
    assert_eq!((tokens(&closed), stored(&closed)), (9, acknowledged));
}

#[test]
fn a_close_does_not_wait_for_room_and_what_was_not_acknowledged_was_not_promised() {
    let disk = Disk::new();
    let sea = open(&disk);
    answer(sea.ask("first", Command::Put(7)).unwrap()).unwrap();
    disk.set(Mood::Full);
    answer(sea.ask("walk", Command::Walk { tokens: 9, hops: u32::MAX }).unwrap()).unwrap();
    while !matches!(sea.ask("x", Command::Silence), Err(AskError::Busy(Busy::DiskFull))) {
        std::thread::yield_now();
    }
    // The walk never ends: it fills the last segment, and the close finds no room.
    assert!(sea.close(SHORT).is_err());
    let sea = open(&disk.survivor());
    let at = sea.island_of("first");
    assert_eq!(answer(sea.query(at, |bank| bank.stored.contains(&7)).unwrap()), Ok(true));
}

#[test]
fn queries_and_answers_wait_for_a_slow_disk_and_a_failure_ends_the_wait() {
    let disk = Disk::new();
    let sea = open(&disk);
    let island = sea.island_of("key");
    assert_eq!(answer(sea.ask("key", Command::Put(1)).unwrap()), Ok(1));
    disk.set(Mood::Slow);
    let put = sea.ask("key", Command::Put(2)).unwrap();
    // It sees the put, so it cannot arrive before the put is durable.
    let mut seen = sea.query(island, |bank| bank.puts).unwrap();
    for _ in 0..20 {
        let short = std::time::Duration::from_millis(2);
        seen = seen.wait_for(short).expect_err("it saw what is not durable");
    }
    disk.set(Mood::Broken);
    assert!(matches!(answer(seen), Err(AskError::Journal(_))));
    assert!(matches!(answer(put), Err(AskError::Journal(_))));
    assert!(sea.close(LONG).is_err());

    let disk = disk.survivor();
    let sea = open(&disk);
    let found = answer(sea.query(island, |bank| bank.puts).unwrap()).unwrap();
    assert_eq!(found, 1, "what was never acknowledged was not written either");
    disk.set(Mood::Slow);
    let put = sea.ask("key", Command::Put(2)).unwrap();
    let seen = sea.query(island, |bank| bank.puts).unwrap();
    disk.set(Mood::Good);
    assert_eq!((answer(put), answer(seen)), (Ok(2), Ok(2)));
    close(sea);
}

#[test]
fn timers_and_tokens_on_their_way_end_with_the_journal() {
    let disk = Disk::new();
    let sea = open(&disk);
    answer(sea.ask("walk", Command::Walk { tokens: 50, hops: u32::MAX }).unwrap()).unwrap();
    answer(sea.ask("later", Command::Later { millis: 1 }).unwrap()).unwrap();
    disk.set(Mood::Broken);
    put_until_failure(&sea, 0);
    assert!(sea.close(LONG).is_err());
}

#[test]
fn what_waits_in_a_mailbox_while_the_journal_fails_is_answered() {
    let disk = Disk::new();
    let sea = open(&disk);
    // The thread of island 0 is held up with a queue behind it.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (began, has_begun) = std::sync::mpsc::channel();
    let held = sea.query(IslandId(0), move |_| {
        began.send(()).unwrap();
        let _ = wait.recv();
    });
    has_begun.recv().unwrap();
    let (here, there) = (key_of(&sea, 0), key_of(&sea, 1));
    let put = sea.ask(here, Command::Put(1)).unwrap();
    // More than a thread takes at once: most are still in the queue when it hears of the failure.
    let look = || sea.query(IslandId(0), |bank| bank.puts).unwrap();
    let seen: Vec<_> = std::iter::repeat_with(look).take(600).collect();
    disk.set(Mood::Broken);
    let failed = answer(sea.ask(there, Command::Put(2)).unwrap()).unwrap_err();
    assert!(matches!(failed, AskError::Journal(_)), "{failed}");
    go.send(()).unwrap();
    assert_eq!(answer(put), Err(failed.clone()));
    seen.into_iter().for_each(|seen| assert_eq!(answer(seen), Err(failed.clone())));
    let _ = answer(held.unwrap());
    assert!(sea.close(LONG).is_err());
}
