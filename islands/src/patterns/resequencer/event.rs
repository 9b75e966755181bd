//! What happened to a resequencer, the only thing that changes it; and what its timers say.
//!
//! It doesn't know how they are applied.

use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::state::{Closed, Late};
use super::{Key, SerialNumber, Value};
use crate::patterns::letters::LetterNumber;

/// What an island's own timer says; from anybody else it does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: Key")]
pub struct ResequencerMessage<S> {
    /// Look at this source: go on releasing, or see to its first gap.
    pub look_at: S,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: Key, T: Value")]
pub enum ResequencerEvent<S, T> {
    /// To a source.
    Line(S, LineEvent<T>),
    /// A number came after its turn.
    Late(Late<S, T>, Millis),
    /// A dead letter was taken out.
    TakenOut(LetterNumber),
}

/// What happened to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "T: Value")]
pub enum LineEvent<T> {
    /// It begins at that number.
    Began(SerialNumber),
    /// An item waits for those before it, since then.
    Held(SerialNumber, T, Millis),
    /// All up to that number are handed on.
    Released(SerialNumber),
    /// It has sent all that there is below that number.
    AllBelow(SerialNumber),
    /// A gap is given up: the decision.
    Closed(Closed),
    /// The first gap was asked for.
    Asked(Millis),
    /// This timer looks at it; or none does.
    Looks(Option<TimerNumber>),
}
