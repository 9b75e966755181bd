//! SQLite: one table, a write-ahead log, synchronous FULL.
//!
//! Rules:
//! 1. At rest the log is checkpointed and emptied, so that one file holds all.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;
use rusqlite::{Connection, params};

use super::{Key, Row, Store};

/// How many bits of a row id are a position's.
const POSITION_BITS: u32 = 40;

/// How a row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// The row id is the island and, in its low 40 bits, the position: the smallest there is.
    ByRowId,
    /// A row id of its own, and a unique index over island and position.
    ByIndex,
    /// Island and position are the primary key of a table without row ids.
    WithoutRowId,
}

/// A store in SQLite.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    keyed: Keyed,
}

impl Sqlite {
    fn row_id(key: Key) -> Result<i64, Failed> {
        let fits = key.island < 1 << (63 - POSITION_BITS) && key.position < 1 << POSITION_BITS;
        match fits {
            true => Ok(i64::from(key.island) << POSITION_BITS | i64::try_from(key.position)?),
            false => Err(format!("{key:?} does not fit into a row id").into()),
        }
    }
}

impl Store for Sqlite {
    type Choice = Keyed;

    fn open(folder: &Path, keyed: Keyed) -> Result<Self, Failed> {
        let connection = Connection::open(folder.join("db"))?;
        connection.pragma_update(None, "page_size", 4096)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Rows are read where the operating system has them, without a copy into SQLite's cache.
        connection.pragma_update(None, "mmap_size", 1_i64 << 40)?;
        let columns = match keyed {
            Keyed::ByRowId => "(id INTEGER PRIMARY KEY, bytes BLOB)",
            Keyed::ByIndex => {
                "(island INTEGER, position INTEGER, bytes BLOB, UNIQUE (island, position))"
            }
            Keyed::WithoutRowId => {
                "(island INTEGER, position INTEGER, bytes BLOB, PRIMARY KEY (island, position)) \
                 WITHOUT ROWID"
            }
        };
        connection.execute(&format!("CREATE TABLE IF NOT EXISTS r {columns}"), [])?;
        Ok(Self { connection, keyed })
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Failed> {
        let transaction = self.connection.transaction()?;
        {
            let values = if self.keyed == Keyed::ByRowId { "(?, ?)" } else { "(?, ?, ?)" };
            let text = format!("INSERT INTO r VALUES {values}");
            let mut insert = transaction.prepare_cached(&text)?;
            for (key, bytes) in rows {
                match self.keyed {
                    Keyed::ByRowId => insert.execute(params![Self::row_id(*key)?, bytes])?,
                    Keyed::ByIndex | Keyed::WithoutRowId => {
                        let position = i64::try_from(key.position)?;
                        insert.execute(params![key.island, position, bytes])?
                    }
                };
            }
        }
        Ok(transaction.commit()?)
    }

    fn each(&self, mut row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed> {
        let order = if self.keyed == Keyed::ByRowId { "id" } else { "island, position" };
        let text = format!("SELECT bytes FROM r ORDER BY {order}");
        let mut select = self.connection.prepare(&text)?;
        let mut rows = select.query([])?;
        let mut count = 0;
        while let Some(found) = rows.next()? {
            row(found.get_ref(0)?.as_blob()?)?;
            count += 1;
        }
        Ok(count)
    }

    fn rest(self) -> Result<(), Failed> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, error)| error.into())
    }
}
