//! What islands say to each other about stock.
//!
//! Rules:
//! 1. Units that a message carries were debited in the record that made it, and are credited in the
//!    record that consumes it.
//! 2. They are islands' words: one that comes from a client is passed over.
//!
//! It doesn't know how messages travel; it needs them exactly once and in order per pair of
//! islands.

use serde::{Deserialize, Serialize};

use super::Resource;
use super::entry::Epoch;
use super::units::{ClaimId, Units};

/// Why a broker denies a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DenyReason {
    /// The pool is drained and has too little.
    SoldOut,
    /// The resource was never created.
    Unknown,
}

/// A message about stock, from island to island (or from an island's own timer).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub enum StockMessage<R> {
    /// Broker to every island: your slice; from now on releases stay on your shelf.
    Slice {
        /// Of what.
        resource: R,
        /// The opening it belongs to.
        epoch: Epoch,
        /// How many; perhaps none.
        units: Units,
    },
    /// Island to broker: my shelf is short; here is what it had.
    Need {
        /// For which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
        /// The whole line.
        wanted: Units,
        /// The shelf's units, for the pool.
        ship: Units,
    },
    /// Broker to island: the whole line, for that claim alone.
    Grant {
        /// For which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
        /// The line.
        units: Units,
        /// On top, for the shelf.
        slack: Units,
    },
    /// Broker to island: the line cannot be had.
    Deny {
        /// Of which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
        /// Why.
        reason: DenyReason,
    },
    /// Broker to every island: give up your shelf; from now on releases come to me.
    Recall {
        /// Of what.
        resource: R,
        /// The drain.
        epoch: Epoch,
    },
    /// Island to broker: my shelf, as recalled.
    Surrender {
        /// Of what.
        resource: R,
        /// The drain.
        epoch: Epoch,
        /// How many; perhaps none.
        units: Units,
    },
    /// Island to broker: units that nobody holds any more.
    Refund {
        /// Of what.
        resource: R,
        /// How many.
        units: Units,
        /// The claim whose outcome waits for the confirmation, if one does.
        confirm: Option<ClaimId>,
    },
    /// Broker to island: a refund of that claim is in the pool.
    Refunded {
        /// Of which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
    },
    /// Island to peer ([`super::policy::Ring`]): have you got what I miss?
    Ask {
        /// For which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
        /// How many.
        missing: Units,
    },
    /// Peer to island: what my shelf had of it, for that claim alone.
    Ship {
        /// For which claim.
        claim: ClaimId,
        /// Of what.
        resource: R,
        /// How many; perhaps none.
        units: Units,
    },
    /// An island's timer: that claim has waited long enough.
    Deadline {
        /// Which claim.
        claim: ClaimId,
    },
}

impl<R: Resource> StockMessage<R> {
    /// The units that travel in it.
    #[must_use]
    pub fn carries(&self) -> Option<(R, Units)> {
        match *self {
            Self::Slice { resource, units, .. }
            | Self::Surrender { resource, units, .. }
            | Self::Refund { resource, units, .. }
            | Self::Ship { resource, units, .. }
            | Self::Need { resource, ship: units, .. } => Some((resource, units)),
            Self::Grant { resource, units, slack, .. } => {
                // Both left one pool, which never holds more than was minted.
                Some((resource, Units(units.0.saturating_add(slack.0))))
            }
            Self::Deny { .. }
            | Self::Recall { .. }
            | Self::Refunded { .. }
            | Self::Ask { .. }
            | Self::Deadline { .. } => None,
        }
    }
}
