//! Hours and stations: the keys of this world.
//!
//! It doesn't know what was measured.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::workload::name::name;

name!(
    /// The name of a station: 1 to 24 bytes.
    Station,
    24
);
name!(
    /// An hour as a key, in words: `2013-03-01T00`.
    HourKey,
    16
);

/// An hour: how many lie between it and the beginning of 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub u32);

impl Hour {
    /// The hour of a date in the years 1970 to 9999; `None` when there is no such hour.
    #[must_use]
    pub fn of(year: u32, month: u32, day: u32, hour: u32) -> Option<Self> {
        let good = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24;
        good.then(|| Self((days_before(year, month) + day - 1) * 24 + hour))
    }

    /// Year, month, day and hour.
    #[must_use]
    pub fn date(self) -> [u32; 4] {
        let day = self.0 / 24;
        let mut year = 1970 + day / 366;
        while days_before(year + 1, 1) <= day {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days_before(year, month + 1) <= day {
            month += 1;
        }
        [year, month, day - days_before(year, month) + 1, self.0 % 24]
    }

    /// As a key.
    #[must_use]
    pub fn key(self) -> HourKey {
        HourKey::try_from(&*self.to_string()).expect("13 bytes, or a few more in a far year")
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour] = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}")
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 => 28 + is_leap(year) as u32,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the beginning of 1970 to that of a month.
fn days_before(year: u32, month: u32) -> u32 {
    let leaps = |year: u32| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|month| days_of(year, month)).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_counted_through_leap_years_and_come_back() {
        assert_eq!(Hour::of(1970, 1, 1, 5), Some(Hour(5)));
        // date -ud '2013-03-01 00:00' +%s, divided by 3,600.
        let hour = Hour::of(2013, 3, 1, 0).unwrap();
        assert_eq!((hour, hour.to_string()), (Hour(378_360), "2013-03-01T00".to_owned()));
        for at in (0..70_000_000).step_by(997) {
            let [year, month, day, hour] = Hour(at).date();
            assert_eq!(Hour::of(year, month, day, hour), Some(Hour(at)));
        }
        for bad in [[2013, 2, 29, 0], [2013, 13, 1, 0], [2013, 0, 1, 0], [2013, 1, 0, 0]] {
            assert_eq!(Hour::of(bad[0], bad[1], bad[2], bad[3]), None, "{bad:?}");
        }
        assert!(Hour::of(2012, 2, 29, 23).is_some() && Hour::of(2013, 1, 1, 24).is_none());
    }
}
