//! Two journals, record by record, to the first difference on each island.
//!
//! Rules:
//! 1. Records are compared in what they say: who asked what, events, sends with their numbers,
//!    replies, timers by their span. Two runs never have the same clock, nor the same blocks; so
//!    stamps are looked at, but do not count, and blocks are not looked at.
//! 2. After the first difference of an island no more of it is read: what follows has another past.
//! 3. Both journals are judged whole before anything is compared. Memory: two blocks, and the
//!    places of all.
//!
//! It doesn't know which of the two is right.

use std::collections::VecDeque;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::BlockPlace;

use super::difference::{PartDiffers, Times, compare};
use super::error::OpenError;
use super::index::{Index, Record, read_records};
use super::log::Log;
use super::words;

/// How one island's journals compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IslandDiff {
    /// Which island.
    pub island: IslandId,
    /// Records that are the same on both sides, from the first on.
    pub same: u64,
    /// The first of these whose stamp is not: from there on the clocks were not the same.
    pub clocks_part: Option<JournalPosition>,
    /// What comes then.
    pub first: FirstDifference,
}

/// What follows the records that are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstDifference {
    /// Nothing, on both sides.
    None,
    /// Records, but only on one side.
    Ends {
        /// Which journal has no more.
        ended: Side,
        /// The other one's next record: its position, and its input in words.
        position: JournalPosition,
        /// Who brought it, and what it is.
        input: String,
    },
    /// Two records that do not say the same.
    Record {
        /// Their position.
        position: JournalPosition,
        /// Their input in words: the first journal's.
        input: String,
        /// In what they differ: left the first journal's, right the second's.
        parts: Vec<PartDiffers>,
    },
}

/// One of two journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first one named.
    Left,
    /// The second one.
    Right,
}

/// Compares the islands of two logs, in order; of an island that only one of them has, all records
/// are on one side.
///
/// # Errors
/// [`OpenError`]: one of them is damaged.
pub fn diff<I: Island>(left: &Log, right: &Log) -> Result<Vec<IslandDiff>, OpenError> {
    let islands = left.description().islands.max(right.description().islands);
    let (lefts, rights) = (index(left)?, index(right)?);
    (0..islands)
        .map(|island| {
            let island = IslandId(island);
            island_diff::<I>(
                island,
                Cursor::new(left, lefts.places(island)),
                Cursor::new(right, rights.places(island)),
            )
        })
        .collect()
}

fn index(log: &Log) -> Result<Index, OpenError> {
    let mut index = Index::new(log);
    log.blocks(|block| -> Result<(), OpenError> {
        index.add(block);
        Ok(())
    })?;
    Ok(index)
}

fn island_diff<I: Island>(
    island: IslandId,
    mut left: Cursor<'_, impl Iterator<Item = BlockPlace>>,
    mut right: Cursor<'_, impl Iterator<Item = BlockPlace>>,
) -> Result<IslandDiff, OpenError> {
    let (mut same, mut clocks_part) = (0, None);
    let first = loop {
        let (left, right) = match (left.next_record()?, right.next_record()?) {
            (None, None) => break FirstDifference::None,
            (Some(left), Some(right)) => (left, right),
            (Some(more), None) => break ends::<I>(Side::Right, &more.current::<I>()?),
            (None, Some(more)) => break ends::<I>(Side::Left, &more.current::<I>()?),
        };
        let (left, right) = (left.current::<I>()?, right.current::<I>()?);
        let (a, b) = (left.view(), right.view());
        let parts = compare::<I>(&a, &b, Times::Relative).map_err(|error| OpenError::Record {
            island,
            position: left.position,
            place: "one of the two journals".to_owned(),
            reason: error.to_string(),
        })?;
        if !parts.is_empty() {
            let input = words::input::<I::Command>(&a);
            break FirstDifference::Record { position: left.position, input, parts };
        }
        if a.stamp != b.stamp {
            clocks_part.get_or_insert(left.position);
        }
        same += 1;
    };
    Ok(IslandDiff { island, same, clocks_part, first })
}

fn ends<I: Island>(ended: Side, more: &Record) -> FirstDifference {
    let input = words::input::<I::Command>(&more.view());
    FirstDifference::Ends { ended, position: more.position, input }
}

/// Goes over one island's records, a block at a time.
struct Cursor<'a, P> {
    log: &'a Log,
    places: P,
    records: VecDeque<Record>,
}

impl<'a, P: Iterator<Item = BlockPlace>> Cursor<'a, P> {
    fn new(log: &'a Log, places: P) -> Self {
        Self { log, places, records: VecDeque::new() }
    }

    fn next_record(&mut self) -> Result<Option<Record>, OpenError> {
        while self.records.is_empty() {
            let Some(place) = self.places.next() else { return Ok(None) };
            read_records(self.log, place, |record| self.records.push_back(record))?;
        }
        Ok(self.records.pop_front())
    }
}
