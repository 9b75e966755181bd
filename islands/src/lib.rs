//! The embedded runtime.

pub mod journal;
