//! The journaler: the one thread that writes.
//!
//! Islands hand over blocks and go on; the thread takes one hand-over, then all that are queued
//! up to 512 KiB, writes them as one commit, and tells. While it waits for the disk, more queue up:
//! the slower the disk, the larger the commits. No commit waits for a timer.
//!
//! Rules:
//! 1. Hand-overs are written in the order they came in.
//! 2. `notify` is called on this thread: once for each commit, with what became durable; after a
//!    failure once for each hand-over, with the error. Every hand-over gets its answer.
//! 3. The queue holds 1,024 hand-overs; handing over blocks the caller when it is full. Callers
//!    wait for durability after a few, so they do not meet this limit.
//! 4. When nothing was handed over for some milliseconds, it seals the journal ([`IdleSeal`]):
//!    damage to the last commit can then be told from a torn write. One seal for each idle time,
//!    and none while there is work. When a seal fails the journal is finished; the next hand-over
//!    hears it.
//! 5. Closing writes what was handed over before it, then a seal. Dropping writes what was handed
//!    over, and no seal.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use archipelago_core::journal::frame::Block;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::book::Durable;
use super::error::JournalError;
use super::group::{ClosedJournal, GroupJournal, JournalStats};
use crate::meters;

/// How many hand-overs may be queued.
pub const HAND_OVERS_MAX: usize = 1024;

/// No more hand-overs are added to a commit from this size on, in bytes: a replay reads a commit
/// as a whole, and one that fits near the core leaves the cache to the state.
const COMMIT_BYTES: usize = 512 << 10;

/// When a journal that nobody writes to is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleSeal {
    /// When nothing was handed over for so long.
    After(Duration),
    /// Only when it is closed.
    Never,
}

impl Default for IdleSeal {
    /// After 10 ms: long beside a flush, so that a journal at work is not sealed; short beside the
    /// time in which a disk rots.
    fn default() -> Self {
        Self::After(Duration::from_millis(10))
    }
}

type Closed = Result<ClosedJournal, Arc<JournalError>>;

enum Message {
    Blocks(Vec<Block>),
    Stop(Ending),
}

#[derive(Clone, Copy)]
enum Ending {
    Sealed,
    Unsealed,
}

/// The journaler's thread. See the rules of this module.
pub struct Journaler {
    hand_over: HandOver,
    stats: Arc<JournalStats>,
    /// Taken when it is joined.
    thread: Option<JoinHandle<Option<Closed>>>,
}

/// Hands blocks to the journaler, from any thread.
#[derive(Clone)]
pub struct HandOver {
    queue: Sender<Message>,
}

impl HandOver {
    /// Queues blocks to be written in one commit, and in this order. Blocks the caller while
    /// [`HAND_OVERS_MAX`] hand-overs are queued.
    ///
    /// # Errors
    /// [`JournalError::Closed`] when the thread has ended.
    pub fn hand_over(&self, blocks: Vec<Block>) -> Result<(), JournalError> {
        self.queue.send(Message::Blocks(blocks)).map_err(|_| JournalError::Closed)
    }
}

impl Journaler {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn spawn(
        journal: GroupJournal,
        idle: IdleSeal,
        notify: impl FnMut(Result<Vec<Durable>, Arc<JournalError>>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, hand_overs) = bounded(HAND_OVERS_MAX);
        let stats = journal.stats();
        let thread = std::thread::Builder::new()
            .name("journaler".to_owned())
            .spawn(move || run(journal, &hand_overs, idle, notify))?;
        Ok(Self { hand_over: HandOver { queue }, stats, thread: Some(thread) })
    }

    /// As [`HandOver::hand_over`].
    ///
    /// # Errors
    /// [`JournalError::Closed`] when the thread has ended.
    pub fn hand_over(&self, blocks: Vec<Block>) -> Result<(), JournalError> {
        self.hand_over.hand_over(blocks)
    }

    /// A handle for another thread.
    #[must_use]
    pub fn handle(&self) -> HandOver {
        self.hand_over.clone()
    }

    /// What has been written so far.
    #[must_use]
    pub fn stats(&self) -> &Arc<JournalStats> {
        &self.stats
    }

    /// Writes what was handed over so far, seals the journal, and ends the thread. What other
    /// threads hand over later is dropped.
    ///
    /// # Errors
    /// The error that finished the journal, now or earlier.
    ///
    /// # Panics
    /// When `notify` did.
    pub fn close(mut self) -> Result<ClosedJournal, Arc<JournalError>> {
        match self.stop(Ending::Sealed) {
            Some(Ok(Some(closed))) => closed,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => Err(Arc::new(JournalError::Closed)),
        }
    }

    fn stop(&mut self, ending: Ending) -> Option<std::thread::Result<Option<Closed>>> {
        // What waits for room on a full disk waits no longer.
        self.stats.room().end();
        // When the thread is gone, joining tells why.
        let _ = self.hand_over.queue.send(Message::Stop(ending));
        self.thread.take().map(JoinHandle::join)
    }
}

impl Drop for Journaler {
    fn drop(&mut self) {
        if self.thread.is_some() {
            let _ = self.stop(Ending::Unsealed);
        }
    }
}

fn run(
    mut journal: GroupJournal,
    queue: &Receiver<Message>,
    idle: IdleSeal,
    mut notify: impl FnMut(Result<Vec<Durable>, Arc<JournalError>>),
) -> Option<Closed> {
    let mut blocks = Vec::new();
    let stats = journal.stats();
    loop {
        let first = match idle {
            IdleSeal::After(time) if journal.wants_seal() => match queue.recv_timeout(time) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Disconnected) => None,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = journal.seal_idle() {
                        // Nobody waits for a seal; the next hand-over gets the same error.
                        tracing::error!(%error, "the idle journal could not be sealed");
                    }
                    continue;
                }
            },
            _ => queue.recv().ok(),
        };
        let (hand_overs, stop) = take(first, queue, &mut blocks);
        if hand_overs > 0 {
            let (began, bytes) = (Instant::now(), stats.bytes());
            match journal.commit(&mut blocks) {
                Ok(durable) => {
                    notify(Ok(durable));
                    meters::committed(stats.bytes() - bytes, began.elapsed());
                }
                Err(error) => {
                    blocks.clear();
                    (0..hand_overs).for_each(|_| notify(Err(Arc::clone(&error))));
                }
            }
        }
        match stop {
            None => {}
            Some(Ending::Sealed) => return Some(journal.close()),
            Some(Ending::Unsealed) => return None,
        }
    }
}

/// After the `first` message (none: nobody is left to send one) takes all that are queued, up to
/// [`COMMIT_BYTES`]. Returns how many hand-overs it took, and whether to stop after them.
fn take(
    first: Option<Message>,
    queue: &Receiver<Message>,
    blocks: &mut Vec<Block>,
) -> (usize, Option<Ending>) {
    let (mut hand_overs, mut bytes) = (0, 0);
    let mut message = first.unwrap_or(Message::Stop(Ending::Unsealed));
    loop {
        match message {
            Message::Stop(ending) => return (hand_overs, Some(ending)),
            Message::Blocks(mut more) => {
                hand_overs += 1;
                bytes += more.iter().map(|block| block.body.len()).sum::<usize>();
                blocks.append(&mut more);
            }
        }
        if bytes >= COMMIT_BYTES {
            return (hand_overs, None);
        }
        match queue.try_recv() {
            Ok(next) => message = next,
            Err(_) => return (hand_overs, None),
        }
    }
}
