//! **Aggregator**: something starts when all have reported ("when all 12 stations have reported
//! for hour H"): once, with the newest report of each, however late, doubled or disordered they
//! come; or at a deadline, with those that are there.
//!
//! ```text
//!             announce, report                       report, announce: Late::Amend
//!            ┌──────────────┐                          ┌───────────┐
//!  (nothing) ▼              │  all there               ▼           │
//!  ─────▶  OPEN ────────────┴───────────────▶  ENDED complete ──────┤
//!            │                                                     │
//!            └── deadline, close ───────────▶  ENDED partial, short ┘
//!                                                │ Late::Compensate: once
//!                                                ▼
//!                                              UNDONE
//! ```
//!
//! Rules:
//! 1. A group opens at the first word of it, report or expectation: neither has to be first.
//! 2. A member counts once. Of its reports the one with the highest [`Version`] holds, whichever
//!    comes last; the same for expectations, which so can be changed.
//! 3. The record that takes in the last missing report (or the smaller expectation) ends the group;
//!    its decision is handed [`Outcome::Ended`] and starts what is to start. No other is.
//! 4. What is expected stands in the group. Who is a member today does not matter to it.
//! 5. At its deadline (a durable timer, from the opening) or when it is closed, an open group ends
//!    with what is there: partial, or short where that is below the quorum.
//! 6. An ended group stays as a tombstone. What comes then is late: ignored, or it amends what was
//!    handed out, or that is handed out once more to be undone ([`Late`]).
//! 7. Tombstones beyond their limit are forgotten, lowest group first. A group at or below the
//!    highest one forgotten is never opened again; so groups should come in roughly ascending
//!    order.
//!
//! Acknowledging a source: decide the report and answer in the same turn. The answer leaves when
//! the record is durable, so what was acknowledged is never lost. Who hears nothing sends again,
//! with the same version.
//!
//! Crash story: all of it is the island's state, changed by events alone; the timers come back
//! with the kernel.
//!
//! Bounds ([`AggregatorConfig`]): open groups, members of a group, tombstones. Costs: a report is
//! one event and O(log groups + members); an ending copies the reports of its group once.
//!
//! It doesn't know what reports say, what starts, nor who sends them.

mod decide;
mod state;
#[cfg(test)]
mod tests;
mod words;

use archipelago_core::island::Island;

use super::{Key, Value};

pub use state::{Aggregator, Standing};
pub use words::{
    AggregatorConfig, AggregatorEvent, Deadline, Ending, Expected, Gathered, Happened, Late,
    Outcome, Refusal, Version,
};

/// An island that can hold an [`Aggregator`]: its commands have room for the deadline, its events
/// for the aggregator's.
pub trait AggregatorIsland<G: Key, M: Key, R: Value + PartialEq>:
    Island<Command: From<Deadline<G>>, Event: From<AggregatorEvent<G, M, R>>>
{
}

impl<G: Key, M: Key, R: Value + PartialEq, I> AggregatorIsland<G, M, R> for I where
    I: Island<Command: From<Deadline<G>>, Event: From<AggregatorEvent<G, M, R>>>
{
}
