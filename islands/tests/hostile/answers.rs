//! Answers: awaited, dropped, asked for twice, asked for again after a restart.
//!
//! Rules: futures are driven by hand, with std alone.
//!
//! It doesn't know how answers become durable.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use archipelago::command::AskError;
use archipelago::core::id::{Asker, RequestNumber};
use archipelago::{Island, IslandId, Settled, Turn, builder};
use serde::{Deserialize, Serialize};

use super::bank::{Command, LONG, answer, bank, close, stored};
use super::disk::{Disk, LIFE, Mood};

/// Wakes a thread, and counts how often.
struct Unpark(Thread, AtomicU64);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current(), AtomicU64::new(0))));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(LONG),
        }
    }
}

#[test]
fn answers_can_be_awaited_on_any_executor() {
    let sea = builder().islands(3).threads(2).in_memory().open(bank).unwrap();
    let total = block_on(async {
        let mut total = 0;
        for number in 0..200 {
            total = total.max(sea.ask("key", Command::Put(number)).unwrap().await.unwrap());
        }
        let dead = sea.ask("key", Command::Explode).unwrap().await.unwrap_err();
        assert!(matches!(&dead, AskError::DeadLetter(why) if &**why == "as asked"), "{dead}");
        assert_eq!(sea.query(sea.island_of("key"), |bank| bank.puts).unwrap().await, Ok(200));
        total
    });
    assert_eq!(total, 200);
    close(sea);
}

#[test]
fn the_last_waker_is_woken_once_and_dropped_futures_wake_nobody() {
    let disk = Disk::new();
    let sea = builder().islands(1).threads(1).storage(disk.clone(), LIFE).open(bank).unwrap();
    disk.set(Mood::Slow);
    let wakers: Vec<_> =
        (0..3).map(|_| Arc::new(Unpark(std::thread::current(), AtomicU64::new(0)))).collect();
    let poll = |pending: &mut archipelago::command::Pending<u64>, waker: usize| {
        let waker = Waker::from(wakers[waker].clone());
        Pin::new(pending).poll(&mut Context::from_waker(&waker))
    };
    let (mut kept, mut dropped) =
        (sea.ask("key", Command::Put(1)).unwrap(), sea.ask("key", Command::Put(2)).unwrap());
    assert!(poll(&mut kept, 0).is_pending());
    assert!(poll(&mut kept, 1).is_pending(), "a task that moved brings another waker");
    assert!(poll(&mut dropped, 2).is_pending());
    drop(dropped);
    disk.set(Mood::Good);
    // A third put is durable after the two.
    answer(sea.ask("key", Command::Put(3)).unwrap()).unwrap();
    assert_eq!(poll(&mut kept, 0), Poll::Ready(Ok(1)));
    let woken: Vec<_> = wakers.iter().map(|waker| waker.1.load(Ordering::SeqCst)).collect();
    assert_eq!(woken[..2], [0, 1]);
    assert_eq!(stored(&close(sea)).len(), 3, "a dropped answer leaves its command to run");
}

#[test]
fn wait_for_gives_the_answer_back_to_wait_on_again() {
    let disk = Disk::new();
    let sea = builder().islands(1).threads(1).storage(disk.clone(), LIFE).open(bank).unwrap();
    disk.set(Mood::Slow);
    let mut put = sea.ask("key", Command::Put(1)).unwrap();
    for time in [Duration::ZERO, Duration::from_millis(3)] {
        put = put.wait_for(time).expect_err("nothing is durable");
    }
    disk.set(Mood::Good);
    assert_eq!(put.wait_for(Duration::MAX).expect("waited for ever"), Ok(1));
    sea.tell("key", Command::Put(2)).unwrap();
    let closed = sea.close(Duration::MAX).unwrap();
    assert_eq!((closed.settled, stored(&closed).len()), (Settled::Yes, 2));
}

#[test]
fn a_duplicate_of_a_pending_request_gets_the_same_answer_and_also_after_a_restart() {
    let disk = Disk::new();
    let open = || builder().islands(2).threads(2).storage(disk.clone(), LIFE).open(bank).unwrap();
    let number = RequestNumber(5);
    let sea = open();
    let client = sea.client("me").unwrap();
    let first = client.ask_as(number, "key", Command::Park).unwrap();
    let second = client.ask_as(number, "key", Command::Park).unwrap();
    answer(sea.ask("key", Command::Put(1)).unwrap()).unwrap();
    drop(sea);
    assert_eq!((answer(first), answer(second)), (Err(AskError::Closed), Err(AskError::Closed)));

    // It is still pending; everyone who asks it gets the one answer.
    let sea = open();
    let client = sea.client("me").unwrap();
    let again: Vec<_> =
        (0..3).map(|_| client.ask_as(number, "key", Command::Park).unwrap()).collect();
    assert_eq!(answer(sea.ask("key", Command::Release).unwrap()), Ok(1), "it was decided once");
    again.into_iter().for_each(|again| assert_eq!(answer(again), Ok(1)));
    assert_eq!(answer(client.ask_as(number, "key", Command::Park).unwrap()), Ok(1));
    close(sea);

    let sea = open();
    let client = sea.client("me").unwrap();
    assert_eq!(answer(client.ask_as(number, "key", Command::Park).unwrap()), Ok(1));
    let closed = close(sea);
    assert!(closed.images.iter().all(|image| image.state.parked.is_empty()));
}

/// Answers each asker twice, which it should not.
#[derive(Default, Serialize, Deserialize)]
struct Twice {
    asked: Vec<Asker>,
}

impl Island for Twice {
    type Command = ();
    type Event = Asker;
    type Reply = u64;

    fn decide(&self, (): (), turn: &mut Turn<Self>) {
        let asker = turn.asker().expect("clients ask");
        turn.emit(asker);
        // All earlier ones again, and this one twice.
        for earlier in self.asked.iter().chain([&asker, &asker]) {
            turn.reply_to(*earlier, self.asked.len() as u64);
        }
    }

    fn evolve(&mut self, asker: &Asker) {
        self.asked.push(*asker);
    }
}

#[test]
fn a_second_answer_is_given_to_nobody() {
    let disk = Disk::new();
    let make = |_: IslandId| Twice::default();
    let sea = builder().islands(1).threads(1).storage(disk.clone(), LIFE).open(make).unwrap();
    let client = sea.client("me").unwrap();
    client.reserve(RequestNumber(1)).unwrap();
    assert_eq!(answer(client.ask_as(RequestNumber(2), "key", ()).unwrap()), Ok(0));
    disk.set(Mood::Slow);
    // The first of these answers number 2 again, while number 2 is asked again.
    let other = sea.ask("key", ()).unwrap();
    let again = client.ask_as(RequestNumber(2), "key", ()).unwrap();
    disk.set(Mood::Good);
    assert_eq!((answer(other), answer(again)), (Ok(1), Ok(0)));
    assert_eq!(sea.close(LONG).unwrap().settled, Settled::Yes);
}
