//! Station three, the laws of the journal: what a block looks like, and what a damaged end means.
//!
//! Rules:
//! 1. All islands of a data directory share one log. A [`frame::Block`] is one island's share of
//!    one commit; a commit is written whole and counts whole or not at all.
//! 2. Commits are numbered 1, 2, 3 … without a gap, and each names the checksum of the one before.
//! 3. A torn end is told from damage by evidence only: see the table in [`recovery`].
//!
//! Everything here is bytes and values: it knows no files, no threads and no clock, and it does
//! not know what a body contains.

pub mod frame;
pub mod recovery;
