//! Rewriting what an older program wrote: records, messages, timers and kept replies of an older
//! schema → this program's form.
//!
//! Rules:
//! 1. It is the one place where older forms are read. Whoever decides, evolves, compares, re-sends
//!    or answers sees the current form alone.
//! 2. A rewritten record is what the live writer would have written: the same source, stamp, link
//!    numbers and timers, other bytes inside. One event may become several, or none.
//! 3. What is of the current schema is never rewritten; what is of a newer one cannot be.
//! 4. A dead letter keeps an input that cannot be read.
//!
//! It doesn't know where the bytes stand, nor what the versions mean.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bytes::{Malformed, Reader};
use crate::codec::{CodecError, Wire};
use crate::id::LinkSeq;
use crate::island::{Decision, Island, panic_text};
use crate::journal::frame::SchemaVersion;
use crate::journal::record::{Entry, RecordView, WriteError, write};
use crate::link::chunk::{Chunk, ChunkBuilder, Message};
use crate::replay::Image;

/// Why something of an older schema cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// An `upcast` function refused, or panicked.
    #[error("{what} of schema version {from} cannot be read: {reason}")]
    Unread {
        /// A command, an event or a reply.
        what: &'static str,
        /// Its version.
        from: SchemaVersion,
        /// What the function said.
        reason: String,
    },
    /// It is not what it should be at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The new form cannot be written, or is too large.
    #[error("in its new form: {0}")]
    Unwritten(#[from] WriteError),
    /// It was written by a newer program.
    #[error(
        "it was written under schema version {found}, and this program knows versions up to {known}: use the program that wrote it, or a newer one"
    )]
    Newer {
        /// As written.
        found: SchemaVersion,
        /// The program's own.
        known: SchemaVersion,
    },
}

/// Rewrites what was written under one older schema.
pub struct Upcast<I> {
    from: SchemaVersion,
    island: PhantomData<fn() -> I>,
}

impl<I> fmt::Debug for Upcast<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upcast").field("from", &self.from).finish()
    }
}

impl<I> Clone for Upcast<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Upcast<I> {}

impl<I: Island> Upcast<I> {
    /// What rewrites things of schema `from`; `None` when that is the current one.
    ///
    /// # Errors
    /// [`UpcastError::Newer`].
    pub fn from(from: SchemaVersion) -> Result<Option<Self>, UpcastError> {
        let known = SchemaVersion(I::SCHEMA_VERSION);
        if from > known {
            return Err(UpcastError::Newer { found: from, known });
        }
        Ok((from < known).then_some(Self { from, island: PhantomData }))
    }

    /// Appends the record as it is written now (with its length field) to `out`.
    ///
    /// # Errors
    /// [`UpcastError`]; `out` is then as it was.
    pub fn record(&self, record: &RecordView<'_>, out: &mut Vec<u8>) -> Result<(), UpcastError> {
        let input = match (self.command(record.input), record.dead) {
            (Ok(command), _) => bytes_of(&command)?,
            (Err(_), Some(_)) => record.input.to_vec(),
            (Err(error), None) => return Err(error),
        };
        let mut decision = Decision::<I>::default();
        let mut numbers = Vec::new();
        record.walk(|entry| {
            match entry {
                Entry::Event(bytes) => self.event(bytes, &mut decision.events)?,
                Entry::Send { to, number, command } => {
                    numbers.push(number);
                    decision.sends.push((to, self.command(command)?));
                }
                Entry::Reply { asker, reply } => {
                    decision.replies.push((asker, self.reply(reply)?));
                }
                Entry::Timer { number, deadline, command } => {
                    decision.timers.push((number, deadline, self.command(command)?));
                }
                Entry::Cancelled(number) => decision.cancelled.push(number),
            }
            Ok::<(), UpcastError>(())
        })?;
        let mut numbers = numbers.into_iter();
        let number = |_| numbers.next().expect("each send has its number");
        write(out, &record.source, record.stamp, &input, record.dead, &decision, number)?;
        Ok(())
    }

    /// A command's bytes as they are written now.
    ///
    /// # Errors
    /// [`UpcastError`].
    pub fn command_bytes(&self, bytes: &[u8]) -> Result<Vec<u8>, UpcastError> {
        bytes_of(&self.command(bytes)?)
    }

    /// Messages of a link as they are sent now.
    ///
    /// # Errors
    /// [`UpcastError`].
    pub fn chunk(&self, chunk: &Chunk) -> Result<Chunk, UpcastError> {
        let (mut reader, mut number) = (Reader::new(&chunk.bytes), chunk.first);
        let mut builder = ChunkBuilder::default();
        while !reader.is_empty() {
            let message = Message::parse(reader.part("a message")?)?;
            let command = self.command_bytes(message.command)?;
            builder.push(number, &Message { command: &command, ..message });
            number = LinkSeq(number.0 + 1);
        }
        Ok(builder.finish().unwrap_or_else(|| chunk.clone()))
    }

    /// Rewrites what an image keeps as bytes: timers' commands and first replies. (Its state has a
    /// version of its own.)
    ///
    /// # Errors
    /// [`UpcastError`]; the image must not be used then.
    pub fn image(&self, image: &mut Image<I>) -> Result<(), UpcastError> {
        image.timers.rewrite(|bytes| self.command_bytes(bytes))?;
        image.sessions.rewrite(|bytes| bytes_of(&self.reply(bytes)?))
    }

    fn command(&self, bytes: &[u8]) -> Result<I::Command, UpcastError> {
        self.guarded("a command", || I::upcast_command(self.from, bytes))
    }

    fn reply(&self, bytes: &[u8]) -> Result<I::Reply, UpcastError> {
        self.guarded("a reply", || I::upcast_reply(self.from, bytes))
    }

    fn event(&self, bytes: &[u8], events: &mut Vec<I::Event>) -> Result<(), UpcastError> {
        let mut emit = |event| events.push(event);
        self.guarded("an event", || I::upcast_event(self.from, bytes, &mut emit))
    }

    fn guarded<T>(
        &self,
        what: &'static str,
        read: impl FnOnce() -> Result<T, CodecError>,
    ) -> Result<T, UpcastError> {
        let reason = match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("it panicked: {}", panic_text(panic.as_ref())),
        };
        Err(UpcastError::Unread { what, from: self.from, reason })
    }
}

fn bytes_of<T: Wire>(value: &T) -> Result<Vec<u8>, UpcastError> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes).map_err(WriteError::from)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::id::{IslandId, JournalPosition};
    use crate::island::Turn;
    use crate::journal::record::{Cause, Source};
    use crate::time::Stamp;

    /// Its commands are texts, which were numbers once.
    #[derive(Debug, Serialize, Deserialize)]
    struct Texts;

    impl Island for Texts {
        type Command = String;
        type Event = ();
        type Reply = ();
        const SCHEMA_VERSION: u32 = 3;
        fn upcast_command(from: SchemaVersion, bytes: &[u8]) -> Result<String, CodecError> {
            assert_ne!(from.0, 2, "there was never a version 2");
            crate::codec::decode::<u64>(bytes).map(|number| number.to_string())
        }
        fn decide(&self, _: String, _: &mut Turn<Self>) {}
        fn evolve(&mut self, (): &()) {}
    }

    fn rewritten(
        from: u32,
        input: &[u8],
        dead: Option<&str>,
    ) -> Result<(Vec<u8>, bool), UpcastError> {
        let cause = Cause { hops: 1, island: IslandId(2), position: JournalPosition(3) };
        let source = Source::Island { from: IslandId(1), number: LinkSeq(9), cause };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let nothing = Decision::<Texts>::default();
        write(&mut before, &source, Stamp(5), input, dead, &nothing, |_| LinkSeq(1)).unwrap();
        let before = RecordView::parse(&before[4..]).unwrap();
        let upcast = Upcast::<Texts>::from(SchemaVersion(from))?.expect("an older one");
        upcast.record(&before, &mut after)?;
        let after = RecordView::parse(&after[4..]).unwrap();
        assert_eq!((after.source, after.stamp, after.dead), (source, Stamp(5), dead));
        Ok((after.input.to_vec(), after.dead.is_some()))
    }

    #[test]
    fn a_dead_letter_keeps_an_input_that_cannot_be_read_and_anything_else_is_an_error() {
        assert_eq!(rewritten(0, &[7], None), Ok((b"\x017".to_vec(), false)));
        assert_eq!(rewritten(0, &[7], Some("why")), Ok((b"\x017".to_vec(), true)));
        assert_eq!(rewritten(0, &[0x80], Some("why")), Ok((vec![0x80], true)));
        let words = |from, input: &[u8]| rewritten(from, input, None).unwrap_err().to_string();
        assert!(words(0, &[0x80]).contains("a command of schema version 0 cannot be read"));
        assert!(words(2, &[7]).contains("it panicked: "), "{}", words(2, &[7]));
        assert!(words(4, &[7]).contains("version 4, and this program knows versions up to 3"));
        assert!(Upcast::<Texts>::from(SchemaVersion(3)).unwrap().is_none());
    }
}
