//! A client's request numbers: the next one, and which are unanswered.
//!
//! Rules:
//! 1. At most [`SPAN_MAX`] numbers lie between the oldest unanswered one and a new one. They stand
//!    in a row, one place a number, that begins at the first unanswered one.
//! 2. Numbers that come before the row are few (somebody asks again what is long past): they stand
//!    in a set.
//! 3. A number that is asked twice has one answer, which is for both.
//!
//! It doesn't know what is asked.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use archipelago_core::command::dedup::SPAN_MAX;
use archipelago_core::id::RequestNumber;

use super::error::Busy;

/// A client's numbers, for all threads that use it.
#[derive(Debug)]
pub(crate) struct Numbers {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: RequestNumber,
    unanswered: Unanswered,
}

impl Numbers {
    /// Numbers that come after `used`.
    pub(super) const fn after(used: RequestNumber) -> Self {
        let unanswered = Unanswered::NONE;
        Self { state: Mutex::new(State { next: used.next(), unanswered }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics while it holds the lock half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `number` (or the next one) and says which is the oldest unanswered.
    pub(super) fn take(
        &self,
        number: Option<RequestNumber>,
    ) -> Result<(RequestNumber, RequestNumber), Busy> {
        let mut state = self.lock();
        let number = number.unwrap_or(state.next);
        let oldest = state.unanswered.oldest().map_or(number, |oldest| number.min(oldest));
        if number.0 - oldest.0 >= SPAN_MAX {
            return Err(Busy::Client);
        }
        state.next = state.next.max(RequestNumber(number.0.saturating_add(1)));
        state.unanswered.add(number);
        Ok((number, oldest))
    }

    /// Keeps `number` as unanswered before it is asked.
    pub(super) fn reserve(&self, number: RequestNumber) -> Result<(), Busy> {
        self.take(Some(number)).map(|_| ())
    }

    /// `number` has its answer.
    pub(super) fn answered(&self, number: RequestNumber) {
        self.lock().unanswered.remove(number);
    }

    /// All of `numbers` have their answers; leaves none of them.
    pub(super) fn all_answered(&self, numbers: &mut Vec<RequestNumber>) {
        if !numbers.is_empty() {
            let mut state = self.lock();
            numbers.drain(..).for_each(|number| state.unanswered.remove(number));
        }
    }
}

/// Numbers without an answer.
#[derive(Debug)]
struct Unanswered {
    /// The number of the row's first place.
    first: u64,
    /// At most [`SPAN_MAX`] places; the first is always [`Place::Unanswered`].
    row: VecDeque<Place>,
    /// Those before the row, all below `first`.
    before: BTreeSet<u64>,
}

/// What a number in the row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Unanswered,
    Free,
}

impl Unanswered {
    const NONE: Self = Self { first: 0, row: VecDeque::new(), before: BTreeSet::new() };

    fn oldest(&self) -> Option<RequestNumber> {
        let in_row = (!self.row.is_empty()).then_some(self.first);
        self.before.first().copied().or(in_row).map(RequestNumber)
    }

    fn add(&mut self, RequestNumber(number): RequestNumber) {
        if self.row.is_empty() && self.before.last().is_none_or(|last| *last < number) {
            self.first = number;
        }
        let Some(at) = number.checked_sub(self.first) else {
            self.before.insert(number);
            return;
        };
        let at = at as usize;
        if at >= self.row.len() {
            self.row.resize(at + 1, Place::Free);
        }
        self.row[at] = Place::Unanswered;
    }

    fn remove(&mut self, RequestNumber(number): RequestNumber) {
        let Some(at) = number.checked_sub(self.first) else {
            self.before.remove(&number);
            return;
        };
        if let Some(place) = usize::try_from(at).ok().and_then(|at| self.row.get_mut(at)) {
            *place = Place::Free;
        }
        while self.row.front() == Some(&Place::Free) {
            self.row.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever comes in whatever order, it is as if each number stood in a set.
        #[test]
        fn the_row_says_what_a_set_would_say(
            steps in prop::collection::vec((any::<bool>(), 1_u64..60), 1..200),
        ) {
            let numbers = Numbers::after(RequestNumber::ZERO);
            let mut set = BTreeSet::new();
            for (take, number) in steps {
                // Numbers far apart, so that the span is met too.
                let number = RequestNumber(number * 999);
                if take {
                    let oldest = set.first().map_or(number, |oldest| number.min(*oldest));
                    let busy = number.0 - oldest.0 >= SPAN_MAX;
                    let expected = if busy { Err(Busy::Client) } else { Ok((number, oldest)) };
                    prop_assert_eq!(numbers.take(Some(number)), expected);
                    if !busy {
                        set.insert(number);
                    }
                } else {
                    numbers.answered(number);
                    set.remove(&number);
                }
                let state = numbers.lock();
                prop_assert_eq!(state.unanswered.oldest(), set.first().copied());
                prop_assert!(state.unanswered.row.len() as u64 <= SPAN_MAX);
            }
        }
    }

    #[test]
    fn numbers_go_on_after_the_highest() {
        let numbers = Numbers::after(RequestNumber(6));
        assert_eq!(numbers.take(None), Ok((RequestNumber(7), RequestNumber(7))));
        assert_eq!(numbers.take(Some(RequestNumber(9))), Ok((RequestNumber(9), RequestNumber(7))));
        numbers.answered(RequestNumber(7));
        assert_eq!(numbers.take(None), Ok((RequestNumber(10), RequestNumber(9))));
    }
}
