//! Frames of a trace: what travels on a link, and what becomes of it.
//!
//! It doesn't know what messages say beyond their kinds.

use archipelago_core::id::{IslandId, LinkSeq};
use serde::{Deserialize, Serialize};

use super::Nanos;

/// A frame's number in the world: 1, 2, 3 …
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct FrameId(pub u64);

/// A frame on a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its number.
    pub id: FrameId,
    /// The receiver.
    pub to: IslandId,
    /// What is in it.
    pub load: Load,
    /// What becomes of it.
    pub fate: Fate,
    /// When its copies arrive: none, one or more. A copy that comes to an island that is down is
    /// planned here and has no [`super::What::FrameArrived`].
    pub arrivals: Vec<Nanos>,
}

/// What is in a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Load {
    /// Consecutive messages.
    Messages {
        /// The first one's number.
        first: LinkSeq,
        /// Their kinds, in order: the last one's number follows.
        kinds: Vec<String>,
    },
    /// The latest values of a link.
    Control {
        /// Whether it asks for an answer, as a start does.
        hello: Hello,
        /// The last message that the sender has consumed durably.
        acked: LinkSeq,
    },
}

/// Whether a control frame says hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hello {
    /// It asks for an answer.
    Asks,
    /// It tells only.
    Tells,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It arrives.
    InTime,
    /// It arrives after a frame of the same link that was sent later.
    Late,
    /// It is lost.
    Dropped,
    /// It arrives more than once.
    Doubled,
    /// It is lost because the link is cut.
    Cut,
}

/// Which ways are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ways {
    /// What leaves the island.
    Out,
    /// What comes to the island.
    In,
    /// All.
    Both,
}
