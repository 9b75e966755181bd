//! The shop as an island: it is told what happens, and says that it happened.
//!
//! It doesn't know how a state is kept.

use std::marker::PhantomData;

use archipelago::{Island, Turn};
use serde::{Deserialize, Serialize};

use super::event::{Event, Form};
use super::state::State;

/// What the shop is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Tell {
    /// One event: one record.
    One(Event),
    /// Many events in one record.
    Many(Vec<Event>),
}

/// A shop, with a state of its choice, whose events are written in a form of its choice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "S: State")]
pub struct Shop<S, F = Event>(pub S, PhantomData<F>);

impl<S: State, F> Default for Shop<S, F> {
    fn default() -> Self {
        Self(S::default(), PhantomData)
    }
}

impl<S: State, F: Form> Island for Shop<S, F> {
    type Command = Tell;
    type Event = F;
    type Reply = ();

    const STATE_VERSION: u32 = S::VERSION;

    fn decide(&self, tell: Tell, turn: &mut Turn<Self>) {
        match tell {
            Tell::One(event) => turn.emit(event),
            Tell::Many(events) => events.into_iter().for_each(|event| turn.emit(event)),
        }
        turn.reply(());
    }

    #[inline]
    fn evolve(&mut self, event: &F) {
        self.0.fold(event);
    }
}
