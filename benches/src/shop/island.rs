//! The shop as an island: it is told what happens, and says that it happened.
//!
//! It doesn't know how a state is kept.

use archipelago::{Island, Turn};
use serde::{Deserialize, Serialize};

use super::event::Event;
use super::state::State;

/// What the shop is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Tell {
    /// One event: one record.
    One(Event),
    /// Many events in one record.
    Many(Vec<Event>),
}

/// A shop, with a state of its choice.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(bound = "S: State")]
pub struct Shop<S>(pub S);

impl<S: State> Island for Shop<S> {
    type Command = Tell;
    type Event = Event;
    type Reply = ();

    fn decide(&self, tell: Tell, turn: &mut Turn<Self>) {
        match tell {
            Tell::One(event) => turn.emit(event),
            Tell::Many(events) => events.into_iter().for_each(|event| turn.emit(event)),
        }
        turn.reply(());
    }

    #[inline]
    fn evolve(&mut self, event: &Event) {
        self.0.fold(event);
    }
}
