//! The state of a stock, and what can be read of it.
//!
//! Rules:
//! 1. Claims ascend by number; entries are never iterated, but sorted for reports.
//! 2. All of it is bounded: entries by resources, claims by admitted requests.
//!
//! It doesn't decide, and doesn't change: see `claim`, `broker` and `evolve`.

use std::collections::BTreeMap;

use archipelago_core::id::TimerNumber;
use archipelago_core::lookup::Lookup;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::Resource;
use super::claim::Refusal;
use super::entry::{Desk, Entry, Phase, Released};
use super::event::Need;
use super::ledger::{Breach, Ledger};
use super::policy::PolicyKind;
use super::units::{ClaimId, Lines, Units};

/// How a stock behaves; the same on all islands, and part of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockConfig<P = PolicyKind> {
    /// How units are spread and found.
    pub policy: P,
    /// How long a claim waits before it is refused as unreachable; for ever if there is none.
    pub deadline: Option<Millis>,
}

/// Sums since the beginning, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Claims taken or refused without any message.
    pub claims_local: u64,
    /// Claims that had to wait for another island.
    pub claims_parked: u64,
    /// Needs granted by this island as broker.
    pub grants: u64,
    /// Needs denied by this island as broker.
    pub denies: u64,
    /// Refunds this island took back as broker.
    pub refunds: u64,
    /// Drains this island began as broker.
    pub drains: u64,
}

/// How many parked claims wait for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// For the answer to a line.
    pub answers: u64,
    /// Refused already; the answer to a line is still on its way.
    pub late_answers: u64,
    /// Refused; for the confirmation of a refund.
    pub refusals: u64,
    /// Given back; for the confirmation of a refund.
    pub give_backs: u64,
}

/// Why a parked claim ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub(super) enum Ending<R> {
    /// It was refused.
    Refused(Refusal<R>),
    /// It is a give-back.
    GivenBack,
}

/// Where a parked claim stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub(super) enum Stage<R> {
    /// An answer for line `at` is awaited.
    Waiting,
    /// It is refused, and the answer for line `at` is still on its way.
    Tombstone(Refusal<R>),
    /// Only confirmations of refunds are awaited.
    Closing(Ending<R>),
}

/// A claim that could not be settled at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub(super) struct Parked<R> {
    pub(super) lines: Lines<R>,
    /// The line it waits for; those before are held.
    pub(super) at: u32,
    /// Held of line `at` already (from peers).
    pub(super) gathered: Units,
    /// Peers asked for line `at`.
    pub(super) asked: u32,
    pub(super) stage: Stage<R>,
    /// Refunds not confirmed yet.
    pub(super) refunds: u32,
    pub(super) timer: Option<TimerNumber>,
}

impl<R: Resource> Parked<R> {
    /// What it holds once its lines before `at` are, and `gathered` of line `at`.
    pub(super) fn holding(&self, at: u32, gathered: Units) -> impl Iterator<Item = (R, Units)> {
        let lines = self.lines.as_slice();
        let whole = lines[..at as usize].iter().map(|line| (line.resource, line.units));
        let part = lines.get(at as usize).map(|line| (line.resource, gathered));
        whole.chain(part.filter(|(_, units)| *units > Units::ZERO))
    }

    /// The resource of the line it waits for.
    pub(super) fn waits_for(&self) -> Option<R> {
        self.lines.as_slice().get(self.at as usize).map(|line| line.resource)
    }
}

/// A counted resource's part on one island. Embed it in the island's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "R: Resource, P: super::Policy")]
pub struct Stock<R: Resource, P = PolicyKind> {
    pub(super) config: StockConfig<P>,
    pub(super) entries: Lookup<R, Entry>,
    pub(super) claims: BTreeMap<ClaimId, Parked<R>>,
    pub(super) counters: Counters,
    pub(super) breach: Option<Breach>,
}

impl<R: Resource, P> Stock<R, P> {
    /// An empty stock.
    #[must_use]
    pub fn new(config: StockConfig<P>) -> Self {
        Self {
            config,
            entries: Lookup::new(),
            claims: BTreeMap::new(),
            counters: Counters::default(),
            breach: None,
        }
    }

    /// How it behaves.
    #[must_use]
    pub const fn config(&self) -> &StockConfig<P> {
        &self.config
    }

    /// The books of a resource on this island; all zero if it has none.
    #[must_use]
    pub fn ledger(&self, resource: &R) -> Ledger {
        self.entries.get(resource).map_or_else(Ledger::default, Entry::ledger)
    }

    /// The books of all resources on this island, ascending. Costs a sort.
    #[must_use]
    pub fn ledgers(&self) -> Vec<(R, Ledger)> {
        self.entries.sorted().into_iter().map(|(key, entry)| (*key, entry.ledger())).collect()
    }

    /// The broker's phase of a resource, if this island is its broker.
    #[must_use]
    pub fn phase(&self, resource: &R) -> Option<Phase> {
        self.desk(resource).map(|desk| desk.till.phase)
    }

    /// How many needs wait at this broker for a resource.
    #[must_use]
    pub fn queue_len(&self, resource: &R) -> usize {
        self.desk(resource).map_or(0, |desk| desk.queue.len())
    }

    /// Claims that wait for an answer, a late answer, or a confirmation.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.claims.len()
    }

    /// What the parked claims wait for.
    #[must_use]
    pub fn waits(&self) -> Waits {
        let mut waits = Waits::default();
        for parked in self.claims.values() {
            match parked.stage {
                Stage::Waiting => waits.answers += 1,
                Stage::Tombstone(_) => waits.late_answers += 1,
                Stage::Closing(Ending::Refused(_)) => waits.refusals += 1,
                Stage::Closing(Ending::GivenBack) => waits.give_backs += 1,
            }
        }
        waits
    }

    /// Of each refused claim whose answer is still on its way: the resource it is about.
    pub fn late(&self) -> impl Iterator<Item = R> {
        let late = self.claims.values().filter(|claim| matches!(claim.stage, Stage::Tombstone(_)));
        late.filter_map(Parked::waits_for)
    }

    /// The refused claims that wait for the confirmation of a refund, ascending.
    pub fn refused(&self) -> impl Iterator<Item = ClaimId> {
        let closing = |stage: &Stage<R>| matches!(stage, Stage::Closing(Ending::Refused(_)));
        self.claims.iter().filter(move |(_, claim)| closing(&claim.stage)).map(|(id, _)| *id)
    }

    /// The need that this broker serves next.
    #[must_use]
    pub fn next_need(&self, resource: &R) -> Option<Need> {
        self.desk(resource)?.queue.front().copied()
    }

    /// The sums since the beginning.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether all events so far could be booked.
    ///
    /// # Errors
    /// The first [`Breach`]: a bug.
    pub fn check(&self) -> Result<(), Breach> {
        self.breach.clone().map_or(Ok(()), Err)
    }

    pub(super) fn desk(&self, resource: &R) -> Option<&Desk> {
        self.entries.get(resource)?.desk.as_deref()
    }

    pub(super) fn shelf(&self, resource: &R) -> Units {
        self.entries.get(resource).map_or(Units::ZERO, |entry| entry.rack.shelf)
    }

    /// Where a release of `resource` would go now; see rule 3 of [`super::entry`].
    pub(super) fn releases(&self, resource: &R) -> Released {
        self.entries.get(resource).map_or(Released::Refund, |entry| entry.rack.releases())
    }
}
