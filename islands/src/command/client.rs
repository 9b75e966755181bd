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
//!
//! [`SPAN_MAX`]: archipelago_core::command::dedup::SPAN_MAX
//! [`Busy::Client`]: super::Busy::Client

use std::sync::Arc;
use std::time::{Duration, Instant};

use archipelago_core::command::route;
use archipelago_core::id::{Asker, ClientId, RequestNumber, Slot};
use archipelago_core::island::{Island, Request};

use super::completions::Completions;
use super::error::AskError;
use super::numbers::Numbers;
use super::pending::{Pending, Promise};
use super::waiter::{Target, Waiter};
use crate::island::{Ask, Shared};

/// How long a caller that is willing to wait pauses between two tries.
const BUSY_PAUSE: Duration = Duration::from_micros(200);

/// A client: asks islands by key, with numbers of its own.
///
/// Requests are told apart by (client name, number) for ever, also after a restart: a program that
/// may ask again after a crash names its client and numbers its requests itself
/// ([`Client::ask_as`]), ascending; a number that has to wait is [reserved](Client::reserve).
#[derive(Debug)]
pub struct Client<I: Island> {
    pub(super) shared: Arc<Shared<I>>,
    pub(super) id: ClientId,
    pub(super) numbers: Arc<Numbers>,
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
        Self { shared, id, numbers: Arc::new(Numbers::after(used)), again }
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
            match self.submit(None, route::slot(key.as_ref()), command, self.one(promise)) {
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
        Completions::new(self)
    }

    /// Asks the island that owns `slot`.
    pub(crate) fn ask_slot(
        &self,
        number: Option<RequestNumber>,
        slot: Slot,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        let (promise, pending) = Pending::promise();
        self.submit(number, slot, command, self.one(promise)).map_err(|(why, _)| why)?;
        Ok(pending)
    }

    fn one(&self, promise: Promise<I::Reply>) -> Target<I::Reply> {
        Target::One(promise, self.kept_numbers())
    }

    /// Its numbers, if anybody can ask one again.
    pub(super) fn kept_numbers(&self) -> Option<Arc<Numbers>> {
        (self.again == Again::Yes).then(|| Arc::clone(&self.numbers))
    }

    /// Admits one request, or gives the command back with the reason.
    pub(super) fn submit(
        &self,
        number: Option<RequestNumber>,
        slot: Slot,
        command: I::Command,
        target: Target<I::Reply>,
    ) -> Result<RequestNumber, (AskError, I::Command)> {
        let island = match self.shared.enter(slot) {
            Ok(island) => island,
            Err(why) => return Err((why, command)),
        };
        let (number, answered_below) = match self.numbers.take(number) {
            Ok(taken) => taken,
            Err(busy) => {
                self.shared.leave(island);
                return Err((AskError::Busy(busy), command));
            }
        };
        let again = if matches!(target, Target::Nobody) { Again::No } else { self.again };
        let asker = Asker { client: self.id, slot, number };
        let waiter = Waiter::new(number, target);
        let request = Request { asker, answered_below, command };
        self.shared.bring(island, Ask { request, waiter });
        if again == Again::No {
            self.numbers.answered(number);
        }
        Ok(number)
    }
}
