//! The order in which readings come: hour by hour, shuffled, some of them again.
//!
//! Rules:
//! 1. Each hour is announced, then its readings come, by line.
//! 2. Sent again: a reading comes a second time, later by up to as many places as the shuffle has.
//! 3. Shuffled within K places: nothing moves by more than K places, the announcements neither.
//! 4. With a deadline of H hours, an hour is closed as soon as one H hours later was heard of.
//! 5. The same readings, options and seed give the same feed on every machine.
//!
//! It doesn't know islands.

use std::collections::BTreeSet;

use super::hour::Hour;
use super::readings::Readings;
use crate::workload::prng::Prng;

/// The whole of a chance.
pub const CERTAIN: u32 = 1_000_000;

/// How the readings come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disorder {
    /// The chance that a reading is sent again, in millionths.
    pub resend_ppm: u32,
    /// Within how many places all is shuffled.
    pub shuffle: u32,
    /// Chance.
    pub seed: u64,
    /// After how many hours of the file's own time an hour is closed; only at the end if none.
    pub deadline_hours: Option<u32>,
}

/// Something that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An hour is announced.
    Announce(Hour),
    /// The reading at this place in [`Readings::readings`].
    Reading(u32),
    /// The same again.
    Again(u32),
    /// An hour is closed.
    Close(Hour),
}

/// All that comes, in order.
#[must_use]
pub fn feed(readings: &Readings, disorder: &Disorder) -> Vec<Item> {
    let mut prng = Prng::new(disorder.seed);
    let places = u64::from(disorder.shuffle) + 1;
    // By where it shall stand, then by where it stood.
    let mut items: Vec<(u64, Item)> = Vec::new();
    let mut next = (0_u32..).zip(&readings.readings).peekable();
    let mut at = 0;
    for hour in &readings.hours {
        items.push((at + prng.below(places), Item::Announce(*hour)));
        at += 1;
        while let Some((reading, _)) = next.next_if(|(_, reading)| reading.hour == *hour) {
            let place = at + prng.below(places);
            items.push((place, Item::Reading(reading)));
            if prng.below(CERTAIN.into()) < disorder.resend_ppm.into() {
                items.push((place + 1 + prng.below(places), Item::Again(reading)));
            }
            at += 1;
        }
    }
    items.sort_by_key(|(place, _)| *place);
    let items = items.into_iter().map(|(_, item)| item);
    match disorder.deadline_hours {
        Some(hours) => closing(readings, items, hours),
        None => items.collect(),
    }
}

/// The same, with each hour closed when its time is up.
fn closing(readings: &Readings, items: impl Iterator<Item = Item>, hours: u32) -> Vec<Item> {
    let mut fed = Vec::new();
    let mut open: BTreeSet<Hour> = readings.hours.clone();
    for item in items {
        let hour = match item {
            Item::Announce(hour) | Item::Close(hour) => hour,
            Item::Reading(at) | Item::Again(at) => readings.readings[at as usize].hour,
        };
        while open.first().is_some_and(|first| first.0.saturating_add(hours) <= hour.0) {
            fed.extend(open.pop_first().map(Item::Close));
        }
        fed.push(item);
    }
    fed
}

#[cfg(test)]
mod tests {
    use archipelago::patterns::aggregator::Version;

    use super::super::command::Reading;
    use super::super::fixed::Fixed;
    use super::super::hour::Station;
    use super::*;

    fn readings() -> Readings {
        let station = Station::try_from("A").unwrap();
        let reading = |hour: u32| Reading {
            hour: Hour(hour / 4),
            station,
            version: Version(hour.into()),
            value: Fixed(1),
        };
        Readings {
            stations: BTreeSet::from([station]),
            hours: (0..50).map(Hour).collect(),
            readings: (0..200).map(reading).collect(),
            bad: Vec::new(),
        }
    }

    #[test]
    fn everything_comes_and_what_is_sent_again_comes_twice() {
        let readings = readings();
        let plain = feed(&readings, &Disorder::default());
        assert_eq!(plain.len(), 250);
        assert_eq!(plain[..3], [Item::Announce(Hour(0)), Item::Reading(0), Item::Reading(1)]);
        let disorder = Disorder { resend_ppm: 200_000, shuffle: 9, seed: 3, deadline_hours: None };
        let wild = feed(&readings, &disorder);
        assert_eq!(wild, feed(&readings, &disorder));
        assert_ne!(wild, feed(&readings, &Disorder { seed: 4, ..disorder }));
        let resent = wild.iter().filter(|item| matches!(item, Item::Again(_))).count();
        assert!((20..60).contains(&resent), "{resent} of 200");
        for (at, item) in wild.iter().enumerate() {
            if let Item::Again(reading) = item {
                let first = wild.iter().position(|item| *item == Item::Reading(*reading));
                assert!(first.is_some_and(|first| first < at), "it comes again, not first");
            }
        }
        let mut once = wild;
        once.retain(|item| !matches!(item, Item::Again(_)));
        once.sort_by_key(|item| plain.iter().position(|plain| plain == item));
        assert_eq!(once, plain);
    }

    #[test]
    fn an_hour_is_closed_when_its_time_is_up_and_not_before() {
        let disorder = Disorder { deadline_hours: Some(2), ..Disorder::default() };
        let fed = feed(&readings(), &disorder);
        let closed = fed.iter().filter(|item| matches!(item, Item::Close(_))).count();
        assert_eq!(closed, 48, "the last two at the end");
        let at = |wanted| fed.iter().position(|item| *item == wanted).unwrap();
        assert_eq!(at(Item::Close(Hour(0))) + 1, at(Item::Announce(Hour(2))));
    }
}
