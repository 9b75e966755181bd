//! The image of an island: everything its journal determines, and nothing else.
//!
//! Rules:
//! 1. Live deciding and replay change an image through the same few methods; so their digests
//!    agree.
//! 2. `applied[source]` (links rule R6) and the link numbers given (R4) are part of it.
//! 3. What a crash may forget (acks, credit, cursors) is not in it.
//!
//! It doesn't know journals, links or clients.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use crate::bytes::{Malformed, Part};
use crate::codec::{CodecError, Wire};
use crate::command::dedup::{Given, Kept, Sessions};
use crate::id::{Asker, IslandId, JournalPosition, LinkSeq, RequestNumber};
use crate::island::Island;
use crate::island::timers::Timers;
use crate::journal::record::{Entry, RecordView, Source};
use crate::time::Stamp;

/// Everything an island's journal determines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "I: Serialize", deserialize = "I: DeserializeOwned"))]
pub struct Image<I> {
    /// The user's state.
    pub state: I,
    /// The last record.
    pub position: JournalPosition,
    /// The last record's stamp.
    pub stamp: Stamp,
    /// Client requests and their first answers.
    pub sessions: Sessions,
    /// Timers set and not fired.
    pub timers: Timers,
    /// The last message consumed from each island.
    pub applied: BTreeMap<IslandId, LinkSeq>,
    /// The last message number given to each island.
    pub sent: BTreeMap<IslandId, LinkSeq>,
}

/// What one applied record held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Events evolved.
    pub events: u64,
    /// Sends stepped over.
    pub sends: u64,
}

/// A record that cannot follow: the journal and this build of the island do not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The record's bytes are not a record.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An event is not one of this build's events.
    #[error("an event cannot be read: {0}")]
    Event(#[from] CodecError),
    /// The record contradicts what came before it.
    #[error("{0}")]
    Contradiction(String),
}

/// Whether the request that a record begins with is in its session.
enum Begun {
    Yes,
    NotYet(Asker, RequestNumber),
}

impl Begun {
    #[inline(always)]
    fn of(asked: Option<(Asker, RequestNumber)>) -> Self {
        asked.map_or(Self::Yes, |(asker, mark)| Self::NotYet(asker, mark))
    }

    #[inline(always)]
    fn now(&mut self, sessions: &mut Sessions) {
        if let Self::NotYet(asker, mark) = std::mem::replace(self, Self::Yes) {
            sessions.begin(&asker, mark);
        }
    }
}

impl<I: Island> Image<I> {
    /// An island before its first record.
    #[must_use]
    pub fn new(state: I) -> Self {
        Self {
            state,
            position: JournalPosition::ZERO,
            stamp: Stamp::ZERO,
            sessions: Sessions::default(),
            timers: Timers::default(),
            applied: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    /// Applies the next record: its events are evolved, its sends are only counted.
    ///
    /// # Errors
    /// [`ReplayError`]; the image is then half changed and must not be used.
    #[inline(always)]
    pub fn apply(&mut self, record: &RecordView<'_>) -> Result<Applied, ReplayError> {
        self.take_in(record, |state, event| I::Event::with(event, |event| state.evolve(event)))
    }

    /// Applies the next record to all but the state, and hands each event to `each` beside the
    /// state: whoever replays may keep many and evolve them at once. Nothing else here depends
    /// on the state.
    ///
    /// # Errors
    /// As [`Image::apply`].
    #[inline(always)]
    pub fn take_in(
        &mut self,
        record: &RecordView<'_>,
        mut each: impl FnMut(&mut I, Part<'_>) -> Result<(), CodecError>,
    ) -> Result<Applied, ReplayError> {
        if record.stamp <= self.stamp {
            let (stamp, before) = (record.stamp, self.stamp);
            return Err(contradiction(format_args!("stamp {stamp} is not after {before}")));
        }
        let mut sections = record.sections();
        let events = sections.events(|event| -> Result<(), ReplayError> {
            each(&mut self.state, event)?;
            Ok(())
        })?;
        let mut applied = Applied { events, sends: 0 };
        let asked = self.consume(&record.source)?;
        sections.sends(|to, number, _| -> Result<(), ReplayError> {
            applied.sends += 1;
            let next = self.give_number(to);
            if next != number {
                return Err(contradiction(format_args!(
                    "message {number} to island {to}, but {next} would be next"
                )));
            }
            Ok(())
        })?;
        // Most requests are answered by their own record: one look at the session for both.
        let mut begun = Begun::of(asked);
        sections.replies(|asker, reply| -> Result<(), ReplayError> {
            match begun {
                Begun::NotYet(own, mark) if own == asker => {
                    begun = Begun::Yes;
                    self.sessions.begin_answered(&own, mark, reply);
                }
                _ => {
                    begun.now(&mut self.sessions);
                    self.sessions.answer(&asker, Kept::Replied(reply.into()));
                }
            }
            Ok(())
        })?;
        begun.now(&mut self.sessions);
        sections.behind(|entry| -> Result<(), ReplayError> {
            self.note(&entry);
            Ok(())
        })?;
        self.finish(&record.source, record.stamp, record.dead);
        Ok(applied)
    }

    /// Notes that `source`'s input is being consumed.
    pub(crate) fn begin(&mut self, source: &Source) -> Result<(), ReplayError> {
        if let Some((asker, mark)) = self.consume(source)? {
            self.sessions.begin(&asker, mark);
        }
        Ok(())
    }

    /// The same for all but a client's request, which is returned: who asked, and the mark.
    #[inline(always)]
    fn consume(&mut self, source: &Source) -> Result<Option<(Asker, RequestNumber)>, ReplayError> {
        match *source {
            Source::Client { asker, answered_below } => return Ok(Some((asker, answered_below))),
            Source::Island { from, number, .. } => {
                let applied = self.applied.entry(from).or_default();
                if applied.next() != number {
                    return Err(contradiction(format_args!(
                        "message {number} from island {from}, but {} would be next",
                        applied.next()
                    )));
                }
                *applied = number;
            }
            Source::Timer(number) => {
                if self.timers.remove(number).is_none() {
                    return Err(contradiction(format_args!("timer {number} fired but is not set")));
                }
            }
        }
        Ok(None)
    }

    /// Takes in a reply or a timer; events and sends are taken in by whoever makes or reads them.
    /// Says of a reply whether it may leave.
    pub(crate) fn note(&mut self, entry: &Entry<'_>) -> Given {
        match *entry {
            Entry::Event(_) | Entry::Send { .. } => {}
            Entry::Reply { asker, reply } => {
                return self.sessions.answer(&asker, Kept::Replied(reply.into()));
            }
            Entry::Timer { number, deadline, command } => {
                self.timers.set(number, deadline, command);
            }
            Entry::Cancelled(number) => drop(self.timers.remove(number)),
        }
        Given::Before
    }

    /// The number of the next message to `to`, given away.
    pub(crate) fn give_number(&mut self, to: IslandId) -> LinkSeq {
        let sent = self.sent.entry(to).or_default();
        *sent = sent.next();
        *sent
    }

    /// Takes back the number given last to `to`: its record could not be written.
    pub(crate) fn take_back_number(&mut self, to: IslandId) {
        match self.sent.get_mut(&to) {
            Some(sent) if sent.0 > 1 => sent.0 -= 1,
            _ => drop(self.sent.remove(&to)),
        }
    }

    /// Closes a record.
    #[inline(always)]
    pub(crate) fn finish(&mut self, source: &Source, stamp: Stamp, dead: Option<&str>) {
        if let (Source::Client { asker, .. }, Some(reason)) = (source, dead) {
            self.sessions.answer(asker, Kept::Dead(reason.into()));
        }
        self.position = self.position.next();
        self.stamp = stamp;
    }

    /// The last message consumed from `from`.
    #[must_use]
    pub fn applied_from(&self, from: IslandId) -> LinkSeq {
        self.applied.get(&from).copied().unwrap_or_default()
    }

    /// The last message number given to `to`.
    #[must_use]
    pub fn sent_to(&self, to: IslandId) -> LinkSeq {
        self.sent.get(&to).copied().unwrap_or_default()
    }

    /// The digest of all of it.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when the user's state refuses to be serialised.
    pub fn digest(&self) -> Result<Digest, CodecError> {
        Digest::of(self)
    }
}

fn contradiction(what: std::fmt::Arguments<'_>) -> ReplayError {
    ReplayError::Contradiction(what.to_string())
}
