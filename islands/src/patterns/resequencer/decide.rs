//! How a resequencer decides: arrivals, the source's word, and its timers.
//!
//! Rules:
//! 1. A line moves on through what is held and through gaps that the source calls void, until a gap
//!    that it doesn't, or until a burst is full.
//! 2. One timer a source. It fires at once to go on after a burst, else never after the time of the
//!    first gap; when it comes too early, it is set again for the rest.
//!
//! It doesn't change anything: see `state`.

use archipelago_core::id::TimerNumber;
use archipelago_core::island::{Origin, Turn};
use archipelago_core::time::Millis;

use super::event::{LineEvent, ResequencerEvent, ResequencerMessage};
use super::state::{Closed, Closing, Gap, Late, LateReason, Line, Resequencer};
use super::{GapPolicy, Key, ResequencerConfig, ResequencerIsland, SerialNumber, Value};
use crate::patterns::letters::LetterNumber;

/// What is handed on, in order.
pub type Step<T> = Vec<(SerialNumber, T)>;

/// What became of an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what is released is handed on now, and never again"]
pub enum Arrival<T> {
    /// It was its turn: here it is, and what was held behind it. Do with them what is to be done.
    Released(Step<T>),
    /// It waits for those before it.
    Held,
    /// It has come before.
    Again,
    /// Its turn is over: it is a dead letter now (one more, if it comes once more).
    Late(LateReason),
    /// There is no room. Nothing happened: bring it again, after what is missing.
    Full(Full),
}

/// What there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// One more item of this source, before that number has come.
    #[error("as many as allowed are held; bring number {missing} first")]
    Held {
        /// What it waits for.
        missing: SerialNumber,
    },
    /// One more source.
    #[error("there are as many sources as allowed")]
    Sources,
    /// A number above [`SerialNumber::MAX`].
    #[error("numbers end at {}", SerialNumber::MAX)]
    Numbers,
}

impl<S: Key, T: Value> Resequencer<S, T> {
    /// The sequence of a source, to decide on in this turn.
    pub fn of<'a, I>(&'a self, source: S, turn: &'a mut Turn<I>) -> Sequence<'a, S, T, I>
    where
        I: ResequencerIsland<S, T>,
    {
        let (line, known) = match self.lines.get(&source) {
            Some(line) => (line, Known::Yes),
            None if self.lines.len() < self.config.sources_max as usize => {
                (&self.unborn, Known::NotYet)
            }
            None => (&self.unborn, Known::NoRoom),
        };
        Sequence { config: &self.config, line, known, source, turn }
    }

    /// Takes a dead letter out, to be dealt with by hand.
    pub fn take_out<I>(&self, letter: LetterNumber, turn: &mut Turn<I>) -> Option<Late<S, T>>
    where
        I: ResequencerIsland<S, T>,
    {
        let late = self.letters.get(letter)?.content.clone();
        turn.emit(ResequencerEvent::TakenOut(letter));
        Some(late)
    }
}

/// The sequence of one source in one turn.
#[must_use = "nothing is decided yet"]
pub struct Sequence<'a, S: Key, T: Value, I: ResequencerIsland<S, T>> {
    config: &'a ResequencerConfig,
    line: &'a Line<T>,
    known: Known,
    source: S,
    turn: &'a mut Turn<I>,
}

/// Whether the source has a line.
#[derive(PartialEq, Eq)]
enum Known {
    Yes,
    /// It can have one.
    NotYet,
    NoRoom,
}

impl<S: Key, T: Value, I: ResequencerIsland<S, T>> Sequence<'_, S, T, I> {
    /// Begins it at a number of its own; whether it did: one that is known goes on.
    ///
    /// # Errors
    /// [`Full::Sources`].
    pub fn begin(mut self, first: SerialNumber) -> Result<bool, Full> {
        match self.known {
            Known::Yes => Ok(false),
            Known::NoRoom => Err(Full::Sources),
            Known::NotYet => {
                self.emit(LineEvent::Began(first));
                Ok(true)
            }
        }
    }

    /// An item arrives.
    pub fn arrive(mut self, number: SerialNumber, item: T) -> Arrival<T> {
        let (line, now) = (self.line, self.turn.now());
        if self.known == Known::NoRoom {
            return Arrival::Full(Full::Sources);
        }
        if number < line.next {
            let Some(reason) = line.late(number) else { return Arrival::Again };
            let late = Late { source: self.source, number, item, reason };
            self.turn.emit(ResequencerEvent::Late(late, now));
            return Arrival::Late(reason);
        }
        if line.held.contains_key(&number) {
            return Arrival::Again;
        }
        if number > SerialNumber::MAX {
            return Arrival::Full(Full::Numbers);
        }
        if number == line.next {
            let out = self.advance(number.next(), vec![(number, item)], line.all_below);
            return Arrival::Released(out);
        }
        if line.held.len() >= self.config.held_max as usize {
            return Arrival::Full(Full::Held { missing: line.next });
        }
        self.emit(LineEvent::Held(number, item, now));
        self.look_in_time(|_| Some(now));
        Arrival::Held
    }

    /// The source says that it has sent all that there is below `bound`: what has not come by now
    /// does not exist, and its gaps are closed. Returns what follows.
    ///
    /// # Errors
    /// [`Full::Sources`].
    pub fn all_below(mut self, bound: SerialNumber) -> Result<Step<T>, Full> {
        if self.known == Known::NoRoom {
            return Err(Full::Sources);
        }
        if bound <= self.line.all_below.max(self.line.next) {
            return Ok(Vec::new());
        }
        self.emit(LineEvent::AllBelow(bound));
        Ok(self.advance(self.line.next, Vec::new(), bound))
    }

    /// The timer has fired: there is more to release, or the first gap is too young, or it is asked
    /// for, or it is skipped. Returns what follows, and the gap that the source is to be asked for:
    /// how that is done, the user knows. When it is not the timer that says so, nothing happens.
    #[must_use = "what is released is handed on now, and never again"]
    pub fn look(mut self) -> (Step<T>, Option<Gap>) {
        let (line, now) = (self.line, self.turn.now());
        if line.looks.map(Origin::Timer) != Some(self.turn.origin()) {
            return (Vec::new(), None);
        }
        let Some((gap, (span, times))) = line.gap(line.next).zip(self.config.gap.patience()) else {
            return (self.advance(line.next, Vec::new(), line.all_below), None);
        };
        if now < gap.since.max(line.asked_at).plus(span) {
            self.look_in_time(|_| Some(gap.since));
            return (Vec::new(), None);
        }
        if line.asked < times {
            self.emit(LineEvent::Asked(now));
            self.look_in_time(|_| Some(now));
            return (Vec::new(), Some(gap));
        }
        let closing = Closing::Skipped { asked: line.asked };
        self.emit(LineEvent::Closed(Closed { gap, at: now, closing }));
        (self.advance(gap.upto.next(), Vec::new(), line.all_below), None)
    }

    fn emit(&mut self, event: LineEvent<T>) {
        self.turn.emit(ResequencerEvent::Line(self.source.clone(), event));
    }

    /// Moves on from `next`, after what is `out` already, as far as rule 1 allows.
    fn advance(
        &mut self,
        mut next: SerialNumber,
        mut out: Step<T>,
        all_below: SerialNumber,
    ) -> Step<T> {
        let burst_max = self.config.burst_max.max(1) as usize;
        let (mut told, mut held) = (0, self.line.held.range(next..).peekable());
        loop {
            while out.len() < burst_max
                && let Some((number, one)) = held.next_if(|(number, _)| **number == next)
            {
                out.push((*number, one.0.clone()));
                next = next.next();
            }
            if out.len() > told {
                self.emit(LineEvent::Released(out[out.len() - 1].0));
                told = out.len();
            }
            let above = held.peek().map(|(number, _)| **number);
            let end = above.map_or(all_below, |above| above.min(all_below));
            if end > next {
                let now = self.turn.now();
                let since = self.line.gap(next).map_or(now, |gap| gap.since);
                let gap = Gap { from: next, upto: SerialNumber(end.0 - 1), since };
                self.emit(LineEvent::Closed(Closed { gap, at: now, closing: Closing::Void }));
                next = end;
                continue;
            }
            if above == Some(next) {
                self.look_at_once();
            } else {
                self.look_in_time(|line| line.gap(next).map(|gap| gap.since));
            }
            return out;
        }
    }

    /// The timer fires at once.
    fn look_at_once(&mut self) {
        self.still_set().into_iter().for_each(|set| self.turn.cancel_timer(set));
        self.set(Some(Millis(0)));
    }

    /// The timer fires in time for the gap that has been open `since` then, or before.
    fn look_in_time(&mut self, since: impl FnOnce(&Line<T>) -> Option<Millis>) {
        if self.still_set().is_some() {
            return;
        }
        let left = self.config.gap.patience().and_then(|(span, _)| {
            let due = since(self.line)?.max(self.line.asked_at).plus(span);
            Some(Millis(due.0.saturating_sub(self.turn.now().0)))
        });
        if left.is_some() || self.line.looks.is_some() {
            self.set(left);
        }
    }

    /// The timer that is set and has not just fired.
    fn still_set(&self) -> Option<TimerNumber> {
        self.line.looks.filter(|set| Origin::Timer(*set) != self.turn.origin())
    }

    fn set(&mut self, left: Option<Millis>) {
        let look = ResequencerMessage { look_at: self.source.clone() };
        let timer = left.map(|left| self.turn.timer(left, look));
        self.emit(LineEvent::Looks(timer));
    }
}

impl GapPolicy {
    /// How long until a gap is looked at, and how often it is asked for before it is skipped.
    const fn patience(self) -> Option<(Millis, u32)> {
        match self {
            Self::Wait => None,
            Self::Ask { every, times } => Some((every, times)),
            Self::Skip { after } => Some((after, 0)),
        }
    }
}
