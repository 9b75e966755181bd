//! The journal being written: the [`Book`] and the storage together.
//!
//! Rules:
//! 1. One commit at a time: write, flush, done. Each commit proves the one before durable.
//! 2. After any error the journal is finished: every later call returns the same error.
//! 3. The next segment is made by a thread of its own while the current one fills. Segments are
//!    made one after the other, so a crash leaves no gap in their numbers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use archipelago_core::journal::frame::{Block, CommitNumber, SegmentNumber};

use super::book::{Book, Commit, Durable};
use super::error::JournalError;
use super::room::Room;
use super::scan::Recovered;
use super::settings::{Durability, JournalSettings};
use super::storage::{Segment, Storage};

/// What a journal has written, readable while it runs.
#[derive(Debug, Default)]
pub struct JournalStats {
    bytes: AtomicU64,
    commits: AtomicU64,
    records: AtomicU64,
    room: Room,
}

impl JournalStats {
    /// Bytes of all durable commits since the journal was made, headers and padding included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Durable commits since the journal was made: the number of the last one.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Whether there is room for more.
    #[must_use]
    pub const fn room(&self) -> &Room {
        &self.room
    }

    /// Durable records of all islands since the journal was made.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }
}

/// What a journal was when it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedJournal {
    /// Bytes of all commits, headers and padding included.
    pub bytes: u64,
    /// The last commit, most often the seal.
    pub last: CommitNumber,
}

/// A journal that can be appended to.
pub struct GroupJournal {
    storage: Arc<dyn Storage>,
    book: Book,
    durability: Durability,
    ahead_of_need: AheadOfNeed,
    making: Option<Making>,
    /// Why making the next segment could not even begin, until a commit hears of it.
    ahead: Result<(), JournalError>,
    failed: Option<Arc<JournalError>>,
    stats: Arc<JournalStats>,
}

/// Whether segments are made before they are needed, by a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AheadOfNeed {
    /// They are.
    OnAThread,
    /// They are made when they are needed: for drivers without threads.
    Never,
}

/// A segment that a thread is making.
struct Making {
    number: SegmentNumber,
    thread: JoinHandle<io::Result<()>>,
}

impl GroupJournal {
    /// Continues a journal where a repairing scan ended; an empty one gets its first segment now.
    ///
    /// # Errors
    /// [`JournalError::NotRepaired`], [`JournalError::SegmentBytes`], and [`JournalError::Io`]
    /// when the first segment cannot be made.
    pub fn resume(
        storage: Arc<dyn Storage>,
        settings: JournalSettings,
        recovered: &Recovered,
    ) -> Result<Self, JournalError> {
        Self::resume_with(storage, settings, recovered, AheadOfNeed::OnAThread)
    }

    /// The same for a driver without threads: segments are made when they are needed.
    ///
    /// # Errors
    /// As [`GroupJournal::resume`].
    pub fn resume_without_threads(
        storage: Arc<dyn Storage>,
        settings: JournalSettings,
        recovered: &Recovered,
    ) -> Result<Self, JournalError> {
        Self::resume_with(storage, settings, recovered, AheadOfNeed::Never)
    }

    fn resume_with(
        storage: Arc<dyn Storage>,
        settings: JournalSettings,
        recovered: &Recovered,
        ahead_of_need: AheadOfNeed,
    ) -> Result<Self, JournalError> {
        let mut book = Book::resume(settings, recovered)?;
        if ahead_of_need == AheadOfNeed::OnAThread
            && recovered.segments.is_empty()
            && let Some(first) = book.wants_ahead()
        {
            create(&*storage, first)?;
            book.reserve(first);
        }
        let stats = JournalStats {
            bytes: AtomicU64::new(recovered.bytes),
            commits: AtomicU64::new(recovered.last.0),
            records: AtomicU64::new(recovered.islands.iter().map(|tail| tail.upto.0).sum()),
            room: Room::default(),
        };
        let durability = settings.durability;
        let stats = Arc::new(stats);
        Ok(Self {
            storage,
            book,
            durability,
            ahead_of_need,
            making: None,
            ahead: Ok(()),
            failed: None,
            stats,
        })
    }

    /// What has been written so far; stays readable from any thread.
    #[must_use]
    pub fn stats(&self) -> Arc<JournalStats> {
        Arc::clone(&self.stats)
    }

    /// Writes all `blocks` as one commit; returns when it is durable. Nothing happens when there
    /// are no blocks.
    ///
    /// # Errors
    /// The first error this journal met, now or earlier; nothing is known about these blocks then.
    pub fn commit(&mut self, blocks: &mut Vec<Block>) -> Result<Vec<Durable>, Arc<JournalError>> {
        match self.begin(blocks)? {
            Some(commit) => self.finish(commit),
            None => Ok(Vec::new()),
        }
    }

    /// The first half of [`GroupJournal::commit`]: writes the commit, and does not flush it. `None`
    /// when there are no blocks. For drivers in which time passes between the two.
    ///
    /// # Errors
    /// As [`GroupJournal::commit`].
    pub fn begin(&mut self, blocks: &mut Vec<Block>) -> Result<Option<Commit>, Arc<JournalError>> {
        self.guarded(|journal| {
            let Some(commit) = journal.book.prepare(blocks)? else { return Ok(None) };
            journal.write(&commit)?;
            Ok(Some(commit))
        })
    }

    /// The second half: flushes the commit that was begun.
    ///
    /// # Errors
    /// As [`GroupJournal::commit`]. A flush is never tried again.
    pub fn finish(&mut self, commit: Commit) -> Result<Vec<Durable>, Arc<JournalError>> {
        self.guarded(|journal| journal.flush(commit))
    }

    /// Whether [`Self::seal_idle`] would write a seal.
    #[must_use]
    pub fn wants_seal(&self) -> bool {
        self.failed.is_none() && self.book.wants_seal_here()
    }

    /// Seals the journal for the time being, so that damage to its last commit can be told from a
    /// torn write. Nothing happens when that commit is a seal already, and when the seal would
    /// need a new segment.
    ///
    /// # Errors
    /// The first error this journal met, now or earlier.
    pub fn seal_idle(&mut self) -> Result<(), Arc<JournalError>> {
        self.guarded(|journal| if journal.book.wants_seal_here() { journal.seal() } else { Ok(()) })
    }

    fn seal(&mut self) -> Result<(), JournalError> {
        if let Some(seal) = self.book.prepare_seal() {
            self.write(&seal)?;
            self.flush(seal)?;
        }
        Ok(())
    }

    /// Seals the journal, so that damage to its last commit can be told from a torn write.
    ///
    /// # Errors
    /// The first error this journal met, now or earlier.
    pub fn close(mut self) -> Result<ClosedJournal, Arc<JournalError>> {
        self.guarded(|journal| {
            journal.seal()?;
            // A segment made ahead that nobody came to need: all that was written is durable.
            let _ = journal.finish_making();
            Ok(())
        })?;
        Ok(ClosedJournal { bytes: self.stats.bytes(), last: self.book.watermark() })
    }

    /// Runs `work` unless the journal is finished; an error finishes it.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, Arc<JournalError>> {
        if let Some(error) = &self.failed {
            return Err(Arc::clone(error));
        }
        work(self).map_err(|error| {
            let error = Arc::new(error);
            self.failed = Some(Arc::clone(&error));
            error
        })
    }

    fn write(&mut self, commit: &Commit) -> Result<(), JournalError> {
        let segment = commit.place().segment;
        std::mem::replace(&mut self.ahead, Ok(()))?;
        if let Some(needed) = commit.create() {
            self.finish_making()?;
            self.make_now(needed)?;
        } else if self.making.as_ref().is_some_and(|making| making.number == segment) {
            self.finish_making()?;
        }
        self.storage
            .write_at(segment, u64::from(commit.place().offset), commit.image())
            .map_err(JournalError::io("write", self.storage.name(segment)))
    }

    fn flush(&mut self, commit: Commit) -> Result<Vec<Durable>, JournalError> {
        let segment = commit.place().segment;
        if self.durability == Durability::Disk {
            self.storage
                .sync(segment)
                .map_err(JournalError::io("flush", self.storage.name(segment)))?;
        }
        self.stats.bytes.fetch_add(commit.image().len() as u64, Ordering::Relaxed);
        self.stats.records.fetch_add(commit.records(), Ordering::Relaxed);
        // Whoever sees the number sees the commit's bytes.
        self.stats.commits.fetch_add(1, Ordering::Release);
        let durable = self.book.complete(commit);
        // This commit is durable whatever happens to the next segment; who needs that hears of it.
        self.ahead = self.make_ahead();
        Ok(durable)
    }

    /// Starts to make the next segment when there is none in reserve.
    fn make_ahead(&mut self) -> Result<(), JournalError> {
        let next = match self.ahead_of_need {
            AheadOfNeed::OnAThread => self.book.wants_ahead(),
            AheadOfNeed::Never => None,
        };
        let Some(next) = next else { return Ok(()) };
        self.finish_making()?;
        let (storage, stats) = (Arc::clone(&self.storage), self.stats());
        let thread = std::thread::Builder::new()
            .name("journal-segment".to_owned())
            .spawn(move || stats.room.make(&*storage, next))
            .map_err(JournalError::io("start a thread to make", self.storage.name(next.number)))?;
        self.making = Some(Making { number: next.number, thread });
        self.book.reserve(next);
        Ok(())
    }

    /// Makes a segment that nobody made ahead. A driver without threads cannot wait for room.
    fn make_now(&self, segment: Segment) -> Result<(), JournalError> {
        match self.ahead_of_need {
            AheadOfNeed::Never => create(&*self.storage, segment),
            AheadOfNeed::OnAThread => {
                let made = self.stats.room.make(&*self.storage, segment);
                made.map_err(JournalError::io("make", self.storage.name(segment.number)))
            }
        }
    }

    /// Waits for the segment being made, if there is one.
    fn finish_making(&mut self) -> Result<(), JournalError> {
        let Some(Making { number, thread }) = self.making.take() else { return Ok(()) };
        let made = thread.join().unwrap_or_else(|_| Err(io::Error::other("its thread panicked")));
        made.map_err(JournalError::io("make", self.storage.name(number)))
    }
}

/// A segment must not appear after the journal, and its lock, are gone.
impl Drop for GroupJournal {
    fn drop(&mut self) {
        if let Some(making) = self.making.take() {
            self.stats.room.end();
            let _ = making.thread.join();
        }
    }
}

fn create(storage: &dyn Storage, segment: Segment) -> Result<(), JournalError> {
    storage.create(segment).map_err(JournalError::io("make", storage.name(segment.number)))
}
