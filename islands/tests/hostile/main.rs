//! The runtime under hostile use: full queues, storms, broken disks, crashes, panics.
//!
//! Rules:
//! 1. Real threads; the disk is real, in memory, or broken on purpose. Nothing here measures time:
//!    what must happen is waited for, and [`bank::LONG`] only turns a hang into a failure.
//! 2. One island for all: the [`bank`]. Its laws: what was acknowledged is there; tokens are
//!    neither lost nor doubled.
//!
//! It doesn't know kernels or links; those have tests of their own.

mod admission;
mod answers;
mod bank;
mod crash;
mod disk;
mod journal_failure;
mod peers;
mod recycle;
mod shape;
mod snapshots;
mod stopped;
