//! Admission: a full system says Busy and goes on; every admitted ask is answered exactly once.
//!
//! Rules: the disk is made slow to fill queues, so nothing here depends on luck.
//!
//! It doesn't know links.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use archipelago::builder;
use archipelago::command::{AskError, Busy};
use archipelago::core::id::RequestNumber;
use archipelago::core::island::Refusal;

use super::bank::{Command, answer, ask_until_taken, bank, close, stored};
use super::disk::{Disk, LIFE, Mood};

#[test]
fn an_island_with_too_many_unanswered_requests_is_busy_until_they_are_answered() {
    let sea = builder().islands(2).threads(1).unanswered_max(3).in_memory().open(bank).unwrap();
    let island = sea.island_of("key");
    for _ in 0..3 {
        let parked: Vec<_> = (0..3).map(|_| sea.ask("key", Command::Park).unwrap()).collect();
        let busy = sea.ask("key", Command::Park).unwrap_err();
        assert_eq!(busy, AskError::Busy(Busy::Island(island)));
        // Who stops waiting does not make room: the request is not answered yet.
        let mut parked = parked.into_iter();
        drop(parked.next());
        assert!(sea.ask("key", Command::Release).is_err());
        // Another island is not busy, and the queries of this one still work.
        let other = (0..).map(|n| n.to_string()).find(|key| sea.island_of(key) != island).unwrap();
        answer(sea.ask(other, Command::Put(1)).unwrap()).unwrap();
        while answer(sea.query(island, |bank| bank.parked.len()).unwrap()).unwrap() < 3 {}
        // Timers and islands are never refused: one of them releases.
        sea.ask("key", Command::Put(0)).unwrap_err();
        let other = archipelago::IslandId(1 - island.0);
        let key = super::bank::key_of(&sea, other.0);
        answer(sea.ask(key, Command::ReleaseAt(island.0)).unwrap()).unwrap();
        parked.for_each(|parked| assert_eq!(answer(parked), Ok(3)));
    }
    assert!(sea.busy() >= 9, "{}", sea.busy());
    close(sea);
}

#[test]
fn a_full_queue_is_busy_and_empties() {
    let disk = Disk::new();
    let built = builder().islands(2).threads(1).queue_max(2).unanswered_max(1000);
    let sea = built.storage(disk.clone(), LIFE).open(bank).unwrap();
    // The island's thread is held up by a query that waits.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (began, has_begun) = std::sync::mpsc::channel();
    let held = sea.query(sea.island_of("key"), move |_| {
        began.send(()).unwrap();
        wait.recv().unwrap();
    });
    has_begun.recv().unwrap();
    let taken: Vec<_> = (0..2).map(|n| sea.ask("key", Command::Put(n)).unwrap()).collect();
    let full = AskError::Busy(Busy::Queue(sea.island_of("key")));
    assert_eq!(sea.ask("key", Command::Put(9)).unwrap_err(), full);
    assert_eq!(sea.query(sea.island_of("key"), |_| ()).unwrap_err(), full);
    assert_eq!(sea.tell("key", Command::Put(9)).unwrap_err(), full);
    go.send(()).unwrap();
    answer(held.unwrap()).unwrap();
    taken.into_iter().for_each(|put| assert!(answer(put).is_ok()));
    answer(ask_until_taken(&sea, "key", || Command::Put(2)).unwrap()).unwrap();
    // The figures of more islands than the queue holds.
    assert_eq!(sea.stats().unwrap().len(), 2);
    assert_eq!(stored(&close(sea)).into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn told_commands_that_nobody_answers_make_room_again() {
    let sea = builder().islands(1).threads(1).unanswered_max(2).in_memory().open(bank).unwrap();
    for _ in 0..50 {
        while let Err(busy) = sea.tell("key", Command::Silence) {
            assert!(matches!(busy, AskError::Busy(Busy::Island(_))), "{busy}");
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    let closed = close(sea);
    assert_eq!((closed.images[0].position.0, closed.stats[0].answered), (50, 50));
}

#[test]
fn one_parked_ask_holds_up_nobody_else() {
    let sea = builder().islands(1).threads(1).in_memory().open(bank).unwrap();
    let parked = sea.ask("key", Command::Park).unwrap();
    // More than the numbers a client may run ahead.
    let mut pending = std::collections::VecDeque::new();
    for number in 0..20_000 {
        if pending.len() == 500 {
            answer::<u64>(pending.pop_front().unwrap()).unwrap();
        }
        pending.push_back(sea.ask("key", Command::Put(number)).unwrap());
    }
    pending.into_iter().for_each(|put| assert!(answer(put).is_ok()));
    answer(sea.ask("key", Command::Release).unwrap()).unwrap();
    assert_eq!(answer(parked), Ok(1));
    assert_eq!(stored(&close(sea)).len(), 20_000);
}

#[test]
fn a_named_client_is_told_when_it_runs_too_far_ahead() {
    let sea = builder().islands(1).threads(1).in_memory().open(bank).unwrap();
    let client = sea.client("me").unwrap();
    let parked = client.ask_as(RequestNumber(1), "key", Command::Park).unwrap();
    let far = RequestNumber(1 + archipelago::core::command::dedup::SPAN_MAX);
    let busy = client.ask_as(far, "key", Command::Put(1)).unwrap_err();
    assert_eq!(busy, AskError::Busy(Busy::Client));
    assert_eq!(client.reserve(far), Err(AskError::Busy(Busy::Client)));
    answer(client.ask_as(RequestNumber(2), "key", Command::Release).unwrap()).unwrap();
    answer(parked).unwrap();
    answer(client.ask_as(far, "key", Command::Put(1)).unwrap()).unwrap();
    let told = answer(client.ask_as(RequestNumber(1), "key", Command::Park).unwrap()).unwrap_err();
    assert_eq!(told, AskError::Refused(Refusal::Forgotten(RequestNumber(1))));
    // The largest number is a number.
    let last = RequestNumber(u64::MAX);
    answer(client.ask_as(last, "key", Command::Put(2)).unwrap()).unwrap();
    close(sea);
}

#[test]
fn a_busy_ask_of_a_reserved_or_pending_number_does_not_make_it_forgotten() {
    let sea = builder().islands(2).threads(1).unanswered_max(1).in_memory().open(bank).unwrap();
    let client = sea.client("me").unwrap();
    let (here, there) = (super::bank::key_of(&sea, 0), super::bank::key_of(&sea, 1));
    client.reserve(RequestNumber(1)).unwrap();
    let parked = client.ask_as(RequestNumber(2), &here, Command::Park).unwrap();
    for _ in 0..2 {
        assert!(client.ask_as(RequestNumber(1), &here, Command::Put(1)).is_err(), "busy");
        assert!(client.ask_as(RequestNumber(2), &here, Command::Park).is_err(), "busy");
    }
    // It goes with what is oldest: nothing may be forgotten by this.
    answer(client.ask_as(RequestNumber(3), &there, Command::ReleaseAt(0)).unwrap()).unwrap();
    assert_eq!(answer(parked), Ok(1));
    // An answer may arrive a moment before its place is free.
    let ask = |number, command: fn() -> Command| loop {
        match client.ask_as(RequestNumber(number), &here, command()) {
            Err(AskError::Busy(_)) => std::thread::yield_now(),
            taken => break answer(taken.unwrap()),
        }
    };
    assert_eq!(ask(4, || Command::Put(4)), Ok(1));
    assert_eq!(ask(1, || Command::Put(1)), Ok(2));
    close(sea);
}

#[test]
fn every_admitted_ask_is_answered_exactly_once_in_a_storm() {
    const THREADS: u64 = 8;
    const ASKS: u64 = 1500;
    let built = builder().islands(7).threads(3).unanswered_max(20).queue_max(40);
    let sea = Arc::new(built.in_memory().open(bank).unwrap());
    let (busy, answers) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (sea, busy, answers) = (&sea, &busy, &answers);
            scope.spawn(move || {
                let client = sea.client(&format!("client {thread}")).unwrap();
                let completions = client.completions();
                let mut open: BTreeMap<u64, ()> = BTreeMap::new();
                let take =
                    |open: &mut BTreeMap<u64, ()>, done: archipelago::command::Completion<u64>| {
                        done.answer.unwrap();
                        assert!(open.remove(&done.number.0).is_some(), "answered twice");
                        answers.fetch_add(1, Ordering::Relaxed);
                    };
                for number in 1..=ASKS {
                    let key = format!("{}", number % 97);
                    let mut command = Command::Put(thread * ASKS + number);
                    loop {
                        match completions.ask_as(RequestNumber(number), &key, command) {
                            Ok(()) => break,
                            Err((AskError::Busy(_), back)) => command = back,
                            Err((other, _)) => panic!("{other}"),
                        }
                        busy.fetch_add(1, Ordering::Relaxed);
                        match completions.try_next() {
                            Some(done) => take(&mut open, done),
                            None => std::thread::yield_now(),
                        }
                    }
                    open.insert(number, ());
                }
                while !open.is_empty() {
                    take(&mut open, completions.next());
                }
                assert!(completions.try_next().is_none(), "an answer too many");
            });
        }
    });
    assert_eq!(answers.load(Ordering::Relaxed), THREADS * ASKS);
    assert_eq!(sea.busy(), busy.load(Ordering::Relaxed));
    let closed = close(Arc::into_inner(sea).unwrap());
    assert_eq!(stored(&closed).len() as u64, THREADS * ASKS);
    let puts: u64 = closed.images.iter().map(|image| image.state.puts).sum();
    assert_eq!(puts, THREADS * ASKS, "decided once each");
}

#[test]
fn a_slow_disk_fills_the_gauges_and_they_empty_again() {
    let disk = Disk::new();
    let built = builder().islands(3).threads(2).unanswered_max(8);
    let sea = built.storage(disk.clone(), LIFE).open(bank).unwrap();
    for round in 0..3 {
        disk.set(Mood::Slow);
        let taken: Vec<_> = (0..)
            .map(|n| sea.ask("key", Command::Put(round * 100 + n)))
            .take_while(Result::is_ok)
            .map(Result::unwrap)
            .collect();
        assert_eq!(taken.len(), 8);
        disk.set(Mood::Good);
        taken.into_iter().for_each(|put| assert!(answer(put).is_ok()));
    }
    assert_eq!(stored(&close(sea)).len(), 24);
}
