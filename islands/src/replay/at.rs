//! A point in a journal: a record of one island, or a time.
//!
//! Rules:
//! 1. Both come to a stamp. On every island the records up to that stamp are before the point:
//!    a record's stamp is after those before it and after its cause's, so that is a consistent cut.
//! 2. A point that the journal does not have is refused, with what it has. A time after the last
//!    record is one of these: what came after it is not known.
//!
//! It doesn't know what is looked at there.

use std::fmt;
use std::str::FromStr;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::time::Stamp;

use super::error::OpenError;
use super::log::Log;

/// A point in a journal. As text: `ISLAND:POSITION`, or a stamp as records show it,
/// `MILLISECONDS.COUNTER` or `MILLISECONDS` since 1970 (the whole millisecond).
///
/// ```
/// use archipelago::replay::At;
///
/// assert_eq!("3:17".parse::<At>()?.to_string(), "island 3, record 17");
/// assert_eq!("1763933502114.2".parse::<At>()?.to_string(), "time 1763933502114.2");
/// assert!("yesterday".parse::<At>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Right after this record, and on all other islands at its stamp.
    Record(IslandId, JournalPosition),
    /// On all islands at this stamp, records with just this stamp included.
    Time(Stamp),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(island, position) => write!(f, "island {island}, record {position}"),
            Self::Time(stamp) => write!(f, "time {stamp}"),
        }
    }
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let point = match (text.split_once(':'), text.split_once('.')) {
            (Some((island, position)), _) => match (island.parse(), position.parse()) {
                (Ok(island), Ok(position)) => {
                    Some(Self::Record(IslandId(island), JournalPosition(position)))
                }
                _ => None,
            },
            (None, Some((millis, counter))) => stamp(millis, counter.parse().ok()).map(Self::Time),
            (None, None) => stamp(text, Some(u16::MAX)).map(Self::Time),
        };
        point.ok_or_else(|| {
            "it must be ISLAND:POSITION, or a stamp: milliseconds since 1970, or these, a point \
             and a counter"
                .to_owned()
        })
    }
}

/// A stamp of 48 bits of milliseconds and a counter.
fn stamp(millis: &str, counter: Option<u16>) -> Option<Stamp> {
    let millis: u64 = millis.parse().ok().filter(|millis| *millis < 1 << 48)?;
    Some(Stamp(millis << 16 | u64::from(counter?)))
}

/// What a journal holds.
#[derive(Default)]
struct Holds {
    /// The last record of each island.
    last: Vec<JournalPosition>,
    first_stamp: Option<Stamp>,
    last_stamp: Stamp,
    /// The stamp of the record asked for.
    found: Option<Stamp>,
}

/// The stamp of a point.
pub(super) fn resolve(log: &Log, point: At) -> Result<Stamp, OpenError> {
    let islands = log.description().islands;
    let mut holds =
        Holds { last: vec![JournalPosition::ZERO; islands as usize], ..Holds::default() };
    log.records(|at| -> Result<(), OpenError> {
        let stamp = at.record.stamp;
        holds.last[at.island.0 as usize] = at.position;
        holds.first_stamp = Some(holds.first_stamp.map_or(stamp, |first| first.min(stamp)));
        holds.last_stamp = holds.last_stamp.max(stamp);
        if At::Record(at.island, at.position) == point {
            holds.found = Some(stamp);
        }
        Ok(())
    })?;
    let refused = |holds: String| OpenError::Point { point, holds };
    let Some(first) = holds.first_stamp else {
        return Err(refused("the journal holds no records".to_owned()));
    };
    match (point, holds.found) {
        (At::Record(..), Some(stamp)) => Ok(stamp),
        (At::Record(island, _), None) => Err(refused(match holds.last.get(island.0 as usize) {
            None => format!("the journal has islands 0 to {}", islands - 1),
            Some(&JournalPosition::ZERO) => format!("island {island} has no records"),
            Some(last) => format!("island {island} has records 1 to {last}"),
        })),
        (At::Time(stamp), _) if (first..=Stamp(holds.last_stamp.0 | 0xffff)).contains(&stamp) => {
            Ok(stamp)
        }
        (At::Time(_), _) => Err(refused(format!(
            "the journal's records are stamped {first} to {} (milliseconds since 1970, counter)",
            holds.last_stamp
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_record_or_a_stamp_and_anything_else_is_refused() {
        let at = |text: &str| text.parse::<At>();
        assert_eq!(at("3:17"), Ok(At::Record(IslandId(3), JournalPosition(17))));
        assert_eq!(at("5"), Ok(At::Time(Stamp(5 << 16 | 0xffff))), "the whole millisecond");
        assert_eq!(at("5.0"), Ok(At::Time(Stamp(5 << 16))));
        assert_eq!(at("5.7").map(|at| at.to_string()), Ok("time 5.7".to_owned()));
        for bad in ["", "x", "1:", ":1", "1:2:3", "1:-1", "-1", "5.", "5.65536", "281474976710656"]
        {
            assert!(at(bad).is_err_and(|error| error.contains("ISLAND:POSITION")), "{bad}");
        }
    }
}
