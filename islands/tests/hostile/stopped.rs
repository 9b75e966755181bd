//! Islands, workers and systems that end before their time: nobody waits for ever.
//!
//! Rules: whoever waits is told why; the others go on.
//!
//! It doesn't know disks.

use std::sync::Arc;
use std::time::Duration;

use archipelago::command::AskError;
use archipelago::core::island::Refusal;
use archipelago::{Archipelago, Island, IslandId, Settled, Turn, builder};
use serde::{Deserialize, Serialize};

use super::bank::{Bank, Command, LONG, SHORT, answer, bank, close, key_of, stored, tokens};
use super::disk::{Disk, LIFE};

fn open(disk: &Arc<Disk>) -> Archipelago<Bank> {
    let disk: Arc<Disk> = Arc::clone(disk);
    builder().islands(3).threads(2).storage(disk, LIFE).open(bank).unwrap()
}

fn has_stopped<T: std::fmt::Debug>(answer: Result<T, AskError>) -> bool {
    match answer {
        Err(AskError::Refused(Refusal::Stopped(IslandId(1), why))) => why.contains("poisoned"),
        _ => false,
    }
}

#[test]
fn a_panic_in_evolve_stops_its_island_and_tells_all_who_wait() {
    for by_message in [false, true] {
        let disk = Disk::new();
        let sea = open(&disk);
        let key = key_of(&sea, 1);
        let other = key_of(&sea, 0);
        assert_eq!(answer(sea.ask(&key, Command::Put(1)).unwrap()), Ok(1));
        let parked: Vec<_> = (0..3).map(|_| sea.ask(&key, Command::Park).unwrap()).collect();
        if by_message {
            answer(sea.ask(&other, Command::PoisonAt(1)).unwrap()).unwrap();
        } else {
            assert!(has_stopped(answer(sea.ask(&key, Command::Poison).unwrap())));
        }
        parked.into_iter().for_each(|parked| assert!(has_stopped(answer(parked))));
        // What it stopped with may be half changed: nobody sees it.
        assert!(has_stopped(answer(sea.ask(&key, Command::Put(2)).unwrap())));
        assert!(has_stopped(answer(sea.query(IslandId(1), |bank| bank.puts).unwrap())));
        let stats = sea.stats().unwrap();
        assert!(stats[1].stopped.is_some() && stats[0].stopped.is_none());

        // The others go on, as far as they don't wait for it.
        assert_eq!(answer(sea.ask(&other, Command::Put(3)).unwrap()), Ok(1));
        let closed = sea.close(SHORT).unwrap();
        let unacked = u64::from(by_message);
        assert_eq!(closed.settled, Settled::No { waiting: 3, unacked });

        // The record that stopped it was never written; a poisonous message comes again.
        let sea = open(&disk);
        if !by_message {
            assert_eq!(answer(sea.ask(&key, Command::Release).unwrap()), Ok(3));
            let closed = close(sea);
            assert_eq!(stored(&closed).into_iter().collect::<Vec<_>>(), [1, 3]);
            assert_eq!(closed.images[1].state.puts, 1);
        }
    }
}

fn close_stopped(sea: Archipelago<Bank>) {
    let closed = sea.close(SHORT).unwrap();
    assert!(matches!(closed.settled, Settled::No { .. }));
}

#[test]
fn a_close_ends_although_an_ask_is_never_answered() {
    let disk = Disk::new();
    let sea = open(&disk);
    let parked = sea.ask("key", Command::Park).unwrap();
    let silent = sea.ask("key", Command::Silence).unwrap();
    drop(silent);
    let closed = sea.close(Duration::from_millis(50)).unwrap();
    assert_eq!(closed.settled, Settled::No { waiting: 2, unacked: 0 });
    assert_eq!(answer(parked), Err(AskError::Closed));
    let sea = open(&disk);
    assert_eq!(answer(sea.ask("key", Command::Release).unwrap()), Ok(1));
    close(sea);
}

#[test]
fn a_close_without_time_tells_everyone() {
    let disk = Disk::new();
    let sea = open(&disk);
    let pending: Vec<_> =
        (0..500).filter_map(|n: u64| sea.ask(n.to_string(), Command::Put(n)).ok()).collect();
    let closed = sea.close(Duration::ZERO).unwrap();
    let answers: Vec<_> = pending.into_iter().map(answer).collect();
    let told = answers.iter().filter(|answer| **answer == Err(AskError::Closed)).count() as u64;
    let acknowledged = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(told + acknowledged as u64, answers.len() as u64);
    match closed.settled {
        Settled::Yes => assert_eq!(told, 0),
        Settled::No { waiting, .. } => assert_eq!(waiting, told),
    }
    assert!(stored(&close(open(&disk))).len() >= acknowledged);
}

#[test]
fn asks_and_queries_that_race_with_the_end_are_all_answered() {
    for round in 0..60 {
        let sea = builder().islands(3).threads(2).in_memory().open(bank).unwrap();
        let clients: Vec<_> = (0..3).map(|n| sea.client(&n.to_string()).unwrap()).collect();
        std::thread::scope(|scope| {
            for client in &clients {
                scope.spawn(move || {
                    let mut number = 0;
                    // Whatever was taken must be answered, or the test hangs here.
                    while let Ok(put) = client.ask(format!("{number}"), Command::Put(number)) {
                        if answer(put).is_err() {
                            break;
                        }
                        number += 1;
                    }
                });
            }
            for _ in 0..round * 10 {
                std::thread::yield_now();
            }
            drop(sea);
        });
    }
}

#[test]
fn a_query_that_panics_harms_nobody() {
    let sea = builder().islands(2).threads(1).in_memory().open(bank).unwrap();
    let looked = sea.query(IslandId(0), |_| -> u64 { panic!("a bad look") }).unwrap();
    assert!(matches!(answer(looked), Err(AskError::DeadLetter(_))));
    assert_eq!(answer(sea.ask("key", Command::Put(1)).unwrap()), Ok(1));
    close(sea);
}

#[test]
fn a_system_dropped_by_a_panic_ends() {
    let ask = std::thread::scope(|scope| {
        let (bring, brought) = std::sync::mpsc::channel();
        let main = scope.spawn(move || {
            let sea = builder().islands(2).threads(2).in_memory().open(bank).unwrap();
            bring.send(sea.ask("key", Command::Park).unwrap()).unwrap();
            panic!("the program's own");
        });
        assert!(main.join().is_err());
        answer(brought.recv().unwrap())
    });
    assert_eq!(ask, Err(AskError::Closed));
}

/// Its commands panic when they are written.
#[derive(Default, Serialize, Deserialize)]
struct Fragile;

#[derive(Debug, Deserialize)]
struct Bomb(bool);

impl Serialize for Bomb {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "written");
        serializer.serialize_bool(self.0)
    }
}

impl Island for Fragile {
    type Command = Bomb;
    type Event = ();
    type Reply = ();

    fn decide(&self, Bomb(_): Bomb, turn: &mut Turn<Self>) {
        turn.reply(());
    }

    fn evolve(&mut self, (): &()) {}
}

#[test]
fn a_worker_that_panics_ends_the_system_and_nobody_hangs() {
    let sea = builder().islands(2).threads(2).in_memory().open(|_| Fragile).unwrap();
    answer(sea.ask("key", Bomb(false)).unwrap()).unwrap();
    assert_eq!(answer(sea.ask("key", Bomb(true)).unwrap()), Err(AskError::Closed));
    // All of it has ended, also for other islands.
    for key in 0..100_u32 {
        if let Ok(pending) = sea.ask(key.to_string(), Bomb(false)) {
            let _ = answer(pending);
        }
    }
    let closed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sea.close(LONG)));
    assert!(closed.is_err(), "the panic is told to whoever closes");
}

#[test]
fn tokens_wait_at_the_door_of_a_stopped_island() {
    let disk = Disk::new();
    let sea = open(&disk);
    let key = key_of(&sea, 1);
    assert!(answer(sea.ask(&key, Command::Poison).unwrap()).is_err());
    for n in 0..30_u32 {
        let at = key_of(&sea, 2 * (n % 2));
        answer(sea.ask(at, Command::Walk { tokens: 5, hops: 9 }).unwrap()).unwrap();
    }
    close_stopped(sea);
    assert_eq!(tokens(&close(open(&disk))), 150);
}
