//! A running system.
//!
//! Rules:
//! 1. Closing takes no new asks, waits until everything on its way has arrived, seals the journal
//!    and gives the islands back. Dropping ends at once, like a crash: nothing acknowledged is
//!    lost.
//!
//! It doesn't know what islands decide.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use archipelago_core::codec::CodecError;
use archipelago_core::command::route;
use archipelago_core::id::{ClientId, IslandId, RequestNumber, Slot};
use archipelago_core::island::{Island, Refusal};
use archipelago_core::journal::frame::CommitNumber;
use archipelago_core::journal::record::Source;
use archipelago_core::replay::{Digest, Image};

use crate::command::{Again, AskError, Client, Pending};
use crate::island::{Driver, IslandStats, Shared};
use crate::journal::{DataDirectory, JournalError, Journaler, Recovered};
use crate::machine::random;
use crate::replay::{DeadLetter, Figures, OpenError, digest_of};
use crate::snapshot::Keeper;

/// How often a close looks whether everything has settled.
const LOOK_PERIOD: Duration = Duration::from_micros(500);
/// How long a new client waits for room in full queues.
const CLIENT_WAITS: Duration = Duration::from_secs(10);

/// Looks on their way at a time, so that they don't fill the queues.
const LOOKS_MAX: usize = 64;

/// What a running system is made of.
pub(crate) struct Parts<I: Island> {
    pub(crate) shared: Arc<Shared<I>>,
    pub(crate) workers: Vec<JoinHandle<Vec<Driver<I>>>>,
    /// None where nothing is kept.
    pub(crate) journaler: Option<Journaler>,
    pub(crate) keeper: Option<Keeper>,
    pub(crate) started_from: Option<CommitNumber>,
    pub(crate) data: Option<DataDirectory>,
    pub(crate) figures: Figures,
    pub(crate) recovered: Recovered,
}

/// A running system of islands. Cheap to use from many threads by reference.
pub struct Archipelago<I: Island> {
    shared: Arc<Shared<I>>,
    workers: Vec<JoinHandle<Vec<Driver<I>>>>,
    journaler: Option<Journaler>,
    keeper: Option<Keeper>,
    started_from: Option<CommitNumber>,
    /// Keeps the directory locked.
    _data: Option<DataDirectory>,
    figures: Figures,
    recovered: Recovered,
    client: Client<I>,
}

/// A system after its close.
#[derive(Debug)]
pub struct Closed<I> {
    /// The islands as they were at the end, by number.
    pub images: Vec<Image<I>>,
    /// Each island's figures.
    pub stats: Vec<IslandStats>,
    /// Bytes of the journal: all commits with their headers and padding; 0 where there is none.
    pub journal_bytes: u64,
    /// Threads that drove the islands.
    pub threads: usize,
    /// Commits written since the journal was made.
    pub commits: u64,
    /// Whether everything on its way had arrived.
    pub settled: Settled,
}

/// Whether a close found everything at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Every request is answered and every message consumed.
    Yes,
    /// The time was up, an island has stopped, or a timer fired between the last look and the end
    /// (nothing need be counted below then); what is open stays in the journal.
    No {
        /// Requests without an answer.
        waiting: u64,
        /// Messages not acknowledged.
        unacked: u64,
    },
}

/// Whether everything on its way has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRest {
    /// It has.
    Yes,
    /// The time was up before.
    No,
}

impl<I: Island> Closed<I> {
    /// The digest of all islands, in order.
    ///
    /// # Errors
    /// When a state refuses to be serialised.
    pub fn digest(&self) -> Result<Digest, CodecError> {
        digest_of(self.images.iter())
    }
}

impl<I: Island> Archipelago<I> {
    pub(crate) fn new(parts: Parts<I>) -> Self {
        let Parts { shared, workers, journaler, keeper, started_from, data, figures, recovered } =
            parts;
        let id = ClientId(u128::from(random()) << 64 | u128::from(random()));
        let client = Client::new(Arc::clone(&shared), id, RequestNumber::ZERO, Again::No);
        let _data = data;
        Self { shared, workers, journaler, keeper, started_from, _data, figures, recovered, client }
    }

    /// Asks the island that owns `key`, as an anonymous client of this process.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn ask(
        &self,
        key: impl AsRef<[u8]>,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        self.client.ask(key, command)
    }

    /// Tells the island that owns `key`; nobody waits for the answer.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn tell(&self, key: impl AsRef<[u8]>, command: I::Command) -> Result<(), AskError> {
        self.client.tell(key, command)
    }

    /// As [`Archipelago::ask`], and while a limit is reached tries again for at most `time`.
    ///
    /// # Errors
    /// As [`Client::ask_within`].
    pub fn ask_within(
        &self,
        time: Duration,
        key: impl AsRef<[u8]>,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        self.client.ask_within(time, key, command)
    }

    /// A client with a name: its requests are told apart by (name, number), also after a restart.
    /// It goes on after the highest number that any island has seen of that name. Make one handle a
    /// name.
    ///
    /// # Errors
    /// As [`Archipelago::query`]: the islands are asked what they have seen. While queues are full
    /// it waits for up to 10 seconds.
    pub fn client(&self, name: &str) -> Result<Client<I>, AskError> {
        let id = route::client_id(name);
        let highest = move |driver: &Driver<I>| driver.image().sessions.highest(id);
        let until = Instant::now() + CLIENT_WAITS;
        let seen = loop {
            match self.look_at_all(highest, || Duration::MAX) {
                // Full queues empty by themselves.
                Err(AskError::Busy(_)) if Instant::now() < until => std::thread::sleep(LOOK_PERIOD),
                seen => break seen?,
            }
        };
        let used = seen.into_iter().flatten().max().unwrap_or_default();
        Ok(Client::new(Arc::clone(&self.shared), id, used, Again::Yes))
    }

    /// Puts a dead letter back: asks its island `command`, which is the letter's own
    /// ([`DeadLetter::command`]) or a better one. The same letter is decided once more and no
    /// oftener: whoever puts it back again, also after a restart, gets the first answer. What
    /// failed again is a new dead letter.
    ///
    /// The island is asked as by a client, whoever had brought the letter: the sender of a message
    /// and its number are in [`DeadLetter::source`] only.
    ///
    /// # Errors
    /// As [`Client::ask`]; [`AskError::Refused`] when there is no such island.
    pub fn put_back(
        &self,
        letter: &DeadLetter,
        command: I::Command,
    ) -> Result<Pending<I::Reply>, AskError> {
        let id = route::client_id(&letter.client_name());
        let client = Client::new(Arc::clone(&self.shared), id, RequestNumber::ZERO, Again::Yes);
        let slot = match letter.source {
            Source::Client { asker, .. } => Some(asker.slot),
            Source::Island { .. } | Source::Timer(_) => {
                let mut slots = (0..route::SLOTS).map(Slot);
                slots.find(|slot| self.shared.table.owner(*slot) == letter.island)
            }
        };
        let slot = slot.ok_or_else(|| {
            let reason = format!("there is no island {}", letter.island);
            AskError::Refused(Refusal::Unwritable(reason))
        })?;
        client.ask_slot(Some(RequestNumber(1)), slot, command)
    }

    /// Looks at an island's state, on its own thread, between two commands. The result arrives
    /// when everything it saw is durable.
    ///
    /// # Errors
    /// At once or as the answer: [`AskError::Busy`], [`AskError::Closed`], [`AskError::Journal`]
    /// (what is not durable now will never be), [`AskError::Refused`] when the island has stopped,
    /// and [`AskError::DeadLetter`] when `look` panicked.
    pub fn query<R: Send + 'static>(
        &self,
        island: IslandId,
        look: impl FnOnce(&I) -> R + Send + 'static,
    ) -> Result<Pending<R>, AskError> {
        self.look(island, move |driver| {
            let state = driver.state()?;
            catch_unwind(AssertUnwindSafe(|| look(state)))
                .map_err(|_| AskError::DeadLetter("the query panicked".into()))
        })
    }

    /// The figures of all islands since the start.
    ///
    /// # Errors
    /// As [`Archipelago::query`].
    pub fn stats(&self) -> Result<Vec<IslandStats>, AskError> {
        let seen = self.look_at_all(Driver::stats, || Duration::MAX)?;
        Ok(seen.expect("there was time enough"))
    }

    /// Looks at every island, some at a time. `None` when `left` says that there is no time left.
    fn look_at_all<R: Send + 'static>(
        &self,
        look: impl Fn(&Driver<I>) -> R + Clone + Send + 'static,
        left: impl Fn() -> Duration,
    ) -> Result<Option<Vec<R>>, AskError> {
        let mut asked = VecDeque::new();
        let mut seen = Vec::new();
        let mut islands = (0..self.islands()).map(IslandId);
        let mut next = islands.next();
        while next.is_some() || !asked.is_empty() {
            if let Some(island) = next.filter(|_| asked.len() < LOOKS_MAX) {
                let look = look.clone();
                match self.look(island, move |driver| Ok(look(driver))) {
                    Ok(pending) => {
                        asked.push_back(pending);
                        next = islands.next();
                        continue;
                    }
                    // An answer makes room.
                    Err(AskError::Busy(_)) if !asked.is_empty() => {}
                    Err(why) => return Err(why),
                }
            }
            let oldest = asked.pop_front().expect("something is asked");
            match oldest.wait_for(left()) {
                Ok(answer) => seen.push(answer?),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(seen))
    }

    fn look<R: Send + 'static>(
        &self,
        island: IslandId,
        look: impl FnOnce(&Driver<I>) -> Result<R, AskError> + Send + 'static,
    ) -> Result<Pending<R>, AskError> {
        let (answer, pending) = Pending::promise();
        self.shared.look(
            island,
            Box::new(move |driver| {
                let seen = look(driver);
                Box::new(move |durable| answer.fulfil(durable.and(seen)))
            }),
        )?;
        Ok(pending)
    }

    /// How many islands there are.
    #[must_use]
    pub fn islands(&self) -> u32 {
        self.shared.table.islands()
    }

    /// The island that owns `key`.
    #[must_use]
    pub fn island_of(&self, key: impl AsRef<[u8]>) -> IslandId {
        self.shared.table.island_of(key.as_ref())
    }

    /// Asks refused as busy, over all islands.
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.shared.gauges.iter().map(|gauge| gauge.busy.load(Ordering::Relaxed)).sum()
    }

    /// Bytes of the journal so far.
    #[must_use]
    pub fn journal_bytes(&self) -> u64 {
        self.journaler.as_ref().map_or(0, |journaler| journaler.stats().bytes())
    }

    /// What the replay at the start did, and what it found.
    #[must_use]
    pub const fn recovery(&self) -> (&Figures, &Recovered) {
        (&self.figures, &self.recovered)
    }

    /// The commit of the snapshot that the start went on from; `None` when it replayed everything.
    #[must_use]
    pub const fn started_from(&self) -> Option<CommitNumber> {
        self.started_from
    }

    /// Makes a snapshot of what is durable now; returns its file when it has been verified. `None`
    /// when there is nothing new, or no data directory. Islands go on meanwhile.
    ///
    /// # Errors
    /// [`OpenError`]: it could not be written or verified; nothing is lost by that.
    pub fn snapshot(&self) -> Result<Option<PathBuf>, OpenError> {
        self.keeper.as_ref().map_or(Ok(None), Keeper::take)
    }

    /// Closes: no new asks, everything on its way arrives (for at most `time`), the journal is
    /// sealed.
    ///
    /// # Errors
    /// The journal's error, if it failed.
    pub fn close(mut self, time: Duration) -> Result<Closed<I>, Arc<JournalError>> {
        let span = tracing::info_span!("close");
        let _entered = span.enter();
        self.shared.doors.closing.store(true, Ordering::SeqCst);
        self.keeper = None;
        // Whatever keeps it from settling is told by what is found below.
        let _ = self.settle(time);
        let threads = self.workers.len();
        let drivers = self.stop();
        let (journal_bytes, commits) = match self.journaler.take() {
            Some(journaler) => {
                let stats = Arc::clone(journaler.stats());
                (journaler.close()?.bytes, stats.commits())
            }
            None => (0, 0),
        };
        let at_rest = drivers
            .iter()
            .all(|driver| driver.is_settled() && !driver.has_stopped() && driver.given_up() == 0);
        let settled = if at_rest {
            Settled::Yes
        } else {
            Settled::No {
                waiting: drivers.iter().map(|driver| driver.given_up()).sum(),
                unacked: drivers.iter().map(|driver| driver.kernel().links().unacked()).sum(),
            }
        };
        let stats = drivers.iter().map(Driver::stats).collect();
        let images = drivers.into_iter().map(Driver::into_image).collect();
        Ok(Closed { images, stats, journal_bytes, threads, commits, settled })
    }

    /// Waits until everything on its way has arrived, for at most `time`: every request answered,
    /// every record durable, every message consumed. New asks may of course unsettle it again.
    ///
    /// # Errors
    /// As [`Archipelago::query`].
    pub fn settle(&self, time: Duration) -> Result<AtRest, AskError> {
        let began = Instant::now();
        let mut seen = None;
        while began.elapsed() < time {
            // At rest twice, with no record made in between: nothing can be on its way, since
            // whoever sent it would have been seen waiting for the acknowledgement.
            let now = self.look_at_rest(|| time.saturating_sub(began.elapsed()))?;
            if now.is_some() && now == seen {
                return Ok(AtRest::Yes);
            }
            if now.is_none() {
                std::thread::sleep(LOOK_PERIOD);
            }
            seen = now;
        }
        Ok(AtRest::No)
    }

    /// The number of records of all islands, if each was at rest when it was looked at.
    fn look_at_rest(&self, left: impl Fn() -> Duration) -> Result<Option<u64>, AskError> {
        let look = |driver: &Driver<I>| driver.is_settled().then_some(driver.image().position.0);
        match self.look_at_all(look, left) {
            Ok(seen) => Ok(seen.and_then(|seen| seen.into_iter().sum())),
            Err(AskError::Busy(_)) => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// Ends the workers; gives back the islands in order.
    fn stop(&mut self) -> Vec<Driver<I>> {
        self.shared.end();
        let workers = std::mem::take(&mut self.workers);
        let columns = workers.into_iter().map(|worker| match worker.join() {
            Ok(drivers) => drivers,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let mut drivers: Vec<_> = columns.flatten().collect();
        drivers.sort_by_key(Driver::island);
        drivers
    }
}

impl<I: Island> std::fmt::Debug for Archipelago<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let islands = self.islands();
        f.debug_struct("Archipelago").field("islands", &islands).finish_non_exhaustive()
    }
}

impl<I: Island> Drop for Archipelago<I> {
    fn drop(&mut self) {
        self.shared.end();
        for worker in std::mem::take(&mut self.workers) {
            if let Err(panic) = worker.join()
                && !std::thread::panicking()
            {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
