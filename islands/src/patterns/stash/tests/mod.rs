//! Tests of the stash: orders as machines, stories, and random runs.

mod random;
mod stories;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use archipelago_core::id::{Asker, ClientId, RequestNumber, Slot};
use archipelago_core::island::{Island, Turn};
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::*;
use crate::carries;
use crate::patterns::letters::LetterNumber;
use crate::patterns::testing::Bench;

/// What is done with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Deed {
    Open,
    /// An item, with a number of the test's.
    Item(u32),
    Close,
    Ship,
}

/// The item whose end is not told.
const UNTOLD: u32 = 0;
/// The item that cannot be done: deciding it panics.
const POISON: u32 = u32::MAX;
/// The same, and nobody can be told that it failed: that panics, too.
const CURSE: u32 = u32::MAX - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Open,
    Closed,
    Shipped,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Command {
    Do(u8, Deed),
    /// The same to two orders; the second one's end is not told.
    Both(u8, u8, Deed),
    PutBack(u64),
    /// An order is closed behind the stash's back.
    Sweep(u8),
    Timer(StashMessage<u8>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Event {
    Inner(StashEvent<u8, Deed>),
    Done(u8, Deed),
}

carries! {
    Command::Timer(StashMessage<u8>),
    Event::Inner(StashEvent<u8, Deed>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Told {
    Done,
    Away(String),
    NotPutBack(String),
}

#[derive(Clone, Serialize, Deserialize)]
struct Shop {
    stash: Stash<u8, Deed>,
    orders: BTreeMap<u8, State>,
    done: Vec<(u8, Deed)>,
}

impl StashIsland<u8, Deed> for Shop {
    fn verdict(&self, key: &u8, deed: &Deed) -> Verdict {
        match (self.orders.get(key), deed) {
            (None, Deed::Open) | (Some(State::Open), Deed::Item(_) | Deed::Close) => {
                Verdict::Accept
            }
            (Some(State::Closed), Deed::Ship) => Verdict::Accept,
            (None, _) => Verdict::Defer("the order to be opened".into()),
            (Some(State::Open), Deed::Ship) => Verdict::Defer("the order to be closed".into()),
            (Some(_), Deed::Open) => Verdict::Refuse("it is open already".into()),
            (Some(State::Closed | State::Shipped), _) => Verdict::Refuse("it is closed".into()),
        }
    }

    fn act(&self, key: &u8, deed: Deed, who: Who, turn: &mut Turn<Self>) {
        if let Deed::Item(POISON | CURSE) = deed {
            fail();
        }
        turn.emit(Event::Done(*key, deed));
        who.answer(Told::Done, turn);
    }

    fn turn_away(&self, _: &u8, deed: Deed, who: Who, away: Away, turn: &mut Turn<Self>) {
        if (deed, &away) == (Deed::Item(CURSE), &Away::Failed) {
            fail();
        }
        if deed != Deed::Item(UNTOLD) {
            who.answer(Told::Away(format!("{away:?}")), turn);
        }
    }
}

impl Island for Shop {
    type Command = Command;
    type Event = Event;
    type Reply = Told;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Do(key, deed) => _ = self.stash.take(self, key, deed, turn),
            Command::Both(one, other, deed) => {
                let _ = self.stash.take(self, one, deed, turn);
                let _ = self.stash.take(self, other, Deed::Item(UNTOLD), turn);
            }
            Command::PutBack(letter) => {
                if let Err(no) = self.stash.put_back(self, LetterNumber(letter), turn) {
                    turn.reply(Told::NotPutBack(no.to_string()));
                }
            }
            Command::Sweep(key) => {
                turn.emit(Event::Done(key, Deed::Close));
                self.stash.wake(key, turn);
                turn.reply(Told::Done);
            }
            Command::Timer(message) => self.stash.decide(self, message, turn),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Inner(event) => self.stash.evolve(event),
            Event::Done(key, deed) => {
                self.done.push((*key, *deed));
                let state = match deed {
                    Deed::Open => State::Open,
                    Deed::Close => State::Closed,
                    Deed::Ship => State::Shipped,
                    Deed::Item(_) => return,
                };
                self.orders.insert(*key, state);
            }
        }
    }
}

/// Panics without the hook's report.
fn fail() {
    resume_unwind(Box::new("it cannot be done"))
}

/// Whether `turns` go by without a panic. As the kernel has it: a turn that panics changes nothing,
/// and its timer has fired.
fn succeeds(turns: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(turns)).is_ok()
}

fn shop(config: StashConfig) -> Bench<Shop> {
    let stash = Stash::new(config);
    Bench::new(Shop { stash, orders: BTreeMap::new(), done: Vec::new() })
}

impl Bench<Shop> {
    /// What a request has been told, once it has.
    fn told(&self, request: u64) -> Option<&Told> {
        self.replies.get(&request)
    }

    fn done(&self, key: u8) -> Vec<Deed> {
        let of = self.island.done.iter().filter(|(of, _)| *of == key);
        of.map(|(_, deed)| *deed).collect()
    }

    fn waits(&self, key: u8) -> Vec<(Deed, u64, String)> {
        let waits = self.island.stash.waits(&self.island, &key);
        let wait = |it: &Wait<'_, Deed>| {
            (it.deferred.command, it.deferred.since.0, it.why.clone().into_owned())
        };
        waits.iter().map(wait).collect()
    }
}
