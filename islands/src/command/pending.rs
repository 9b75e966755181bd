//! An answer that is on its way: wait for it, or await it.
//!
//! It doesn't know who answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::error::AskError;

/// The two ends' shared place.
#[derive(Debug)]
struct Cell<R> {
    state: Mutex<State<R>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State<R> {
    answer: Option<Result<R, AskError>>,
    waker: Option<Waker>,
}

impl<R> Cell<R> {
    fn new() -> Arc<Self> {
        let state = Mutex::new(State { answer: None, waker: None });
        Arc::new(Self { state, arrived: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing panics while holding it; a poisoned lock still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fulfil(&self, answer: Result<R, AskError>) {
        let waker = {
            let mut state = self.lock();
            state.answer = Some(answer);
            state.waker.take()
        };
        self.arrived.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// An answer on its way. Wait for it with [`Pending::wait`], or `.await` it: it is a [`Future`]
/// that needs no particular runtime. Dropping it leaves the command to run.
#[derive(Debug)]
#[must_use = "the command runs all the same, but its answer is lost"]
pub struct Pending<R> {
    cell: Arc<Cell<R>>,
}

impl<R> Pending<R> {
    /// A promise and the place where it is kept. A promise dropped unkept says
    /// [`AskError::Closed`].
    pub(crate) fn promise() -> (Promise<R>, Self) {
        let cell = Cell::new();
        (Promise { cell: Some(Arc::clone(&cell)) }, Self { cell })
    }

    /// Blocks until the answer is here; it is durable then.
    ///
    /// # Errors
    /// [`AskError`]: why there is no reply.
    pub fn wait(self) -> Result<R, AskError> {
        let mut state = self.cell.lock();
        loop {
            if let Some(answer) = state.answer.take() {
                return answer;
            }
            state = self.cell.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Blocks for at most `time`; gives itself back when the answer is not here by then.
    ///
    /// # Errors
    /// Itself, to wait on again.
    pub fn wait_for(self, time: Duration) -> Result<Result<R, AskError>, Self> {
        let began = Instant::now();
        let mut state = self.cell.lock();
        loop {
            if let Some(answer) = state.answer.take() {
                return Ok(answer);
            }
            let Some(left) = time.checked_sub(began.elapsed()) else {
                drop(state);
                return Err(self);
            };
            let waited = self.cell.arrived.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The other end of a [`Pending`].
#[derive(Debug)]
pub(crate) struct Promise<R> {
    cell: Option<Arc<Cell<R>>>,
}

impl<R> Promise<R> {
    pub(crate) fn fulfil(mut self, answer: Result<R, AskError>) {
        if let Some(cell) = self.cell.take() {
            cell.fulfil(answer);
        }
    }
}

impl<R> Drop for Promise<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.fulfil(Err(AskError::Closed));
        }
    }
}

impl<R> Future for Pending<R> {
    type Output = Result<R, AskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.cell.lock();
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
