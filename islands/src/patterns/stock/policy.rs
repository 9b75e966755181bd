//! Policies: how much is sliced, and what an island does when its shelf is short.
//!
//! Rules:
//! 1. A policy only chooses; shelves, claims, ledgers and releases are the same under all of them.
//! 2. [`Lease`] keeps half in a pool (nothing on a lone island) and asks the broker. It refuses
//!    only what is sold out.
//! 3. [`Ring`] (a baseline) asks the N − 1 peers one after the other; units that move behind the
//!    asker make it refuse wrongly.
//! 4. [`Isolated`] (a baseline) refuses at once what its own slice cannot cover.
//!
//! It doesn't know resources, claims or messages.

use std::fmt::{self, Debug};
use std::str::FromStr;

use archipelago_core::id::IslandId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::units::Units;

/// What an island whose shelf is short does for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Ship the shelf to the broker and ask it for the whole line.
    AskBroker,
    /// Keep the shelf's units and ask the island so many numbers further for what is missing.
    AskPeer(u32),
    /// Refuse the claim.
    Refuse,
}

/// Whether islands are served from the broker's pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolUse {
    /// The pool lends: what is restocked while the resource is open stays in it.
    Lends,
    /// Nobody asks the pool: what is restocked is sliced out.
    Unused,
}

/// How units are spread over islands. A user may write another; it must be plain data, since it is
/// part of the state. One that mixes peers and broker loses the promise that nothing is refused
/// while units lie unsold: what peers ship travels outside the broker's drain.
pub trait Policy: Clone + Debug + Serialize + DeserializeOwned + Send + 'static {
    /// How many of `units` the broker keeps in the pool at a split over `islands`.
    fn pooled(&self, units: Units, islands: u32) -> Units;

    /// Whether islands are served from the pool.
    fn pool_use(&self) -> PoolUse;

    /// Which island gets the first of the units that a split leaves over (taken mod N); the next
    /// islands get the others. By the resource's hash, so that no island gets more of everything.
    fn first_leftover(&self, key_hash: u32) -> u32 {
        key_hash
    }

    /// What to do for a line for which `asked` peers were asked already.
    fn when_short(&self, asked: u32, islands: u32) -> Shortage;

    /// How many units a grant brings on top, if `left` remain in the pool of an open resource.
    fn slack(&self, left: Units, islands: u32) -> Units;
}

/// Half in a pool, leases from it, one drain when it is short. The default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The most units a grant brings on top.
    pub chunk: Units,
}

/// The chunk of [`Lease::default`].
pub const CHUNK_DEFAULT: Units = Units(64);

impl Default for Lease {
    fn default() -> Self {
        Self { chunk: CHUNK_DEFAULT }
    }
}

impl Policy for Lease {
    fn pooled(&self, units: Units, islands: u32) -> Units {
        match islands {
            // A lone island has nobody to lend to: a pool would only cost it messages to itself.
            1 => Units::ZERO,
            _ if units.0 < 2 * u64::from(islands) => units,
            _ => Units(units.0 - units.0 / 2),
        }
    }

    fn pool_use(&self) -> PoolUse {
        PoolUse::Lends
    }

    fn when_short(&self, _asked: u32, _islands: u32) -> Shortage {
        Shortage::AskBroker
    }

    fn slack(&self, left: Units, islands: u32) -> Units {
        self.chunk.min(Units(left.0 / (2 * u64::from(islands))))
    }
}

/// All sliced; a short island asks the next one, and the next, and then refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring;

impl Policy for Ring {
    fn pooled(&self, _units: Units, _islands: u32) -> Units {
        Units::ZERO
    }

    fn pool_use(&self) -> PoolUse {
        PoolUse::Unused
    }

    fn when_short(&self, asked: u32, islands: u32) -> Shortage {
        if asked + 1 < islands { Shortage::AskPeer(asked + 1) } else { Shortage::Refuse }
    }

    fn slack(&self, _left: Units, _islands: u32) -> Units {
        Units::ZERO
    }
}

/// All sliced; a short island refuses. Left-over units go to the low islands: that is how one would
/// slice by hand, and it is the baseline whose figures are published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolated;

impl Policy for Isolated {
    fn pooled(&self, _units: Units, _islands: u32) -> Units {
        Units::ZERO
    }

    fn pool_use(&self) -> PoolUse {
        PoolUse::Unused
    }

    fn first_leftover(&self, _key_hash: u32) -> u32 {
        0
    }

    fn when_short(&self, _asked: u32, _islands: u32) -> Shortage {
        Shortage::Refuse
    }

    fn slack(&self, _left: Units, _islands: u32) -> Units {
        Units::ZERO
    }
}

/// One of the shipped policies, chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// See [`Lease`].
    Lease(Lease),
    /// See [`Ring`].
    Ring,
    /// See [`Isolated`].
    Isolated,
}

impl Default for PolicyKind {
    fn default() -> Self {
        Self::Lease(Lease::default())
    }
}

/// Passes each question on to the policy inside.
macro_rules! chosen {
    ($self:ident, $policy:ident => $answer:expr) => {
        match $self {
            PolicyKind::Lease($policy) => $answer,
            PolicyKind::Ring => {
                let $policy = &Ring;
                $answer
            }
            PolicyKind::Isolated => {
                let $policy = &Isolated;
                $answer
            }
        }
    };
}

impl Policy for PolicyKind {
    fn pooled(&self, units: Units, islands: u32) -> Units {
        chosen!(self, policy => policy.pooled(units, islands))
    }

    fn pool_use(&self) -> PoolUse {
        chosen!(self, policy => policy.pool_use())
    }

    fn first_leftover(&self, key_hash: u32) -> u32 {
        chosen!(self, policy => policy.first_leftover(key_hash))
    }

    fn when_short(&self, asked: u32, islands: u32) -> Shortage {
        chosen!(self, policy => policy.when_short(asked, islands))
    }

    fn slack(&self, left: Units, islands: u32) -> Units {
        chosen!(self, policy => policy.slack(left, islands))
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lease(_) => "lease",
            Self::Ring => "ring",
            Self::Isolated => "isolated",
        })
    }
}

/// A name that is no policy's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no policy: there are lease, ring and isolated")]
pub struct UnknownPolicy(pub String);

impl FromStr for PolicyKind {
    type Err = UnknownPolicy;

    /// The policy of that name, with its defaults.
    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        match name {
            "lease" => Ok(Self::Lease(Lease::default())),
            "ring" => Ok(Self::Ring),
            "isolated" => Ok(Self::Isolated),
            _ => Err(UnknownPolicy(name.to_owned())),
        }
    }
}

/// Island `island`'s slice when `units` are split over `islands`: `units` div N, and one more for
/// islands (first + k) mod N, k below the remainder. All slices together are `units`.
#[must_use]
pub fn slice(units: Units, first: u32, islands: u32, island: IslandId) -> Units {
    let (count, first) = (u64::from(islands), u64::from(first) % u64::from(islands));
    let after_first = (u64::from(island.0) + count - first) % count;
    Units(units.0 / count + u64::from(after_first < units.0 % count))
}
