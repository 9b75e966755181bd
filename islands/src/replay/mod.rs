//! **Replay**, the machinery: a journal → the islands as they were.
//!
//! Rules:
//! 1. Restoring evolves recorded events; it decides nothing and sends nothing.
//! 2. Islands are restored in parallel: each block goes, uncopied, to the thread of its island.
//! 3. Whatever contradicts itself is refused with island, position and place.
//!
//! It doesn't know what an event means.

mod error;
mod log;
mod restore;

pub use error::OpenError;
pub use log::{Log, RecordAt};
pub(crate) use restore::digest_of;
pub use restore::{Figures, Restored};
pub use restore::{apply_block, restore, restore_on};
