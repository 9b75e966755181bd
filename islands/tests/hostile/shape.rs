//! Shapes: any number of islands on any number of threads, and one process a directory.
//!
//! Rules: every shape does the same work and must come to the same sums.
//!
//! It doesn't know speed.

use archipelago::journal::JournalError;
use archipelago::replay::{Log, OpenError};
use archipelago::{Archipelago, Settled, builder};

use super::bank::{Bank, Command, LONG, answer, ask_until_taken, bank, close, stored, tokens};

fn work(sea: &Archipelago<Bank>, keys: u64) {
    let pending: Vec<_> = (0..keys)
        .map(|key| {
            let key_name = key.to_string();
            ask_until_taken(sea, &key_name, || match key % 8 {
                0 => Command::Walk { tokens: 4, hops: 3 },
                _ => Command::Put(key),
            })
        })
        .collect();
    pending.into_iter().for_each(|pending| assert!(pending.and_then(answer).is_ok()));
}

#[test]
fn islands_and_threads_in_any_numbers() {
    let shapes = [(1, 1), (1, 4), (2, 2), (3, 16), (5, 2), (64, 3), (65, 65), (130, 70)];
    for (islands, threads) in shapes {
        let sea = builder().islands(islands).threads(threads).in_memory().open(bank).unwrap();
        work(&sea, 400);
        let closed = close(sea);
        assert_eq!(closed.threads, threads.min(islands as usize), "{islands} islands");
        assert_eq!((tokens(&closed), stored(&closed).len()), (200, 350), "{islands}, {threads}");
    }
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    assert!(matches!(builder().islands(0).open(bank), Err(OpenError::Islands(_))));
    assert!(matches!(builder().islands(4097).open(bank), Err(OpenError::Islands(_))));
    assert!(matches!(builder().threads(0).open(bank), Err(OpenError::Setting(_))));
    assert!(matches!(builder().queue_max(0).open(bank), Err(OpenError::Setting(_))));
    assert!(matches!(builder().unanswered_max(0).open(bank), Err(OpenError::Setting(_))));
}

/// Resident memory of this process in bytes, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

#[test]
fn the_most_islands_on_two_threads() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = || builder().islands(4096).threads(2).journal(&data).open(bank).unwrap();
    let before = resident();
    let sea = open();
    work(&sea, 10_000);
    assert_eq!(sea.stats().unwrap().len(), 4096);
    let closed = close(sea);
    assert_eq!((tokens(&closed), stored(&closed).len()), (5000, 8750));
    let digest = closed.digest().unwrap();
    drop(closed);
    let sea = open();
    if let (Some(before), Some(now)) = (before, resident()) {
        // Other tests run in this process too; twice as much as this needs is allowed for.
        assert!(now.saturating_sub(before) < 1 << 30, "{before} → {now} bytes");
    }
    // The hellos of all pairs with a past change nothing.
    assert_eq!(close(sea).digest().unwrap(), digest);
}

#[test]
fn a_directory_is_opened_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = || builder().islands(2).journal(&data).open(bank);
    let in_use = |error| matches!(error, OpenError::Journal(JournalError::InUse { .. }));
    let sea = open().unwrap();
    assert!(in_use(open().unwrap_err()));
    assert!(in_use(Log::open(&data).unwrap_err()));
    answer(sea.ask("key", Command::Put(1)).unwrap()).unwrap();
    // A client that outlives the system does not keep the directory.
    let client = sea.client("me").unwrap();
    drop(sea);
    assert!(client.ask("key", Command::Put(2)).is_err());
    let log = Log::open(&data).unwrap();
    assert!(in_use(open().unwrap_err()), "a reader keeps writers out");
    drop(log);
    let sea = open().unwrap();
    assert_eq!(answer(sea.query(sea.island_of("key"), |bank| bank.puts).unwrap()), Ok(1));
    close(sea);
}

#[test]
fn opening_and_ending_at_once_never_hangs() {
    for round in 0..300 {
        let sea = builder().islands(3).threads(2).in_memory().open(bank).unwrap();
        match round % 3 {
            0 => drop(sea),
            1 => drop(close(sea)),
            _ => {
                sea.tell("key", Command::Put(1)).unwrap();
                let closed = sea.close(LONG).unwrap();
                assert_eq!(closed.settled, Settled::Yes);
                assert_eq!(closed.images.len(), 3);
                assert_eq!(stored(&closed).len(), 1);
            }
        }
    }
}
