//! Reviving islands: from the journal alone, and from a snapshot and the rest of the journal. Both
//! must give the same; the islands go on from the snapshot.
//!
//! It doesn't know when or why islands went down.

use std::fmt;

use archipelago::drive::{apply_block, restore};
use archipelago::journal::{BlockRef, JournalSettings, Recovered, ScanMode, scan};
use archipelago::replay::OpenError;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::BlockHeader;
use archipelago_core::link::chunk::Chunk;
use archipelago_core::replay::Image;

use super::disk::Disk;
use super::witness::{Violation, Witness};

/// A snapshot that an island saved, as bytes.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    /// The last record in it.
    pub(super) position: JournalPosition,
    pub(super) bytes: Vec<u8>,
}

/// An island as it goes on.
pub(super) struct Revived<I> {
    pub(super) image: Image<I>,
    /// Unacknowledged messages of the snapshot.
    pub(super) unacked: Vec<(IslandId, Chunk)>,
}

/// What reading the journal gave.
pub(super) struct Reading<I> {
    pub(super) islands: Vec<Revived<I>>,
    pub(super) recovered: Recovered,
    /// Digests of states that the journal holds; all were the replay's own.
    pub(super) digests: u64,
}

/// Why a process does not start.
pub(super) enum Trouble {
    /// The journal refuses to open, and says why.
    Refused(String),
    /// A law does not hold.
    Broken(Violation),
}

impl From<Violation> for Trouble {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation)
    }
}

/// Reads the journal; shows the witness what it had not seen durable.
pub(super) fn revive<I: Island>(
    disk: &Disk,
    settings: &JournalSettings,
    mode: ScanMode,
    saved: &[Option<Saved>],
    make: &mut dyn FnMut(IslandId) -> I,
    witness: &mut Witness<I>,
) -> Result<Reading<I>, Trouble> {
    let refused = |error: &dyn fmt::Display| Trouble::Refused(error.to_string());
    let restored = restore(disk, settings, mode, 1, make).map_err(|error| refused(&error))?;
    let mut from_saved = Vec::new();
    for saved in saved {
        from_saved.push(match saved {
            Some(saved) => Some(load::<I>(&saved.bytes)?),
            None => None,
        });
    }
    let (mut seen, mut digests) = (Ok(()), 0);
    let mut visit = |block: &BlockRef| {
        let BlockHeader { island, first, .. } = block.header;
        // What is on its way to the disk is not durable yet.
        if mode == ScanMode::Repair {
            witness.see(island, first, block.records())?;
        }
        match from_saved.get_mut(island.0 as usize) {
            // A snapshot is made of what is durable, so it ends where a block ends.
            Some(Some(revived)) if first > revived.image.position => {
                let applied = apply_block(&mut revived.image, block, disk);
                applied.map(|_| ()).map_err(|error| not_the_whole(&error))
            }
            _ => Ok(()),
        }
    };
    scan::<OpenError>(disk, settings, ScanMode::ReadOnly, &mut |block| {
        digests += u64::from(block.trailer().is_some());
        if seen.is_ok() {
            seen = visit(&block);
        }
        Ok(())
    })
    .map_err(|error| refused(&error))?;
    seen?;
    let compared = restored.figures.digests;
    if compared != digests {
        let seen = format!("the journal holds {digests}, {compared} were compared");
        return Err(Violation::new("a replay compares each digest in the journal", seen).into());
    }
    let islands = restored.images.into_iter().zip(from_saved).enumerate();
    let islands = islands.map(|(island, (image, from_saved))| {
        let Some(revived) = from_saved else { return Ok(Revived { image, unacked: Vec::new() }) };
        if revived.image.digest() == image.digest() {
            Ok(revived)
        } else {
            let seen = format!("island {island}: another state at record {}", image.position);
            Err(not_the_whole(&hinted(&seen)))
        }
    });
    let islands = islands.collect::<Result<_, _>>()?;
    Ok(Reading { islands, recovered: restored.recovered, digests })
}

/// A snapshot and the records behind it don't give the state.
fn not_the_whole(seen: &dyn fmt::Display) -> Violation {
    Violation::new("a snapshot and the rest of the journal are the whole", seen.to_string())
}

/// What is seen when states differ that should not, and where that mostly comes from.
pub(super) fn hinted(seen: &dyn fmt::Display) -> String {
    format!(
        "{seen} (does the state hold a hash map or set, or a field that serde skips? does evolve \
         look at anything but the state and the event?)"
    )
}

fn load<I: Island>(bytes: &[u8]) -> Result<Revived<I>, Violation> {
    let loaded = Image::load(bytes);
    let (image, unacked) =
        loaded.map_err(|error| Violation::new("a snapshot can be read", hinted(&error)))?;
    Ok(Revived { image, unacked })
}
