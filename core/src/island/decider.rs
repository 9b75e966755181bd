//! The decider: what a user writes.
//!
//! It doesn't know how its decisions are kept or sent.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::turn::Turn;
use crate::codec::Wire;

/// A partition of the application: it owns its slice of all mutable data and decides one command
/// at a time.
///
/// The state itself must serialise, for snapshots and for the state digest; keep it free of
/// `HashMap` (its order differs from process to process): use `BTreeMap`, `Vec` or
/// [`crate::lookup::Lookup`].
///
/// Source: Chassaing's decider pattern (`decide : command -> state -> events`,
/// `evolve : state -> event -> state`).
pub trait Island: Serialize + DeserializeOwned + Send + 'static {
    /// What it is asked to do; also what islands send to each other.
    type Command: Wire;
    /// What happened; the only thing that changes state.
    type Event: Wire;
    /// What a client hears.
    type Reply: Wire;

    /// The version of the state's own form. Raise it when the state's fields change, or when
    /// `evolve` did something wrong, or islands are born otherwise: snapshots and digests of another
    /// version are passed over, and the state is built again from the journal.
    const STATE_VERSION: u32 = 0;

    /// Decides one command. It cannot change state; it says what shall happen through `turn`.
    /// It must be a function of `self`, `command` and `turn` alone.
    ///
    /// A client's command must be answered once: now with [`Turn::reply`], or later with
    /// [`Turn::reply_to`]; until then its client waits. Clients and islands send the same type of
    /// command: one that is meant for islands only looks at [`Turn::origin`].
    fn decide(&self, command: Self::Command, turn: &mut Turn<Self>)
    where
        Self: Sized;

    /// Applies one event that happened. It must not fail: a panic here stops the island.
    fn evolve(&mut self, event: &Self::Event);
}
