//! What happened to a stash, the only thing that changes it; and what its timers say.
//!
//! It doesn't know how they are applied.

use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Deferred, StashNumber, Why};
use crate::patterns::letters::LetterNumber;
use crate::patterns::{Key, Value};

/// What an island's own timers say; from anybody else it does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "K: Key")]
pub enum StashMessage<K> {
    /// The entity changed: look at the next one that waits for it.
    Release(K),
    /// A command has waited long enough: the one that this timer is set for.
    Deadline(K),
}

/// A timer that is set, and when it fires. In their order: of two that are set, the lesser fires
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alarm {
    /// When.
    pub at: Millis,
    /// Which.
    pub timer: TimerNumber,
}

/// The release of those that wait for one entity, while it goes on: the timers of its next step
/// and of the one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The next step. A step that is done puts the other one here.
    pub next: Alarm,
    /// Set before the next step is made, and fires after it: if it then stands here still, the step
    /// failed in its turn.
    pub then: Alarm,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "K: Key, C: Value")]
pub enum StashEvent<K, C> {
    /// A command waits; it gets the next number.
    Deferred(K, Deferred<C>),
    /// Those that wait are looked at again, when these timers fire; or no more.
    Releases(K, Option<Release>),
    /// A command that is ready, but not through yet, may wait until then.
    Granted(K, StashNumber, Option<Alarm>),
    /// A command has had its turn.
    Released(K, StashNumber),
    /// A command has waited too long for that, or failed so, and is a dead letter.
    Expired(K, StashNumber, Why, Millis),
    /// A dead letter was put back.
    TakenOut(LetterNumber),
}
