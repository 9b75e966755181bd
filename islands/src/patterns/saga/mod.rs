//! **Saga** (process manager): steps on several islands, all of them or none. What was done is
//! undone in reverse when a step is refused, when an answer stays away, or when somebody cancels.
//!
//! ```text
//!                 all done            all done           close (at once with AtEnd::Keep)
//!  begin ─▶ Forward(0) ─▶ Forward(1) ─▶ … ─▶ Held ─────────────────────────▶ Kept
//!               └──────────────┴──────────────┤ a refusal, patience ends, cancel
//!                                             ▼
//!               Back(k) ─▶ … ─▶ Back(0) ───────────────────────────────────▶ Undone
//!
//!   SAGA's island   ─── Do, Undo, Keep (to the key of the work) ──▶   STEP's island
//!                   ◀── Done, Refused, Undone (to the key of the saga) ───
//! ```
//!
//! Rules:
//! 1. A saga lives on the island of its own key; a step is taken on the island of its work's key.
//!    Messages go to keys, never to islands' numbers: to whoever owns the key by then.
//! 2. The steps of a stage are asked for together and answer in any order. The next stage begins
//!    when all of them are done.
//! 3. Turning back undoes every step that may be done (done, or asked for and unanswered), the last
//!    stage first, one stage at a time. An answer to `Do` that comes after the turn changes
//!    nothing: the answer to `Undo` comes behind it and settles the step, whichever it was.
//! 4. A step is taken once and undone once, by its saga and number: its island remembers both from
//!    `Do` to `Undo` or `Keep`. An `Undo` of what is not done does nothing and is answered, so it
//!    may be asked for again, and is, whenever patience ends (each time twice as long).
//! 5. A step answers in the record that takes it: its island says yes or no and doesn't wait. It
//!    cannot say no to `Undo` and `Keep`.
//! 6. A saga whose `Undo` is never answered stays in `Back`; [`Sagas::waiting`] lists which saga
//!    waits for which step since when.
//!
//! What a step does to the island's own things is booked where its `Acted` event is evolved, so it
//! happens as often as the saga knows.
//!
//! Crash story: all of this is the islands' state, changed by events alone. Messages come back with
//! the links, once; timers with the kernel. So a crash at any moment undoes nothing twice and
//! forgets nothing. A message that becomes a dead letter is as one that never came: patience covers
//! `Do` and `Undo`; a lost `Keep` leaves its step remembered.
//!
//! Bounds: sagas that live on an island (then `begin` refuses) and steps of one ([`STEPS_MAX`]); a
//! step is remembered while its saga is open; a saga that waits has one timer.
//!
//! Costs of k steps in s stages: 2 k messages to hold them, k to keep them, at most 2 k to undo
//! them; 2 s hops in a row; an answer takes time k.
//!
//! Assumed of the links: exactly once, and in order from key to key.
//!
//! It doesn't know what the steps do, who asked, nor how an answer reaches them.

mod decide;
mod state;
#[cfg(test)]
mod tests;
mod words;

use std::{fmt::Debug, hash::Hash};

use archipelago_core::island::Island;
use serde::{Serialize, de::DeserializeOwned};

pub use decide::{BadSaga, News};
pub use state::{Sagas, StepState, Waiting};
pub use words::{
    Answer, AtEnd, Ending, Job, Phase, Plan, STEPS_MAX, SagaEvent, SagaMessage, Stage, StepNumber,
    Verb, Why,
};

/// Names a saga, once and for ever: the number of an order, say.
pub trait SagaName:
    Copy + Ord + Hash + Debug + Serialize + DeserializeOwned + Send + 'static
{
    /// The bytes that say where it lives.
    fn key(&self) -> impl AsRef<[u8]>;
}

impl SagaName for u64 {
    fn key(&self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

/// What a step does; the island of its key knows how to do and undo it.
pub trait Work: Clone + Debug + Serialize + DeserializeOwned + Send + 'static {
    /// The bytes that say where it is done.
    fn key(&self) -> impl AsRef<[u8]>;
}

impl Work for String {
    fn key(&self) -> impl AsRef<[u8]> {
        self
    }
}

/// An island that can hold [`Sagas`]: its commands and events have room for theirs.
pub trait SagaIsland<N: SagaName, W: Work>:
    Island<Command: From<SagaMessage<N, W>>, Event: From<SagaEvent<N, W>>>
{
}

impl<N: SagaName, W: Work, I> SagaIsland<N, W> for I where
    I: Island<Command: From<SagaMessage<N, W>>, Event: From<SagaEvent<N, W>>>
{
}
