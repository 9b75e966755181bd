//! The decider: what a user writes.
//!
//! It doesn't know how its decisions are kept or sent.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::turn::Turn;
use crate::codec::{CodecError, Wire};
use crate::journal::frame::SchemaVersion;

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
    /// `evolve` did something wrong, or islands are born otherwise: snapshots and digests of
    /// another version are passed over, and the state is built again from the journal.
    const STATE_VERSION: u32 = 0;

    /// The version of the forms of `Command`, `Event` and `Reply`. Raise it when the bytes of one
    /// of them change, and read the older forms in the `upcast` functions: what an older program
    /// wrote is then rewritten as it is read. A program refuses what a newer one wrote.
    const SCHEMA_VERSION: u32 = 0;

    /// Reads a command of an older schema `from`, as it is to be decided now.
    ///
    /// This and its two sisters are functions of their arguments alone. From each version they lead
    /// to the current one at once, and it must be as if they had gone through those between.
    ///
    /// # Errors
    /// [`CodecError`]: the bytes are not such a command. Without an own `upcast_command` the form
    /// of commands has not changed.
    fn upcast_command(from: SchemaVersion, bytes: &[u8]) -> Result<Self::Command, CodecError> {
        let _ = from;
        Self::Command::decode(bytes)
    }

    /// Reads an event of an older schema and hands what it says now to `emit`: one event, several
    /// in order, or none.
    ///
    /// # Errors
    /// As [`Island::upcast_command`].
    fn upcast_event(
        from: SchemaVersion,
        bytes: &[u8],
        emit: &mut dyn FnMut(Self::Event),
    ) -> Result<(), CodecError> {
        let _ = from;
        emit(Self::Event::decode(bytes)?);
        Ok(())
    }

    /// Reads a reply of an older schema.
    ///
    /// # Errors
    /// As [`Island::upcast_command`].
    fn upcast_reply(from: SchemaVersion, bytes: &[u8]) -> Result<Self::Reply, CodecError> {
        let _ = from;
        Self::Reply::decode(bytes)
    }

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
