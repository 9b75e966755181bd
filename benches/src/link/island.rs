//! Two islands that send each other messages because a client asked.
//!
//! It doesn't know how messages travel.

use archipelago::{Asker, Island, IslandId, Turn};
use serde::{Deserialize, Serialize};

/// What an island counts: messages that it has consumed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Peer {
    consumed: u64,
}

/// What a client asks, and what islands tell each other.
#[derive(Debug, Serialize, Deserialize)]
pub enum Command {
    /// A client: send so many messages one way; the answer comes when all are consumed.
    Send(u32),
    /// One of them; the last one says whom to answer.
    Item(u64, Option<Asker>),
    /// All are consumed.
    Done(Asker),
    /// A client: so many round trips, one after the other.
    Trips(u32),
    /// There, or back again: so many ways are left.
    Trip(u32, Asker),
}

/// A message was consumed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Consumed(u64);

impl Island for Peer {
    type Command = Command;
    type Event = Consumed;
    type Reply = u64;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let other = IslandId(1 - turn.island().0);
        match command {
            Command::Send(count) => {
                for item in 1..=count {
                    let last = turn.asker().filter(|_| item == count);
                    turn.send(other, Command::Item(u64::from(item), last));
                }
            }
            Command::Item(item, last) => {
                turn.emit(Consumed(item));
                if let Some(asker) = last {
                    turn.send(other, Command::Done(asker));
                }
            }
            Command::Done(asker) => turn.reply_to(asker, self.consumed),
            Command::Trips(trips) => {
                if let Some(asker) = turn.asker() {
                    turn.send(other, Command::Trip(2 * trips - 1, asker));
                }
            }
            Command::Trip(left, asker) => {
                turn.emit(Consumed(u64::from(left)));
                match left.checked_sub(1) {
                    Some(left) => turn.send(other, Command::Trip(left, asker)),
                    None => turn.reply_to(asker, self.consumed),
                }
            }
        }
    }

    fn evolve(&mut self, _: &Consumed) {
        self.consumed += 1;
    }
}
