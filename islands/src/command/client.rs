//! Client handles: they number requests, route them, and remember which are unanswered.
//!
//! Rules:
//! 1. Numbers ascend. With each request goes the oldest unanswered number: below it the islands
//!    may forget.
//! 2. A client has at most [`SPAN_MAX`] numbers between its oldest unanswered request and its
//!    newest; then it is [`Busy::Client`].
//! 3. A request whose number nobody can ask again (of the anonymous client, or told) counts as
//!    answered once it is queued: its island takes later ones after it, so none overtakes it. It
//!    holds up nobody, however long its answer takes.
//!
//! It doesn't know threads: it hands asks to the shared part of the system.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use archipelago_core::command::dedup::SPAN_MAX;
use archipelago_core::command::route;
use archipelago_core::id::{Asker, ClientId, RequestNumber, Slot};
use archipelago_core::island::{Island, Request};
use crossbeam::channel::{Receiver, Sender, unbounded};

use super::error::{AskError, Busy};
use super::pending::Pending;
use super::waiter::{Target, Waiter};
use crate::island::Shared;

/// How long a caller that is willing to wait pauses between two tries.
const BUSY_PAUSE: Duration = Duration::from_micros(200);

/// A client's numbers: the next one, and which are unanswered.
#[derive(Debug)]
pub(crate) struct Numbers {
    state: Mutex<NumbersState>,
}

#[derive(Debug)]
struct NumbersState {
    next: RequestNumber,
    /// With how many asks and reservations of that number there are.
    unanswered: BTreeMap<RequestNumber, u32>,
}

impl Numbers {
    fn lock(&self) -> MutexGuard<'_, NumbersState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `number` (or the next one) and says which is the oldest unanswered.
    fn take(&self, number: Option<RequestNumber>) -> Result<(RequestNumber, RequestNumber), Busy> {
        let mut state = self.lock();
        let number = number.unwrap_or(state.next);
        let oldest = state.unanswered.first_key_value();
        let oldest = oldest.map_or(number, |(oldest, _)| number.min(*oldest));
        if number.0 - oldest.0 >= SPAN_MAX {
            return Err(Busy::Client);
        }
        state.next = state.next.max(RequestNumber(number.0.saturating_add(1)));
        *state.unanswered.entry(number).or_default() += 1;
        Ok((number, oldest))
    }

    /// Keeps `number` as unanswered before it is asked.
    fn reserve(&self, number: RequestNumber) -> Result<(), Busy> {
        self.take(Some(number)).map(|_| ())
    }

    pub(super) fn answered(&self, number: RequestNumber) {
        self.lock().unanswered.remove(&number);
    }

    /// Takes back one [`Numbers::take`]: others may still wait for that number's answer.
    pub(super) fn withdraw(&self, number: RequestNumber) {
        let mut state = self.lock();
        match state.unanswered.get_mut(&number) {
            Some(asks) if *asks > 1 => *asks -= 1,
            _ => drop(state.unanswered.remove(&number)),
        }
    }
}

/// A client: asks islands by key, with numbers of its own.
///
/// Requests are told apart by (client name, number) for ever, also after a restart: a program that
/// may ask again after a crash names its client and numbers its requests itself
/// ([`Client::ask_as`]), ascending; a number that has to wait is [reserved](Client::reserve).
#[derive(Debug)]
pub struct Client<I: Island> {
    shared: Arc<Shared<I>>,
    id: ClientId,
    numbers: Arc<Numbers>,
    again: Again,
}

/// Whether a client may ask the same number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It may: its answers are kept for it.
    Yes,
    /// Nobody knows its numbers.
    No,
}

impl<I: Island> Client<I> {
    /// A client whose next number comes after `used`.
    pub(crate) fn new(
        shared: Arc<Shared<I>>,
        id: ClientId,
        used: RequestNumber,
        again: Again,
    ) -> Self {
        let state = NumbersState { next: used.next(), unanswered: BTreeMap::new() };
        Self { shared, id, numbers: Arc::new(Numbers { state: Mutex::new(state) }), again }
    }

    /// Asks the island that owns `key`, with the next number: after the highest that this handle,
    /// or any island before, has seen of this client.
    ///
    /// # Errors
    /// [`AskError::Busy`] when a limit is reached; [`AskError::Closed`] or [`AskError::Journal`]
    /// when the system takes nothing any more. Nothing was taken then.
    pub fn ask(
        &self,
        key: impl AsRef<[u8]>,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        self.ask_slot(None, route::slot(key.as_ref()), command)
    }

    /// Asks, and while a limit is reached tries again for at most `time`.
    ///
    /// # Errors
    /// As [`Client::ask`]; [`AskError::Busy`] when the time is up.
    pub fn ask_within(
        &self,
        time: Duration,
        key: impl AsRef<[u8]>,
        mut command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        let until = Instant::now() + time;
        loop {
            let (promise, pending) = Pending::promise();
            match self.submit(None, route::slot(key.as_ref()), command, Target::One(promise)) {
                Ok(_) => return Ok(pending),
                Err((AskError::Busy(_), again)) if Instant::now() < until => command = again,
                Err((why, _)) => return Err(why),
            }
            std::thread::sleep(BUSY_PAUSE);
        }
    }

    /// Asks with a number of the caller's own (1 or above, ascending). The same number is decided
    /// once and answered the same, also after a restart.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn ask_as(
        &self,
        number: RequestNumber,
        key: impl AsRef<[u8]>,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        self.ask_slot(Some(number), route::slot(key.as_ref()), command)
    }

    /// Announces that `number` will be asked later, after higher ones: until it is answered,
    /// nothing from it on is forgotten.
    ///
    /// # Errors
    /// [`AskError::Busy`] when it is too far ahead of the oldest unanswered number.
    pub fn reserve(&self, number: RequestNumber) -> Result<(), AskError> {
        self.numbers.reserve(number).map_err(AskError::Busy)
    }

    /// Tells an island something; nobody waits for the answer. It counts as unanswered until it
    /// is durable.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn tell(&self, key: impl AsRef<[u8]>, command: I::Command) -> Result<(), AskError> {
        let slot = route::slot(key.as_ref());
        self.submit(None, slot, command, Target::Nobody).map(|_| ()).map_err(|(why, _)| why)
    }

    /// A queue of answers, for a caller with many requests on their way.
    #[must_use]
    pub fn completions(&self) -> Completions<'_, I> {
        let (sender, receiver) = unbounded();
        Completions { client: self, sender, receiver }
    }

    /// Asks the island that owns `slot`.
    pub(crate) fn ask_slot(
        &self,
        number: Option<RequestNumber>,
        slot: Slot,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        let (promise, pending) = Pending::promise();
        self.submit(number, slot, command, Target::One(promise)).map_err(|(why, _)| why)?;
        Ok(pending)
    }

    /// Admits one request, or gives the command back with the reason.
    fn submit(
        &self,
        number: Option<RequestNumber>,
        slot: Slot,
        command: I::Command,
        target: Target<I::Reply>,
    ) -> Result<RequestNumber, (AskError, I::Command)> {
        let (number, answered_below) = match self.numbers.take(number) {
            Ok(taken) => taken,
            Err(busy) => return Err((AskError::Busy(busy), command)),
        };
        let asker = Asker { client: self.id, slot, number };
        let again = if matches!(target, Target::Nobody) { Again::No } else { self.again };
        let numbers = (again == Again::Yes).then(|| Arc::clone(&self.numbers));
        let waiter = Waiter::new(number, numbers, target);
        let request = Request { asker, answered_below, command };
        match self.shared.admit(request, waiter) {
            Ok(()) => {
                if again == Again::No {
                    self.numbers.answered(number);
                }
                Ok(number)
            }
            Err((why, request, waiter)) => {
                waiter.withdraw();
                self.numbers.withdraw(number);
                Err((why, request.command))
            }
        }
    }
}

/// The answer to one request.
#[derive(Debug)]
pub struct Completion<R> {
    /// The request's number.
    pub number: RequestNumber,
    /// Its reply, or why there is none.
    pub answer: Result<R, AskError>,
}

/// Answers as they come, in any order. The queue is bounded by the client's unanswered requests.
#[derive(Debug)]
pub struct Completions<'a, I: Island> {
    client: &'a Client<I>,
    sender: Sender<Completion<I::Reply>>,
    receiver: Receiver<Completion<I::Reply>>,
}

impl<I: Island> Completions<'_, I> {
    /// Asks with a number of the caller's own; the answer comes through this queue.
    ///
    /// # Errors
    /// As [`Client::ask`]; the command comes back with the reason, to be tried again.
    pub fn ask_as(
        &self,
        number: RequestNumber,
        key: impl AsRef<[u8]>,
        command: I::Command,
    ) -> Result<(), (AskError, I::Command)> {
        let target = Target::Queue(self.sender.clone());
        let slot = route::slot(key.as_ref());
        self.client.submit(Some(number), slot, command, target).map(|_| ())
    }

    /// The next answer that is here already.
    #[must_use]
    pub fn try_next(&self) -> Option<Completion<I::Reply>> {
        self.receiver.try_recv().ok()
    }

    /// Blocks until the next answer. Every admitted request is answered, so this waits for ever
    /// only when none is unanswered.
    #[must_use]
    pub fn next(&self) -> Completion<I::Reply> {
        self.receiver.recv().expect("this queue holds a sender itself")
    }
}
