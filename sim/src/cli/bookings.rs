//! `run bookings`: the bookings of a file, made and ended day by day.
//!
//! Rules:
//! 1. Requests 1, 2, 3 … are the deeds of [`days`](crate::workload::bookings::days), in order.
//! 2. At full speed a booking's end waits for the answer to the booking; nothing else waits.
//! 3. Serially a booking is made after all before it are answered. Ends only give back, so those
//!    that stand together go together.
//! 4. Lines that are no bookings are told on standard error, the first of them one by one.
//!
//! It doesn't know how sagas work.

use std::time::Instant;

use archipelago_core::id::RequestNumber;
use serde::{Deserialize, Serialize};

use super::args::{BookingsArgs, Pace};
use super::failure::{Failure, input};
use super::harness::{Feeder, Listener, Place, Ran, Request, Turn, World, differs};
use super::progress::Progress;
use super::report::BookingsReport;
use crate::workload::bookings::books::Books;
use crate::workload::bookings::days::{Deed, deeds};
use crate::workload::bookings::name::Key;
use crate::workload::bookings::stays::{Row, Stays};
use crate::workload::bookings::{Command, Config, Fate, Hotels, Reply};
use crate::workload::fingerprint::Fingerprint;

/// How many lines that are no bookings are told one by one.
const TOLD_MAX: usize = 10;

/// What must not change under a journal of bookings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// How the hotels behave.
    pub hotels: Config,
    /// The bookings.
    pub workload: Fingerprint,
}

impl World for Hotels {
    const APPLICATION: &'static str = "bookings";
    type Setting = Setting;

    fn born(setting: &Setting) -> Self {
        Self::new(setting.hotels.clone())
    }

    fn agree(asked: &Setting, stored: &Setting) -> Result<(), Failure> {
        let rooms = |of: &Setting| match (of.hotels.city_rooms, of.hotels.resort_rooms) {
            (Some(city), Some(resort)) => format!("{city},{resort}"),
            _ => "without a limit".to_owned(),
        };
        if rooms(asked) != rooms(stored) {
            return differs("--rooms", &rooms(stored), &rooms(asked));
        }
        if asked.workload != stored.workload {
            return Err(Failure::input(
                "the data directory was made with other --bookings: use the same again, or another \
                 --data",
            ));
        }
        Ok(())
    }
}

/// Hears what guests hear.
struct Guests;

impl Listener<Hotels> for Guests {
    type Key = Key;
    type Tag = Deed;
    type Kept = ();

    fn answered(&mut self, number: RequestNumber, deed: Deed, reply: Reply) -> Result<(), Failure> {
        match (deed, &reply) {
            (Deed::Book(_), Reply::Accepted | Reply::NotAccepted(Fate::Refused))
            | (Deed::End(_), Reply::Ended(_) | Reply::NotOpen) => Ok(()),
            _ => Err(Failure::check(format!("request {number}: {reply}"))),
        }
    }
}

/// Runs the bookings.
///
/// # Errors
/// Bad input (exit 2), or an answer that cannot be (exit 1).
pub fn bookings(args: &BookingsArgs) -> Result<BookingsReport, Failure> {
    let place = Place::of(&args.sea)?;
    let stays = {
        let _progress = Progress::unknown("reading bookings");
        Stays::load(&args.bookings).map_err(input)?
    };
    tell(&stays, args);
    let hotels = Config {
        city_rooms: args.rooms.map(|rooms| rooms.city),
        resort_rooms: args.rooms.map(|rooms| rooms.resort),
        ..Config::default()
    };
    let setting = Setting { hotels, workload: stays.fingerprint };
    let history = place.history::<Hotels, _>(&setting, |_| ())?;
    let sea = place.open(&setting, history)?;
    let mut feeder = sea.feeder(Guests);
    let ran = feed(&stays.rows, args.sea.pace(), &mut feeder)?;
    drop(feeder);
    let (books, common) =
        sea.finish(ran, |closed| Ok(Books::of(closed.images.iter().map(|image| &image.state))))?;
    if let Some(wrong) = &books.wrong {
        eprintln!("not conserved: {wrong}");
    }
    let counters = &books.counters;
    Ok(BookingsReport {
        bookings: stays.rows.len() as u64,
        lines_refused: stays.bad.len() as u64,
        accepted: counters.accepted,
        refused: counters.refused,
        cancelled: counters.cancelled,
        no_shows: counters.no_shows,
        checked_out: counters.checked_out,
        open: books.open,
        compensations: counters.compensations,
        nights_booked: counters.taken.rooms,
        nights_given_back: counters.back.rooms,
        nights_sold: books.rooms.held + books.rooms.kept,
        cents_paid: books.cents.held + books.cents.kept,
        conserved: books.wrong.is_none(),
        common,
    })
}

/// Names the lines that are no bookings.
fn tell(stays: &Stays, args: &BookingsArgs) {
    let file = args.bookings.display();
    for bad in stays.bad.iter().take(TOLD_MAX) {
        eprintln!("{file}: {bad}; the line is passed over");
    }
    if let Some(more) = stays.bad.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        eprintln!("{file}: {more} more lines are no bookings, and are passed over");
    }
}

/// Makes and ends the bookings.
fn feed(rows: &[Row], pace: Pace, feeder: &mut Feeder<'_, Hotels, Guests>) -> Result<Ran, Failure> {
    let deeds = deeds(rows);
    let progress = Progress::of("bookings and ends", deeds.len() as u64);
    let started = Instant::now();
    let mut before = None;
    for (number, deed) in (1..).map(RequestNumber).zip(deeds) {
        let (command, is_end) = match deed {
            Deed::Book(at) => (Command::Book(rows[at].booking, rows[at].stay), false),
            Deed::End(at) => (Command::End(rows[at].booking, rows[at].end), true),
        };
        if pace == Pace::Serial && !(is_end && before == Some(true)) {
            feeder.drain()?;
        }
        before = Some(is_end);
        let key = command.key().expect("guests' commands have keys");
        feeder.submit(Request { number, key, command, turn: Turn::After, tag: deed })?;
        progress.add(1);
    }
    feeder.drain()?;
    Ok(Ran {
        answered: feeder.answered(),
        busy: feeder.busy(),
        seconds: started.elapsed().as_secs_f64(),
        before_us: None,
    })
}
