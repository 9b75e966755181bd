//! The runtime from outside: ask, restart, replay, refuse. Real threads, real files.

use std::time::Duration;

use archipelago::replay::Log;
use archipelago::{Island, IslandId, Settled, Turn, builder};
use serde::{Deserialize, Serialize};

/// Passes a token around the islands `hops` times, then answers the asker.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ring {
    passed: u64,
    last: Option<archipelago::core::id::Asker>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Start { hops: u32 },
    Token { hops: u32, home: u32 },
    Explode,
    Count,
}

#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Started(archipelago::core::id::Asker),
    Passed,
}

impl Island for Ring {
    type Command = Command;
    type Event = Event;
    type Reply = u64;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Start { hops } => {
                turn.emit(Event::Started(turn.asker().expect("clients start")));
                let home = turn.island().0;
                turn.send(IslandId((home + 1) % turn.islands()), Command::Token { hops, home });
            }
            Command::Token { hops, home } => {
                turn.emit(Event::Passed);
                if hops == 0 && turn.island().0 == home {
                    turn.reply_to(self.last.expect("started"), self.passed + 1);
                } else {
                    let next = IslandId((turn.island().0 + 1) % turn.islands());
                    turn.send(next, Command::Token { hops: hops.saturating_sub(1), home });
                }
            }
            Command::Explode => panic!("as asked"),
            Command::Count => turn.reply(self.passed),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Started(asker) => self.last = Some(*asker),
            Event::Passed => self.passed += 1,
        }
    }
}

fn close(sea: archipelago::Archipelago<Ring>) -> archipelago::Closed<Ring> {
    let closed = sea.close(Duration::from_secs(20)).unwrap();
    assert_eq!(closed.settled, Settled::Yes);
    closed
}

#[test]
fn a_token_travels_all_islands_and_the_asker_hears_of_it() {
    for threads in [1, 2] {
        let sea =
            builder().islands(5).threads(threads).in_memory().open(|_| Ring::default()).unwrap();
        let passed = sea.ask("someone", Command::Start { hops: 1000 }).unwrap().wait().unwrap();
        assert!(passed >= 200, "{passed}");
        let closed = close(sea);
        let total: u64 = closed.images.iter().map(|image| image.state.passed).sum();
        assert!(total > 1000, "{total}");
    }
}

#[test]
fn a_restart_replays_to_the_same_digest_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open =
        || builder().islands(3).journal(&data).segment_bytes(1 << 20).open(|_| Ring::default());
    let sea = open().unwrap();
    let client = sea.client("me").unwrap();
    let first = client.ask("key", Command::Start { hops: 50 }).unwrap().wait().unwrap();
    let closed = close(sea);

    let log = Log::open(&data).unwrap();
    let restored = log.restore(2, |_| Ring::default()).unwrap();
    assert_eq!(restored.digest().unwrap(), closed.digest().unwrap());
    assert!(restored.figures.sends_suppressed > 50);
    assert_eq!(restored.sends_owed(), 0);
    drop(log);

    let sea = open().unwrap();
    let number = archipelago::core::id::RequestNumber(1);
    let again = sea.client("me").unwrap().ask_as(number, "key", Command::Start { hops: 50 });
    assert_eq!(
        again.unwrap().wait().unwrap(),
        first,
        "asked again: the first answer, not decided again"
    );
    let restarted = close(sea);
    assert_eq!(restarted.digest().unwrap(), closed.digest().unwrap());
}

#[test]
fn a_panic_in_decide_is_a_dead_letter_and_the_island_goes_on() {
    let sea = builder().islands(2).in_memory().open(|_| Ring::default()).unwrap();
    let dead = sea.ask("key", Command::Explode).unwrap().wait().unwrap_err();
    assert!(dead.to_string().contains("as asked"), "{dead}");
    assert_eq!(sea.ask("key", Command::Count).unwrap().wait().unwrap(), 0);
    let seen = sea.query(IslandId(0), |ring| ring.passed).unwrap().wait().unwrap();
    assert_eq!(seen, 0);
    assert_eq!(sea.stats().unwrap().iter().map(|s| s.counters.dead_letters).sum::<u64>(), 1);
    close(sea);
}

#[test]
fn a_named_client_goes_on_after_its_highest_number() {
    let folder = tempfile::tempdir().unwrap();
    let open = || builder().islands(3).journal(folder.path()).open(|_| Ring::default()).unwrap();
    let sea = open();
    let client = sea.client("me").unwrap();
    for key in ["a", "b", "c"] {
        client.ask(key, Command::Start { hops: 5 }).unwrap().wait().unwrap();
    }
    close(sea);
    let sea = open();
    let count = sea.client("me").unwrap().ask("a", Command::Count).unwrap().wait().unwrap();
    let seen = sea.query(sea.island_of("a"), |ring| ring.passed).unwrap().wait().unwrap();
    assert_eq!(count, seen, "a new request, not the first one's answer again");
    close(sea);
}

#[test]
fn who_is_willing_to_wait_is_taken_when_there_is_room() {
    let sea = builder().islands(1).unanswered_max(1).in_memory().open(|_| Ring::default()).unwrap();
    let client = sea.client("me").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let time = Duration::from_secs(60);
                    let pending = client.ask_within(time, "key", Command::Count).unwrap();
                    assert_eq!(pending.wait(), Ok(0));
                }
            });
        }
    });
    assert!(sea.busy() > 0, "nobody had to wait");
    close(sea);
}
