//! The journal's format does not drift: golden files, and `docs/JOURNAL.md` held against them.

mod files;
mod journal;
mod page;
mod snapshot;
