//! Reading records, in place.
//!
//! It doesn't know where the bytes came from.

use super::{
    CANCELLED, Cause, DEAD, EVENTS, REPLIES, SENDS, SOURCE_CLIENT, SOURCE_ISLAND, SOURCE_MASK,
    SOURCE_TIMER, Source, TIMERS,
};
use crate::bytes::{Malformed, Part, Reader};
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
    #[inline(always)]
    pub fn next_record(&mut self) -> Result<Option<RecordView<'a>>, Malformed> {
        self.next_part()?.map(RecordView::parse).transpose()
    }

    /// The next record, for [`RecordView::parse`], or `None` at the end.
    ///
    /// # Errors
    /// [`Malformed`] (byte of the body) when a whole one is not there.
    #[inline(always)]
    pub fn next_part(&mut self) -> Result<Option<Part<'a>>, Malformed> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let length = u32::from_le_bytes(self.reader.array("the length of a record")?);
        self.reader.take_in_its_room(length as usize, "a whole record").map(Some)
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
    /// Begins with the record, and goes on behind it.
    room: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// Parses the head of a record (without its length field).
    ///
    /// # Errors
    /// [`Malformed`] with the byte.
    #[inline(always)]
    pub fn parse(record: impl Into<Part<'a>>) -> Result<Self, Malformed> {
        let record = record.into();
        let mut reader = Reader::new(record.bytes());
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
        Ok(Self { source, stamp, input, dead, flags, sections: reader, room: record.room() })
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
        let mut sections = self.sections();
        sections.events(|event| visit(Entry::Event(event.bytes())))?;
        sections.sends(|to, number, command| visit(Entry::Send { to, number, command }))?;
        sections.replies(|asker, reply| visit(Entry::Reply { asker, reply }))?;
        sections.behind(visit)
    }

    /// The sections, to be read one after the other. A loop for each kind of entry is what a replay
    /// is fast with; whoever is in no hurry takes [`RecordView::walk`].
    #[inline(always)]
    #[must_use]
    pub fn sections(&self) -> Sections<'a> {
        Sections { flags: self.flags, source: self.source, reader: self.sections, room: self.room }
    }
}

/// The sections of a record: events, sends, replies, and what is behind them, in this order.
#[derive(Debug)]
pub struct Sections<'a> {
    flags: u8,
    source: Source,
    reader: Reader<'a>,
    room: &'a [u8],
}

impl<'a> Sections<'a> {
    /// The events, each in its room. Returns how many there are.
    ///
    /// # Errors
    /// What `visit` returns, or [`Malformed`].
    #[inline(always)]
    pub fn events<E: From<Malformed>>(
        &mut self,
        visit: impl FnMut(Part<'a>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let events = self.count(EVENTS)?;
        self.reader.parts_in((events, "an event"), self.room, visit)?;
        Ok(events)
    }

    /// The messages: receiver, number on the link, bytes.
    ///
    /// # Errors
    /// What `visit` returns, or [`Malformed`].
    #[inline(always)]
    pub fn sends<E: From<Malformed>>(
        &mut self,
        mut visit: impl FnMut(IslandId, LinkSeq, &'a [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for _ in 0..self.count(SENDS)? {
            let to = IslandId(self.reader.varint_u32("a receiver")?);
            let number = LinkSeq(self.reader.varint("a link number")?);
            visit(to, number, self.reader.part("a message")?)?;
        }
        Ok(())
    }

    /// The answers: to whom, and their bytes.
    ///
    /// # Errors
    /// What `visit` returns, or [`Malformed`].
    #[inline(always)]
    pub fn replies<E: From<Malformed>>(
        &mut self,
        mut visit: impl FnMut(Asker, &'a [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for _ in 0..self.count(REPLIES)? {
            let asker = self.reply_asker()?;
            visit(asker, self.reader.part("a reply")?)?;
        }
        Ok(())
    }

    /// The timers set and those taken back; then nothing may be left.
    ///
    /// # Errors
    /// What `visit` returns, or [`Malformed`].
    #[inline(always)]
    pub fn behind<E: From<Malformed>>(
        self,
        visit: impl FnMut(Entry<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { flags, mut reader, .. } = self;
        if flags & (TIMERS | CANCELLED) != 0 {
            reader = timers(flags, reader, visit)?;
        }
        if reader.is_empty() {
            Ok(())
        } else {
            Err(reader.expected("the end of the record").into())
        }
    }

    #[inline(always)]
    fn count(&mut self, flag: u8) -> Result<u64, Malformed> {
        count(self.flags & flag, &mut self.reader)
    }

    #[inline(always)]
    fn reply_asker(&mut self) -> Result<Asker, Malformed> {
        let at = self.reader;
        match (self.reader.array("whom a reply is for")?, self.source) {
            ([0], Source::Client { asker, .. }) => Ok(asker),
            ([1], _) => read_asker(&mut self.reader),
            _ => Err(at.expected("whom a reply is for")),
        }
    }
}

#[inline(always)]
fn count(flag: u8, reader: &mut Reader<'_>) -> Result<u64, Malformed> {
    if flag == 0 { Ok(0) } else { reader.varint("a count") }
}

/// By value, as most records have none: whose address is taken lives in memory, not in registers.
fn timers<'a, E: From<Malformed>>(
    flags: u8,
    mut reader: Reader<'a>,
    mut visit: impl FnMut(Entry<'a>) -> Result<(), E>,
) -> Result<Reader<'a>, E> {
    for _ in 0..count(flags & TIMERS, &mut reader)? {
        let number = TimerNumber(reader.varint("a timer's number")?);
        let deadline = Millis(reader.varint("a deadline")?);
        let command = reader.part("a timer's command")?;
        visit(Entry::Timer { number, deadline, command })?;
    }
    for _ in 0..count(flags & CANCELLED, &mut reader)? {
        visit(Entry::Cancelled(TimerNumber(reader.varint("a timer's number")?)))?;
    }
    Ok(reader)
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

#[inline(always)]
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

#[inline(always)]
fn read_asker(reader: &mut Reader<'_>) -> Result<Asker, Malformed> {
    let client = ClientId(u128::from_le_bytes(reader.array("a client")?));
    let slot = Slot(u16::from_le_bytes(reader.array("a slot")?));
    if slot.0 >= SLOTS {
        return Err(reader.expected("a slot below 4096 before this byte"));
    }
    let number = RequestNumber(reader.varint("a request number")?);
    Ok(Asker { client, slot, number })
}
