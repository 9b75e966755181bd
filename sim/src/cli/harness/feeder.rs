//! Feeding requests to islands: numbered, bounded, each answered once.
//!
//! Rules:
//! 1. What an earlier run on the same data answered is not asked again; the listener hears what was
//!    kept of the answer.
//! 2. At most 8,192 requests are on their way or wait; Busy means to take an answer first.
//! 3. A request that comes [after](Turn::After) waits until nothing of its key is on its way; what
//!    is submitted for that key next waits behind it. Other keys go on.
//! 4. Serially, a request is submitted after the answer to the one before.
//!
//! It doesn't know where requests come from, nor what an answer says.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use archipelago::command::{AskError, Client, Completion, Completions};
use archipelago_core::id::RequestNumber;

use super::{History, Status, World};
use crate::cli::args::Pace;
use crate::cli::failure::Failure;

/// Requests on their way or waiting at a time.
const OUTSTANDING_MAX: usize = 8192;
/// How long to wait when everything is busy and no answer is on its way.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// Who hears the answers.
pub trait Listener<W: World> {
    /// A request's key: decides its island, and which requests keep their order.
    type Key: AsRef<[u8]> + Copy + Eq + Hash;
    /// What comes back with the answer to a request.
    type Tag;
    /// What is kept of an answer that an earlier run was given.
    type Kept;

    /// An answer came.
    ///
    /// # Errors
    /// When the answer is not as it must be; the run ends.
    fn answered(
        &mut self,
        number: RequestNumber,
        tag: Self::Tag,
        reply: W::Reply,
    ) -> Result<(), Failure>;

    /// A request need not be asked again: an earlier run was given its answer.
    ///
    /// # Errors
    /// As [`Listener::answered`].
    fn known(&mut self, tag: Self::Tag, kept: &Self::Kept) -> Result<(), Failure> {
        let _ = (tag, kept);
        Ok(())
    }
}

/// When a request may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// At once, beside others of its key; their islands decide them in the order submitted.
    Beside,
    /// When all submitted before for its key is answered.
    After,
}

/// A request to be submitted.
pub struct Request<W: World, L: Listener<W>> {
    /// Its number: 1 and above, ascending, the same in every run on the same data.
    pub number: RequestNumber,
    /// Its key.
    pub key: L::Key,
    /// What is asked.
    pub command: W::Command,
    /// When it may start.
    pub turn: Turn,
    /// What comes back with the answer.
    pub tag: L::Tag,
}

/// Submits requests of one client.
pub struct Feeder<'a, W: World, L: Listener<W>> {
    client: &'a Client<W>,
    completions: Completions<'a, W>,
    history: &'a History<L::Kept>,
    listener: L,
    pace: Pace,
    outstanding: HashMap<RequestNumber, (L::Key, L::Tag)>,
    /// Requests on their way, by key.
    by_key: HashMap<L::Key, usize>,
    /// What waits, by key, and how much that is.
    waiting: HashMap<L::Key, VecDeque<Request<W, L>>>,
    waiting_count: usize,
    /// Keys of which nothing is on its way and something waits.
    ready: Vec<L::Key>,
    answered: u64,
    busy: u64,
}

impl<'a, W: World, L: Listener<W>> Feeder<'a, W, L> {
    /// A feeder for `client`; `history` is what earlier runs answered.
    #[must_use]
    pub fn new(client: &'a Client<W>, history: &'a History<L::Kept>, listener: L) -> Self {
        Self {
            client,
            completions: client.completions(),
            history,
            listener,
            pace: Pace::FullSpeed,
            outstanding: HashMap::new(),
            by_key: HashMap::new(),
            waiting: HashMap::new(),
            waiting_count: 0,
            ready: Vec::new(),
            answered: 0,
            busy: 0,
        }
    }

    /// Goes on at this pace.
    pub const fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Who hears the answers.
    #[must_use]
    pub const fn listener(&self) -> &L {
        &self.listener
    }

    /// Requests answered, in this process.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// Times that admission said Busy.
    #[must_use]
    pub const fn busy(&self) -> u64 {
        self.busy
    }

    /// Submits a request, unless it was answered before.
    ///
    /// # Errors
    /// When the system takes nothing any more, an earlier request failed, or the listener says so.
    pub fn submit(&mut self, request: Request<W, L>) -> Result<(), Failure> {
        if let Status::Answered(kept) = self.history.status(request.number) {
            return self.listener.known(request.tag, kept);
        }
        self.make_room()?;
        let waits = self.waiting.contains_key(&request.key)
            || (request.turn == Turn::After && self.by_key.contains_key(&request.key));
        if waits { self.wait(request) } else { self.start(request) }?;
        match self.pace {
            Pace::FullSpeed => Ok(()),
            Pace::Serial => self.drain(),
        }
    }

    /// Waits until everything submitted is answered.
    ///
    /// # Errors
    /// As [`Feeder::submit`].
    pub fn drain(&mut self) -> Result<(), Failure> {
        self.start_ready()?;
        while !self.outstanding.is_empty() {
            self.take_one()?;
            self.start_ready()?;
        }
        assert!(self.waiting.is_empty(), "what waits, waits for something on its way");
        Ok(())
    }

    /// Takes the answers that are here; waits for one while too much is on its way.
    fn make_room(&mut self) -> Result<(), Failure> {
        while let Some(completion) = self.completions.try_next() {
            self.take(completion)?;
        }
        self.start_ready()?;
        while self.outstanding.len() + self.waiting_count >= OUTSTANDING_MAX {
            self.take_one()?;
            self.start_ready()?;
        }
        Ok(())
    }

    fn wait(&mut self, request: Request<W, L>) -> Result<(), Failure> {
        while let Err(busy) = self.client.reserve(request.number) {
            if self.outstanding.is_empty() {
                return Err(Failure::input(busy.to_string()));
            }
            self.take_one()?;
        }
        let key = request.key;
        // Answers taken meanwhile may have been the ones it waits for.
        if !self.by_key.contains_key(&key) && !self.waiting.contains_key(&key) {
            self.ready.push(key);
        }
        self.waiting_count += 1;
        self.waiting.entry(key).or_default().push_back(request);
        Ok(())
    }

    /// Starts what waited for requests that are answered now.
    fn start_ready(&mut self) -> Result<(), Failure> {
        while let Some(key) = self.ready.pop() {
            while let Some(queue) = self.waiting.get_mut(&key) {
                let held = self.by_key.contains_key(&key);
                if held && queue.front().is_some_and(|next| next.turn == Turn::After) {
                    break;
                }
                match queue.pop_front() {
                    Some(request) => {
                        self.waiting_count -= 1;
                        self.start(request)?;
                    }
                    None => drop(self.waiting.remove(&key)),
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, request: Request<W, L>) -> Result<(), Failure> {
        let Request { number, key, mut command, tag, .. } = request;
        *self.by_key.entry(key).or_default() += 1;
        self.outstanding.insert(number, (key, tag));
        loop {
            command = match self.completions.ask_as(number, key, command) {
                Ok(()) => return Ok(()),
                Err((AskError::Busy(_), command)) => command,
                Err((error, _)) => return Err(failed(number, &error)),
            };
            self.busy += 1;
            // This request is counted as on its way already.
            if self.outstanding.len() > 1 {
                self.take_one()?;
            } else {
                std::thread::sleep(BUSY_PAUSE);
            }
        }
    }

    fn take_one(&mut self) -> Result<(), Failure> {
        let completion = self.completions.next();
        self.take(completion)
    }

    fn take(&mut self, completion: Completion<W::Reply>) -> Result<(), Failure> {
        let Completion { number, answer } = completion;
        let (key, tag) = self.outstanding.remove(&number).expect("answered once, and was asked");
        let count = self.by_key.get_mut(&key).expect("what is on its way is counted");
        *count -= 1;
        if *count == 0 {
            self.by_key.remove(&key);
            if self.waiting.contains_key(&key) {
                self.ready.push(key);
            }
        }
        self.answered += 1;
        let reply = answer.map_err(|error| failed(number, &error))?;
        self.listener.answered(number, tag, reply)
    }
}

fn failed(number: RequestNumber, error: &AskError) -> Failure {
    match error {
        AskError::DeadLetter(_) | AskError::Refused(_) => {
            Failure::check(format!("request {number}: {error}"))
        }
        AskError::Busy(_) | AskError::Closed | AskError::Journal(_) => {
            Failure::input(format!("request {number}: {error}"))
        }
    }
}
