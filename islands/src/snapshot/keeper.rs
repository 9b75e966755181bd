//! The thread that makes snapshots while the islands run.
//!
//! Rules:
//! 1. It is a reader of the durable journal and nothing else: islands and journaler never wait for
//!    it. On Linux it runs at a lower priority.
//! 2. A snapshot that could not be made is told and tried again when the next one is due: the
//!    journal has all of it.
//! 3. After a snapshot it lets the segments go that nobody needs any more, where that was chosen.
//!    One that cannot go is told, and tried again after the next snapshot.
//! 4. It stops between two steps of a replay, so a close does not wait for a whole snapshot.
//!
//! It doesn't know who needs snapshots.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use archipelago_core::codec::{self, CodecError};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::CommitNumber;
use archipelago_core::replay::Image;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::archive::archive_running;
use super::folder::Folder;
use super::make::{Made, take_while};
use super::pace::Pace;
use super::policy::{Archive, Due, Since, SnapshotPolicy};
use crate::journal::{JournalSettings, JournalStats, Storage};
use crate::replay::OpenError;

/// How often the thread looks whether a snapshot is due.
const LOOK_PERIOD: Duration = Duration::from_millis(100);
/// Requests that may wait.
const REQUESTS_MAX: usize = 16;

/// Who hears what became of a snapshot asked for.
type Answer = Sender<Result<Option<PathBuf>, OpenError>>;

/// What snapshots are made of.
pub(crate) struct Source {
    pub(crate) folder: Folder,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) settings: JournalSettings,
    pub(crate) stats: Arc<JournalStats>,
    /// Each island before its first record, encoded.
    born: Vec<Vec<u8>>,
    archive: Archive,
}

impl Source {
    /// One whose islands begin as `born`.
    pub(crate) fn new(
        folder: Folder,
        storage: Arc<dyn Storage>,
        settings: JournalSettings,
        stats: Arc<JournalStats>,
        born: Vec<Vec<u8>>,
        archive: Archive,
    ) -> Self {
        Self { folder, storage, settings, stats, born, archive }
    }

    fn take<I: Island>(&self, stop: &AtomicBool) -> Result<Option<PathBuf>, OpenError> {
        let born: Result<Vec<Image<I>>, CodecError> =
            self.born.iter().map(|bytes| codec::decode(bytes)).collect();
        let born = born.map_err(|error| OpenError::Setting(error.to_string()))?;
        let upto = CommitNumber(self.stats.commits());
        if upto == CommitNumber::ZERO {
            return Ok(None);
        }
        let pace = Pace::beside(&self.stats, stop, upto);
        let made =
            take_while::<I>(&self.folder, &self.storage, &self.settings, upto, || born, &pace)?;
        let Some(Made { file, done_before }) = made else { return Ok(None) };
        let gone = done_before.map(|before| archive_running(&*self.storage, &self.archive, before));
        match gone {
            Some(Ok(1..)) => tracing::info!(before = ?done_before, "segments are archived"),
            Some(Err(error)) => tracing::error!(%error, "a segment could not be archived"),
            Some(Ok(0)) | None => {}
        }
        Ok(Some(file))
    }
}

/// The running thread; dropping it ends it.
pub(crate) struct Keeper {
    requests: Sender<Answer>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn spawn<I: Island>(
        source: Source,
        policy: SnapshotPolicy,
    ) -> std::io::Result<Self> {
        let (requests, asked) = bounded(REQUESTS_MAX);
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("snapshots".to_owned())
            .spawn(move || run::<I>(&source, policy, &asked, &told))?;
        Ok(Self { requests, stop, thread: Some(thread) })
    }

    /// Makes a snapshot now; returns when it counts. `None` when there is nothing new.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(crate) fn take(&self) -> Result<Option<PathBuf>, OpenError> {
        let ended = || OpenError::Setting("the snapshots' thread has ended".to_owned());
        let (answer, answered) = bounded(1);
        self.requests.send(answer).map_err(|_| ended())?;
        answered.recv().unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Without a sender left the thread wakes at once.
        self.requests = bounded(0).0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run<I: Island>(
    source: &Source,
    policy: SnapshotPolicy,
    asked: &Receiver<Answer>,
    stop: &AtomicBool,
) {
    lower_priority();
    let counts = || (source.stats.records(), source.stats.bytes());
    let (mut last, mut at) = (counts(), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        let answer = match asked.recv_timeout(LOOK_PERIOD) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let now = counts();
        let since = Since { records: now.0 - last.0, bytes: now.1 - last.1, time: at.elapsed() };
        if answer.is_none() && policy.due(&since) == Due::NotYet {
            continue;
        }
        (last, at) = (now, Instant::now());
        let made = source.take::<I>(stop);
        match &made {
            Ok(Some(file)) => {
                tracing::info!(file = %file.display(), elapsed = ?at.elapsed(), "snapshot");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "no snapshot could be made"),
        }
        if let Some(answer) = answer {
            // Who asked may have gone.
            let _ = answer.send(made);
        }
    }
}

/// Lets islands go first where there are few cores.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        // On Linux a thread has a priority of its own; without one it only shares more evenly.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
    }
}
