//! The days of a demand: in which order bookings are made and ended.
//!
//! Rules:
//! 1. Each day: first the ends of bookings made before that day, then the day's bookings, then the
//!    ends of these that are dated on the same day; each of the three in file order.
//! 2. An end only gives back. So the ends of one part of a day may come in any order.
//!
//! It doesn't know what is accepted.

use super::stays::Row;

/// What happens to a booking, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is made.
    Book(usize),
    /// It ends.
    End(usize),
}

/// All deeds of `rows`, in order.
#[must_use]
pub fn deeds(rows: &[Row]) -> Vec<Deed> {
    let mut all = Vec::with_capacity(2 * rows.len());
    for (at, row) in rows.iter().enumerate() {
        all.push((row.booked, 1, at));
        all.push((row.ended, if row.ended > row.booked { 0 } else { 2 }, at));
    }
    all.sort_unstable();
    let deed = |(_, part, at)| if part == 1 { Deed::Book(at) } else { Deed::End(at) };
    all.into_iter().map(deed).collect()
}
