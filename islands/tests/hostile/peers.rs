//! Islands that are slow, stopped or far behind: their peers wait for them, and lose nothing.
//!
//! Rules: limits are tiny, so that every message beyond a few stands in the journal only.
//!
//! It doesn't know frames.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use archipelago::command::{AskError, Busy, Pending};
use archipelago::core::island::Limits;
use archipelago::core::link::LinkLimits;
use archipelago::{Archipelago, AtRest, Builder, IslandId, Settled, builder};

use super::bank::{
    Bank, Command, LONG, SHORT, answer, ask_until_taken, bank, close, key_of, tokens,
};
use super::disk::{Disk, LIFE};

fn tiny(window: u32, held_max: u32, kept_max: u32) -> Limits {
    Limits { links: LinkLimits { window, held_max, kept_max }, ..Limits::default() }
}

fn two_islands(disk: &Arc<Disk>, limits: Limits) -> Builder {
    let disk: Arc<Disk> = Arc::clone(disk);
    builder().islands(2).threads(2).limits(limits).storage(disk, LIFE)
}

/// Holds up an island's thread until something is sent.
fn hold_up(sea: &Archipelago<Bank>, island: u32) -> (Sender<()>, Pending<()>) {
    let (go, wait) = channel();
    let (began, has_begun) = channel();
    let held = sea.query(IslandId(island), move |_| {
        began.send(()).unwrap();
        // The test has failed when nobody sends.
        let _ = wait.recv();
    });
    has_begun.recv().unwrap();
    (go, held.unwrap())
}

#[test]
fn tokens_walk_through_the_smallest_windows() {
    for (limits, threads) in [(tiny(1, 1, 1), 1), (tiny(1, 1, 1), 3), (tiny(3, 2, 2), 2)] {
        let built = builder().islands(6).threads(threads).limits(limits);
        let sea = built.storage(Disk::new(), LIFE).open(bank).unwrap();
        for key in 0..40_u32 {
            let walk = || Command::Walk { tokens: 9, hops: 5 };
            answer(ask_until_taken(&sea, &key.to_string(), walk).unwrap()).unwrap();
        }
        assert_eq!(tokens(&close(sea)), 360);
    }
}

#[test]
fn a_slow_receiver_fills_the_journal_of_its_sender_and_gets_everything_in_the_end() {
    let limits = Limits { spilled_max: 1000, ..tiny(8, 8, 16) };
    let sea = two_islands(&Disk::new(), limits).open(bank).unwrap();
    let key = key_of(&sea, 0);
    let (go, held) = hold_up(&sea, 1);
    let mut walks = 0;
    let backlog = loop {
        // Several messages to the same peer in each record.
        match sea.ask(&key, Command::Walk { tokens: 20, hops: 0 }).and_then(answer) {
            Ok(_) => walks += 1,
            Err(why) => break why,
        }
    };
    assert_eq!(backlog, AskError::Busy(Busy::Backlog(IslandId(0))));
    assert!(walks * 20 >= 1000, "{walks}");
    go.send(()).unwrap();
    answer(held).unwrap();
    let walk = || Command::Walk { tokens: 20, hops: 0 };
    answer(ask_until_taken(&sea, &key, walk).unwrap()).unwrap();
    assert_eq!(tokens(&close(sea)), (walks + 1) * 20);
}

#[test]
fn without_a_journal_a_slow_receiver_s_messages_wait_in_memory_up_to_a_limit() {
    let limits = Limits { spilled_max: 1000, ..tiny(8, 8, 16) };
    let built = builder().islands(2).threads(2).limits(limits).in_memory();
    let sea = built.open(bank).unwrap();
    let key = key_of(&sea, 0);
    let walk = || Command::Walk { tokens: 20, hops: 0 };
    // Once, so that the link is open: before that nobody knows what the peer has.
    answer(sea.ask(&key, walk()).unwrap()).unwrap();
    assert_eq!(sea.settle(LONG), Ok(AtRest::Yes));
    let (go, held) = hold_up(&sea, 1);
    let mut walks = 1;
    let backlog = loop {
        match sea.ask(&key, walk()).and_then(answer) {
            Ok(_) => walks += 1,
            Err(why) => break why,
        }
    };
    assert_eq!(backlog, AskError::Busy(Busy::Backlog(IslandId(0))));
    // About half of the tokens walk to the island they come from.
    assert!((1000..2600).contains(&(walks * 20)), "{walks}");
    go.send(()).unwrap();
    answer(held).unwrap();
    answer(ask_until_taken(&sea, &key, walk).unwrap()).unwrap();
    assert_eq!(tokens(&close(sea)), (walks + 1) * 20);
}

#[test]
fn what_a_stopped_receiver_missed_arrives_after_a_restart() {
    let disk = Disk::new();
    let sea = two_islands(&disk, tiny(8, 8, 16)).open(bank).unwrap();
    let (here, there) = (key_of(&sea, 0), key_of(&sea, 1));
    answer(sea.ask(&there, Command::Put(1)).unwrap()).unwrap();
    assert!(answer(sea.ask(&there, Command::Poison).unwrap()).is_err());
    for _ in 0..200 {
        answer(sea.ask(&here, Command::Walk { tokens: 40, hops: 1 }).unwrap()).unwrap();
    }
    let closed = sea.close(SHORT).unwrap();
    assert_ne!(closed.settled, Settled::Yes);

    // Owed messages survive restarts in which nobody waits for them.
    drop(two_islands(&disk, tiny(8, 8, 16)).open(bank).unwrap());
    let sea = two_islands(&disk, tiny(8, 8, 16)).open(bank).unwrap();
    // The backlog before the start is no reason to refuse clients.
    answer(sea.ask(&here, Command::Put(2)).unwrap()).unwrap();
    assert_eq!(tokens(&close(sea)), 8000);
}

#[test]
fn a_long_past_is_no_backlog_after_a_restart() {
    let disk = Disk::new();
    let limits = Limits { spilled_max: 100, ..Limits::default() };
    let sea = two_islands(&disk, limits).open(bank).unwrap();
    let key = key_of(&sea, 0);
    for _ in 0..50 {
        let walk = || Command::Walk { tokens: 20, hops: 0 };
        answer(ask_until_taken(&sea, &key, walk).unwrap()).unwrap();
    }
    close(sea);
    // The peer cannot answer the hello while it is held up.
    let sea = two_islands(&disk, limits).open(bank).unwrap();
    let (go, held) = hold_up(&sea, 1);
    answer(sea.ask(&key, Command::Put(1)).unwrap()).unwrap();
    answer(sea.ask(&key, Command::Put(2)).unwrap()).unwrap();
    go.send(()).unwrap();
    answer(held).unwrap();
    assert_eq!(tokens(&close(sea)), 1000);
}
