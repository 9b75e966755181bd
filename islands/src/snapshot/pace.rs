//! How fast the thread that makes snapshots goes while others need the cores.
//!
//! Rules:
//! 1. It works in short bursts and rests in proportion to each. Bursts are measured by the clock on
//!    the wall: where it had to wait for a core or the disk, it rests longer.
//! 2. It rests only while the journal grows, and never once it has been told to stop.
//! 3. It keeps up: what the journal may grow by before it goes on without rests is less than what
//!    the snapshot covers, a quarter of it at first and half of what is replayed on top.
//! 4. Resting changes nothing but when things happen.
//!
//! It doesn't know what the work is.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use archipelago_core::journal::frame::CommitNumber;

use super::make::GoOn;
use crate::journal::JournalStats;

/// Work between two rests, as far as it can be cut.
const BURST: Duration = Duration::from_micros(500);
/// How many times as long as a burst its rest is.
const REST_TIMES: u32 = 15;
/// The longest rest: a burst may have been as long as the machine slept.
const REST_MAX: Duration = Duration::from_millis(20);
/// A journal that has not grown for so long is idle. A commit takes a few milliseconds.
const IDLE: Duration = Duration::from_millis(20);
/// Bytes read or written between two looks at the clock.
const PIECE_BYTES: usize = 64 << 10;

/// The pace of one snapshot.
pub(super) struct Pace<'a> {
    live: Option<Live<'a>>,
}

/// What a running system says.
struct Live<'a> {
    stats: &'a JournalStats,
    stop: &'a AtomicBool,
    /// Where the replay began, where it is, and where it ends.
    from: Cell<u64>,
    done: Cell<u64>,
    upto: u64,
    /// The journal's commits when last looked at, and when they had last become more.
    commits: Cell<u64>,
    grew_at: Cell<Instant>,
    /// When the burst began.
    began: Cell<Instant>,
}

impl<'a> Pace<'a> {
    /// Without a rest: nobody else runs.
    pub(super) const fn full() -> Self {
        Self { live: None }
    }

    /// That of a snapshot of `upto`, beside a system that tells its commits in `stats`.
    pub(super) fn beside(
        stats: &'a JournalStats,
        stop: &'a AtomicBool,
        upto: CommitNumber,
    ) -> Self {
        let now = Instant::now();
        let live = Live {
            stats,
            stop,
            from: Cell::new(upto.0),
            done: Cell::new(upto.0),
            upto: upto.0,
            commits: Cell::new(upto.0),
            grew_at: Cell::new(now),
            began: Cell::new(now),
        };
        Self { live: Some(live) }
    }

    /// Whether work goes on.
    pub(super) fn go_on(&self) -> GoOn {
        match &self.live {
            Some(live) if live.stop.load(Ordering::Relaxed) => GoOn::Stop,
            _ => GoOn::Yes,
        }
    }

    /// The replay begins behind this commit.
    pub(super) fn begins(&self, from: CommitNumber) {
        if let Some(live) = &self.live {
            live.from.set(from.0);
            live.done.set(from.0);
        }
    }

    /// The replay has come to this commit. May rest.
    pub(super) fn reached(&self, commit: CommitNumber) {
        if let Some(live) = &self.live {
            live.done.set(commit.0);
            live.breathe();
        }
    }

    /// Something is done. May rest.
    pub(super) fn breathe(&self) {
        if let Some(live) = &self.live {
            live.breathe();
        }
    }
}

impl Live<'_> {
    fn breathe(&self) {
        let now = Instant::now();
        let burst = now - self.began.get();
        if burst < BURST {
            return;
        }
        let commits = self.stats.commits();
        if commits > self.commits.replace(commits) {
            self.grew_at.set(now);
        }
        let grows = now - self.grew_at.get() < IDLE;
        let stopped = self.stop.load(Ordering::Relaxed);
        let may_grow = room(self.from.get(), self.done.get(), self.upto);
        if grows && !stopped && commits.saturating_sub(self.upto) <= may_grow {
            std::thread::sleep((burst * REST_TIMES).min(REST_MAX));
        }
        self.began.set(Instant::now());
    }
}

/// Commits that may come behind `upto` while the replay from `from` has come to `done` (rule 3).
/// Before the replay has begun, all that is known is that it is needed: no bound.
fn room(from: u64, done: u64, upto: u64) -> u64 {
    if from == upto {
        return u64::MAX;
    }
    (upto.saturating_sub(from)) / 4 + done.saturating_sub(from) / 2
}

/// A file that is read or written piece by piece, at a pace.
pub(super) struct Paced<'a, T> {
    pub(super) inner: T,
    pub(super) pace: &'a Pace<'a>,
}

impl<T: Read> Read for Paced<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pace.breathe();
        let piece = buffer.len().min(PIECE_BYTES);
        self.inner.read(&mut buffer[..piece])
    }
}

impl<T: Write> Write for Paced<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pace.breathe();
        self.inner.write(&bytes[..bytes.len().min(PIECE_BYTES)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
