//! A kernel whose island has stopped: it refuses everything and wants nothing.
//!
//! Rules: driven by hand; the clock is a number.
//!
//! It doesn't know drivers.

use std::sync::Arc;

use archipelago_core::command::route::Table;
use archipelago_core::id::{
    Asker, ClientId, IslandId, JournalPosition, Life, RequestNumber, Session, Slot,
};
use archipelago_core::island::{Admitted, Island, Kernel, Limits, Output, Refusal, Request, Turn};
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

/// Sets a timer and sends to a peer, or stops.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Fuse;

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Light,
    Burn,
}

impl Island for Fuse {
    type Command = Command;
    type Event = ();
    type Reply = u64;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Light => {
                turn.timer(Millis(5), Command::Burn);
                turn.send(IslandId(1), Command::Light);
                turn.reply(1);
            }
            Command::Burn => turn.emit(()),
        }
    }

    fn evolve(&mut self, (): &()) {
        panic!("burnt");
    }
}

fn request(number: u64, command: Command) -> Request<Command> {
    let number = RequestNumber(number);
    let asker = Asker { client: ClientId(1), slot: Slot(0), number };
    Request { asker, answered_below: RequestNumber(1), command }
}

#[test]
fn a_stopped_island_wants_no_tick_and_still_gives_what_was_durable_before() {
    let table = Arc::new(Table::modulo(2).unwrap());
    let image = Image::new(Fuse);
    let (life, session) = (Life(1), Session(1));
    let mut kernel = Kernel::start(IslandId(0), table, life, session, Limits::default(), image);
    assert_eq!(kernel.ask(Millis(10), request(1, Command::Light)), Ok(Admitted::Answered));
    assert_eq!(kernel.next_tick(), Some(Millis(0)));
    // Its own timer stops it; the record before stands.
    assert!(matches!(kernel.tick(Millis(20)), Err(Refusal::Stopped(..))));
    assert!(kernel.stopped().is_some_and(|why| why.contains("burnt")));
    assert_eq!(kernel.next_tick(), None, "an overdue deadline would keep its driver awake");
    assert!(matches!(
        kernel.ask(Millis(30), request(2, Command::Light)),
        Err(Refusal::Stopped(..))
    ));
    let block = kernel.seal().expect("the first record");
    assert_eq!((block.first, block.records), (JournalPosition(1), 1));
    kernel.durable(JournalPosition(1));
    let mut answers = 0;
    kernel.drain(|output| answers += u64::from(matches!(output, Output::Answer(..))));
    assert_eq!(answers, 1);
    assert_eq!(kernel.next_tick(), None);
}
