//! Crashes: the system is dropped at any moment and opened again, over and over.
//!
//! Rules:
//! 1. Oracle: the acknowledged numbers of each client, kept outside.
//! 2. A client asks a number again, until it is answered, after every crash: decided once.
//! 3. At the end: nothing acknowledged is missing, no token is lost or doubled, and a replay has
//!    the digest of what ran.
//!
//! It doesn't know loss of power: a drop is the death of a process. Broken disks have their own
//! tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use archipelago::command::{AskError, Client};
use archipelago::core::id::RequestNumber;
use archipelago::journal::Durability;
use archipelago::replay::Log;
use archipelago::{Archipelago, Closed, builder};

use super::bank::{Bank, Command, answer, bank, close, stored, tokens};
use super::disk::{Disk, LIFE};

const CLIENTS: u64 = 4;

/// One client's side: what it asked, and what it has an answer to.
#[derive(Clone, Default)]
struct Memory {
    next: u64,
    acknowledged: BTreeSet<u64>,
    walks: u64,
}

/// The command of a client's `number`: the same whenever it is asked.
fn command(client: u64, number: u64) -> Command {
    match number % 5 {
        0 => Command::Walk { tokens: 3, hops: 7 },
        _ => Command::Put(client * 1_000_000 + number),
    }
}

/// Asks on until the system is gone.
fn ask_on(id: u64, client: &Client<Bank>, memory: &mut Memory, acknowledged: &AtomicU64) {
    loop {
        let (number, key) = (RequestNumber(memory.next + 1), format!("{}", memory.next % 31));
        match client.ask_as(number, &key, command(id, number.0)).and_then(answer) {
            Ok(_) => {
                memory.next = number.0;
                acknowledged.fetch_add(1, Ordering::Relaxed);
                match command(id, number.0) {
                    Command::Put(put) => drop(memory.acknowledged.insert(put)),
                    _ => memory.walks += 1,
                }
            }
            Err(AskError::Closed) => return,
            Err(AskError::Busy(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Runs for a while, then crashes while everyone is asking.
fn run_and_crash(sea: Archipelago<Bank>, memories: &mut [Memory], asks: u64) {
    let acknowledged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (id, memory) in memories.iter_mut().enumerate() {
            let (client, acknowledged) =
                (sea.client(&format!("client {id}")).unwrap(), &acknowledged);
            scope.spawn(move || ask_on(id as u64, &client, memory, acknowledged));
        }
        while acknowledged.load(Ordering::Relaxed) < asks {
            std::thread::yield_now();
        }
        drop(sea);
    });
}

fn check(closed: &Closed<Bank>, memories: &[Memory]) {
    let kept = stored(closed);
    for memory in memories {
        let lost: Vec<_> = memory.acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    }
    let walked = tokens(closed);
    let acknowledged: u64 = memories.iter().map(|memory| memory.walks * 3).sum();
    assert!(walked >= acknowledged, "{walked} tokens, {acknowledged} acknowledged");
    let puts: u64 = closed.images.iter().map(|image| image.state.puts).sum();
    assert_eq!(puts, kept.len() as u64, "asked again, decided again");
}

/// Crashes `rounds` times after a varying number of answers, then closes and checks.
fn crash_over_and_over(rounds: u64, open: impl Fn() -> Archipelago<Bank>) -> Closed<Bank> {
    let mut memories = vec![Memory::default(); CLIENTS as usize];
    let mut owed = 0;
    for round in 0..rounds {
        let sea = open();
        owed += sea.recovery().0.sends_suppressed;
        run_and_crash(sea, &mut memories, round * 7919 % 97);
    }
    assert!(owed > 0, "no restart found messages to suppress");
    let closed = close(open());
    check(&closed, &memories);
    closed
}

#[test]
fn crashes_lose_nothing_acknowledged_and_double_nothing_in_memory() {
    for (islands, threads, durability) in
        [(1, 1, Durability::Os), (5, 2, Durability::Disk), (16, 3, Durability::Os)]
    {
        let disk = Disk::new();
        let open = || {
            let built = builder().islands(islands).threads(threads).segment_bytes(1 << 14);
            let disk = Arc::clone(&disk);
            built.durability(durability).storage(disk, LIFE).open(bank).unwrap()
        };
        let closed = crash_over_and_over(25, open);
        // Opened and closed again: what was replayed is what ran.
        let replayed = close(open());
        assert_eq!(replayed.digest().unwrap(), closed.digest().unwrap());
    }
}

#[test]
fn crashes_lose_nothing_acknowledged_and_double_nothing_on_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = || {
        let built = builder().islands(7).threads(2).segment_bytes(1 << 16);
        built.journal(&data).open(bank).unwrap()
    };
    let closed = crash_over_and_over(12, open);
    assert_replays_to(&data, &closed);
}

fn assert_replays_to(data: &Path, closed: &Closed<Bank>) {
    let log = Log::open(data).unwrap();
    for threads in [1, 3] {
        let restored = log.restore(threads, bank).unwrap();
        assert_eq!(restored.digest().unwrap(), closed.digest().unwrap());
        assert_eq!(restored.sends_owed(), 0);
    }
}

#[test]
fn what_a_crash_left_on_its_way_goes_out_once_after_any_number_of_restarts() {
    let disk = Disk::new();
    let open = || {
        let disk = Arc::clone(&disk);
        builder().islands(4).threads(2).storage(disk, LIFE).open(bank).unwrap()
    };
    let sea = open();
    for walk in 0..20 {
        let key = walk.to_string();
        answer(sea.ask(key, Command::Walk { tokens: 10, hops: 500 }).unwrap()).unwrap();
    }
    // Crashes in quick succession: some before the peers have said hello.
    drop(sea);
    (0..10).for_each(|_| drop(open()));
    let closed = close(open());
    assert_eq!(tokens(&closed), 200);
    let steps: u64 = closed.images.iter().map(|image| image.state.steps).sum();
    assert_eq!(steps, 200 * 500);
}

#[test]
fn timers_survive_a_crash_and_fire_once() {
    let disk = Disk::new();
    let open = || {
        let disk = Arc::clone(&disk);
        builder().islands(3).threads(2).storage(disk, LIFE).open(bank).unwrap()
    };
    let sea = open();
    for timer in 0..30 {
        let later = Command::Later { millis: timer % 7 * 5 };
        answer(sea.ask(timer.to_string(), later).unwrap()).unwrap();
    }
    drop(sea);
    let sea = open();
    let fired = |sea: &Archipelago<Bank>| -> u64 {
        let islands = (0..3).map(archipelago::IslandId);
        islands.map(|at| answer(sea.query(at, |bank| bank.fired).unwrap()).unwrap()).sum()
    };
    while fired(&sea) < 30 {
        std::thread::yield_now();
    }
    close(sea);
    let closed = close(open());
    assert_eq!(closed.images.iter().map(|image| image.state.fired).sum::<u64>(), 30);
    assert!(closed.images.iter().all(|image| image.timers.is_empty()));
}
