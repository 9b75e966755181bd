//! **Link**, the machinery: frames between workers travel through their mailboxes (see
//! [`crate::island`]); what no longer stands in memory is read again from the journal.
//!
//! It doesn't know what a message means.

mod reread;

pub use reread::Rereader;
