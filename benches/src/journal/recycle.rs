//! What it gains to use a segment's file again: the times of commits while segments are made.
//!
//! Rules: one writer, one commit after the other, each flushed; segments are made ahead by a
//! thread, as ever. In turns they are kept, removed, or recycled behind the writer.
//!
//! It doesn't know what a file system does with either.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use archipelago::journal::{
    Access, Directory, Durability, GroupJournal, JournalError, JournalSettings, ScanMode,
    Storage as _, scan,
};
use archipelago_core::id::{IslandId, JournalPosition, Life};
use archipelago_core::journal::frame::{Block, SchemaVersion, SegmentNumber};
use serde::Serialize;

use super::{Failed, histogram, quantiles};

/// What becomes of segments behind the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Behind {
    /// They stay.
    Kept,
    /// Their files are removed.
    Removed,
    /// Their files become the next ones.
    Recycled,
}

/// One run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Run {
    /// What became of segments.
    pub behind: Behind,
    /// Seconds for all commits.
    pub seconds: f64,
    /// Median, 99 %, 99.9 %, longest commit, in microseconds.
    pub commit_us: [u64; 4],
}

/// Writes `commits` commits of `bytes` bytes each into the missing folder `folder`.
///
/// # Errors
/// What the disk says.
pub fn run(folder: &Path, commits: u64, bytes: usize, behind: Behind) -> Result<Run, Failed> {
    let storage = Arc::new(Directory::open(folder, Access::ReadWrite)?);
    let settings = JournalSettings {
        life: Life(7),
        islands: 1,
        segment_bytes: 16 << 20,
        schema: SchemaVersion(0),
        durability: Durability::Disk,
    };
    let mut nothing = |_| Ok::<(), JournalError>(());
    let found = scan(&*storage, &settings, ScanMode::Repair, &mut nothing)?;
    let mut journal = GroupJournal::resume(storage.clone(), settings, &found)?;
    let mut times = histogram();
    let mut oldest = SegmentNumber::FIRST;
    let began = Instant::now();
    for number in 1..=commits {
        let body = vec![number as u8; bytes];
        let first = JournalPosition(number);
        let mut blocks =
            vec![Block { island: IslandId(0), first, records: 1, body, trailer: None }];
        let at = Instant::now();
        let durable = journal.commit(&mut blocks)?;
        times.record(at.elapsed().as_micros().max(1) as u64)?;
        // The one before stays: what nobody needs is further behind in a real system.
        while durable[0].place.segment.0 > oldest.0 + 1 {
            match behind {
                Behind::Kept => {}
                Behind::Removed => std::fs::remove_file(storage.name(oldest))?,
                Behind::Recycled => storage.release(oldest)?,
            }
            oldest = oldest.next();
        }
    }
    Ok(Run { behind, seconds: began.elapsed().as_secs_f64(), commit_us: quantiles(&times) })
}
