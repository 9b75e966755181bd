//! RocksDB: the default column family, compacted at rest.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;
use rocksdb::{
    DB, DBCompressionType, FlushOptions, Options, ReadOptions, WriteBatch, WriteOptions,
};

use super::{Row, Store};

/// How blocks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// As they are.
    Plain,
    /// Compressed by LZ4, at every level.
    Lz4,
}

/// Read ahead in a scan, in bytes.
const AHEAD: usize = 4 << 20;

/// A store in RocksDB.
pub struct Rocks(DB);

impl Store for Rocks {
    type Choice = Blocks;

    fn open(folder: &Path, blocks: Blocks) -> Result<Self, Failed> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_compression_type(match blocks {
            Blocks::Plain => DBCompressionType::None,
            Blocks::Lz4 => DBCompressionType::Lz4,
        });
        Ok(Self(DB::open(&options, folder)?))
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Failed> {
        let mut batch = WriteBatch::default();
        for (key, bytes) in rows {
            batch.put(key.to_bytes(), bytes);
        }
        let mut durable = WriteOptions::default();
        durable.set_sync(true);
        Ok(self.0.write_opt(batch, &durable)?)
    }

    fn each(&self, mut row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed> {
        // A scan of all should not push other blocks out of the cache.
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_readahead_size(AHEAD);
        let mut found = self.0.raw_iterator_opt(options);
        found.seek_to_first();
        let mut count = 0;
        while let Some(bytes) = found.value() {
            row(bytes)?;
            count += 1;
            found.next();
        }
        found.status()?;
        Ok(count)
    }

    fn rest(self) -> Result<(), Failed> {
        let mut flush = FlushOptions::default();
        flush.set_wait(true);
        self.0.flush_opt(&flush)?;
        self.0.compact_range::<&[u8], &[u8]>(None, None);
        Ok(())
    }
}
