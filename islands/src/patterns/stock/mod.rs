//! **Stock**: a counted resource over islands (units of a product, rooms of a night, requests of a
//! quota). Every island has its slice; most claims never leave their island; nothing is sold twice
//! and nothing is refused while units lie unsold somewhere.
//!
//! ```text
//!            Slice, Grant, Deny, Recall, Refunded
//!   BROKER ───────────────────────────────────────▶ ISLAND   shelf ─▶ held ─▶ sold
//!   pool   ◀───────────────────────────────────────
//!            Need (ships the shelf), Surrender, Refund
//! ```
//!
//! Rules ("pool + leases + one drain"):
//! 1. The broker of a resource is the island that owns the slot of its key. It alone mints and
//!    burns.
//! 2. Units move only by a debit in the record that makes a message and a credit in the record that
//!    consumes it. Per island `sent` and `received` add up, so in flight = Σ sent − Σ received.
//! 3. At the split the policy pools a part of S; of the rest S', every island gets S' div N, and
//!    the S' mod N left over go to islands (hash + k) mod N. Slices are sent, the broker's own too.
//! 4. A claim is taken whole or not at all. If all its lines lie on the shelf it is one event, no
//!    message and no timer. Else it waits for one line at a time, ascending, holding those before.
//! 5. Lease: a short line ships what the shelf has with `Need`. The broker serves needs in order of
//!    arrival: grant if the pool has it (with slack while it is open); else begin **one** drain
//!    that recalls every shelf, its own island's too; refuse only when the drain has ended. Below
//!    2 N units nothing is sliced and the resource starts out drained.
//! 6. A grant belongs to its claim and never lands on the shelf; only slack does. An answer that
//!    comes after a cancel or a deadline is credited and released, never dropped.
//! 7. Release: to the shelf while the island's mode is `Spread`, else by `Refund` to the broker.
//!    The outcome of a refused claim, or of a give-back, waits until its refunds are confirmed.
//!    Hence claims made one after the other accept what one shared pool would, for every N.
//! 8. Per drain 2 N messages; drains ≤ 1 + restocks.
//!
//! Crash story: all of this is the island's state, changed by events alone; queues, tombstones and
//! unconfirmed refunds come back with it, messages come back with the links.
//!
//! Limits: a waiting claim is an admitted request of a client, so admission bounds the claims that
//! wait and the broker's queues (at most one need per waiting claim). The deadline bounds the wait
//! for an answer, not the wait for a refund's confirmation: that ends when its broker is back.
//!
//! Assumed of the links: exactly once, and in order per pair of islands; to itself likewise.
//!
//! It doesn't know what the units are, who asked, nor how an answer reaches them. [`policy`] has
//! the baselines to compare with.

mod broker;
mod claim;
mod entry;
mod event;
mod evolve;
mod ledger;
mod message;
pub mod policy;
mod state;
#[cfg(test)]
mod tests;
mod units;

use std::fmt::Debug;
use std::hash::Hash;

use archipelago_core::command::route;
use archipelago_core::island::Island;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use broker::{BrokerRefusal, Stocked};
pub use claim::{Cancel, Claimed, GaveBack, Outcome, Refusal, Verdict};
pub use entry::{Epoch, Phase};
pub use event::{DeskStep, Need, Short, StockEvent, Tail, Taken};
pub use ledger::{Breach, Imbalance, Ledger, Term, audit};
pub use message::{DenyReason, StockMessage};
pub use policy::{Policy, PolicyKind};
pub use state::{Counters, Stock, StockConfig, Waits};
pub use units::{BadLines, ClaimId, LINES_MAX, Line, Lines, UNITS_MAX, Units};

/// What is counted: a product code, a night of a hotel, an account.
pub trait Resource:
    Copy + Ord + Hash + Debug + Serialize + DeserializeOwned + Send + 'static
{
    /// The bytes that say which island is its broker: the one that owns their slot.
    fn key(&self) -> impl AsRef<[u8]>;

    /// murmur3 of the key: says which islands get the units left over by a split.
    fn key_hash(&self) -> u32 {
        route::hash(self.key().as_ref())
    }
}

/// An island that can hold a [`Stock`] of `R`: its commands and events have room for the stock's.
pub trait StockIsland<R: Resource>:
    Island<Command: From<StockMessage<R>>, Event: From<StockEvent<R>>>
{
}

impl<R: Resource, I> StockIsland<R> for I where
    I: Island<Command: From<StockMessage<R>>, Event: From<StockEvent<R>>>
{
}
