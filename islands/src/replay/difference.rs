//! In what two records of one input differ, in words.
//!
//! Rules:
//! 1. Parts are compared entry by entry, as bytes; the first entry of a part that differs is told,
//!    or that one side has no such entry.
//! 2. Where two entries differ but their words do not, their bytes are shown.
//!
//! It doesn't know why they differ.

use std::fmt;

use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockPlace, SegmentNumber};
use archipelago_core::journal::record::{Entry, RecordView, Source};
use archipelago_core::time::{Millis, Stamp};

use super::words::{request, source, words};

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Who brought the input.
    Source,
    /// The input.
    Input,
    /// Whether and why it is a dead letter.
    DeadLetter,
    /// What happened.
    Events,
    /// Messages: receiver, link number, command.
    Sends,
    /// Answers: whose, and what.
    Replies,
    /// Timers set: number, when due, command.
    Timers,
    /// Timers taken back.
    TakenBack,
    /// Nothing of the above, but the bytes of the record.
    Form,
}

impl Part {
    const SECTIONS: [Self; 5] =
        [Self::Events, Self::Sends, Self::Replies, Self::Timers, Self::TakenBack];

    const fn of(entry: &Entry<'_>) -> Self {
        match entry {
            Entry::Event(_) => Self::Events,
            Entry::Send { .. } => Self::Sends,
            Entry::Reply { .. } => Self::Replies,
            Entry::Timer { .. } => Self::Timers,
            Entry::Cancelled(_) => Self::TakenBack,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Source => "source",
            Self::Input => "input",
            Self::DeadLetter => "dead letter",
            Self::Events => "events",
            Self::Sends => "sends",
            Self::Replies => "replies",
            Self::Timers => "timers",
            Self::TakenBack => "timers taken back",
            Self::Form => "form",
        })
    }
}

/// The first entry of a part that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartDiffers {
    /// Which part.
    pub part: Part,
    /// Which of its entries, from 1.
    pub entry: usize,
    /// The recorded one (of two journals: the first one's) in words, if there is one.
    pub left: Option<String>,
    /// The one decided again (of two journals: the second one's) in words, if there is one.
    pub right: Option<String>,
}

/// A record that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub island: IslandId,
    /// Its position in the island's journal.
    pub position: JournalPosition,
    /// When it was decided.
    pub stamp: Stamp,
    /// Where its block stands.
    pub place: BlockPlace,
    /// The same: file, and offset in bytes.
    pub place_words: String,
    /// The input and who brought it.
    pub input: String,
    /// What kind of command that is: the names of its variants, such as `Stock.Need`.
    pub kind: String,
    /// In what they differ; at least one part.
    pub parts: Vec<PartDiffers>,
}

impl Difference {
    /// What orders differences as their records stand in the journal.
    pub(super) fn order(&self) -> (SegmentNumber, u32, JournalPosition) {
        (self.place.segment, self.place.offset, self.position)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { island, position, stamp, place_words, input, .. } = self;
        write!(f, "island {island}, record {position}, stamp {stamp} ({place_words})\n  {input}")?;
        for PartDiffers { part, entry, left, right } in &self.parts {
            let said = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
            write!(f, "\n  {part}, entry {entry}")?;
            write!(f, "\n    recorded: {}\n    decided:  {}", said(left), said(right))?;
        }
        Ok(())
    }
}

/// What of two records is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Everything, deadlines included.
    Compared,
    /// Deadlines count from the record's stamp: two runs never have the same clock.
    Relative,
}

/// In what two records differ; empty when they are the same.
pub(super) fn compare<I: Island>(
    left: &RecordView<'_>,
    right: &RecordView<'_>,
    times: Times,
) -> Result<Vec<PartDiffers>, Malformed> {
    let mut parts = Vec::new();
    if times == Times::Compared && left.bytes() == right.bytes() {
        return Ok(parts);
    }
    let mut differ = |part, left: Option<String>, right: Option<String>| {
        if left != right {
            parts.push(PartDiffers { part, entry: 1, left, right });
        }
    };
    differ(Part::Source, Some(who(&left.source)), Some(who(&right.source)));
    if left.input != right.input {
        let both = told_apart::<I::Command>(left.input, right.input);
        differ(Part::Input, Some(both.0), Some(both.1));
    }
    let dead = |record: &RecordView<'_>| record.dead.map(str::to_owned);
    differ(Part::DeadLetter, dead(left), dead(right));
    let (lefts, rights) = (entries(left, times)?, entries(right, times)?);
    for part in Part::SECTIONS {
        let (lefts, rights) = (of_part(&lefts, part), of_part(&rights, part));
        let count = lefts.len().max(rights.len());
        if let Some(at) = (0..count).find(|at| lefts.get(*at) != rights.get(*at)) {
            let (left, right) = both_in_words::<I>(lefts.get(at), rights.get(at));
            parts.push(PartDiffers { part, entry: at + 1, left, right });
        }
    }
    if parts.is_empty() && times == Times::Compared {
        let (left, right) = (bytes_in_words(left.bytes()), bytes_in_words(right.bytes()));
        parts.push(PartDiffers {
            part: Part::Form,
            entry: 1,
            left: Some(left),
            right: Some(right),
        });
    }
    Ok(parts)
}

/// Who brought an input, without what follows from other records.
fn who(of: &Source) -> String {
    match of {
        Source::Island { from, number, .. } => format!("island {from} message {number}"),
        Source::Client { .. } | Source::Timer(_) => source(of),
    }
}

fn entries<'a>(record: &RecordView<'a>, times: Times) -> Result<Vec<Entry<'a>>, Malformed> {
    let mut entries = Vec::new();
    record.walk(|mut entry| -> Result<(), Malformed> {
        if let (Entry::Timer { deadline, .. }, Times::Relative) = (&mut entry, times) {
            *deadline = Millis(deadline.0.saturating_sub(record.stamp.millis().0));
        }
        entries.push(entry);
        Ok(())
    })?;
    Ok(entries)
}

/// The entries of one part; in a record they stand together.
fn of_part<'a, 'b>(entries: &'a [Entry<'b>], part: Part) -> &'a [Entry<'b>] {
    let from = entries.partition_point(|entry| Part::of(entry) < part);
    let to = entries.partition_point(|entry| Part::of(entry) <= part);
    &entries[from..to]
}

fn both_in_words<I: Island>(
    left: Option<&Entry<'_>>,
    right: Option<&Entry<'_>>,
) -> (Option<String>, Option<String>) {
    let said = |entry: Option<&Entry<'_>>| entry.map(entry_in_words::<I>);
    let (mut lefts, mut rights) = (said(left), said(right));
    if let (Some(left), Some(right)) = (left, right)
        && lefts == rights
    {
        for (words, entry) in [(&mut lefts, left), (&mut rights, right)] {
            let bytes = bytes_in_words(payload(entry));
            words.iter_mut().for_each(|words| words.push_str(&format!(" = {bytes}")));
        }
    }
    (lefts, rights)
}

fn entry_in_words<I: Island>(entry: &Entry<'_>) -> String {
    match entry {
        Entry::Event(bytes) => words::<I::Event>(bytes),
        Entry::Send { to, number, command } => {
            format!("to island {to}, number {number}: {}", words::<I::Command>(command))
        }
        Entry::Reply { asker, reply } => {
            format!("{}: {}", request(asker), words::<I::Reply>(reply))
        }
        Entry::Timer { number, deadline, command } => {
            format!("timer {number} for {deadline}: {}", words::<I::Command>(command))
        }
        Entry::Cancelled(number) => format!("timer {number}"),
    }
}

fn payload<'a>(entry: &Entry<'a>) -> &'a [u8] {
    match *entry {
        Entry::Event(bytes)
        | Entry::Send { command: bytes, .. }
        | Entry::Reply { reply: bytes, .. }
        | Entry::Timer { command: bytes, .. } => bytes,
        Entry::Cancelled(_) => &[],
    }
}

/// Two values in words, and as bytes where the words are the same.
fn told_apart<T: archipelago_core::codec::Wire>(left: &[u8], right: &[u8]) -> (String, String) {
    let said = (words::<T>(left), words::<T>(right));
    if said.0 == said.1 { (bytes_in_words(left), bytes_in_words(right)) } else { said }
}

/// Bytes in hexadecimal, the first 64 of them.
fn bytes_in_words(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
    let rest = if bytes.len() > 64 { "…" } else { "" };
    format!("{} bytes {shown}{rest}", bytes.len())
}
