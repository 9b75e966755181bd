//! The counters and names of the system, one newtype each.
//!
//! Rules:
//! 1. A counter of one kind never compares with, or is added to, a counter of another kind.
//! 2. Counters start at 1; 0 means "before the first".
//! 3. Every type here is plain data: it knows nothing of where it is stored or sent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines a newtype over an unsigned integer with the traits every counter needs.
macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

/// Defines a counter: a newtype that has a successor.
macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        newtype!($(#[$doc])* $name(u64));

        impl $name {
            /// Before the first: nothing has been counted yet.
            pub const ZERO: Self = Self(0);

            /// The number after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }
    };
}

newtype!(
    /// An island's number, `0..islands`.
    IslandId(u32)
);
newtype!(
    /// One of the 4,096 fixed slots a key hashes to.
    Slot(u16)
);
newtype!(
    /// The life of a data directory: drawn once, when the directory is made. Frames of another
    /// life are refused.
    Life(u64)
);
newtype!(
    /// One run of an island, from a start to its end or crash: a later one has a larger number.
    Session(u64)
);
newtype!(
    /// A client's name, hashed to 128 bits (see [`crate::command::route::client_id`]).
    ClientId(u128)
);
counter!(
    /// A client's own number for a request; the same number is decided once and answered the same.
    RequestNumber
);
counter!(
    /// The number of a message on one link (an ordered pair of islands): 1, 2, 3 … without a gap.
    LinkSeq
);
counter!(
    /// The number of a record in one island's journal: 1, 2, 3 …
    JournalPosition
);
counter!(
    /// The number of a durable timer on one island.
    TimerNumber
);

/// Who waits for an answer: one request of one client. May be kept in state and answered later
/// with [`crate::island::Turn::reply_to`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Asker {
    /// The client that asked.
    pub client: ClientId,
    /// The slot of the key it asked for: what is remembered of it moves with its slot.
    pub slot: Slot,
    /// The client's number for the request.
    pub number: RequestNumber,
}
