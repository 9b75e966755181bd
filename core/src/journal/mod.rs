//! **Journal**: the third station. One input makes one record; records make blocks; blocks make
//! commits.
//!
//! Rules:
//! 1. A [`record`] = the input, its events, its sends with their link numbers, its replies, its
//!    timers and its stamp. It is applied whole or not at all. Restore reads events and steps over
//!    the rest by length.
//! 2. All islands of a data directory share one log. A [`frame::Block`] is one island's share of
//!    one commit; a commit is written whole and counts whole or not at all.
//! 3. Commits are numbered 1, 2, 3 … without a gap, and each names the checksum of the one before.
//! 4. Now and then a block ends with a [`trailer`]: the digest of the state it leads to. Whoever
//!    walks records never sees it.
//! 5. A torn end is told from damage by evidence only: see the table in [`recovery`].
//!
//! Everything here is bytes and values: it knows no files, no threads and no clock, nor what the
//! bytes of a command or an event mean.

pub mod frame;
pub mod record;
pub mod recovery;
pub mod trailer;
