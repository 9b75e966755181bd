//! One shared book of all nights, without islands: what serial bookings come to, by the words of
//! the data alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::workload::bookings::days::Deed;
use crate::workload::bookings::stays::Row;
use crate::workload::bookings::{End, Hotel, Night};

/// What came of a demand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The places of the bookings accepted.
    pub accepted: BTreeSet<usize>,
    /// Room nights given back.
    pub back: u64,
    /// Room nights sold in the end.
    pub sold: u64,
}

/// Serves `deeds` in order from one book.
pub(super) fn serve(rows: &[Row], deeds: &[Deed], rooms: impl Fn(Hotel) -> u32) -> Outcome {
    let mut taken: BTreeMap<Night, u32> = BTreeMap::new();
    let mut outcome = Outcome::default();
    for deed in deeds {
        match *deed {
            Deed::Book(at) => {
                let stay = &rows[at].stay;
                let free =
                    |night: &Night| taken.get(night).copied().unwrap_or(0) < rooms(stay.hotel);
                if stay.nights().all(|night| free(&night)) {
                    outcome.accepted.insert(at);
                    stay.nights().for_each(|night| *taken.entry(night).or_default() += 1);
                }
            }
            Deed::End(at) => {
                if rows[at].end != End::CheckOut && outcome.accepted.contains(&at) {
                    rows[at].stay.nights().for_each(|night| *taken.get_mut(&night).unwrap() -= 1);
                    outcome.back += u64::from(rows[at].stay.nights);
                }
            }
        }
    }
    outcome.sold = taken.values().map(|n| u64::from(*n)).sum();
    outcome
}
