//! **Replay**: the fifth station. Records → the same state, and nothing leaves.
//!
//! Rules:
//! 1. An [`Image`] is everything the journal determines; a record applied to it changes it as the
//!    decision did. It has no way to send: sends are counted and stepped over.
//! 2. [`Again`] decides recorded inputs anew, to compare; it has no way to send either.
//! 3. The same records give the same [`Digest`], at every record, in every process.
//! 4. What an older program wrote is rewritten into this one's form by [`Upcast`], in one place,
//!    before anybody looks at it.
//!
//! It doesn't know where records come from.

mod again;
mod digest;
mod image;
mod snapshot;
mod upcast;

pub use again::Again;
pub use digest::Digest;
pub use image::{Applied, Image, ReplayError};
pub use snapshot::SnapshotError;
pub use upcast::{Upcast, UpcastError};
