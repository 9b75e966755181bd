//! What opening costs, with a recent snapshot, behind histories of different length.
//!
//! Rules:
//! 1. The journal is made by the runtime: events, then a snapshot, then a few events more, then an
//!    end like a crash's.
//! 2. Each opening is a whole start: from `open` to a system that takes requests. It is dropped
//!    again like a crash, so the next one finds the same, and a seal.
//!
//! It doesn't know how a start finds its snapshot.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::Failed;
use super::load::{Tally, make, on};

/// Events that one command makes.
const EACH: u32 = 100;
/// Slots an island counts.
const SLOTS: usize = 1000;
/// Events behind the snapshot.
const BEHIND: u64 = 10_000;

/// What one history's openings took.
#[derive(Debug, Serialize)]
pub struct Opening {
    /// Events in the journal.
    pub events: u64,
    /// Bytes of its commits.
    pub bytes: u64,
    /// Its segments.
    pub segments: usize,
    /// Seconds to make it, without the snapshot.
    pub making_seconds: f64,
    /// Seconds of each opening from the snapshot.
    pub seconds: Vec<f64>,
    /// Events that each of them replayed.
    pub replayed: u64,
    /// Seconds of the same without snapshots: a whole replay.
    pub whole_seconds: Option<f64>,
}

/// Makes a journal of `events` events in the missing folder `data`, and opens it `runs` times.
///
/// # Errors
/// What the runtime or the disk says.
pub fn run(data: &Path, events: u64, runs: u32, whole: Whole) -> Result<Opening, Failed> {
    let open = || on(data).open(|_| Tally::new(SLOTS));
    let began = Instant::now();
    let sea = open()?;
    make(&sea, events, EACH)?;
    let making_seconds = began.elapsed().as_secs_f64();
    sea.snapshot()?;
    make(&sea, BEHIND, EACH)?;
    let bytes = sea.journal_bytes();
    drop(sea);
    let segments = std::fs::read_dir(data.join("journal"))?.count();
    let (mut seconds, mut replayed) = (Vec::new(), 0);
    for _ in 0..runs {
        let began = Instant::now();
        let sea = open()?;
        seconds.push(began.elapsed().as_secs_f64());
        replayed = sea.recovery().0.events;
        if sea.started_from().is_none() {
            return Err("it did not start from its snapshot".into());
        }
    }
    let mut whole_seconds = None;
    if whole == Whole::Too {
        std::fs::remove_dir_all(data.join("snapshots"))?;
        let began = Instant::now();
        let sea = open()?;
        whole_seconds = Some(began.elapsed().as_secs_f64());
        let found = sea.recovery().0.events;
        if found != events + BEHIND {
            return Err(format!("{found} events, not {}", events + BEHIND).into());
        }
    }
    let events = events + BEHIND;
    Ok(Opening { events, bytes, segments, making_seconds, seconds, replayed, whole_seconds })
}

/// Whether a whole replay is measured as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// It is.
    Too,
    /// It is not.
    No,
}
