//! fjall: one keyspace, compacted at rest.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{Row, Store};

/// How blocks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// As they are.
    Plain,
    /// Compressed by LZ4, at every level.
    Lz4,
}

/// A store in fjall.
pub struct Fjall {
    database: Database,
    rows: Keyspace,
}

impl Store for Fjall {
    type Choice = Blocks;

    fn open(folder: &Path, blocks: Blocks) -> Result<Self, Failed> {
        let database = Database::builder(folder).open()?;
        let compression = match blocks {
            Blocks::Plain => CompressionType::None,
            Blocks::Lz4 => CompressionType::Lz4,
        };
        let policy = CompressionPolicy::all(compression);
        let options = || KeyspaceCreateOptions::default().data_block_compression_policy(policy);
        let rows = database.keyspace("r", options)?;
        Ok(Self { database, rows })
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Failed> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (key, bytes) in rows {
            batch.insert(&self.rows, key.to_bytes(), bytes.as_slice());
        }
        Ok(batch.commit()?)
    }

    fn each(&self, mut row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed> {
        let mut count = 0;
        for found in self.rows.iter() {
            row(&found.value()?)?;
            count += 1;
        }
        Ok(count)
    }

    fn rest(self) -> Result<(), Failed> {
        self.rows.rotate_memtable_and_wait()?;
        self.rows.major_compact()?;
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}
