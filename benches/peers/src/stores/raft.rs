//! raft-engine, the log of TiKV: entries with an index, each a protobuf message.
//!
//! Rules:
//! 1. An entry is a number and bytes, as an entry of Raft is. `UninterpretedOption` is used for it:
//!    a message of protobuf's own that has such two fields.
//! 2. It is one group's log, so it holds one island's rows, in order.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;
use protobuf::descriptor::UninterpretedOption;
use raft_engine::{Config, Engine, LogBatch, MessageExt, ReadableSize};

use super::{Row, Store};

/// The only group.
const GROUP: u64 = 1;
/// Entries that are fetched at once.
const ENTRIES: u64 = 8_192;

/// A log.
pub struct Raft(Engine);

/// Entries of a number and bytes.
struct Numbered;

impl MessageExt for Numbered {
    type Entry = UninterpretedOption;

    fn index(entry: &UninterpretedOption) -> u64 {
        entry.get_positive_int_value()
    }
}

impl Store for Raft {
    type Choice = ();

    fn open(folder: &Path, (): ()) -> Result<Self, Failed> {
        let dir = folder.to_str().ok_or("the folder's name is no text")?.to_owned();
        // Nothing is compressed, and nothing is purged.
        let config = Config {
            dir,
            batch_compression_threshold: ReadableSize(0),
            purge_threshold: ReadableSize::gb(1_000),
            ..Config::default()
        };
        Ok(Self(Engine::open(config)?))
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Failed> {
        let entries: Vec<UninterpretedOption> = rows
            .iter()
            .map(|(key, bytes)| {
                let mut entry = UninterpretedOption::new();
                entry.set_positive_int_value(key.position + 1);
                entry.set_string_value(bytes.clone());
                entry
            })
            .collect();
        let mut batch = LogBatch::with_capacity(1);
        batch.add_entries::<Numbered>(GROUP, &entries)?;
        self.0.write(&mut batch, true)?;
        Ok(())
    }

    fn each(&self, mut row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed> {
        let last = self.0.last_index(GROUP).unwrap_or(0);
        let (mut next, mut entries) = (1, Vec::new());
        while next <= last {
            entries.clear();
            let end = (next + ENTRIES).min(last + 1);
            self.0.fetch_entries_to::<Numbered>(GROUP, next, end, None, &mut entries)?;
            entries.iter().try_for_each(|entry| row(entry.get_string_value()))?;
            next = end;
        }
        Ok(last)
    }

    fn rest(self) -> Result<(), Failed> {
        Ok(self.0.sync()?)
    }
}
