//! `run cities`: readings of stations on islands, from the first one to the report.
//!
//! Rules:
//! 1. Requests are numbered by their place in the feed; at its end each hour is closed, in order.
//! 2. Hours are closed only when all that was sent has arrived, so each reading is in its hour.
//!
//! It doesn't know how requests are carried.

use std::time::Instant;

use archipelago::patterns::aggregator::{AggregatorConfig, Expected, Late, Version};
use archipelago_core::id::RequestNumber;
use serde::{Deserialize, Serialize};

use super::args::CitiesArgs;
use super::failure::{Failure, input};
use super::harness::{Feeder, Listener, Place, Ran, Request, Turn, World, differs};
use super::progress::Progress;
use super::report::CitiesReport;
use crate::workload::cities::feed::{Disorder, Item, feed};
use crate::workload::cities::readings::{BadRow, Readings};
use crate::workload::cities::{Cities, Command, Hour, HourKey, Reply, Station, Summary};
use crate::workload::fingerprint::Fingerprint;

/// Ended hours that an island remembers. A late reading of an older one is turned away.
const ENDED_MAX: u32 = 4096;
/// Bad rows that are named; the others are counted.
const BAD_ROWS_NAMED: usize = 20;

/// What must not change under a journal of cities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitiesSetting {
    /// What is measured.
    pub measure: String,
    /// The readings.
    pub workload: Fingerprint,
    /// The chance that one is sent again, in millionths.
    pub resend_ppm: u32,
    /// Within how many places they are shuffled.
    pub shuffle: u32,
    /// Chance.
    pub seed: u64,
    /// After how many hours an hour is closed.
    pub deadline_hours: Option<u32>,
}

impl World for Cities {
    const APPLICATION: &'static str = "cities";
    type Setting = CitiesSetting;

    fn born(_: &CitiesSetting) -> Self {
        Self::new(AggregatorConfig {
            // The runner closes hours; a partial one is a result whoever is in it.
            deadline: None,
            quorum: 0,
            late: Late::Amend,
            open_max: 1 << 20,
            members_max: crate::workload::cities::readings::STATIONS_MAX as u32,
            ended_max: ENDED_MAX,
        })
    }

    fn agree(asked: &CitiesSetting, stored: &CitiesSetting) -> Result<(), Failure> {
        if asked.measure != stored.measure {
            return differs("--measure", &stored.measure, &asked.measure);
        }
        if asked.workload != stored.workload {
            return Err(Failure::input(
                "the data directory was made with other readings: use the same file again, or \
                 another --data",
            ));
        }
        let text = |hours: Option<u32>| hours.map_or("none".to_owned(), |hours| hours.to_string());
        if asked.deadline_hours != stored.deadline_hours {
            return differs(
                "--deadline",
                &text(stored.deadline_hours),
                &text(asked.deadline_hours),
            );
        }
        for (what, stored, asked) in [
            ("--resend in millionths", stored.resend_ppm.into(), asked.resend_ppm.into()),
            ("--shuffle", stored.shuffle.into(), asked.shuffle.into()),
            ("--seed", stored.seed, asked.seed),
        ] {
            if stored != asked {
                return differs(what, &stored, &asked);
            }
        }
        Ok(())
    }
}

/// Runs the cities.
///
/// # Errors
/// Bad input (exit 2), or hours that did not end (exit 1).
pub fn cities(args: &CitiesArgs) -> Result<CitiesReport, Failure> {
    let place = Place::of(&args.sea)?;
    let readings = load(args)?;
    let disorder = args.disorder();
    let setting = setting(args, &readings, disorder);
    let history = place.history::<Cities, ()>(&setting, |_| ())?;
    let sea = place.open(&setting, history)?;
    let items = feed(&readings, &disorder);
    let mut feeder = sea.feeder(Answers);
    feeder.set_pace(args.sea.pace());
    let began = Instant::now();
    send(&mut feeder, &readings, &items)?;
    sea.settle("the readings did not arrive in time")?;
    let hours = readings.hours.iter().copied();
    let close = |hour: Hour| (Key::Hour(hour.key()), Command::Close { hour });
    ask(&mut feeder, items.len(), hours.map(close))?;
    let (answered, busy) = (feeder.answered(), feeder.busy());
    let seconds = began.elapsed().as_secs_f64();
    drop(feeder);
    let ran = Ran { answered, busy, seconds, before_us: None };
    let (summary, common) =
        sea.finish(ran, |closed| Ok(Summary::of(closed.images.iter().map(|image| &image.state))))?;
    let resent = items.iter().filter(|item| matches!(item, Item::Again(_))).count();
    Ok(CitiesReport::of(&readings, resent, &summary, common))
}

/// Reads the file, and names what is wrong in it.
fn load(args: &CitiesArgs) -> Result<Readings, Failure> {
    let progress = Progress::unknown("reading the readings");
    let readings = Readings::load(&args.readings, args.measure).map_err(input)?;
    drop(progress);
    let name = |bad: &BadRow| eprintln!("passed over: {}, {bad}", args.readings.display());
    readings.bad.iter().take(BAD_ROWS_NAMED).for_each(name);
    if readings.bad.len() > BAD_ROWS_NAMED {
        eprintln!("passed over: {} more rows", readings.bad.len() - BAD_ROWS_NAMED);
    }
    if readings.hours.is_empty() {
        let file = args.readings.display();
        return Err(Failure::input(format!("{file}: no row in it is good")));
    }
    Ok(readings)
}

fn setting(args: &CitiesArgs, readings: &Readings, disorder: Disorder) -> CitiesSetting {
    let Disorder { resend_ppm, shuffle, seed, deadline_hours } = disorder;
    let (measure, workload) = (args.measure.to_owned(), readings.fingerprint());
    CitiesSetting { measure, workload, resend_ppm, shuffle, seed, deadline_hours }
}

/// A request's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Station(Station),
    Hour(HourKey),
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Station(station) => station.as_str().as_bytes(),
            Self::Hour(hour) => hour.as_str().as_bytes(),
        }
    }
}

/// Hears the answers. What an hour turned away is in its island's state.
struct Answers;

impl Listener<Cities> for Answers {
    type Key = Key;
    type Tag = ();
    type Kept = ();

    fn answered(&mut self, _: RequestNumber, (): (), _: Reply) -> Result<(), Failure> {
        Ok(())
    }
}

type Sender<'a> = Feeder<'a, Cities, Answers>;

/// Sends the whole feed.
fn send(feeder: &mut Sender<'_>, readings: &Readings, items: &[Item]) -> Result<(), Failure> {
    let request = |item: &Item| match *item {
        Item::Announce(hour) => {
            let (version, expected) = (Version(1), Expected::Members(readings.stations.clone()));
            (Key::Hour(hour.key()), Command::Announce { hour, version, expected })
        }
        Item::Reading(at) | Item::Again(at) => {
            let reading = readings.readings[at as usize];
            (Key::Station(reading.station), Command::Read(reading))
        }
        Item::Close(hour) => (Key::Hour(hour.key()), Command::Close { hour }),
    };
    ask(feeder, 0, items.iter().map(request))
}

/// Asks requests, numbered after the `before` ones, and waits for their answers.
fn ask(
    feeder: &mut Sender<'_>,
    before: usize,
    requests: impl ExactSizeIterator<Item = (Key, Command)>,
) -> Result<(), Failure> {
    let progress = Progress::of("requests", requests.len() as u64);
    for (at, (key, command)) in requests.enumerate() {
        let number = RequestNumber((before + at) as u64 + 1);
        feeder.submit(Request { number, key, command, turn: Turn::Beside, tag: () })?;
        progress.add(1);
    }
    feeder.drain()
}
