//! Who waits for an answer, as the island's thread sees it.
//!
//! It doesn't know why an answer is what it is.

use std::collections::VecDeque;
use std::sync::Arc;

use archipelago_core::id::RequestNumber;

use super::answers::{Answers, Completion};
use super::error::AskError;
use super::numbers::Numbers;
use super::pending::Promise;

/// Where an answer goes.
#[derive(Debug)]
pub(crate) enum Target<R> {
    /// To one [`Pending`](super::Pending).
    One(Promise<R>, Option<Arc<Numbers>>),
    /// To a client's [`Completions`](super::Completions).
    Queue(Arc<Answers<R>>),
    /// Nobody waits.
    Nobody,
}

/// One who waits: fulfilled exactly once; dropped unfulfilled, it says [`AskError::Closed`].
#[derive(Debug)]
pub struct Waiter<R> {
    number: RequestNumber,
    target: Option<Target<R>>,
}

impl<R> Waiter<R> {
    pub(super) const fn new(number: RequestNumber, target: Target<R>) -> Self {
        Self { number, target: Some(target) }
    }

    /// One whose answer goes into `queue`.
    #[must_use]
    pub const fn queued(number: RequestNumber, queue: Arc<Answers<R>>) -> Self {
        Self::new(number, Target::Queue(queue))
    }

    /// Hands the answer over.
    pub fn fulfil(mut self, answer: Result<R, AskError>) {
        self.finish(answer);
    }

    /// Whether nobody waits: what was told is done when it is durable.
    pub(crate) const fn is_told(&self) -> bool {
        matches!(self.target, Some(Target::Nobody))
    }

    fn finish(&mut self, answer: Result<R, AskError>) {
        let completion = Completion { number: self.number, answer };
        match self.target.take() {
            Some(Target::One(promise, numbers)) => {
                // Only what reached the caller may be forgotten by the island.
                if let Some(numbers) = numbers.filter(|_| completion.is_final()) {
                    numbers.answered(self.number);
                }
                promise.fulfil(completion.answer);
            }
            Some(Target::Queue(queue)) => queue.bring(completion),
            Some(Target::Nobody) | None => {}
        }
    }
}

impl<R> Drop for Waiter<R> {
    fn drop(&mut self) {
        if self.target.is_some() {
            self.finish(Err(AskError::Closed));
        }
    }
}

/// Answers for one queue.
type Gathered<R> = VecDeque<Completion<R>>;

/// Answers gathered to be handed over together, each queue's in one go. Keeps its memory.
#[derive(Debug)]
pub(crate) struct HandOut<R> {
    queues: Vec<(Arc<Answers<R>>, Gathered<R>)>,
    others: Vec<(Waiter<R>, Result<R, AskError>)>,
    spare: Vec<Gathered<R>>,
}

impl<R> HandOut<R> {
    /// Nothing to hand over.
    pub(crate) const fn new() -> Self {
        Self { queues: Vec::new(), others: Vec::new(), spare: Vec::new() }
    }

    /// Adds the answer for `waiter`.
    pub(crate) fn add(&mut self, mut waiter: Waiter<R>, answer: Result<R, AskError>) {
        match waiter.target.take() {
            Some(Target::Queue(queue)) => {
                self.queue(queue).push_back(Completion { number: waiter.number, answer });
            }
            target => {
                waiter.target = target;
                self.others.push((waiter, answer));
            }
        }
    }

    /// Those for `queue`; most often the one asked for last.
    fn queue(&mut self, queue: Arc<Answers<R>>) -> &mut Gathered<R> {
        let known = self.queues.iter().rposition(|(known, _)| Arc::ptr_eq(known, &queue));
        let at = known.unwrap_or_else(|| {
            self.queues.push((queue, self.spare.pop().unwrap_or_default()));
            self.queues.len() - 1
        });
        &mut self.queues[at].1
    }

    /// Hands all of them over.
    pub(crate) fn hand_out(&mut self) {
        for (queue, mut answers) in self.queues.drain(..) {
            queue.bring_all(&mut answers);
            self.spare.push(answers);
        }
        self.others.drain(..).for_each(|(waiter, answer)| waiter.fulfil(answer));
    }
}
