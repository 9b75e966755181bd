//! A caller with many requests on their way: asks many at a time, takes answers as they come.
//!
//! Rules:
//! 1. Asks given together travel together: at most [`TOGETHER_MAX`] to a thread of islands. Each is
//!    admitted or refused by itself, as if it had been asked alone.
//! 2. A request counts as unanswered until its caller has taken its answer from here, or has let
//!    go of the queue: so what is not taken is bounded by the client's limit.
//!
//! It doesn't know how answers are made.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use archipelago_core::command::route;
use archipelago_core::id::{Asker, IslandId, RequestNumber};
use archipelago_core::island::{Island, Request};

use super::answers::{Answers, Completion};
use super::client::Client;
use super::error::AskError;
use super::waiter::{Target, Waiter};
use crate::island::Ask;

/// Asks that travel together to one thread of islands.
pub(crate) const TOGETHER_MAX: usize = 128;

/// Answers as they come, in any order; for one thread. The queue is bounded by the client's
/// unanswered requests.
#[derive(Debug)]
pub struct Completions<'a, I: Island> {
    client: &'a Client<I>,
    answers: Arc<Answers<I::Reply>>,
    taken: RefCell<Taken<I::Reply>>,
}

#[derive(Debug)]
struct Taken<R> {
    /// Taken from the queue, not by the caller.
    here: VecDeque<Completion<R>>,
    /// Answered to the caller, not noted yet.
    heard: Vec<RequestNumber>,
}

/// A request that was not admitted, to be asked again: its number, key and command.
pub type NotAsked<K, C> = (RequestNumber, K, C);

impl<'a, I: Island> Completions<'a, I> {
    pub(super) fn new(client: &'a Client<I>) -> Self {
        let taken = RefCell::new(Taken { here: VecDeque::new(), heard: Vec::new() });
        Self { client, answers: Answers::of(client.kept_numbers()), taken }
    }

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
        self.note_heard();
        let target = Target::Queue(Arc::clone(&self.answers));
        let slot = route::slot(key.as_ref());
        self.client.submit(Some(number), slot, command, target).map(|_| ())
    }

    /// Asks all that `requests` gives, until one is refused: the way to ask many at a time. Each
    /// has a number of the caller's own, a key and a command, and all go their way when this
    /// returns. What `requests` has not given yet stays there.
    ///
    /// ```
    /// # use archipelago::{Island, RequestNumber, Turn, builder};
    /// # #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// # struct Count(u64);
    /// # impl Island for Count {
    /// #     type Command = u64;
    /// #     type Event = u64;
    /// #     type Reply = u64;
    /// #     fn decide(&self, by: u64, turn: &mut Turn<Self>) {
    /// #         turn.emit(by);
    /// #         turn.reply(self.0 + by);
    /// #     }
    /// #     fn evolve(&mut self, by: &u64) { self.0 += by; }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sea = builder().open(|_| Count::default())?;
    /// let client = sea.client("till 7")?;
    /// let answers = client.completions();
    /// let mut requests = (1..=1000).map(|n| (RequestNumber(n), n.to_le_bytes(), n));
    /// let mut answered = 0;
    /// while answered < 1000 {
    ///     // Refused as busy: it is asked again alone, when an answer has made room.
    ///     let mut refused = answers.ask_all(&mut requests).err();
    ///     while let Some((_, (number, key, command))) = refused.take() {
    ///         answers.next().answer?;
    ///         answered += 1;
    ///         let again = answers.ask_as(number, key, command);
    ///         refused = again.err().map(|(why, command)| (why, (number, key, command)));
    ///     }
    ///     while let Some(completion) = answers.try_next() {
    ///         completion.answer?;
    ///         answered += 1;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Client::ask`], with the request that was refused; those before it were admitted.
    pub fn ask_all<K: AsRef<[u8]>>(
        &self,
        requests: &mut impl Iterator<Item = (RequestNumber, K, I::Command)>,
    ) -> Result<(), (AskError, NotAsked<K, I::Command>)> {
        self.note_heard();
        let mut together = Together { client: self.client, by_worker: Vec::new() };
        for (number, key, command) in requests {
            let slot = route::slot(key.as_ref());
            let shared = &self.client.shared;
            let island = match shared.enter(slot) {
                Ok(island) => island,
                Err(why) => return Err((why, (number, key, command))),
            };
            let (number, answered_below) = match self.client.numbers.take(Some(number)) {
                Ok(taken) => taken,
                Err(busy) => {
                    shared.leave(island);
                    return Err((AskError::Busy(busy), (number, key, command)));
                }
            };
            let asker = Asker { client: self.client.id, slot, number };
            let request = Request { asker, answered_below, command };
            let waiter = Waiter::queued(number, Arc::clone(&self.answers));
            together.add(island, Ask { request, waiter });
        }
        Ok(())
    }

    /// The next answer that is here already.
    #[must_use]
    pub fn try_next(&self) -> Option<Completion<I::Reply>> {
        self.next_with(|answers, here| answers.take(here))
    }

    /// The next answer, if one comes within `time`.
    #[must_use]
    pub fn next_within(&self, time: Duration) -> Option<Completion<I::Reply>> {
        self.next_with(|answers, here| answers.wait(here, Some(Instant::now() + time)))
    }

    /// Blocks until the next answer. Every admitted request is answered, so this waits for ever
    /// only when none is unanswered.
    #[must_use]
    pub fn next(&self) -> Completion<I::Reply> {
        let next = self.next_with(|answers, here| answers.wait(here, None));
        next.expect("it waits until there is one")
    }

    /// The next answer; when there is none in hand, `fill` brings more.
    fn next_with(
        &self,
        fill: impl FnOnce(&Answers<I::Reply>, &mut VecDeque<Completion<I::Reply>>),
    ) -> Option<Completion<I::Reply>> {
        let mut taken = self.taken.borrow_mut();
        if taken.here.is_empty() {
            fill(&self.answers, &mut taken.here);
        }
        let next = taken.here.pop_front()?;
        if next.is_final() {
            taken.heard.push(next.number);
        }
        if taken.here.is_empty() {
            self.client.numbers.all_answered(&mut taken.heard);
        }
        Some(next)
    }

    /// Notes what the caller has heard: before each ask, which says so to the islands, and when no
    /// more is in hand.
    fn note_heard(&self) {
        self.client.numbers.all_answered(&mut self.taken.borrow_mut().heard);
    }
}

impl<I: Island> Drop for Completions<'_, I> {
    fn drop(&mut self) {
        self.note_heard();
        self.answers.leave(std::mem::take(&mut self.taken.borrow_mut().here));
    }
}

/// Admitted asks that travel together; dropping it sends them.
struct Together<'a, I: Island> {
    client: &'a Client<I>,
    /// By the number of the thread that drives the island.
    by_worker: Vec<Vec<Ask<I>>>,
}

impl<I: Island> Together<'_, I> {
    fn add(&mut self, island: IslandId, ask: Ask<I>) {
        let shared = &self.client.shared;
        let worker = shared.worker_of(island);
        if self.by_worker.len() <= worker {
            self.by_worker.resize_with(worker + 1, Vec::new);
        }
        let asks = &mut self.by_worker[worker];
        if asks.capacity() == 0 {
            *asks = shared.spare_of(worker);
        }
        asks.push(ask);
        if asks.len() >= TOGETHER_MAX {
            shared.bring_all(worker, std::mem::take(asks));
        }
    }
}

impl<I: Island> Drop for Together<'_, I> {
    fn drop(&mut self) {
        for (worker, asks) in self.by_worker.iter_mut().enumerate() {
            if !asks.is_empty() {
                self.client.shared.bring_all(worker, std::mem::take(asks));
            }
        }
    }
}
