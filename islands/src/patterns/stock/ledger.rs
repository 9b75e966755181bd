//! The books: where units are, and whether they add up.
//!
//! Rules:
//! 1. Per island: minted + received = burned + sent + pool + shelf + held + sold.
//! 2. Over all islands: minted − burned = pool + shelf + held + sold + in flight, where in flight
//!    = Σ sent − Σ received. No term is negative.
//! 3. Sums are 128 bits wide, so that adding up cannot hide a breach.
//!
//! It doesn't know how units move.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::units::Units;

/// A term of the books that cannot take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Term {
    /// Units that came into being.
    Minted,
    /// Units that ceased to be.
    Burned,
    /// Units the broker lends from.
    Pool,
    /// Units free on the island.
    Shelf,
    /// Units that waiting claims hold.
    Held,
    /// Units sold.
    Sold,
    /// Units sent in messages, added up.
    Sent,
    /// Units that messages brought, added up.
    Received,
    /// A claim that is not there.
    Claim,
    /// A desk or its queue that is not there.
    Desk,
}

/// An event that the books could not take: a bug, kept to be reported. The first one stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// Which term would have gone below 0 or above its limit.
    pub term: Term,
    /// The event.
    pub event: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot take {}", self.term, self.event)
    }
}

impl std::error::Error for Breach {}

/// One resource on one island, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Came into being (at the broker).
    pub minted: Units,
    /// Ceased to be (at the broker).
    pub burned: Units,
    /// In the pool (at the broker).
    pub pool: Units,
    /// Free on the shelf.
    pub shelf: Units,
    /// Held by waiting claims.
    pub held: Units,
    /// Sold.
    pub sold: Units,
    /// Sent in messages, added up.
    pub sent: Units,
    /// Brought by messages, added up.
    pub received: Units,
}

impl Ledger {
    /// What should be on the island, and what is.
    fn sides(&self) -> (u128, u128) {
        let wide = |units: Units| u128::from(units.0);
        (
            wide(self.minted) + wide(self.received),
            wide(self.burned) + wide(self.sent) + self.present(),
        )
    }

    /// Pool, shelf, held and sold together.
    fn present(&self) -> u128 {
        [self.pool, self.shelf, self.held, self.sold].iter().map(|units| u128::from(units.0)).sum()
    }

    /// Whether rule 1 holds.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let (should, is) = self.sides();
        should == is
    }
}

/// The islands' books of one resource do not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Imbalance {
    /// More was received than was ever sent.
    #[error("{received} units received, but only {sent} sent")]
    Appeared {
        /// Σ sent.
        sent: u128,
        /// Σ received.
        received: u128,
    },
    /// One island's books do not balance.
    #[error("the books of an island do not balance: {0:?}")]
    Island(Ledger),
    /// What was minted is not what is there.
    #[error("{created} units are left of those minted, but {there} are there or in flight")]
    Total {
        /// Σ minted − Σ burned.
        created: i128,
        /// Everywhere and in flight.
        there: u128,
    },
}

/// Adds up one resource's ledgers of all islands and returns the units in flight.
///
/// # Errors
/// [`Imbalance`] says what does not add up.
pub fn audit<'a>(ledgers: impl IntoIterator<Item = &'a Ledger>) -> Result<u128, Imbalance> {
    let (mut sent, mut received, mut there) = (0_u128, 0_u128, 0_u128);
    let mut created = 0_i128;
    for ledger in ledgers {
        if !ledger.is_balanced() {
            return Err(Imbalance::Island(*ledger));
        }
        sent += u128::from(ledger.sent.0);
        received += u128::from(ledger.received.0);
        there += ledger.present();
        created += i128::from(ledger.minted.0) - i128::from(ledger.burned.0);
    }
    let flying = sent.checked_sub(received).ok_or(Imbalance::Appeared { sent, received })?;
    there += flying;
    if u128::try_from(created) == Ok(there) {
        Ok(flying)
    } else {
        Err(Imbalance::Total { created, there })
    }
}
