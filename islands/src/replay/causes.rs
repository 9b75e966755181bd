//! Why a record is there, and what it caused: along messages and timers, over all islands.
//!
//! Rules:
//! 1. A record's cause is the record that sent the message it consumed, or set the timer that
//!    fired; a client's request has none in the journal.
//! 2. One scan remembers where each message was sent and consumed, and each timer set and fired:
//!    16 bytes of memory a message, about twice that a timer. Records are read when asked for.
//! 3. Message numbers of a link follow each other, at both of its ends; a journal where they don't
//!    is refused.
//!
//! It doesn't know what messages say.

use std::collections::BTreeMap;

use archipelago_core::id::{IslandId, JournalPosition, LinkSeq, TimerNumber};
use archipelago_core::journal::record::{Entry, RecordView, Source};

use super::error::OpenError;
use super::index::{Index, Record};
use super::log::Log;
use super::walk::{failed, walk};

/// Names a record: its island and its position there.
pub type RecordId = (IslandId, JournalPosition);

/// A link: from, to.
type Link = (IslandId, IslandId);

/// The causes of all records of a log.
#[derive(Debug)]
pub struct Causes<'a> {
    log: &'a Log,
    index: Index,
    edges: Edges,
}

/// By whom, and by what.
#[derive(Debug, Default)]
struct Edges {
    /// The record that sent message n of a link stands at n − 1.
    sent: BTreeMap<Link, Vec<JournalPosition>>,
    /// The record that consumed it, there too.
    consumed: BTreeMap<Link, Vec<JournalPosition>>,
    set: BTreeMap<(IslandId, TimerNumber), JournalPosition>,
    fired: BTreeMap<(IslandId, TimerNumber), JournalPosition>,
}

impl Log {
    /// Reads who caused whom.
    ///
    /// # Errors
    /// [`OpenError`]: damage, or link numbers that do not follow each other.
    pub fn causes(&self) -> Result<Causes<'_>, OpenError> {
        let (mut index, mut edges) = (Index::new(self), Edges::default());
        self.blocks(|block| -> Result<(), OpenError> {
            index.add(block);
            walk(block, &self.storage, self.until, |position, record| {
                let noted = edges.note((block.header.island, position), record);
                noted.map_err(|reason| failed(&self.storage, &block.header, position, &reason))
            })
        })?;
        Ok(Causes { log: self, index, edges })
    }
}

impl Edges {
    fn note(&mut self, at: RecordId, record: &RecordView<'_>) -> Result<(), String> {
        let (island, position) = at;
        match record.source {
            Source::Client { .. } => {}
            Source::Island { from, number, .. } => {
                put(self.consumed.entry((from, island)).or_default(), number, position)?;
            }
            Source::Timer(timer) => drop(self.fired.insert((island, timer), position)),
        }
        let mut numbers = Ok(());
        let walked: Result<(), archipelago_core::bytes::Malformed> = record.walk(|entry| {
            match entry {
                Entry::Send { to, number, .. } if numbers.is_ok() => {
                    let sent = self.sent.entry((island, to)).or_default();
                    numbers = put(sent, number, position);
                }
                Entry::Timer { number, .. } => {
                    self.set.insert((island, number), position);
                }
                _ => {}
            }
            Ok(())
        });
        walked.map_err(|malformed| malformed.to_string())?;
        numbers
    }
}

/// Notes that message `number` belongs to the record at `position`.
fn put(
    of_link: &mut Vec<JournalPosition>,
    number: LinkSeq,
    position: JournalPosition,
) -> Result<(), String> {
    let next = of_link.len() as u64 + 1;
    if number.0 != next {
        return Err(format!("message {number}, but {next} would be next"));
    }
    of_link.push(position);
    Ok(())
}

fn get(of_link: Option<&Vec<JournalPosition>>, number: LinkSeq) -> Option<JournalPosition> {
    of_link?.get(usize::try_from(number.0.checked_sub(1)?).ok()?).copied()
}

impl Causes<'_> {
    /// Reads a record; `None` when the log has no such record.
    ///
    /// # Errors
    /// When it cannot be read any more.
    pub fn record(&self, (island, position): RecordId) -> Result<Option<Record>, OpenError> {
        self.index.record(self.log, island, position)
    }

    /// The record that caused this one; `None` for a client's request.
    #[must_use]
    pub fn cause_of(&self, record: &Record) -> Option<RecordId> {
        let island = record.island;
        match record.view().source {
            Source::Client { .. } => None,
            Source::Island { from, number, .. } => {
                Some((from, get(self.edges.sent.get(&(from, island)), number)?))
            }
            Source::Timer(timer) => Some((island, *self.edges.set.get(&(island, timer))?)),
        }
    }

    /// From the request (or whatever else has no cause in the log) to `record`, both included.
    ///
    /// # Errors
    /// When a record cannot be read any more.
    pub fn chain(&self, record: Record) -> Result<Vec<Record>, OpenError> {
        let mut chain = vec![record];
        // A cause is older than what it causes: that ends, whatever the numbers say.
        while let Some(last) = chain.last()
            && let Some(cause) = self.cause_of(last)
            && let Some(cause) = self.record(cause)?
            && cause.view().stamp < last.view().stamp
        {
            chain.push(cause);
        }
        chain.reverse();
        Ok(chain)
    }

    /// What a record caused, in the order in which it says so: the records that consumed its
    /// messages, then those of its timers. Messages that the log doesn't see consumed are not
    /// there.
    #[must_use]
    pub fn caused_by(&self, record: &Record) -> Vec<RecordId> {
        let mut caused = Vec::new();
        let island = record.island;
        let walked: Result<(), archipelago_core::bytes::Malformed> = record.view().walk(|entry| {
            match entry {
                Entry::Send { to, number, .. } => {
                    let consumed = get(self.edges.consumed.get(&(island, to)), number);
                    caused.extend(consumed.map(|position| (to, position)));
                }
                Entry::Timer { number, .. } => {
                    let fired = self.edges.fired.get(&(island, number));
                    caused.extend(fired.map(|position| (island, *position)));
                }
                _ => {}
            }
            Ok(())
        });
        debug_assert!(walked.is_ok(), "the scan walked over it before");
        caused
    }
}
