//! What rows take on the disk in each store.
//!
//! Rules:
//! 1. All stores get the same rows in the same order and transactions, into an empty folder.
//! 2. What counts is all files of the folder after the store came to rest. A write-ahead log is
//!    told apart, by what the file system gave it: it holds rows that are in tables by then, its
//!    room is made ahead and used again, so it says nothing of a row.
//! 3. Rows are read back before that and must be as many.
//!
//! It doesn't know what the bytes mean.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use archipelago_benches::rounds::Failed;

use super::sqlite::{Keyed, Sqlite};
use super::{KEY_BYTES, Store, fjall, redb, rows};

/// What one store took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The store and its choice.
    pub name: &'static str,
    /// Rows.
    pub rows: u64,
    /// Lengths of all files but write-ahead logs, in bytes.
    pub bytes: u64,
    /// What the file system gave write-ahead logs, in bytes.
    pub ahead: u64,
}

/// The rows of `file` in all stores, one after the other, in temporary folders below `place`;
/// `rows_a_commit` in a transaction. The first is what the rows have without any store: their
/// bytes and their keys.
///
/// # Errors
/// What is wrong with the file, or what a store says.
pub fn run(file: &Path, place: &Path, rows_a_commit: usize) -> Result<Vec<Taken>, Failed> {
    let one = Measured { file, place, rows_a_commit: rows_a_commit.max(1) };
    let mut all = vec![
        one.bare()?,
        one.store::<Sqlite>("SQLite, key as row id", Keyed::ByRowId)?,
        one.store::<Sqlite>("SQLite, row id and index", Keyed::ByIndex)?,
        one.store::<Sqlite>("SQLite, without row id", Keyed::WithoutRowId)?,
    ];
    #[cfg(feature = "rocksdb")]
    all.extend([
        one.store::<super::rocks::Rocks>("RocksDB, plain", super::rocks::Blocks::Plain)?,
        one.store::<super::rocks::Rocks>("RocksDB, LZ4", super::rocks::Blocks::Lz4)?,
    ]);
    all.extend([
        one.store::<redb::Redb>("redb", ())?,
        one.store::<fjall::Fjall>("fjall, plain", fjall::Blocks::Plain)?,
        one.store::<fjall::Fjall>("fjall, LZ4", fjall::Blocks::Lz4)?,
    ]);
    Ok(all)
}

/// What is put where.
struct Measured<'a> {
    file: &'a Path,
    place: &'a Path,
    rows_a_commit: usize,
}

impl Measured<'_> {
    fn bare(&self) -> Result<Taken, Failed> {
        let mut from = BufReader::new(File::open(self.file)?);
        let (mut count, mut bytes) = (0, 0);
        while let Some((_, row)) = rows::next(&mut from)? {
            count += 1;
            bytes += (KEY_BYTES + row.len()) as u64;
        }
        Ok(Taken { name: "keys and bytes alone", rows: count, bytes, ahead: 0 })
    }

    fn store<T: Store>(&self, name: &'static str, choice: T::Choice) -> Result<Taken, Failed> {
        let told = |error: Failed| -> Failed { format!("{name}: {error}").into() };
        self.stored::<T>(name, choice).map_err(told)
    }

    fn stored<T: Store>(&self, name: &'static str, choice: T::Choice) -> Result<Taken, Failed> {
        let folder = tempfile::tempdir_in(self.place)?;
        let mut from = BufReader::new(File::open(self.file)?);
        let mut store = T::open(folder.path(), choice)?;
        let (mut gathered, mut put) = (Vec::new(), 0);
        loop {
            let next = rows::next(&mut from)?;
            let ends = next.is_none();
            gathered.extend(next);
            if gathered.len() == self.rows_a_commit || (ends && !gathered.is_empty()) {
                store.put(&gathered)?;
                put += gathered.len() as u64;
                gathered.clear();
            }
            if ends {
                break;
            }
        }
        let found = store.each(|_| Ok(()))?;
        if found != put {
            return Err(format!("{found} rows came back of {put}").into());
        }
        store.rest()?;
        let mut taken = Taken { name, rows: put, bytes: 0, ahead: 0 };
        add_files(folder.path(), &mut taken)?;
        Ok(taken)
    }
}

/// How the write-ahead logs of SQLite, RocksDB and fjall end.
const AHEAD: [&str; 3] = ["-wal", ".log", ".jnl"];

/// Adds all files below `folder`.
fn add_files(folder: &Path, to: &mut Taken) -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        let name = entry.file_name();
        if about.is_dir() {
            add_files(&entry.path(), to)?;
        } else if AHEAD.iter().any(|end| name.to_string_lossy().ends_with(end)) {
            // Blocks of stat(2) are 512 bytes everywhere.
            to.ahead += about.blocks() * 512;
        } else {
            to.bytes += about.len();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_takes_all_rows_and_a_row_that_comes_twice_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows");
        let mut rows = Vec::new();
        for position in 0..2000_u64 {
            rows.extend(7_u32.to_le_bytes());
            rows.extend(position.to_le_bytes());
            rows.extend(100_u32.to_le_bytes());
            rows.extend([position as u8; 100]);
        }
        std::fs::write(&file, &rows).unwrap();
        let all = run(&file, folder.path(), 300).unwrap();
        let bare = 2000 * (100 + KEY_BYTES as u64);
        assert_eq!((all[0].bytes, all[0].rows), (bare, 2000));
        for taken in &all[1..] {
            assert_eq!(taken.rows, 2000);
            let least = if taken.name.ends_with("LZ4") { bare / 20 } else { 2000 * 100 };
            assert!((least..10 * bare).contains(&taken.bytes), "{taken:?}");
        }
        rows.extend_from_within(..116);
        std::fs::write(&file, &rows).unwrap();
        assert!(run(&file, folder.path(), 300).is_err());
    }
}
