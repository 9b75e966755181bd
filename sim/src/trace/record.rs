//! Records of a trace: one input, who brought it, and all it caused.
//!
//! It doesn't know the users' types: a value is its kind and a short text.

use archipelago_core::id::{IslandId, JournalPosition, LinkSeq, RequestNumber, TimerNumber};
use archipelago_core::time::Stamp;
use serde::{Deserialize, Serialize};

/// A record: one input and all it caused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its position in the island's journal.
    pub position: JournalPosition,
    /// Its stamp.
    pub stamp: Stamp,
    /// Who brought the input.
    pub source: Source,
    /// The record at the root of its causes, as the runtime says; `None`: it is its own root.
    pub root: Option<Place>,
    /// The input.
    pub input: Said,
    /// Why it was not decided, if it is a dead letter.
    pub dead: Option<String>,
    /// The events, in order.
    pub events: Vec<Said>,
    /// The messages, in order.
    pub sends: Vec<Send>,
    /// The answers, in order.
    pub replies: Vec<Reply>,
    /// The timers it set.
    pub timers: Vec<TimerNumber>,
}

/// A value of a user's type: its kind, and a short text of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The variant's or type's name.
    pub kind: String,
    /// The value for a reader; may be cut short.
    pub text: String,
}

/// Who brought the input of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Source {
    /// A client.
    Client(Request),
    /// A message.
    Message {
        /// The sender.
        from: IslandId,
        /// Its number on the link.
        number: LinkSeq,
    },
    /// A timer that fired.
    Timer {
        /// Which.
        number: TimerNumber,
    },
}

/// A message that a record sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// The receiver.
    pub to: IslandId,
    /// Its number on the link.
    pub number: LinkSeq,
    /// What it is.
    pub said: Said,
}

/// An answer that a record gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The request that it answers.
    pub request: Request,
    /// What it is.
    pub said: Said,
}

/// A request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Request {
    /// The client, as the world counts them.
    pub client: u32,
    /// The client's number for the request.
    pub number: RequestNumber,
}

/// A place in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The island.
    pub island: IslandId,
    /// The position of the record there.
    pub position: JournalPosition,
}
