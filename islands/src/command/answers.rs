//! A queue of answers: islands' threads bring them, many at a time; one reader takes them.
//!
//! Rules:
//! 1. Answers come out in the order they were brought.
//! 2. The reader is woken once for all that are brought together, and only when it sleeps.
//! 3. What comes when the reader is gone has reached nobody, and nobody will ask for it: its number
//!    counts as answered.
//!
//! It doesn't know who brings them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use archipelago_core::id::RequestNumber;

use super::error::AskError;
use super::numbers::Numbers;

/// The answer to one request.
#[derive(Debug)]
pub struct Completion<R> {
    /// The request's number.
    pub number: RequestNumber,
    /// Its reply, or why there is none.
    pub answer: Result<R, AskError>,
}

impl<R> Completion<R> {
    /// Whether its number needs no other answer: after these errors it is asked again.
    pub(super) const fn is_final(&self) -> bool {
        !matches!(self.answer, Err(AskError::Closed | AskError::Journal(_)))
    }
}

/// A queue of answers. See the rules of this module.
#[derive(Debug)]
pub struct Answers<R> {
    state: Mutex<State<R>>,
    arrived: Condvar,
    /// Whose requests are answered here; `None` when nobody keeps their numbers.
    numbers: Option<Arc<Numbers>>,
}

#[derive(Debug)]
struct State<R> {
    here: VecDeque<Completion<R>>,
    reader: Reader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Awake,
    Asleep,
    Gone,
}

impl<R> Answers<R> {
    /// An empty one, for a driver of its own that keeps no numbers.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Self::of(None)
    }

    /// An empty one for requests numbered by `numbers`.
    pub(super) fn of(numbers: Option<Arc<Numbers>>) -> Arc<Self> {
        let state = Mutex::new(State { here: VecDeque::new(), reader: Reader::Awake });
        Arc::new(Self { state, arrived: Condvar::new(), numbers })
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing panics while holding it; a poisoned lock still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next answer that is here.
    #[must_use]
    pub fn try_next(&self) -> Option<Completion<R>> {
        self.lock().here.pop_front()
    }

    /// Brings one answer.
    pub(super) fn bring(&self, answer: Completion<R>) {
        self.put(|here| here.push_back(answer));
    }

    /// Brings all of `answers`, which is empty afterwards.
    pub(super) fn bring_all(&self, answers: &mut VecDeque<Completion<R>>) {
        self.put(|here| match here.is_empty() {
            true => std::mem::swap(here, answers),
            false => here.append(answers),
        });
    }

    fn put(&self, put: impl FnOnce(&mut VecDeque<Completion<R>>)) {
        let mut state = self.lock();
        put(&mut state.here);
        match state.reader {
            Reader::Awake => {}
            Reader::Asleep => {
                state.reader = Reader::Awake;
                drop(state);
                self.arrived.notify_one();
            }
            Reader::Gone => {
                let unheard = std::mem::take(&mut state.here);
                drop(state);
                self.forget(unheard);
            }
        }
    }

    /// Takes all that are here into `taken`, which is empty.
    pub(super) fn take(&self, taken: &mut VecDeque<Completion<R>>) {
        std::mem::swap(&mut self.lock().here, taken);
    }

    /// The same, and sleeps until there are some, or until the time is up.
    pub(super) fn wait(&self, taken: &mut VecDeque<Completion<R>>, until: Option<Instant>) {
        let mut state = self.lock();
        while state.here.is_empty() {
            state.reader = Reader::Asleep;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => break,
                Some(left) => {
                    let woken = self.arrived.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.reader = Reader::Awake;
        std::mem::swap(&mut state.here, taken);
    }

    /// The reader goes, and has not looked at `unheard`.
    pub(super) fn leave(&self, unheard: VecDeque<Completion<R>>) {
        let mut state = self.lock();
        state.reader = Reader::Gone;
        let more = std::mem::take(&mut state.here);
        drop(state);
        self.forget(unheard);
        self.forget(more);
    }

    fn forget(&self, unheard: VecDeque<Completion<R>>) {
        if let Some(numbers) = &self.numbers {
            let finals = unheard.iter().filter(|completion| completion.is_final());
            numbers.all_answered(&mut finals.map(|completion| completion.number).collect());
        }
    }
}
