//! The state of an aggregator: its groups, how events change them, and what can be asked.
//!
//! It doesn't decide.

use std::collections::BTreeMap;

use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::words::{
    AggregatorConfig, AggregatorEvent, Ending, Expected, Gathered, Happened, Version,
};
use super::{Key, Value};

/// The groups of one island. `G` names a group, `M` a member; `R` is what a report says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "G: Key, M: Key, R: Value")]
pub struct Aggregator<G, M, R> {
    pub(super) config: AggregatorConfig,
    pub(super) open: BTreeMap<G, Group<M, R>>,
    pub(super) ended: BTreeMap<G, Group<M, R>>,
    /// The highest group that is forgotten.
    pub(super) forgotten: Option<G>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "M: Key, R: Value")]
pub(super) struct Group<M, R> {
    pub(super) since: Millis,
    pub(super) timer: Option<TimerNumber>,
    pub(super) expected: Option<(Version, Expected<M>)>,
    pub(super) reports: BTreeMap<M, (Version, R)>,
    pub(super) phase: Phase,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Open,
    Ended(Ending),
    Undone,
}

/// How a group stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing<M> {
    /// Nothing was heard of it.
    Unknown,
    /// It waits.
    Open {
        /// Since when.
        since: Millis,
        /// For whom; nobody has said it yet if there is none.
        missing: Option<Expected<M>>,
    },
    /// It ended.
    Ended {
        /// How.
        ending: Ending,
        /// Without whom.
        missing: Option<Expected<M>>,
    },
    /// It ended, and what was handed out was handed out again to be undone.
    Undone,
    /// It ended, or is older than one that did, and nothing more is known.
    Forgotten,
}

impl<M: Key, R: Value> Group<M, R> {
    /// One that opens.
    pub(super) const fn new(since: Millis, timer: Option<TimerNumber>) -> Self {
        Self { since, timer, expected: None, reports: BTreeMap::new(), phase: Phase::Open }
    }

    /// Whether the reports of `member` count.
    fn counts(&self, member: &M) -> bool {
        match &self.expected {
            Some((_, Expected::Members(members))) => members.contains(member),
            Some((_, Expected::Count(_))) | None => true,
        }
    }

    /// Whether one report more might be the last, as far as it can be told without looking at who
    /// has reported.
    pub(super) fn nears_its_end(&self) -> bool {
        self.expected.as_ref().is_some_and(|(_, who)| self.reports.len() + 1 >= who.members())
    }

    /// How it would end now.
    pub(super) fn ending(&self, quorum: u32) -> Ending {
        let is_met = self.missing().is_some_and(|missing| missing.members() == 0);
        let counting = || self.reports.keys().filter(|member| self.counts(member)).count();
        match is_met {
            true => Ending::Complete,
            false if counting() >= quorum as usize => Ending::Partial,
            false => Ending::Short,
        }
    }

    /// What is handed out.
    pub(super) fn gathered(&self, ending: Ending) -> Gathered<M, R> {
        let counting = self.reports.iter().filter(|(member, _)| self.counts(member));
        let reports = counting.map(|(member, (_, report))| (member.clone(), report.clone()));
        Gathered { ending, reports: reports.collect() }
    }

    /// Who has not reported yet.
    fn missing(&self) -> Option<Expected<M>> {
        Some(match &self.expected.as_ref()?.1 {
            Expected::Count(count) => {
                Expected::Count(count.saturating_sub(self.reports.len() as u32))
            }
            Expected::Members(members) => {
                let missing = members.iter().filter(|member| !self.reports.contains_key(member));
                Expected::Members(missing.cloned().collect())
            }
        })
    }
}

impl<G: Key, M: Key, R: Value> Aggregator<G, M, R> {
    /// One without groups.
    #[must_use]
    pub const fn new(config: AggregatorConfig) -> Self {
        Self { config, open: BTreeMap::new(), ended: BTreeMap::new(), forgotten: None }
    }

    /// Applies an event; call it from the island's `evolve`.
    pub fn evolve(&mut self, event: &AggregatorEvent<G, M, R>) {
        let AggregatorEvent { group, happened } = event;
        match happened {
            Happened::Opened(at, timer) => {
                self.open.insert(group.clone(), Group::new(*at, *timer));
            }
            Happened::Announced(version, expected) => {
                if let Some(known) = self.known_mut(group) {
                    known.expected = Some((*version, expected.clone()));
                }
            }
            Happened::Reported(member, version, report) => {
                if let Some(known) = self.known_mut(group) {
                    known.reports.insert(member.clone(), (*version, report.clone()));
                }
            }
            Happened::Ended(ending) => {
                self.ended.extend(self.open.remove_entry(group));
                self.enter(group, Phase::Ended(*ending));
                while self.ended.len() > self.config.ended_max as usize {
                    let lowest = self.ended.pop_first().map(|(group, _)| group);
                    self.forgotten = self.forgotten.take().max(lowest);
                }
            }
            Happened::Undone => self.enter(group, Phase::Undone),
        }
    }

    /// How a group stands, and who is missing.
    #[must_use]
    pub fn standing(&self, group: &G) -> Standing<M> {
        match self.known(group) {
            Some(known) => match known.phase {
                Phase::Open => Standing::Open { since: known.since, missing: known.missing() },
                Phase::Ended(ending) => Standing::Ended { ending, missing: known.missing() },
                Phase::Undone => Standing::Undone,
            },
            None if self.is_forgotten(group) => Standing::Forgotten,
            None => Standing::Unknown,
        }
    }

    /// The groups that are open, in order.
    pub fn open(&self) -> impl Iterator<Item = &G> {
        self.open.keys()
    }

    /// How many ended groups are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.ended.len()
    }

    pub(super) fn is_forgotten(&self, group: &G) -> bool {
        self.forgotten.as_ref().is_some_and(|forgotten| group <= forgotten)
    }

    pub(super) fn known(&self, group: &G) -> Option<&Group<M, R>> {
        self.open.get(group).or_else(|| self.ended.get(group))
    }

    fn known_mut(&mut self, group: &G) -> Option<&mut Group<M, R>> {
        self.open.get_mut(group).or_else(|| self.ended.get_mut(group))
    }

    fn enter(&mut self, group: &G, phase: Phase) {
        if let Some(ended) = self.ended.get_mut(group) {
            (ended.phase, ended.timer) = (phase, None);
        }
    }
}
