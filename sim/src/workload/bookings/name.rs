//! What is counted and named: hotels, days, nights, banks, money.
//!
//! Rule: a key is 8 bytes, of which the first says what it names: no two things share one.
//!
//! It doesn't know what is done with them.

use std::fmt;

use archipelago::patterns::saga::SagaName;
use serde::{Deserialize, Serialize};

/// A key, by which an island is found.
pub type Key = [u8; 8];

/// A booking, by its row in the file: 1, 2, 3 …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BookingId(pub u32);

impl SagaName for BookingId {
    fn key(&self) -> impl AsRef<[u8]> {
        key(b'b', u64::from(self.0))
    }
}

impl fmt::Display for BookingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A hotel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Hotel {
    /// City Hotel.
    City,
    /// Resort Hotel.
    Resort,
}

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub u32);

impl Day {
    /// The day of a date from 1970 on, if there is one.
    ///
    /// Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    #[must_use]
    pub fn of(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        let shifted = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (century, rest) = (shifted.0 / 400, shifted.0 % 400);
        let before = (153 * shifted.1 + 2) / 5 + rest * 365 + rest / 4 - rest / 100;
        let this = Self(century * 146_097 + before + day.checked_sub(1)? - 719_468);
        // A day that the month has not is another month's.
        (this.date() == (year, month, day)).then_some(this)
    }

    /// Year, month and day.
    #[must_use]
    pub const fn date(self) -> (u32, u32, u32) {
        let days = self.0 + 719_468;
        let (century, rest) = (days / 146_097, days % 146_097);
        let year = (rest - rest / 1460 + rest / 36_524 - rest / 146_096) / 365;
        let of_year = rest - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let year = year + century * 400;
        if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year}-{month:02}-{day:02}")
    }
}

/// The night of a hotel that begins on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Night {
    /// Where.
    pub hotel: Hotel,
    /// When.
    pub day: Day,
}

impl Night {
    /// Its key.
    #[must_use]
    pub fn key(self) -> Key {
        key(b'n', (self.hotel as u64) << 32 | u64::from(self.day.0))
    }
}

impl fmt::Display for Night {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.hotel, self.day)
    }
}

/// A guest's bank: one for each country, by its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bank(pub [u8; 4]);

impl Bank {
    /// The bank of a country: 1 to 4 ASCII letters.
    #[must_use]
    pub fn of(country: &str) -> Option<Self> {
        let fits = (1..=4).contains(&country.len()) && country.is_ascii();
        let mut letters = [b' '; 4];
        letters.get_mut(..country.len()).filter(|_| fits)?.copy_from_slice(country.as_bytes());
        Some(Self(letters))
    }

    /// Its key.
    #[must_use]
    pub fn key(self) -> Key {
        key(b'p', u64::from(u32::from_le_bytes(self.0)))
    }
}

/// An amount of money, in cents.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cents(pub u64);

/// The desk of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Desk(pub u16);

impl Desk {
    /// Its key.
    #[must_use]
    pub fn key(self) -> Key {
        key(b'd', u64::from(self.0))
    }
}

/// What is named, and its number: 7 bytes of it.
const fn key(what: u8, number: u64) -> Key {
    (number << 8 | what as u64).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_and_a_date_that_is_none_is_told() {
        assert_eq!(Day::of(1970, 1, 1), Some(Day(0)));
        assert_eq!(Day::of(2016, 2, 29).unwrap().to_string(), "2016-02-29");
        for day in 0..40_000 {
            let (year, month, of_month) = Day(day).date();
            assert_eq!(Day::of(year, month, of_month), Some(Day(day)));
        }
        let none = [(2015, 2, 29), (2016, 13, 1), (2016, 0, 1), (2016, 4, 31), (2016, 4, 0)];
        for (year, month, day) in none {
            assert_eq!(Day::of(year, month, day), None);
        }
        assert_eq!(Day::of(1969, 12, 31), None);
    }

    #[test]
    fn no_two_things_have_one_key() {
        let night = |hotel| Night { hotel, day: Day(7) }.key();
        let bank = Bank::of("PRT").unwrap();
        let keys = [night(Hotel::City), night(Hotel::Resort), bank.key(), Desk(7).key()];
        let booking = BookingId(7);
        assert!(keys.iter().all(|key| key.as_slice() != booking.key().as_ref()));
        assert!((1..4).all(|at| !keys[..at].contains(&keys[at])));
        assert_eq!((Bank::of(""), Bank::of("PRTUG"), Bank::of("é")), (None, None, None));
    }
}
