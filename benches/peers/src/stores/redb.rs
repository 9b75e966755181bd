//! redb: one table, keys of island and position.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Row, Store};

const TABLE: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("r");

/// A store in redb.
#[derive(Debug)]
pub struct Redb(Database);

impl Store for Redb {
    type Choice = ();

    fn open(folder: &Path, (): ()) -> Result<Self, Failed> {
        Ok(Self(Database::create(folder.join("db"))?))
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Failed> {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for (key, bytes) in rows {
                table.insert((key.island, key.position), bytes.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn each(&self, mut row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        let mut count = 0;
        for found in table.iter()? {
            let (_, bytes) = found?;
            row(bytes.value())?;
            count += 1;
        }
        Ok(count)
    }

    fn rest(mut self) -> Result<(), Failed> {
        // Says whether there was something to do; once more may then find more.
        while self.0.compact()? {}
        Ok(())
    }
}
