//! **Island**, the machinery: drivers (one an island) on workers (one a thread).
//!
//! Rules:
//! 1. An island lives on one worker; nobody else touches it.
//! 2. A worker decides while the journal writes: at most two hand-overs of blocks are on
//!    their way, what comes meanwhile gathers into the next.
//! 3. An idle worker parks; it never spins. Without a journal it looks around for a few
//!    microseconds first: then an answer from another thread comes sooner than a wake would.
//!
//! It doesn't know what an island decides.

mod driver;
mod mailbox;
mod shared;
mod stats;
mod worker;

pub(crate) use driver::Ask;
pub use driver::Driver;
pub(crate) use mailbox::{Mailbox, Notice};
pub(crate) use shared::Shared;
pub use stats::{IslandStats, latency_of};
pub(crate) use worker::{Keeping, Worker};
