//! Client handles: they number requests, route them, and remember which are unanswered.
//!
//! Rules:
//! 1. Numbers ascend. With each request goes the oldest unanswered number: below it the islands
//!    may forget.
//! 2. A client has at most [`SPAN_MAX`] numbers between its oldest unanswered request and its
//!    newest; then it is [`Busy::Client`].
//!
//! It doesn't know threads: it hands asks to the shared part of the system.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archipelago_core::command::dedup::SPAN_MAX;
use archipelago_core::command::route;
use archipelago_core::id::{Asker, ClientId, RequestNumber};
use archipelago_core::island::{Island, Request};
use crossbeam::channel::{Receiver, Sender, unbounded};

use super::error::{AskError, Busy};
use super::pending::Pending;
use super::waiter::{Target, Waiter};
use crate::island::Shared;

/// A client's numbers: the next one, and which are unanswered.
#[derive(Debug)]
pub(crate) struct Numbers {
    state: Mutex<NumbersState>,
}

#[derive(Debug)]
struct NumbersState {
    next: RequestNumber,
    unanswered: BTreeSet<RequestNumber>,
}

impl Numbers {
    fn lock(&self) -> MutexGuard<'_, NumbersState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `number` (or the next one) and says which is the oldest unanswered.
    fn take(&self, number: Option<RequestNumber>) -> Result<(RequestNumber, RequestNumber), Busy> {
        let mut state = self.lock();
        let number = number.unwrap_or(state.next);
        let oldest = state.unanswered.first().copied().unwrap_or(number).min(number);
        if number.0 - oldest.0 >= SPAN_MAX {
            return Err(Busy::Client);
        }
        state.next = state.next.max(number.next());
        state.unanswered.insert(number);
        Ok((number, oldest))
    }

    /// Keeps `number` as unanswered before it is asked.
    fn reserve(&self, number: RequestNumber) -> Result<(), Busy> {
        self.take(Some(number)).map(|_| ())
    }

    pub(super) fn answered(&self, number: RequestNumber) {
        self.lock().unanswered.remove(&number);
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
}

impl<I: Island> Client<I> {
    pub(crate) fn new(shared: Arc<Shared<I>>, id: ClientId) -> Self {
        let state = NumbersState { next: RequestNumber(1), unanswered: BTreeSet::new() };
        Self { shared, id, numbers: Arc::new(Numbers { state: Mutex::new(state) }) }
    }

    /// Asks the island that owns `key`, with the next number.
    ///
    /// # Errors
    /// [`AskError::Busy`] when a limit is reached; [`AskError::Closed`] or [`AskError::Journal`]
    /// when the system takes nothing any more. Nothing was taken then.
    pub fn ask(
        &self,
        key: impl AsRef<[u8]>,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        self.ask_numbered(None, key.as_ref(), command)
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
        self.ask_numbered(Some(number), key.as_ref(), command)
    }

    /// Announces that `number` will be asked later, after higher ones: until it is answered,
    /// nothing from it on is forgotten.
    ///
    /// # Errors
    /// [`AskError::Busy`] when it is too far ahead of the oldest unanswered number.
    pub fn reserve(&self, number: RequestNumber) -> Result<(), AskError> {
        self.numbers.reserve(number).map_err(AskError::Busy)
    }

    /// Tells an island something; nobody waits for the answer.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn tell(&self, key: impl AsRef<[u8]>, command: I::Command) -> Result<(), AskError> {
        self.submit(None, key.as_ref(), command, Target::Nobody).map(|_| ()).map_err(|(why, _)| why)
    }

    /// A queue of answers, for a caller with many requests on their way.
    #[must_use]
    pub fn completions(&self) -> Completions<'_, I> {
        let (sender, receiver) = unbounded();
        Completions { client: self, sender, receiver }
    }

    fn ask_numbered(
        &self,
        number: Option<RequestNumber>,
        key: &[u8],
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        let (promise, pending) = Pending::promise();
        self.submit(number, key, command, Target::One(promise)).map_err(|(why, _)| why)?;
        Ok(pending)
    }

    /// Admits one request, or gives the command back with the reason.
    fn submit(
        &self,
        number: Option<RequestNumber>,
        key: &[u8],
        command: I::Command,
        target: Target<I::Reply>,
    ) -> Result<RequestNumber, (AskError, I::Command)> {
        let (number, answered_below) = match self.numbers.take(number) {
            Ok(taken) => taken,
            Err(busy) => return Err((AskError::Busy(busy), command)),
        };
        let asker = Asker { client: self.id, slot: route::slot(key), number };
        let waiter = Waiter::new(number, Arc::clone(&self.numbers), target);
        let request = Request { asker, answered_below, command };
        match self.shared.admit(request, waiter) {
            Ok(()) => Ok(number),
            Err((why, request, waiter)) => {
                waiter.withdraw();
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
        self.client.submit(Some(number), key.as_ref(), command, target).map(|_| ())
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
