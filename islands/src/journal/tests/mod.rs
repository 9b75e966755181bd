//! Tests of the journal as a whole, and the few verbs they are written in.

mod crash;
mod damage;
mod failing;
mod journaler;
mod life;
mod reading;
mod recovery;
mod repairs;
mod storage;
mod stretches;
mod writing;

use std::sync::Arc;

use archipelago_core::id::{IslandId, JournalPosition, Life};
use archipelago_core::journal::frame::{Block, BlockPlace, CommitNumber, SECTOR, SchemaVersion};

use super::{
    BlockRef, ClosedJournal, Durability, Durable, GroupJournal, JournalError, JournalSettings,
    Memory, Recovered, ScanMode, Storage, scan,
};

pub(crate) const ISLANDS: u32 = 4;

pub(super) fn settings(segment_sectors: usize) -> JournalSettings {
    JournalSettings {
        life: Life(0xa11ce),
        islands: ISLANDS,
        segment_bytes: (segment_sectors * SECTOR) as u64,
        schema: SchemaVersion(1),
        durability: Durability::Disk,
    }
}

/// What a block says, for comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) commit: CommitNumber,
    pub(super) island: IslandId,
    pub(super) first: JournalPosition,
    pub(crate) place: BlockPlace,
    pub(super) body: Vec<u8>,
}

/// A journal in memory, and how to make blocks for it.
pub(crate) struct Story {
    pub(crate) disk: Arc<Memory>,
    pub(crate) settings: JournalSettings,
    next: Vec<JournalPosition>,
}

impl Story {
    pub(crate) fn new(segment_sectors: usize) -> Self {
        Self::of(ISLANDS, segment_sectors)
    }

    pub(crate) fn of(islands: u32, segment_sectors: usize) -> Self {
        let next = vec![JournalPosition(1); islands as usize];
        let settings = JournalSettings { islands, ..settings(segment_sectors) };
        Self { disk: Arc::new(Memory::new()), settings, next }
    }

    /// The same journal on a copy of the disk.
    pub(super) fn copy(&self) -> Self {
        let disk = Arc::new(Memory::clone(&self.disk));
        Self { disk, settings: self.settings, next: self.next.clone() }
    }

    /// The next block of an island; its body ends with a byte that is not zero.
    pub(crate) fn block(&mut self, island: u32, records: u32, body_bytes: usize) -> Block {
        let next = &mut self.next[island as usize];
        let first = *next;
        *next = JournalPosition(first.0 + u64::from(records));
        let mut body: Vec<u8> =
            (0..body_bytes).map(|at| (at as u64 * 7 + first.0 + u64::from(island)) as u8).collect();
        if let Some(last) = body.last_mut() {
            *last |= 1;
        }
        Block { island: IslandId(island), first, records, body, trailer: None }
    }

    pub(crate) fn read(&self, mode: ScanMode) -> Result<(Recovered, Vec<Told>), JournalError> {
        read(&*self.disk, &self.settings, mode)
    }

    /// The story after commits that each have blocks of some islands, with so many bytes in their
    /// bodies.
    pub(crate) fn written(mut self, commits: &[Vec<(u32, usize)>]) -> Self {
        let mut journal = self.open();
        for blocks in commits {
            let blocks = blocks.iter().map(|(island, bytes)| self.block(*island, 1, *bytes));
            commit(&mut journal, blocks.collect());
        }
        self
    }

    /// Opens the journal for writing, cutting a torn tail.
    pub(crate) fn open(&mut self) -> GroupJournal {
        let (recovered, _) = self.read(ScanMode::Repair).unwrap();
        self.next = recovered.islands.iter().map(|tail| tail.upto.next()).collect();
        GroupJournal::resume(self.disk.clone(), self.settings, &recovered).unwrap()
    }
}

impl Told {
    fn of(block: &BlockRef) -> Self {
        Self {
            commit: block.header.commit,
            island: block.header.island,
            first: block.header.first,
            place: block.header.here,
            body: block.records().to_vec(),
        }
    }
}

/// All blocks as they were written. Who only reads must find the same island by island.
pub(super) fn read(
    disk: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
) -> Result<(Recovered, Vec<Told>), JournalError> {
    let mut told = Vec::new();
    let scanned = scan(disk, settings, mode, &mut |block| -> Result<(), JournalError> {
        told.push(Told::of(&block));
        Ok(())
    });
    if mode == ScanMode::ReadOnly {
        stretches::same(disk, settings, &scanned, &told);
    }
    Ok((scanned?, told))
}

pub(crate) fn commit(journal: &mut GroupJournal, blocks: Vec<Block>) -> Vec<Durable> {
    let mut blocks = blocks;
    journal.commit(&mut blocks).unwrap()
}

pub(super) fn close(journal: GroupJournal) -> ClosedJournal {
    journal.close().unwrap()
}
