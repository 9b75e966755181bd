//! The words of an aggregator: what is expected, what happened, what a decision is handed.
//!
//! It doesn't know how a group is kept.

use std::collections::BTreeSet;

use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Key, Value};

/// Which of two reports of a member, or of two expectations of a group, is the later one: the
/// higher. The source counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

/// Who must report before a group is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "M: Key")]
pub enum Expected<M> {
    /// So many different members, whoever they are.
    Count(u32),
    /// These; others are noted, but don't count.
    Members(BTreeSet<M>),
}

impl<M> Expected<M> {
    /// How many are expected.
    #[must_use]
    pub fn members(&self) -> usize {
        match self {
            Self::Count(count) => *count as usize,
            Self::Members(members) => members.len(),
        }
    }
}

/// How a group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// All that were expected have reported.
    Complete,
    /// Not all, but at least the quorum.
    Partial,
    /// Fewer than the quorum.
    Short,
}

/// What a report does to a group that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Late {
    /// Nothing.
    Ignore,
    /// It changes what was gathered, which is handed out again ([`Outcome::Amended`]).
    Amend,
    /// What was gathered is handed out to be undone ([`Outcome::Undo`]), once; nothing takes its
    /// place.
    Compensate,
}

/// How an aggregator behaves, and what bounds it; the same on all islands, and part of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregatorConfig {
    /// How long a group stays open; for ever if there is none.
    pub deadline: Option<Millis>,
    /// The fewest members that make a partial result.
    pub quorum: u32,
    /// What late reports do.
    pub late: Late,
    /// Open groups.
    pub open_max: u32,
    /// Members that are expected, or have reported, in a group.
    pub members_max: u32,
    /// Ended groups that are remembered.
    pub ended_max: u32,
}

impl Default for AggregatorConfig {
    fn default() -> Self {
        Self {
            deadline: None,
            quorum: 1,
            late: Late::Ignore,
            open_max: 1 << 16,
            members_max: 1024,
            ended_max: 1024,
        }
    }
}

/// The command that a group's timer brings. Hand the group to [`super::Aggregator::close`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "G: Key")]
pub struct Deadline<G>(pub G);

/// What happened to an aggregator; the only thing that changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "G: Key, M: Key, R: Value")]
pub struct AggregatorEvent<G, M, R> {
    /// To which group.
    pub group: G,
    /// What.
    pub happened: Happened<M, R>,
}

/// What happened to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "M: Key, R: Value")]
pub enum Happened<M, R> {
    /// It opened, then, with this timer for its deadline.
    Opened(Millis, Option<TimerNumber>),
    /// This announcement says who is expected.
    Announced(Version, Expected<M>),
    /// A member reported: this version says that.
    Reported(M, Version, R),
    /// It ended, or an amendment made its ending another one.
    Ended(Ending),
    /// What was handed out of it is undone.
    Undone,
}

/// What a group has gathered, of those that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered<M, R> {
    /// How it ended.
    pub ending: Ending,
    /// The newest report of each member, by member.
    pub reports: Vec<(M, R)>,
}

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what is to start, to be done again or undone is in it"]
pub enum Outcome<M, R> {
    /// It is noted, and changes nothing that was handed out.
    Noted,
    /// It ended its group: now start what is to start.
    Ended(Gathered<M, R>),
    /// It changed what was handed out: do it again with this.
    Amended(Gathered<M, R>),
    /// What was handed out no longer holds: undo it.
    Undo(Gathered<M, R>),
    /// Nothing new: the same or a higher version is here, or there is nothing to end.
    Same,
    /// It came too late.
    Late,
}

/// The limit that keeps an input from being taken in: nothing is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// [`AggregatorConfig::open_max`].
    #[error("too many groups are open")]
    TooManyGroups,
    /// [`AggregatorConfig::members_max`].
    #[error("the group has too many members")]
    TooManyMembers,
    /// The group is at or below one that was forgotten: [`AggregatorConfig::ended_max`].
    #[error("the group has ended and is forgotten, or is older than such a one")]
    Forgotten,
}
