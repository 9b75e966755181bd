//! The island of these tests: it stores numbers, lets tokens walk from island to island, parks
//! askers, and breaks when told to.
//!
//! It doesn't know what the tests want of it.

use std::collections::BTreeSet;
use std::time::Duration;

use archipelago::command::{AskError, Pending};
use archipelago::core::id::Asker;
use archipelago::core::time::Millis;
use archipelago::{Archipelago, Closed, Island, IslandId, Settled, Turn};
use serde::{Deserialize, Serialize};

/// Longer than anything here takes on a loaded machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// State of one island.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Bank {
    /// Numbers put here.
    pub(crate) stored: BTreeSet<u64>,
    /// Puts, also of the same number.
    pub(crate) puts: u64,
    /// Tokens that began their walk here, and those that ended it here.
    pub(crate) started: u64,
    pub(crate) arrived: u64,
    /// Steps seen here.
    pub(crate) steps: u64,
    /// Who waits to be released.
    pub(crate) parked: Vec<Asker>,
    /// Timers that fired.
    pub(crate) fired: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Stores a number; the reply says how many puts there were.
    Put(u64),
    /// Lets `tokens` tokens walk `hops` islands on; answered at once.
    Walk { tokens: u32, hops: u32 },
    /// A token comes by.
    Token { hops: u32 },
    /// Is answered by the next `Release`, perhaps never.
    Park,
    /// Answers all who are parked, with how many they are.
    Release,
    /// Stores a number after some milliseconds, by a timer; answered at once.
    Later { millis: u64 },
    /// The timer's command.
    Fire,
    /// Panics while deciding.
    Explode,
    /// Panics while evolving.
    Poison,
    /// Sends itself to another island, which panics while evolving.
    PoisonAt(u32),
    /// Does nothing, and answers nobody.
    Silence,
    /// Stores two numbers in one record.
    PutBoth(u64, u64),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    Put(u64),
    Started(u32),
    Step,
    Arrived,
    Parked(Asker),
    Released,
    Fired,
    Poisoned,
}

impl Island for Bank {
    type Command = Command;
    type Event = Event;
    type Reply = u64;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Put(number) => {
                turn.emit(Event::Put(number));
                turn.reply(self.puts + 1);
            }
            Command::PutBoth(a, b) => {
                turn.emit(Event::Put(a));
                turn.emit(Event::Put(b));
                turn.reply(self.puts + 2);
            }
            Command::Walk { tokens, hops } => {
                turn.emit(Event::Started(tokens));
                for token in 0..tokens {
                    let to = IslandId((turn.island().0 + 1 + token) % turn.islands());
                    turn.send(to, Command::Token { hops });
                }
                turn.reply(u64::from(tokens));
            }
            Command::Token { hops: 0 } => turn.emit(Event::Arrived),
            Command::Token { hops } => {
                turn.emit(Event::Step);
                let to = IslandId((turn.random() % u64::from(turn.islands())) as u32);
                turn.send(to, Command::Token { hops: hops - 1 });
            }
            Command::Park => turn.emit(Event::Parked(turn.asker().expect("clients park"))),
            Command::Release => {
                turn.emit(Event::Released);
                let parked = self.parked.len() as u64;
                self.parked.iter().for_each(|asker| turn.reply_to(*asker, parked));
                turn.reply(parked);
            }
            Command::Later { millis } => {
                turn.timer(Millis(millis), Command::Fire);
                turn.reply(0);
            }
            Command::Fire => turn.emit(Event::Fired),
            Command::Explode => panic!("as asked"),
            Command::Poison => turn.emit(Event::Poisoned),
            Command::PoisonAt(at) => {
                turn.send(IslandId(at), Command::Poison);
                turn.reply(0);
            }
            Command::Silence => {}
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Put(number) => {
                self.puts += 1;
                self.stored.insert(*number);
            }
            Event::Started(tokens) => self.started += u64::from(*tokens),
            Event::Step => self.steps += 1,
            Event::Arrived => self.arrived += 1,
            Event::Parked(asker) => self.parked.push(*asker),
            Event::Released => self.parked.clear(),
            Event::Fired => self.fired += 1,
            Event::Poisoned => {
                // A state half changed, as a real defect would leave it.
                self.puts += 1000;
                panic!("poisoned")
            }
        }
    }
}

/// A fresh island.
pub(crate) fn bank(_: IslandId) -> Bank {
    Bank::default()
}

/// Waits for an answer that must come.
pub(crate) fn answer<R>(pending: Pending<R>) -> Result<R, AskError> {
    pending.wait_for(LONG).unwrap_or_else(|_| panic!("an answer never came"))
}

/// A key that belongs to `island`.
pub(crate) fn key_of(sea: &Archipelago<Bank>, island: u32) -> String {
    let mut keys = (0_u32..).map(|n| format!("key-{n}"));
    keys.find(|key| sea.island_of(key) == IslandId(island)).expect("every island owns keys")
}

/// Asks `key`'s island again and again while it is busy.
pub(crate) fn ask_until_taken(
    sea: &Archipelago<Bank>,
    key: &str,
    command: impl Fn() -> Command,
) -> Result<Pending<u64>, AskError> {
    loop {
        match sea.ask(key, command()) {
            Err(AskError::Busy(_)) => std::thread::sleep(Duration::from_micros(200)),
            other => return other,
        }
    }
}

/// Closes a system that must come to rest.
pub(crate) fn close(sea: Archipelago<Bank>) -> Closed<Bank> {
    let closed = sea.close(LONG).expect("a whole journal");
    assert_eq!(closed.settled, Settled::Yes);
    closed
}

/// The law of tokens, of a system at rest; returns how many there are.
pub(crate) fn tokens(closed: &Closed<Bank>) -> u64 {
    let sum = |count: fn(&Bank) -> u64| closed.images.iter().map(|i| count(&i.state)).sum::<u64>();
    assert_eq!(sum(|bank| bank.started), sum(|bank| bank.arrived), "tokens lost or doubled");
    sum(|bank| bank.started)
}

/// All numbers stored anywhere.
pub(crate) fn stored(closed: &Closed<Bank>) -> BTreeSet<u64> {
    closed.images.iter().flat_map(|image| image.state.stored.iter().copied()).collect()
}
