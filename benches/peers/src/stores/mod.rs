//! Other stores that keep rows of bytes by island and position, each behind one small face.
//!
//! Rules:
//! 1. A store is set up as its own pages advise for rows that are only ever added and read in
//!    order; where a setting is a choice, both are contenders.
//! 2. All that is put in one call is one transaction, durable when the call returns.
//! 3. A store is measured at rest: written out, compacted, checkpointed, closed.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;

pub mod bytes;
pub mod commitlog;
pub mod fjall;
#[cfg(feature = "raft")]
pub mod raft;
pub mod redb;
pub mod replay;
#[cfg(feature = "rocksdb")]
pub mod rocks;
pub mod rows;
pub mod sqlite;

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The island.
    pub island: u32,
    /// The position on it.
    pub position: u64,
}

/// Bytes of a key.
pub const KEY_BYTES: usize = 12;

impl Key {
    /// Bytes that sort as the key does, for stores whose keys are bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[..4].copy_from_slice(&self.island.to_be_bytes());
        bytes[4..].copy_from_slice(&self.position.to_be_bytes());
        bytes
    }
}

/// A row: where it stands, and its bytes.
pub type Row = (Key, Vec<u8>);

/// A store.
pub trait Store: Sized {
    /// What can be chosen about it.
    type Choice: Copy;

    /// Makes the store in an empty folder, or opens the one that is there.
    ///
    /// # Errors
    /// What the store says.
    fn open(folder: &Path, choice: Self::Choice) -> Result<Self, Failed>;

    /// Puts `rows`, all of them durably or none.
    ///
    /// # Errors
    /// What the store says.
    fn put(&mut self, rows: &[Row]) -> Result<(), Failed>;

    /// Hands over the bytes of all rows in the order of their keys; says how many there were.
    ///
    /// # Errors
    /// What the store says, or `row`.
    fn each(&self, row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed>;

    /// Brings the store to rest and closes it.
    ///
    /// # Errors
    /// What the store says.
    fn rest(self) -> Result<(), Failed>;
}
