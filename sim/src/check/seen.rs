//! A durable record, as a check sees it: read when it asks.
//!
//! It doesn't know how records are written.

use archipelago_core::bytes::Malformed;
use archipelago_core::codec::{CodecError, Wire};
use archipelago_core::id::{Asker, IslandId, JournalPosition, LinkSeq};
use archipelago_core::island::Island;
use archipelago_core::journal::record::{Entry, RecordView, Source};
use archipelago_core::replay::Image;

/// A durable record and its island before it.
pub struct Seen<'a, I> {
    /// The island.
    pub island: IslandId,
    /// The record.
    pub position: JournalPosition,
    /// The island before it.
    pub before: &'a Image<I>,
    pub(crate) record: &'a RecordView<'a>,
}

impl<I: Island> Seen<'_, I> {
    /// Who brought the input.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.record.source
    }

    /// The input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn command(&self) -> Result<I::Command, String> {
        I::Command::decode(self.record.input).map_err(|error| error.to_string())
    }

    /// Why the input became a dead letter, if it did.
    #[must_use]
    pub const fn dead(&self) -> Option<&str> {
        self.record.dead
    }

    /// The events, in order.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn events(&self) -> Result<Vec<I::Event>, String> {
        self.gather(|entry| match entry {
            Entry::Event(bytes) => Some(I::Event::decode(bytes)),
            _ => None,
        })
    }

    /// The messages sent, in order.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn sends(&self) -> Result<Vec<(IslandId, LinkSeq, I::Command)>, String> {
        self.gather(|entry| match entry {
            Entry::Send { to, number, command } => {
                Some(I::Command::decode(command).map(|command| (to, number, command)))
            }
            _ => None,
        })
    }

    /// The replies given, in order.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn replies(&self) -> Result<Vec<(Asker, I::Reply)>, String> {
        self.gather(|entry| match entry {
            Entry::Reply { asker, reply } => {
                Some(I::Reply::decode(reply).map(|reply| (asker, reply)))
            }
            _ => None,
        })
    }

    fn gather<T>(
        &self,
        pick: impl Fn(Entry<'_>) -> Option<Result<T, CodecError>>,
    ) -> Result<Vec<T>, String> {
        let mut all = Vec::new();
        let mut wrong = None;
        let walked = self.record.walk(|entry| -> Result<(), Malformed> {
            match pick(entry) {
                Some(Ok(value)) => all.push(value),
                Some(Err(error)) => wrong = wrong.take().or(Some(error.to_string())),
                None => {}
            }
            Ok(())
        });
        walked.map_err(|error| error.to_string())?;
        wrong.map_or(Ok(all), Err)
    }
}
