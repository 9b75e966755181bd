//! The state of a resequencer, what can be read of it, and the events that change it.
//!
//! It doesn't decide.

use std::collections::BTreeMap;

use archipelago_core::id::TimerNumber;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Key, ResequencerConfig, SerialNumber, Value};
use crate::patterns::letters::{LetterNumber, Letters};

/// Numbers that are missing, and something above them has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The first of them.
    pub from: SerialNumber,
    /// The last of them.
    pub upto: SerialNumber,
    /// When the first number above came.
    pub since: Millis,
}

/// Why a gap was closed, or a number is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closing {
    /// The source said that it has sent all that there is.
    Void,
    /// It was given up after having been asked for so often.
    Skipped(u32),
    /// Nobody remembers: it is below the source's first number, or below all that is kept.
    Forgotten,
}

/// A gap that was closed: a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// What is missing for ever.
    pub gap: Gap,
    /// When that was decided.
    pub at: Millis,
    /// Why.
    pub closing: Closing,
}

/// An item that came after its turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: Key, T: Value")]
pub struct Late<S, T> {
    /// Whose.
    pub source: S,
    /// Its number.
    pub number: SerialNumber,
    /// The item.
    pub item: T,
    /// Why.
    pub reason: Closing,
}

/// What an island's own timer says: look at this source, to go on releasing, or to see to its first
/// gap. From anybody else it does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: Key")]
pub struct ResequencerMessage<S>(pub S);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: Key, T: Value")]
pub enum ResequencerEvent<S, T> {
    /// To a source.
    Line(S, LineEvent<T>),
    /// A number came after its turn.
    Late(Late<S, T>, Millis),
    /// A dead letter was taken out.
    TakenOut(LetterNumber),
}

/// What happened to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "T: Value")]
pub enum LineEvent<T> {
    /// It begins at that number.
    Began(SerialNumber),
    /// An item waits for those before it, since then.
    Held(SerialNumber, T, Millis),
    /// All up to that number are handed on.
    Released(SerialNumber),
    /// It has sent all that there is below that number.
    AllBelow(SerialNumber),
    /// A gap is given up: the decision.
    Closed(Closed),
    /// The first gap was asked for.
    Asked(Millis),
    /// This timer looks at it; or none does.
    Looks(Option<TimerNumber>),
}

/// One source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Value")]
pub(super) struct Line<T> {
    /// The number that is released next.
    pub(super) next: SerialNumber,
    /// The source has sent all that there is below.
    pub(super) all_below: SerialNumber,
    /// What waits for those before it, and since when.
    pub(super) held: BTreeMap<SerialNumber, (T, Millis)>,
    /// By first number.
    pub(super) closed: BTreeMap<SerialNumber, Closed>,
    /// All closed gaps from here on are in `closed`.
    pub(super) remembers: SerialNumber,
    pub(super) looks: Option<TimerNumber>,
    /// How often the first gap was asked for, and when last.
    pub(super) asked: (u32, Millis),
}

impl<T: Value> Line<T> {
    pub(super) const fn new(first: SerialNumber) -> Self {
        Self {
            next: first,
            all_below: SerialNumber(0),
            held: BTreeMap::new(),
            closed: BTreeMap::new(),
            remembers: first,
            looks: None,
            asked: (0, Millis(0)),
        }
    }

    /// The first gap at or above `next`: up to the first item held above.
    pub(super) fn gap(&self, next: SerialNumber) -> Option<Gap> {
        let (first, _) = self.held.range(next..).next()?;
        let since = self.held.range(next..).map(|(_, (_, at))| *at).min()?;
        (*first > next).then(|| Gap { from: next, upto: SerialNumber(first.0 - 1), since })
    }

    /// Why a number below `next` was not released, if it was not.
    pub(super) fn late(&self, number: SerialNumber) -> Option<Closing> {
        if number < self.remembers {
            return Some(Closing::Forgotten);
        }
        let (_, closed) = self.closed.range(..=number).next_back()?;
        (number <= closed.gap.upto).then_some(closed.closing)
    }

    fn evolve(&mut self, event: &LineEvent<T>, closed_max: usize) {
        match event {
            LineEvent::Began(first) => *self = Self::new(*first),
            LineEvent::Held(number, item, at) => _ = self.held.insert(*number, (item.clone(), *at)),
            LineEvent::Released(last) => self.go_to(last.next()),
            LineEvent::AllBelow(bound) => self.all_below = *bound,
            LineEvent::Closed(closed) => {
                self.closed.insert(closed.gap.from, *closed);
                while self.closed.len() > closed_max {
                    let forgotten = self.closed.pop_first().map(|(_, closed)| closed.gap.upto);
                    self.remembers = forgotten.map_or(self.remembers, SerialNumber::next);
                }
                self.go_to(closed.gap.upto.next());
            }
            LineEvent::Asked(at) => self.asked = (self.asked.0 + 1, *at),
            LineEvent::Looks(timer) => self.looks = *timer,
        }
    }

    /// All below `next` is done with.
    fn go_to(&mut self, next: SerialNumber) {
        self.held = self.held.split_off(&next);
        (self.next, self.asked.0) = (next, 0);
    }
}

/// The sequences of many sources, put in order. Embed it in the island's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "S: Key, T: Value")]
pub struct Resequencer<S, T> {
    pub(super) config: ResequencerConfig,
    pub(super) lines: BTreeMap<S, Line<T>>,
    /// What a source begins as.
    pub(super) unborn: Line<T>,
    pub(super) letters: Letters<Late<S, T>>,
}

impl<S: Key, T: Value> Resequencer<S, T> {
    /// One that knows no source yet.
    #[must_use]
    pub fn new(config: ResequencerConfig) -> Self {
        let (unborn, letters) = (Line::new(config.first), Letters::new(config.letters_max));
        Self { config, lines: BTreeMap::new(), unborn, letters }
    }

    /// The sources it knows.
    pub fn sources(&self) -> impl Iterator<Item = &S> {
        self.lines.keys()
    }

    /// The number of a source that is released next, if it knows the source.
    #[must_use]
    pub fn next(&self, source: &S) -> Option<SerialNumber> {
        self.lines.get(source).map(|line| line.next)
    }

    /// How many items of a source are held.
    #[must_use]
    pub fn held(&self, source: &S) -> usize {
        self.lines.get(source).map_or(0, |line| line.held.len())
    }

    /// The open gaps of a source, ascending: what is missing, and since when. Costs O(held).
    #[must_use]
    pub fn gaps(&self, source: &S) -> Vec<Gap> {
        let Some(line) = self.lines.get(source) else { return Vec::new() };
        let (mut gaps, mut since) = (Vec::new(), Millis(u64::MAX));
        let mut held = line.held.iter().rev().peekable();
        while let Some((number, (_, at))) = held.next() {
            since = since.min(*at);
            let from = held.peek().map_or(line.next, |(below, _)| below.next());
            if from < *number {
                gaps.push(Gap { from, upto: SerialNumber(number.0 - 1), since });
            }
        }
        gaps.reverse();
        gaps
    }

    /// The gaps of a source that were closed, ascending, as far as they are remembered.
    pub fn closed(&self, source: &S) -> impl Iterator<Item = &Closed> {
        self.lines.get(source).into_iter().flat_map(|line| line.closed.values())
    }

    /// What came too late.
    #[must_use]
    pub const fn letters(&self) -> &Letters<Late<S, T>> {
        &self.letters
    }

    /// Applies an event. Call it from the island's `evolve`.
    pub fn evolve(&mut self, event: &ResequencerEvent<S, T>) {
        match event {
            ResequencerEvent::Line(source, event) => {
                let line = self.lines.entry(source.clone()).or_insert_with(|| self.unborn.clone());
                line.evolve(event, self.config.closed_max as usize);
            }
            ResequencerEvent::Late(late, at) => self.letters.add(late.clone(), *at),
            ResequencerEvent::TakenOut(letter) => self.letters.remove(*letter),
        }
    }
}
