//! What happened to a stock; the only thing that changes it.
//!
//! Rules:
//! 1. A claim that never leaves its island is one [`Taken`]; one that waits is one event a step.
//! 2. A broker's input is one event: the steps of its desk, in order.
//!
//! It doesn't know how a stock applies it.

use archipelago_core::id::{IslandId, TimerNumber};
use serde::{Deserialize, Serialize};

use super::Resource;
use super::claim::Refusal;
use super::entry::Epoch;
use super::units::{ClaimId, Lines, Units};

/// A claim whose lines all lay on the shelf. It is handed to the user instead of being emitted, so
/// that it can ride inside the user's own event: one event for the fast path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent, bound = "R: Resource")]
#[must_use = "nothing is sold unless this is emitted, alone or inside an event of yours"]
pub struct Taken<R> {
    /// What left the shelf.
    pub lines: Lines<R>,
}

/// How a waiting claim asked for the line it is short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Short {
    /// The broker was asked for the line; these units (the shelf's, and those gathered) went along.
    Broker {
        /// How many were shipped.
        ship: Units,
    },
    /// A peer was asked for what is missing; the shelf's units were gathered.
    Peer {
        /// How many numbers further the peer is.
        offset: u32,
        /// How many left the shelf for the claim.
        take: Units,
        /// How many the peer was asked for.
        missing: Units,
    },
}

/// Whether an answer to a refused claim is still on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tail {
    /// It came; nothing follows.
    Came,
    /// It will come; a tombstone waits for it.
    Awaited,
}

/// A need in a broker's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Who asked.
    pub island: IslandId,
    /// For which claim.
    pub claim: ClaimId,
    /// How many.
    pub wanted: Units,
}

/// One step at a broker's desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeskStep {
    /// Units came into being, in the pool.
    Minted(Units),
    /// Units of the pool ceased to be.
    Burned(Units),
    /// Units that a message brought went into the pool.
    Credited(Units),
    /// A refund was among them.
    Refunded,
    /// A need joined the queue.
    Queued(Need),
    /// One more island answered the recall.
    Surrendered,
    /// So many left the pool as slices; the resource is open, in its next epoch.
    Opened(Units),
    /// Every island (so many) was recalled.
    DrainBegan(u32),
    /// The head of the queue got its units, and slack on top.
    Granted {
        /// The line.
        units: Units,
        /// On top.
        slack: Units,
    },
    /// The head of the queue was refused.
    Denied,
}

/// Something that happened to a stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub enum StockEvent<R> {
    /// A claim was taken from the shelf, whole.
    Taken(Taken<R>),
    /// A claim was refused without asking anyone.
    RefusedHere,
    /// A claim holds the lines before `at` and waits for that one.
    Parked {
        /// Which claim.
        claim: ClaimId,
        /// All its lines.
        lines: Lines<R>,
        /// The line it waits for.
        at: u32,
        /// How that line was asked for.
        short: Short,
        /// The timer of its deadline.
        timer: Option<TimerNumber>,
    },
    /// An answer came: the claim now holds the lines before `at`; at their end it is sold.
    Advanced {
        /// Which claim.
        claim: ClaimId,
        /// Units the answer brought for the claim.
        credit: Units,
        /// Units it brought for the shelf.
        slack: Units,
        /// The line it waits for now.
        at: u32,
        /// How that line was asked for; nothing if it is sold, or about to be refused.
        short: Option<Short>,
    },
    /// A waiting claim was refused; what it held was released.
    Refused {
        /// Which claim.
        claim: ClaimId,
        /// Why.
        refusal: Refusal<R>,
        /// Whether an answer is still on its way.
        tail: Tail,
    },
    /// An answer came to a claim that no longer waits; its units were released.
    Late {
        /// Which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
        /// How many; perhaps none.
        units: Units,
    },
    /// The broker has a refund of that claim.
    RefundConfirmed {
        /// Which claim.
        claim: ClaimId,
    },
    /// Sold units came back and were released.
    GivenBack {
        /// The number under which the confirmation is awaited.
        claim: ClaimId,
        /// What came back.
        lines: Lines<R>,
    },
    /// A slice came.
    Sliced {
        /// Of what.
        resource: R,
        /// Its opening.
        epoch: Epoch,
        /// How many.
        units: Units,
    },
    /// The shelf was recalled and surrendered.
    Recalled {
        /// Of what.
        resource: R,
        /// The drain.
        epoch: Epoch,
    },
    /// Units of the shelf were shipped to a peer.
    Shipped {
        /// Of what.
        resource: R,
        /// How many.
        units: Units,
    },
    /// The broker's desk took these steps.
    Desk {
        /// Of what.
        resource: R,
        /// In order.
        steps: Vec<DeskStep>,
    },
}

impl<R> From<Taken<R>> for StockEvent<R> {
    fn from(taken: Taken<R>) -> Self {
        Self::Taken(taken)
    }
}
