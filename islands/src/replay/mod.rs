//! **Replay**, the machinery: a journal → the islands as they were, and what else it can tell.
//!
//! Rules:
//! 1. Restoring evolves recorded events; it decides nothing and sends nothing.
//! 2. Islands are restored in parallel, and long stretches island by island: a block is evolved,
//!    uncopied, by the thread that has its island then.
//! 3. Whatever contradicts itself is refused with island, position and place.
//! 4. Where a block holds the digest of the state it leads to, the replay's is compared with it.
//! 5. [`Again`] decides recorded inputs anew, to [verify](Again::verify) what was recorded, or to
//!    see [what another decider](Again::what_if) would do; nothing of it is kept or sent.
//! 6. [`Log::merged`] hands out all islands' records in one order, causes first, from where a
//!    reader has got to.
//!
//! It doesn't know what an event means.

mod again;
mod at;
mod causes;
mod dead;
mod diff;
mod difference;
mod digests;
mod error;
mod index;
mod log;
mod merged;
mod positions;
mod restore;
mod spread;
mod walk;
mod what_if;
pub mod words;

pub use again::Again;
pub use at::At;
pub use causes::{Causes, RecordId};
pub use dead::{DeadLetter, DeadLetters};
pub use diff::{FirstDifference, IslandDiff, Side, diff};
pub use difference::{Difference, Part, PartDiffers};
pub use digests::OtherState;
pub use error::OpenError;
pub use index::Record;
pub use log::{Log, RecordAt};
pub use merged::merged;
pub use positions::Positions;
pub use restore::{Figures, Restored};
pub use restore::{apply_block, restore, restore_on};
pub(crate) use restore::{digest_of, restore_watched};
pub(crate) use walk::FOR_EVER;
pub use what_if::{Decided, Kind, KindDiffers, Verified, WhatIf};
