//! Comparing the state a replay has led to with the digest that a block's trailer holds.
//!
//! Rules:
//! 1. Only behind a block's last record, and only with a digest of this program's state and schema
//!    versions: another one says nothing to it, and is passed over.
//! 2. Of each island the first block whose digest differs is told: those after it have it from
//!    there.
//!
//! It doesn't know why a state differs; it says what can be the cause.

use std::fmt;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::BlockPlace;
use archipelago_core::replay::{Digest, Image};

use super::error::OpenError;
use super::walk::{failed, in_words};
use crate::journal::{BlockRef, Storage};

/// A block whose records lead to another state than when they were decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherState {
    /// Whose block.
    pub island: IslandId,
    /// Its first record.
    pub first: JournalPosition,
    /// Its last record.
    pub last: JournalPosition,
    /// The last record up to which nothing is in doubt: where the replay began, or a digest agreed.
    pub sure: JournalPosition,
    /// Where it stands.
    pub place: BlockPlace,
    /// The same in words: file and offset.
    pub place_words: String,
    /// The digest in the journal.
    pub recorded: Digest,
    /// The digest of the replayed state.
    pub replayed: Digest,
}

impl fmt::Display for OtherState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { island, first, last, sure, place_words, recorded, replayed, .. } = self;
        write!(
            f,
            "{place_words}: island {island}, records {first} to {last}: they lead to a state with \
             digest {replayed}; when they were decided it was {recorded}. The first difference \
             comes after record {sure}: evolve does otherwise than it did, or islands are born \
             otherwise, or one of them is no function of its arguments. If that was meant, raise \
             STATE_VERSION; if not, use the program that wrote the journal. If decisions differ as \
             well, `archipelago verify` names the first"
        )
    }
}

/// What the journal says of a replayed state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// It is the one.
    Agrees,
    /// It was another.
    Differs(Box<OtherState>),
}

/// Compares `image` with the digest behind `block`, if the block is applied whole and has one.
/// `sure` is the last record up to which the replay is not in doubt; it moves on.
///
/// # Errors
/// When the state refuses to be serialised.
pub(super) fn compare<I: Island>(
    image: &Image<I>,
    block: &BlockRef,
    storage: &dyn Storage,
    sure: &mut JournalPosition,
) -> Result<Said, OpenError> {
    let header = &block.header;
    let Some(trailer) = block.trailer() else { return Ok(Said::Nothing) };
    let ours = trailer.state_version == I::STATE_VERSION && header.schema.0 == I::SCHEMA_VERSION;
    if image.position != header.upto() || !ours {
        return Ok(Said::Nothing);
    }
    let replayed = image.digest();
    let replayed = replayed.map_err(|error| failed(storage, header, image.position, &error))?;
    if replayed == trailer.digest {
        *sure = image.position;
        return Ok(Said::Agrees);
    }
    Ok(Said::Differs(Box::new(OtherState {
        island: header.island,
        first: header.first,
        last: header.upto(),
        sure: *sure,
        place: header.here,
        place_words: in_words(storage, header.here),
        recorded: trailer.digest,
        replayed,
    })))
}
