//! Station three, the machinery of the journal: one log for all islands of a data directory.
//!
//! Islands hand over blocks; the [`Journaler`] thread takes all that is queued, writes it as one
//! commit, flushes once, and says which islands are durable up to where. Opening a journal reads
//! all of it with [`scan()`], which also decides what a damaged end means.
//!
//! Rules:
//! 1. A commit is one write at a fresh sector of 4,096 bytes, then one flush. It never spans two
//!    segments, and it counts whole or not at all.
//! 2. Segments are filled with zeros before they are used (16 MiB unless configured); the next one
//!    is made ahead of need. A commit larger than a segment gets a segment of its own size.
//! 3. After the first failed write or flush a journal is finished: it never tries again, because
//!    a file system may have dropped what it failed to write.
//! 4. What was acknowledged is never cut off: a scan cuts only what a crash can leave behind, and
//!    refuses everything else with its place (the table in
//!    [`archipelago_core::journal::recovery`]).
//! 5. Two things no log can see by itself: damage to the very last commit when no seal follows it,
//!    and last segments that somebody removed. A clean close writes a seal, and so does a journal
//!    that has been idle for some milliseconds.
//!
//! It does not know what a record is, what an island is, or who waits for durability.

mod book;
mod description;
mod directory;
mod error;
mod fill;
mod group;
mod journaler;
mod life;
mod memory;
mod reader;
mod room;

pub mod repair;
mod scan;
mod settings;
mod storage;
mod stretch;
mod tail;
mod window;

#[cfg(test)]
pub(crate) mod tests;

pub use book::{Book, Commit, Durable};
pub use description::{DESCRIPTION_FILE, Description, HASH, SLOTS};
pub use directory::{Access, Directory};
pub(crate) use directory::{make_folder, sync_folder};
pub use error::{Damage, JournalError};
pub use group::{ClosedJournal, GroupJournal, JournalStats};
pub use journaler::{HAND_OVERS_MAX, HandOver, IdleSeal, Journaler};
pub use life::{DataDirectory, LOCK_FILE, SEGMENTS_FOLDER};
pub use memory::Memory;
pub use room::Room;
pub use scan::{
    BlockRef, Ending, IslandTail, Recovered, ScanMode, Torn, TornTail, read_block, scan, scan_on,
};
pub(crate) use scan::{Found, Order, scan_found};
pub use settings::{COMMIT_BYTES_MAX, Durability, JournalSettings, SEGMENT_BYTES};
pub use storage::{Segment, Storage};
pub(crate) use stretch::Bodies;
