//! How a resequencer decides: arrivals, the source's word, and its timers.
//!
//! Rules:
//! 1. A line moves on through what is held and through gaps that the source calls void, until a gap
//!    that it doesn't, or until a burst is full.
//! 2. One timer a source. It fires at once to go on after a burst, else never after the time of the
//!    first gap; when it comes too early, it is set again for the rest.
//!
//! It doesn't change anything: see `state`.

use archipelago_core::island::{Origin, Turn};
use archipelago_core::time::Millis;

use super::state::{
    Closed, Closing, Gap, Late, Line, LineEvent, Resequencer, ResequencerEvent, ResequencerMessage,
};
use super::{Key, ResequencerConfig, ResequencerIsland, SerialNumber, Value};
use crate::patterns::letters::LetterNumber;

/// A time that has always come.
const AT_ONCE: Option<Millis> = Some(Millis(0));

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
    Late(Closing),
}

/// What there is no room for. Nothing happened: bring it again, after what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// One more item of this source, before that number has come.
    #[error("as many as allowed are held; bring number {0} first")]
    Held(SerialNumber),
    /// One more source.
    #[error("there are as many sources as allowed")]
    Sources,
    /// A number above [`SerialNumber::MAX`].
    #[error("numbers end at {}", SerialNumber::MAX)]
    Numbers,
}

impl<S: Key, T: Value> Resequencer<S, T> {
    /// The sequence of a source, to decide on in this turn.
    ///
    /// # Errors
    /// [`Full::Sources`].
    pub fn of<'a, I: ResequencerIsland<S, T>>(
        &'a self,
        source: S,
        turn: &'a mut Turn<I>,
    ) -> Result<Sequence<'a, S, T, I>, Full> {
        let (config, known) = (&self.config, self.lines.get(&source));
        if known.is_none() && self.lines.len() >= config.sources_max as usize {
            return Err(Full::Sources);
        }
        Ok(Sequence { config, line: known.unwrap_or(&self.unborn), source, turn })
    }

    /// Begins a source at a number of its own; whether it did: one that is known goes on.
    ///
    /// # Errors
    /// [`Full::Sources`].
    pub fn begin<I: ResequencerIsland<S, T>>(
        &self,
        source: S,
        first: SerialNumber,
        turn: &mut Turn<I>,
    ) -> Result<bool, Full> {
        let is_new = !self.lines.contains_key(&source);
        if is_new {
            self.of(source, turn)?.emit(LineEvent::Began(first));
        }
        Ok(is_new)
    }

    /// Takes a dead letter out, to be dealt with by hand.
    pub fn take_out<I: ResequencerIsland<S, T>>(
        &self,
        letter: LetterNumber,
        turn: &mut Turn<I>,
    ) -> Option<Late<S, T>> {
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
    source: S,
    turn: &'a mut Turn<I>,
}

impl<S: Key, T: Value, I: ResequencerIsland<S, T>> Sequence<'_, S, T, I> {
    /// An item arrives.
    ///
    /// # Errors
    /// [`Full::Numbers`], [`Full::Held`].
    pub fn arrive(mut self, number: SerialNumber, item: T) -> Result<Arrival<T>, Full> {
        let (line, now) = (self.line, self.turn.now());
        if number < line.next {
            let Some(reason) = line.late(number) else { return Ok(Arrival::Again) };
            let late = Late { source: self.source, number, item, reason };
            self.turn.emit(ResequencerEvent::Late(late, now));
            return Ok(Arrival::Late(reason));
        }
        if line.held.contains_key(&number) {
            return Ok(Arrival::Again);
        }
        if number > SerialNumber::MAX {
            return Err(Full::Numbers);
        }
        if number == line.next {
            let out = self.advance(number.next(), vec![(number, item)], line.all_below);
            return Ok(Arrival::Released(out));
        }
        if line.held.len() >= self.config.held_max as usize {
            return Err(Full::Held(line.next));
        }
        self.emit(LineEvent::Held(number, item, now));
        self.look_at(self.due(now));
        Ok(Arrival::Held)
    }

    /// The source says that it has sent all that there is below `bound`: what has not come by now
    /// does not exist, and its gaps are closed. Returns what follows.
    #[must_use = "what is released is handed on now, and never again"]
    pub fn all_below(mut self, bound: SerialNumber) -> Step<T> {
        if bound <= self.line.all_below.max(self.line.next) {
            return Vec::new();
        }
        self.emit(LineEvent::AllBelow(bound));
        self.advance(self.line.next, Vec::new(), bound)
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
        let gap = line.gap(line.next).zip(self.config.gap);
        let due = gap.filter(|(gap, _)| self.due(gap.since) <= Some(now));
        let Some((gap, patience)) = due else {
            return (self.advance(line.next, Vec::new(), line.all_below), None);
        };
        if line.asked.0 < patience.asks {
            self.emit(LineEvent::Asked(now));
            self.look_at(self.due(now));
            return (Vec::new(), Some(gap));
        }
        let closing = Closing::Skipped(line.asked.0);
        self.emit(LineEvent::Closed(Closed { gap, at: now, closing }));
        (self.advance(gap.upto.next(), Vec::new(), line.all_below), None)
    }

    fn emit(&mut self, event: LineEvent<T>) {
        self.turn.emit(ResequencerEvent::Line(self.source.clone(), event));
    }

    /// Moves on from `next`, after what is `out` already, as far as rule 1 allows. What is missing
    /// below `void` is void.
    fn advance(&mut self, mut next: SerialNumber, mut out: Step<T>, void: SerialNumber) -> Step<T> {
        let (line, now, mut told) = (self.line, self.turn.now(), 0);
        loop {
            while out.len() < self.config.burst_max.max(1) as usize
                && let Some((item, _)) = line.held.get(&next)
            {
                out.push((next, item.clone()));
                next = next.next();
            }
            if out.len() > told {
                self.emit(LineEvent::Released(out[out.len() - 1].0));
                told = out.len();
            }
            let above = line.held.range(next..).next().map(|(number, _)| *number);
            if above == Some(next) {
                self.look_at(AT_ONCE);
                return out;
            }
            let end = above.map_or(void, |above| above.min(void));
            if end <= next {
                // Without patience nobody asks how old the gap is.
                self.look_at(self.config.gap.and_then(|_| self.due(line.gap(next)?.since)));
                return out;
            }
            let since = line.gap(next).map_or(now, |gap| gap.since);
            let gap = Gap { from: next, upto: SerialNumber(end.0 - 1), since };
            self.emit(LineEvent::Closed(Closed { gap, at: now, closing: Closing::Void }));
            next = end;
        }
    }

    /// When a gap that has been open since then is to be looked at.
    fn due(&self, since: Millis) -> Option<Millis> {
        self.config.gap.map(|patience| since.max(self.line.asked.1).plus(patience.every))
    }

    /// The timer fires at that time or before; at [`AT_ONCE`] not later than now.
    fn look_at(&mut self, at: Option<Millis>) {
        let (looks, origin) = (self.line.looks, self.turn.origin());
        let set = looks.filter(|set| Origin::Timer(*set) != origin);
        if (set.is_some() && at != AT_ONCE) || (looks.is_none() && at.is_none()) {
            return;
        }
        set.into_iter().for_each(|set| self.turn.cancel_timer(set));
        let left = at.map(|at| Millis(at.0.saturating_sub(self.turn.now().0)));
        let timer = left.map(|left| self.turn.timer(left, ResequencerMessage(self.source.clone())));
        self.emit(LineEvent::Looks(timer));
    }
}
