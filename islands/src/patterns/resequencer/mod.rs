//! **Resequencer**: a gapless sequence of somebody else, which arrives out of order and more than
//! once, is handed on in order, each number once; and what is missing is told, with whose it is and
//! since when.
//!
//! ```text
//!                       ARRIVAL of number n of a source
//!        n < next       │ n = next          │ n > next            │ n > next, no room
//!   again, or late      ▼                   ▼                     ▼
//!   (a dead letter)   released, and       held, and             full: not taken,
//!                     what follows        a gap is open         to be brought again
//!
//!   the first gap:  open ─▶ asked ─▶ asked … ─▶ skipped  (a decision, in the journal)
//!                    │        └─ the source says "you have all below b": void
//!                    └─ its number arrives: filled       all three release what follows
//! ```
//!
//! Rules:
//! 1. A source's numbers are released in ascending order, each at most once. A number that is not
//!    released stands in a closed gap, or is still awaited: nothing is lost, nothing invented.
//! 2. A gap is open from the first arrival above it. It is filled, or closed as *void* (the source
//!    said that nothing more comes below) or as *skipped* (nobody answered in time): [`Closed`].
//! 3. Policy: wait for the source's word, for ever; or, with [`Patience`], ask it again and again,
//!    then skip; or skip after a while, without asking. Only the first gap of a source is asked for
//!    or skipped; the next one becomes first then, and is as old as it is.
//! 4. A number that comes after its gap was closed is *late*: it is never released. It becomes a
//!    dead letter ([`Late`]), which the user may take out again.
//! 5. The one that is awaited is always taken, however full it is: a source that brings the missing
//!    number makes room.
//!
//! Bounds: [`ResequencerConfig`] has one for all that is kept. A turn releases `burst_max` items at
//! most, so that a record stays small; its timer goes on with the rest at once.
//!
//! Costs: in order one small event, nothing kept. Out of order the item is written twice (the
//! arrival's own record, and an event that keeps it); one timer a source while a gap is open.
//! A turn costs the items it releases and O(log held); finding out how old a gap is, O(held).
//!
//! Crash story: all of it is the island's state, changed by events alone; timers are durable. A
//! policy that measures time measures the time of an outage too: a gap that is older than its
//! deadline after a restart is asked for, or skipped, at once. Where the source can say what it has
//! sent, that is the better way: it needs no time at all.
//!
//! It doesn't know what the items are, how they come, nor how a source is asked.

mod decide;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;

use archipelago_core::island::Island;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Key, Value};

pub use decide::{Arrival, Full, Sequence, Step};
pub use state::{
    Closed, Closing, Gap, Late, LineEvent, Resequencer, ResequencerEvent, ResequencerMessage,
};

/// A number in the sequence of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SerialNumber(pub u64);

impl SerialNumber {
    /// The highest number that can arrive.
    pub const MAX: Self = Self(u64::MAX - 1);

    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What to do about a gap of which the source says nothing: ask for it, and then skip it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// How old a gap is before it is asked for, or skipped; and how long until it is again.
    pub every: Millis,
    /// How often it is asked for before it is skipped. `u32::MAX` asks for ever.
    pub asks: u32,
}

/// How a resequencer behaves, and what bounds it; the same on all islands, and part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResequencerConfig {
    /// The first number of a source that has not been begun by hand.
    pub first: SerialNumber,
    /// What to do about gaps; with none they wait, for ever: the source will bring the number, or
    /// say that there is none.
    pub gap: Option<Patience>,
    /// Items of one source that are held behind its first gap.
    pub held_max: u32,
    /// Sources.
    pub sources_max: u32,
    /// Items released in one turn; at least 1.
    pub burst_max: u32,
    /// Closed gaps of one source that are remembered, to tell what is late from what comes again.
    /// What is older than all of them is called late.
    pub closed_max: u32,
    /// Dead letters kept, of all sources together.
    pub letters_max: u32,
}

impl Default for ResequencerConfig {
    fn default() -> Self {
        Self {
            first: SerialNumber(1),
            gap: None,
            held_max: 4096,
            sources_max: 4096,
            burst_max: 256,
            closed_max: 4096,
            letters_max: 4096,
        }
    }
}

/// An island that can hold a [`Resequencer`]: its commands and events have room for its own.
pub trait ResequencerIsland<S: Key, T: Value>:
    Island<Command: From<ResequencerMessage<S>>, Event: From<ResequencerEvent<S, T>>>
{
}

impl<S: Key, T: Value, I> ResequencerIsland<S, T> for I where
    I: Island<Command: From<ResequencerMessage<S>>, Event: From<ResequencerEvent<S, T>>>
{
}
