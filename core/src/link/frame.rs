//! Frames: what travels on a link.
//!
//! Rules:
//! 1. Data travels as a slice of a chunk, without a copy.
//! 2. A control frame carries latest values; a driver may replace an unsent one by a newer one, and
//!    data must never block it.
//!
//! It doesn't know what carries them.

use std::ops::Range;
use std::sync::Arc;

use crate::bytes::{Malformed, Reader};
use crate::id::{IslandId, Life, LinkSeq, Session};

/// Where a frame comes from and goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sending island.
    pub from: IslandId,
    /// The receiving island.
    pub to: IslandId,
    /// The data directory's life.
    pub life: Life,
    /// The sender's session.
    pub session: Session,
}

/// Consecutive messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Where it comes from and goes to.
    pub envelope: Envelope,
    /// The first message's number.
    pub first: LinkSeq,
    /// How many messages there are.
    pub count: u32,
    /// Holds the messages.
    pub bytes: Arc<Vec<u8>>,
    /// Where in `bytes` they stand.
    pub range: Range<usize>,
}

impl Parcel {
    /// The messages' bytes with their numbers, one by one.
    pub fn messages(&self) -> impl Iterator<Item = Result<(LinkSeq, &[u8]), Malformed>> {
        let mut reader = Reader::new(&self.bytes[self.range.clone()]);
        (0..u64::from(self.count))
            .map(move |offset| Ok((LinkSeq(self.first.0 + offset), reader.part("a message")?)))
    }
}

/// Whether an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlKind {
    /// The sender has started: answer with a [`ControlKind::State`].
    Hello,
    /// The latest values; no answer wanted.
    State,
}

/// The sender's side of both links of a pair, as it is durable now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Where it comes from and goes to.
    pub envelope: Envelope,
    /// Whether an answer is wanted.
    pub kind: ControlKind,
    /// The last message of the receiver's that the sender has durably consumed.
    pub acked: LinkSeq,
    /// The receiver may send up to this number.
    pub credit: LinkSeq,
    /// The last message that the sender has durably sent to the receiver; before it has heard an
    /// answer in its session: the last one that was durable at its start.
    pub sent: LinkSeq,
    /// The newest session of the receiver's that the sender has heard of: it tells a fresh frame
    /// from one that was late.
    pub echo: Option<Session>,
}

/// What travels on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Messages.
    Data(Parcel),
    /// Latest values.
    Control(Control),
}

impl Frame {
    /// Where it comes from and goes to.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        match self {
            Self::Data(parcel) => &parcel.envelope,
            Self::Control(control) => &control.envelope,
        }
    }
}
