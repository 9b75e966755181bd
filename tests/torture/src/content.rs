//! What the tortured journals hold: bytes that follow from island and position, so that whoever
//! reads them can tell whether they are right.
//!
//! Some blocks have a trailer. A body is its records' bytes, each with its length in four bytes in
//! front: not the product's records, since the journal does not know what a record is.

use std::path::Path;
use std::sync::Arc;

use archipelago::journal::{
    BlockRef, DataDirectory, Description, Directory, Durability, GroupJournal, JournalError,
    JournalSettings, Recovered, ScanMode, Storage, scan,
};
use archipelago_core::id::{IslandId, JournalPosition, Life};
use archipelago_core::journal::frame::{Block, SchemaVersion};
use archipelago_core::journal::trailer::Trailer;
use archipelago_core::replay::Digest;

use crate::chance::Chance;

/// Islands of every tortured journal.
pub const ISLANDS: u32 = 5;

/// The bytes of one record.
fn record(island: IslandId, position: JournalPosition) -> Vec<u8> {
    let mut chance = Chance::new(u64::from(island.0) << 48, position.0);
    let len = chance.below(200) as usize;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(chance.draw().to_le_bytes());
    }
    bytes
}

/// The block of `records` records from `first` on.
pub fn block(island: IslandId, first: JournalPosition, records: u32) -> Block {
    let mut body = Vec::new();
    for offset in 0..u64::from(records) {
        let record = record(island, JournalPosition(first.0 + offset));
        body.extend((record.len() as u32).to_le_bytes());
        body.extend(record);
    }
    let trailer = first.0.is_multiple_of(3).then(|| Trailer {
        state_version: island.0,
        digest: Digest(u128::from(first.0) << 64 | u128::from(records)),
    });
    Block { island, first, records, body, trailer }
}

/// What a data directory of torture is made for.
pub fn description(segment_bytes: u64) -> Description {
    let mut description = Description::new(Life(0x70_7275), ISLANDS, "torture", "");
    description.segment_bytes = segment_bytes;
    description
}

/// A data directory opened.
pub struct Opened {
    /// Its segments.
    pub storage: Arc<Directory>,
    /// What its journal is told.
    pub settings: JournalSettings,
    /// What the scan found.
    pub recovered: Recovered,
}

/// Opens a directory to write, and checks all it holds.
pub fn open(path: &Path, segment_bytes: u64) -> Result<Opened, JournalError> {
    let data = DataDirectory::create_or_open(path, &description(segment_bytes))?;
    let settings = data.description().settings(SchemaVersion(1), Durability::Disk);
    let storage = Arc::new(data.storage()?);
    let recovered = read(&*storage, &settings, ScanMode::Repair)?;
    Ok(Opened { storage, settings, recovered })
}

/// Looks at a directory without changing it, and checks all it holds.
pub fn look(path: &Path) -> Result<Recovered, JournalError> {
    let data = DataDirectory::open_read_only(path)?;
    let settings = data.description().settings(SchemaVersion(1), Durability::Disk);
    read(&data.storage()?, &settings, ScanMode::ReadOnly)
}

fn read(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
) -> Result<Recovered, JournalError> {
    scan(storage, settings, mode, &mut |found: BlockRef| -> Result<(), JournalError> {
        let header = &found.header;
        let expected = block(header.island, header.first, header.records);
        // A wrong byte behind two right checksums: no error of the journal's, a breach.
        let right = found.records() == expected.body && found.trailer() == expected.trailer;
        assert!(right, "wrong bytes at {}", header.here);
        Ok(())
    })
}

/// How a tortured journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a seal: nothing of it may be lost.
    Sealed,
    /// With records: damage to the last commit looks like a torn write.
    Unsealed,
}

/// A journal of `commits` commits; returns where each island's ends.
pub fn write(path: &Path, segment_bytes: u64, commits: u64, seed: u64, end: End) -> Recovered {
    let opened = open(path, segment_bytes).expect("a new directory");
    let Opened { storage, settings, recovered } = opened;
    let mut journal =
        GroupJournal::resume_without_threads(storage, settings, &recovered).expect("a new journal");
    let mut next = vec![JournalPosition(1); ISLANDS as usize];
    let mut chance = Chance::new(seed, 0);
    for _ in 0..commits {
        let mut blocks = Vec::new();
        for (island, next) in next.iter_mut().enumerate() {
            let records = chance.below(8) as u32;
            if records > 0 {
                blocks.push(block(IslandId(island as u32), *next, records));
                next.0 += u64::from(records);
            }
        }
        journal.commit(&mut blocks).expect("a commit");
    }
    match end {
        End::Sealed => drop(journal.close().expect("a seal")),
        End::Unsealed => drop(journal),
    }
    look(path).expect("what was written is sound")
}
