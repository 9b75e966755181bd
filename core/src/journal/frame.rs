//! stub
use crate::id::{IslandId, JournalPosition};
/// One island's share of one group commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whose.
    pub island: IslandId,
    /// Position of its first record.
    pub first: JournalPosition,
    /// How many records.
    pub records: u32,
    /// The records.
    pub body: Vec<u8>,
}
