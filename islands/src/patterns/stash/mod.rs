//! **Stash**: an entity that is not ready yet lets commands wait (an item that comes before its
//! order), and takes them in the order in which they came, when it is. With it comes a way to write
//! an entity as a state machine: which command it accepts, defers or refuses in which state.
//!
//! ```text
//!            accept ──────────────▶ act ─── the entity changed ──▶ release: one a turn, in order,
//!              ▲                                                   until none is ready
//!   COMMAND ─ verdict(state, command) ── defer ──▶ waits ──────────▶ act, or refused
//!              ▼                          │ no room   │ deadline; its turn failed
//!            refuse ─▶ turned away ◀──────┘           └──▶ dead letter ──▶ put back by hand
//! ```
//!
//! Rules:
//! 1. [`StashIsland::verdict`] is the machine's table: one `match` over (state, command). It looks
//!    at the state alone, so it can be asked at any time what waits, and why ([`Stash::waits`]).
//! 2. What is deferred is decided once: when the entity is ready (accepted, or refused by then), or
//!    at its deadline, when it becomes a dead letter. Its asker is answered then. A deadline that
//!    comes while the entity is ready and its release goes on (time may pass at once, as over a
//!    restart) is put off by its span. One whose turn fails (a panic in [`StashIsland::act`], a
//!    decision that is too large) becomes a dead letter, too, and holds nobody up.
//! 3. After each command that changed an entity, those that wait for it are looked at again, in the
//!    order in which they came, one a turn: each sees what the ones before it did. Who is not ready
//!    keeps its place.
//! 4. While that goes on, newcomers queue up behind: nobody overtakes who came earlier and is
//!    ready.
//! 5. A dead letter can be put back: it comes again then, as if it were new. Its first asker has
//!    been answered; who puts it back is answered this time.
//!
//! Bounds: [`StashConfig`] limits what waits for one entity, what waits on an island, and dead
//! letters. Where there is no room, the command is turned away by name.
//!
//! Costs: a command that is accepted costs nothing when nobody waits. One that waits is written
//! twice (its own record, and [`StashEvent::Deferred`]) and has one timer, if there is a deadline;
//! its release is one record and sets one timer. A look at those that wait asks for one verdict
//! each.
//!
//! Crash story: all of it is the island's state, changed by events alone, and its timers are
//! durable: a restart finds each command where it was, and a release goes on.
//! The step after a failed one finds that out, as its timer was set before. If that fails as well
//! (a panic in [`StashIsland::verdict`] or [`StashIsland::turn_away`]), the release is no more:
//! what waits is looked at again when the next of it expires, or at a [`Stash::wake`]; until then
//! newcomers queue up.
//!
//! Changes that come about without a command of the entity's own (a timer of the user's, a message
//! about another entity) are not seen: say [`Stash::wake`] then. Without it what became ready waits
//! on, and may be taken for one before it that failed.
//!
//! It doesn't know what an entity is, nor how its asker is answered.

mod decide;
mod event;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use archipelago_core::id::{Asker, IslandId};
use archipelago_core::island::{Island, Origin, Turn};
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::letters::Letters;
use super::{Key, Value};

pub use decide::{FAILED, NotPutBack, Taken, Wait};
pub use event::{Alarm, Release, StashEvent, StashMessage};

/// Why something waits or is refused, for people.
pub type Why = Cow<'static, str>;

/// What an entity says to a command in its present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Now.
    Accept,
    /// Not yet: it waits for this.
    Defer(Why),
    /// Never: for this reason.
    Refuse(Why),
}

/// Why a command is turned away without having been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Away {
    /// The entity refuses it.
    Refused(Why),
    /// It would have to wait for this, and there is no room.
    Full(Why),
    /// It has waited too long for this, and is a dead letter now.
    Expired(Why),
    /// It was ready, and its turn failed. It is a dead letter now.
    Failed,
}

/// Who brought a command: kept while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// A client, which waits for an answer.
    Client(Asker),
    /// An island.
    Island(IslandId),
    /// A timer of this island.
    Timer,
}

impl Who {
    /// Whoever brought the command of this turn.
    #[must_use]
    pub const fn brings<I: Island>(turn: &Turn<I>) -> Self {
        match turn.origin() {
            Origin::Client(asker) => Self::Client(asker),
            Origin::Island { from, .. } => Self::Island(from),
            Origin::Timer(_) => Self::Timer,
        }
    }

    /// Answers a client; nobody else waits for an answer.
    pub fn answer<I: Island>(self, reply: I::Reply, turn: &mut Turn<I>) {
        if let Self::Client(asker) = self {
            turn.reply_to(asker, reply);
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(asker) => write!(f, "request {} of a client", asker.number),
            Self::Island(island) => write!(f, "island {island}"),
            Self::Timer => f.write_str("a timer"),
        }
    }
}

/// An island of entities `K` that are machines over commands `C`.
pub trait StashIsland<K: Key, C: Value>:
    Island<Command: From<StashMessage<K>>, Event: From<StashEvent<K, C>>>
{
    /// The machine's table: what the entity says to a command in its present state. It must not
    /// panic: nobody could say what waits.
    fn verdict(&self, key: &K, command: &C) -> Verdict;

    /// Does a command that is accepted, and answers who brought it. Another command for the same
    /// entity is to be sent to it, not taken in this turn: those that wait are not looked at again
    /// for its sake.
    fn act(&self, key: &K, command: C, who: Who, turn: &mut Turn<Self>);

    /// Tells who brought a command that it is not done. What [`Self::act`] must not take, this must
    /// not either.
    fn turn_away(&self, key: &K, command: C, who: Who, away: Away, turn: &mut Turn<Self>);
}

/// What bounds a stash; the same on all islands, and part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StashConfig {
    /// Commands that wait for one entity.
    pub entity_max: u32,
    /// Commands that wait on one island.
    pub island_max: u32,
    /// How long a command waits; for ever if there is none.
    pub deadline: Option<Millis>,
    /// Dead letters kept.
    pub letters_max: u32,
}

impl Default for StashConfig {
    fn default() -> Self {
        let deadline = Some(Millis(60_000));
        Self { entity_max: 256, island_max: 16_384, deadline, letters_max: 4096 }
    }
}

/// The place of a deferred command on its island: 1, 2, 3 …, in the order in which they came.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StashNumber(pub u64);

/// A command that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "C: Value")]
pub struct Deferred<C> {
    /// What.
    pub command: C,
    /// Who brought it.
    pub who: Who,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub deadline: Option<Alarm>,
}

/// A command that waited too long, or whose turn failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "K: Key, C: Value")]
pub struct Expired<K, C> {
    /// For which entity.
    pub key: K,
    /// The command.
    pub deferred: Deferred<C>,
    /// What it waited for, or that its turn failed.
    pub why: Why,
}

/// What waits for one entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "C: Value")]
struct Queue<C> {
    waiting: BTreeMap<StashNumber, Deferred<C>>,
    /// The release that is under way.
    release: Option<Release>,
}

/// The deferred commands of an island's entities. Embed it in the island's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "K: Key, C: Value")]
pub struct Stash<K, C> {
    config: StashConfig,
    queues: BTreeMap<K, Queue<C>>,
    len: u32,
    last: StashNumber,
    letters: Letters<Expired<K, C>>,
}

impl<K: Key, C: Value> Stash<K, C> {
    /// One in which nothing waits.
    #[must_use]
    pub const fn new(config: StashConfig) -> Self {
        let letters = Letters::new(config.letters_max);
        Self { config, queues: BTreeMap::new(), len: 0, last: StashNumber(0), letters }
    }

    /// The entities that something waits for.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.queues.keys()
    }

    /// What waits for an entity, in the order in which it came.
    pub fn waiting(&self, key: &K) -> impl Iterator<Item = (StashNumber, &Deferred<C>)> {
        let queue = self.queues.get(key).into_iter();
        queue.flat_map(|queue| queue.waiting.iter().map(|(number, it)| (*number, it)))
    }

    /// Whether what waits for an entity is being released, so that newcomers queue up behind.
    #[must_use]
    pub fn is_releasing(&self, key: &K) -> bool {
        self.queues.get(key).is_some_and(|queue| queue.release.is_some())
    }

    /// How much waits on this island.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What waited too long, or failed in its turn.
    #[must_use]
    pub const fn letters(&self) -> &Letters<Expired<K, C>> {
        &self.letters
    }

    /// Applies an event. Call it from the island's `evolve`.
    pub fn evolve(&mut self, event: &StashEvent<K, C>) {
        match event {
            StashEvent::Deferred(key, deferred) => {
                self.last = StashNumber(self.last.0 + 1);
                let empty = || Queue { waiting: BTreeMap::new(), release: None };
                let queue = self.queues.entry(key.clone()).or_insert_with(empty);
                queue.waiting.insert(self.last, deferred.clone());
                self.len += 1;
            }
            StashEvent::Releases(key, next) => {
                if let Some(queue) = self.queues.get_mut(key) {
                    queue.release = *next;
                }
            }
            StashEvent::Granted(key, number, deadline) => {
                let queue = self.queues.get_mut(key);
                if let Some(one) = queue.and_then(|queue| queue.waiting.get_mut(number)) {
                    one.deadline = *deadline;
                }
            }
            StashEvent::Released(key, number) => drop(self.remove(key, *number)),
            StashEvent::Expired(key, number, why, at) => {
                if let Some(deferred) = self.remove(key, *number) {
                    let expired = Expired { key: key.clone(), deferred, why: why.clone() };
                    self.letters.add(expired, *at);
                }
            }
            StashEvent::TakenOut(letter) => self.letters.remove(*letter),
        }
    }

    fn remove(&mut self, key: &K, number: StashNumber) -> Option<Deferred<C>> {
        let queue = self.queues.get_mut(key)?;
        let removed = queue.waiting.remove(&number)?;
        if queue.waiting.is_empty() {
            self.queues.remove(key);
        }
        self.len -= 1;
        Some(removed)
    }
}
