//! Room for the next segment: what happens while the disk is full.
//!
//! Rules:
//! 1. A disk that is full is asked again and again, by whoever makes the segment, until there is
//!    room or the journal ends. Nothing was written, so nothing is in doubt.
//! 2. Meanwhile [`Room::is_full`], and clients are refused at the door: what is left of the segment
//!    in use is for what was admitted before.
//! 3. Every other error is final, as a failed write is.
//!
//! It doesn't know who needs the segment.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::storage::{Segment, Storage};

/// How long a full disk is left alone.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Whether there is room for the next segment.
#[derive(Debug, Default)]
pub struct Room {
    full: AtomicBool,
    ending: AtomicBool,
}

impl Room {
    /// Whether the disk was full when the next segment was last tried.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// The journal ends: nobody waits for room any more.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Makes `segment`; on a full disk only once there is room, or the journal ends.
    pub(super) fn make(&self, storage: &dyn Storage, segment: Segment) -> io::Result<()> {
        loop {
            match storage.create(segment) {
                Err(error) if is_full(&error) && !self.ending.load(Ordering::Relaxed) => {
                    if !self.full.swap(true, Ordering::Relaxed) {
                        let segment = storage.name(segment.number);
                        tracing::error!(%error, segment, "no room for the journal's next segment");
                    }
                    std::thread::sleep(TRY_AGAIN);
                }
                Ok(()) => {
                    if self.full.swap(false, Ordering::Relaxed) {
                        tracing::info!("the journal has room again");
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
