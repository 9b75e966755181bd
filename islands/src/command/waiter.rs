//! Who waits for an answer, as the island's thread sees it.
//!
//! It doesn't know why an answer is what it is.

use std::sync::Arc;

use archipelago_core::id::RequestNumber;
use crossbeam::channel::Sender;

use super::client::{Completion, Numbers};
use super::error::AskError;
use super::pending::Promise;

/// Where an answer goes.
#[derive(Debug)]
pub(crate) enum Target<R> {
    /// To one [`Pending`](super::Pending).
    One(Promise<R>),
    /// To a client's [`Completions`](super::Completions).
    Queue(Sender<Completion<R>>),
    /// Nobody waits.
    Nobody,
}

/// One who waits: fulfilled exactly once; dropped unfulfilled, it says [`AskError::Closed`].
#[derive(Debug)]
pub struct Waiter<R> {
    number: RequestNumber,
    /// Where an answered number is noted; `None` when nobody can ask it again.
    numbers: Option<Arc<Numbers>>,
    target: Option<Target<R>>,
}

impl<R> Waiter<R> {
    pub(super) const fn new(
        number: RequestNumber,
        numbers: Option<Arc<Numbers>>,
        target: Target<R>,
    ) -> Self {
        Self { number, numbers, target: Some(target) }
    }

    /// One whose answer goes into `queue`.
    #[must_use]
    pub const fn queued(number: RequestNumber, queue: Sender<Completion<R>>) -> Self {
        Self::new(number, None, Target::Queue(queue))
    }

    /// Hands the answer over.
    pub fn fulfil(mut self, answer: Result<R, AskError>) {
        self.finish(answer);
    }

    /// Gives up without an answer: the ask was never admitted and its caller is told directly.
    pub(super) fn withdraw(mut self) {
        self.target = None;
    }

    /// Whether nobody waits: what was told is done when it is durable.
    pub(crate) const fn is_told(&self) -> bool {
        matches!(self.target, Some(Target::Nobody))
    }

    fn finish(&mut self, answer: Result<R, AskError>) {
        let Some(target) = self.target.take() else { return };
        // Only what reached the caller may be forgotten by the island.
        if let Some(numbers) = &self.numbers
            && !matches!(answer, Err(AskError::Closed | AskError::Journal(_)))
        {
            numbers.answered(self.number);
        }
        match target {
            Target::One(promise) => promise.fulfil(answer),
            // The receiver may be gone; the answer stands in the journal.
            Target::Queue(queue) => drop(queue.send(Completion { number: self.number, answer })),
            Target::Nobody => {}
        }
    }
}

impl<R> Drop for Waiter<R> {
    fn drop(&mut self) {
        self.finish(Err(AskError::Closed));
    }
}
