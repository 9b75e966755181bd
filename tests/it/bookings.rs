//! The published truths of the real bookings: at full speed, one after the other, killed and
//! continued.
//!
//! Rules:
//! 1. With as many rooms as are wanted every booking is accepted and ends as the file says.
//! 2. With few rooms, one after the other, the same bookings are accepted on any number of islands
//!    (that all numbers agree is proven without threads in `sim/src/workload/bookings/tests`).
//! 3. At full speed with few rooms, and after kills, all of it adds up and nothing is left open.
//!
//! The numbers stand in the data's own description; this file doesn't know how they come about.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::harness::{Chance, archipelago, json, number, place, real, refused, say, seed, start};
use super::replayed::replay;

/// Every key that the JSON of the bookings promises.
const KEYS: [&str; 20] = [
    "bookings",
    "lines_refused",
    "accepted",
    "refused",
    "cancelled",
    "no_shows",
    "checked_out",
    "open",
    "compensations",
    "nights_booked",
    "nights_given_back",
    "nights_sold",
    "cents_paid",
    "conserved",
    "messages",
    "answered_per_second",
    "latency_us",
    "journal_bytes",
    "islands",
    "digest",
];

fn file() -> Option<PathBuf> {
    real("hotel_bookings.csv.gz")
}

fn run(file: &Path, words: &str) -> Value {
    let mut command = archipelago("run bookings");
    command.args(words.split_whitespace()).arg("--bookings").arg(file);
    let report = json(&mut command);
    for key in KEYS {
        assert!(report.get(key).is_some(), "{key} is missing in {report}");
    }
    adds_up(&report);
    report
}

/// What is true of every run that has come to its end.
fn adds_up(report: &Value) {
    let of = |key| number(report, key);
    assert_eq!(report["conserved"], true, "{report}");
    assert_eq!(of("accepted") + of("refused"), of("bookings"), "each is answered: {report}");
    let over = of("checked_out") + of("cancelled") + of("no_shows");
    assert_eq!((over, of("open")), (of("accepted"), 0), "each ends: {report}");
    assert_eq!(of("nights_booked") - of("nights_given_back"), of("nights_sold"), "{report}");
}

/// The first `lines` bookings of the real file, in `folder`.
fn first(file: &Path, lines: usize, folder: &Path) -> PathBuf {
    let path = folder.join("first.csv");
    let mut out = fs::File::create(&path).expect("a file can be made");
    let real = MultiGzDecoder::new(fs::File::open(file).expect("it is there"));
    for line in BufReader::new(real).lines().take(lines + 1) {
        writeln!(out, "{}", line.expect("it can be read")).expect("it can be written");
    }
    path
}

#[test]
fn with_as_many_rooms_as_are_wanted_every_booking_ends_as_the_file_says() {
    let Some(file) = file() else { return };
    let report = run(&file, "--islands 16 --durability os");
    let of = |key| number(&report, key);
    assert_eq!((of("bookings"), of("accepted"), of("refused")), (119_390, 119_390, 0));
    assert_eq!((of("checked_out"), of("cancelled"), of("no_shows")), (75_166, 43_017, 1_207));
    assert_eq!(report["digest"], report["replay"]["digest"]);
}

#[test]
fn one_after_the_other_as_many_are_accepted_as_published() {
    let Some(file) = file() else { return };
    let report = run(&file, "--rooms 200,150 --serial --islands 4 --durability memory");
    let of = |key| number(&report, key);
    let seen = (of("accepted"), of("refused"), of("nights_given_back"));
    assert_eq!(seen, (110_937, 8_453, 143_926));
}

#[test]
fn at_full_speed_with_few_rooms_and_killed_again_and_again_it_adds_up() {
    let Some(file) = file() else { return };
    let place = place();
    let (file, data) = (first(&file, 30_000, place.path()), place.path().join("sea"));
    let seed = seed();
    eprintln!(
        "seed {seed}; repeat: ARCHIPELAGO_SEED={seed} cargo test --release --test it bookings"
    );
    let mut chance = Chance::new(seed, 400);
    let command = || {
        let mut command = archipelago("run bookings --rooms 60,50 --islands 4 --durability os");
        command.arg("--bookings").arg(&file).arg("--data").arg(&data);
        command
    };
    let mut killed = 0;
    for _ in 0..3 {
        let mut child = start(&mut command());
        let began = segments(&data);
        // Until its journal has grown, and then some more: it is in the middle of something.
        while segments(&data) <= began && child.try_wait().expect("it can be asked").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(chance.below(150_000)));
        child.kill().expect("a child can be killed");
        killed += u32::from(child.wait().expect("a child ends").code().is_none());
        let first = replay(&data, "--threads 1");
        assert_eq!(replay(&data, "")["digest"], first["digest"]);
    }
    assert!(killed > 0, "at least one kill hit the run");
    let report = json(&mut command());
    adds_up(&report);
    assert_eq!(number(&report, "bookings"), 30_000);
    assert!(number(&report, "refused") > 0, "rooms are few: {report}");
    assert_eq!(report["digest"], report["replay"]["digest"]);
    let again = json(&mut command());
    assert_eq!((number(&again, "answered_now"), &again["digest"]), (0, &report["digest"]));
    let said = refused(
        archipelago("run bookings --rooms 60,51 --islands 4 --bookings")
            .arg(&file)
            .arg("--data")
            .arg(&data),
    );
    assert!(said.contains("--rooms 60,50, not 60,51"), "{said}");
}

/// How many segments a journal has.
fn segments(data: &Path) -> usize {
    fs::read_dir(data.join("journal")).map_or(0, Iterator::count)
}

#[test]
fn a_line_that_is_no_booking_is_named_and_the_rest_goes_on() {
    let place = place();
    let path = place.path().join("bookings.csv");
    let header = "hotel,lead_time,arrival_date_year,arrival_date_month,arrival_date_day_of_month,\
        stays_in_weekend_nights,stays_in_week_nights,country,adr,reservation_status,\
        reservation_status_date";
    let good = "City Hotel,3,2016,March,1,1,1,PRT,98.5,Check-Out,2016-03-03";
    let bad = good.replace("March", "Mars");
    fs::write(&path, format!("{header}\n{good}\n{bad}\n{good}\n{good}\n")).expect("it is written");
    let said = say(archipelago("run bookings --rooms 2,0 --json --bookings").arg(&path));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("line 3: column arrival_date_month"), "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).expect("it is JSON");
    adds_up(&report);
    let of = |key| number(&report, key);
    assert_eq!((of("bookings"), of("lines_refused")), (3, 1));
    assert_eq!((of("accepted"), of("nights_sold"), of("cents_paid")), (2, 4, 39_400));
    for (rooms, what) in [("2", "200,150"), ("a,b", "200,150")] {
        let mut command = archipelago("run bookings --rooms");
        let said = refused(command.arg(rooms).arg("--bookings").arg(&path));
        assert!(said.contains(what), "{said}");
    }
}
