//! Reading records, in place.
//!
//! It doesn't know where the bytes came from.

use super::{
    CANCELLED, Cause, DEAD, EVENTS, REPLIES, SENDS, SOURCE_CLIENT, SOURCE_ISLAND, SOURCE_MASK,
    SOURCE_TIMER, Source, TIMERS,
};
use crate::bytes::{Malformed, Reader};
use crate::command::route::SLOTS;
use crate::id::{
    Asker, ClientId, IslandId, JournalPosition, LinkSeq, RequestNumber, Slot, TimerNumber,
};
use crate::time::{Millis, Stamp};

/// The records of a block's body, one after the other.
#[derive(Clone, Debug)]
pub struct RecordsView<'a> {
    reader: Reader<'a>,
}

impl<'a> RecordsView<'a> {
    /// The records in `body`.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body) }
    }

    /// The next record, or `None` at the end.
    ///
    /// # Errors
    /// [`Malformed`] (byte of the body, or of the record) when it is not a record.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<RecordView<'a>>, Malformed> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let length = u32::from_le_bytes(self.reader.array("the length of a record")?);
        let bytes = self.reader.take(length as usize, "a whole record")?;
        RecordView::parse(bytes).map(Some)
    }
}

/// One record, read in place: the head is parsed, the sections are walked when asked for.
#[derive(Clone, Debug)]
pub struct RecordView<'a> {
    /// Who brought the input.
    pub source: Source,
    /// When it was decided.
    pub stamp: Stamp,
    /// The command's bytes.
    pub input: &'a [u8],
    /// Why it is a dead letter, if it is one.
    pub dead: Option<&'a str>,
    flags: u8,
    sections: Reader<'a>,
}

impl<'a> RecordView<'a> {
    /// Parses the head of a record (without its length field).
    ///
    /// # Errors
    /// [`Malformed`] with the byte.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let [flags] = reader.array("flags")?;
        let stamp = Stamp(u64::from_le_bytes(reader.array("a stamp")?));
        let source = read_source(&mut reader, flags)?;
        let input = reader.part("the input")?;
        let dead = if flags & DEAD == 0 {
            None
        } else {
            let reason = reader.part("why it is a dead letter")?;
            Some(std::str::from_utf8(reason).map_err(|_| reader.expected("UTF-8"))?)
        };
        Ok(Self { source, stamp, input, dead, flags, sections: reader })
    }

    /// The bytes it was parsed from.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.sections.all()
    }

    /// Walks all sections in order, handing each entry to `visit`, and checks that nothing is left.
    ///
    /// # Errors
    /// What `visit` returns, or [`Malformed`].
    pub fn walk<E: From<Malformed>>(
        &self,
        mut visit: impl FnMut(Entry<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = self.sections.clone();
        let reader = &mut reader;
        for _ in 0..self.count(reader, EVENTS)? {
            visit(Entry::Event(reader.part("an event")?))?;
        }
        for _ in 0..self.count(reader, SENDS)? {
            let to = IslandId(reader.varint_u32("a receiver")?);
            let number = LinkSeq(reader.varint("a link number")?);
            visit(Entry::Send { to, number, command: reader.part("a message")? })?;
        }
        for _ in 0..self.count(reader, REPLIES)? {
            let asker = self.read_reply_asker(reader)?;
            visit(Entry::Reply { asker, reply: reader.part("a reply")? })?;
        }
        for _ in 0..self.count(reader, TIMERS)? {
            let number = TimerNumber(reader.varint("a timer's number")?);
            let deadline = Millis(reader.varint("a deadline")?);
            visit(Entry::Timer { number, deadline, command: reader.part("a timer's command")? })?;
        }
        for _ in 0..self.count(reader, CANCELLED)? {
            visit(Entry::Cancelled(TimerNumber(reader.varint("a timer's number")?)))?;
        }
        if reader.is_empty() {
            Ok(())
        } else {
            Err(reader.expected("the end of the record").into())
        }
    }

    #[inline]
    fn count(&self, reader: &mut Reader<'a>, flag: u8) -> Result<u64, Malformed> {
        if self.flags & flag == 0 { Ok(0) } else { reader.varint("a count") }
    }

    fn read_reply_asker(&self, reader: &mut Reader<'a>) -> Result<Asker, Malformed> {
        let at = reader.clone();
        match (reader.array("whom a reply is for")?, self.source) {
            ([0], Source::Client { asker, .. }) => Ok(asker),
            ([1], _) => read_asker(reader),
            _ => Err(at.expected("whom a reply is for")),
        }
    }
}

/// One entry of a record's sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An event's bytes.
    Event(&'a [u8]),
    /// A message.
    Send {
        /// The receiver.
        to: IslandId,
        /// Its number on the link.
        number: LinkSeq,
        /// The command's bytes.
        command: &'a [u8],
    },
    /// An answer.
    Reply {
        /// Who is answered.
        asker: Asker,
        /// The reply's bytes.
        reply: &'a [u8],
    },
    /// A timer set.
    Timer {
        /// Its number.
        number: TimerNumber,
        /// When it is due.
        deadline: Millis,
        /// The command's bytes.
        command: &'a [u8],
    },
    /// A timer taken back.
    Cancelled(TimerNumber),
}

#[inline]
fn read_source(reader: &mut Reader<'_>, flags: u8) -> Result<Source, Malformed> {
    match flags & SOURCE_MASK {
        SOURCE_CLIENT => {
            let asker = read_asker(reader)?;
            let answered_below = RequestNumber(reader.varint("the answered mark")?);
            Ok(Source::Client { asker, answered_below })
        }
        SOURCE_ISLAND => {
            let from = IslandId(reader.varint_u32("a sender")?);
            let number = LinkSeq(reader.varint("a link number")?);
            let hops = reader.varint_u32("hops")?;
            let island = IslandId(reader.varint_u32("a root island")?);
            let position = JournalPosition(reader.varint("a root position")?);
            Ok(Source::Island { from, number, cause: Cause { hops, island, position } })
        }
        SOURCE_TIMER => Ok(Source::Timer(TimerNumber(reader.varint("a timer's number")?))),
        _ => Err(reader.expected("a source of kind 0, 1 or 2")),
    }
}

fn read_asker(reader: &mut Reader<'_>) -> Result<Asker, Malformed> {
    let client = ClientId(u128::from_le_bytes(reader.array("a client")?));
    let slot = Slot(u16::from_le_bytes(reader.array("a slot")?));
    if slot.0 >= SLOTS {
        return Err(reader.expected("a slot below 4096 before this byte"));
    }
    let number = RequestNumber(reader.varint("a request number")?);
    Ok(Asker { client, slot, number })
}
