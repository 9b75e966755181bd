//! A record: what one input caused, as bytes.
//!
//! ```text
//! u32    length of what follows
//! u8     flags: bits 0-1 source (0 client, 1 island, 2 timer), 2 dead letter, 3 events, 4 sends,
//!        5 replies, 6 timers set, 7 timers taken back; a section whose flag is off is not there
//! u64    stamp
//! source client: u128 client, u16 slot, number, answered-below   (all else here: varint)
//!        island: from, number, hops, root island, root position
//!        timer:  number
//! part   the input's bytes
//! part   (dead letter) why, in UTF-8
//! count, then per event:  part
//! count, then per send:   to, number, part
//! count, then per reply:  u8 0 (to its asker) | u8 1, u128 client, u16 slot, number; part
//! count, then per timer:  number, deadline, part
//! count, then per timer taken back: number
//! ```
//! A *part* is a varint length and that many bytes.
//!
//! Rules:
//! 1. What [`write()`] makes, [`RecordView::parse`] reads back; anything else is [`Malformed`] with
//!    its byte.
//! 2. Reading does not copy and does not allocate.
//!
//! It doesn't know the user's types: they are parts.
//!
//! [`Malformed`]: crate::bytes::Malformed

mod read;
mod write;

use serde::{Deserialize, Serialize};

use crate::id::{Asker, IslandId, JournalPosition, LinkSeq, RequestNumber, TimerNumber};

pub use read::{Entry, RecordView, RecordsView, Sections};
pub use write::{Heavy, Oversize, WriteError, write};

/// The most bytes one record may have; a decision that makes more is a dead letter.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// The most bytes a command may have, whoever brings it: so an input always fits a record, even
/// as a dead letter.
pub const COMMAND_BYTES_MAX: usize = RECORD_BYTES_MAX / 4;

const SOURCE_CLIENT: u8 = 0;
const SOURCE_ISLAND: u8 = 1;
const SOURCE_TIMER: u8 = 2;
const SOURCE_MASK: u8 = 0b11;
const DEAD: u8 = 1 << 2;
const EVENTS: u8 = 1 << 3;
const SENDS: u8 = 1 << 4;
const REPLIES: u8 = 1 << 5;
const TIMERS: u8 = 1 << 6;
const CANCELLED: u8 = 1 << 7;

/// The command or timer at the root of a chain of messages, and how many links lie between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Links travelled since the root: 0 at the root itself.
    pub hops: u32,
    /// The island where the root was decided.
    pub island: IslandId,
    /// The root's position there.
    pub position: JournalPosition,
}

/// Who brought the input of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A client's request.
    Client {
        /// Who asked.
        asker: Asker,
        /// The client has its answers to all lower numbers: they need not be kept.
        answered_below: RequestNumber,
    },
    /// A message.
    Island {
        /// The sender.
        from: IslandId,
        /// Its number on the link.
        number: LinkSeq,
        /// What it goes back to.
        cause: Cause,
    },
    /// A timer that fired.
    Timer(TimerNumber),
}

impl Source {
    /// The cause that messages of this input's record carry, for a record at `position` of
    /// `island`.
    #[must_use]
    pub const fn cause_of_sends(&self, island: IslandId, position: JournalPosition) -> Cause {
        match self {
            Self::Island { cause, .. } => Cause {
                hops: cause.hops.saturating_add(1),
                island: cause.island,
                position: cause.position,
            },
            Self::Client { .. } | Self::Timer(_) => Cause { hops: 1, island, position },
        }
    }
}
