//! Bookings made one after the other on N islands, and in one shared book: the same are accepted.

use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;

use super::net::Net;
use super::one_book::{Outcome, serve};
use crate::workload::bookings::books::Books;
use crate::workload::bookings::days::{Deed, deeds};
use crate::workload::bookings::stays::{Row, Stays};
use crate::workload::bookings::{
    Bank, BookingId, Cents, Command, Config, Day, End, Fate, Hotel, Reply, Stay,
};

/// Serves all of `rows` on so many islands; each answer must be what the one book says.
fn served(rows: &[Row], islands: u32, rooms: (u32, u32), seed: u64) -> (Outcome, Books) {
    let (city_rooms, resort_rooms) = (Some(rooms.0), Some(rooms.1));
    let mut net =
        Net::new(islands, &Config { city_rooms, resort_rooms, ..Config::default() }, seed);
    let deeds = deeds(rows);
    let of = |hotel| if hotel == Hotel::City { rooms.0 } else { rooms.1 };
    let expected = serve(rows, &deeds, of);
    for deed in deeds {
        let (Deed::Book(at) | Deed::End(at)) = deed;
        let Row { booking, stay, end, .. } = rows[at];
        let is_accepted = expected.accepted.contains(&at);
        let (command, reply) = match (deed, is_accepted) {
            (Deed::Book(_), true) => (Command::Book(booking, stay), Reply::Accepted),
            (Deed::Book(_), false) => {
                (Command::Book(booking, stay), Reply::NotAccepted(Fate::Refused))
            }
            (Deed::End(_), true) => (Command::End(booking, end), Reply::Ended(end)),
            (Deed::End(_), false) => (Command::End(booking, end), Reply::NotOpen),
        };
        assert_eq!(net.ask(command), reply, "booking {booking} on {islands} islands");
    }
    net.settle();
    let books = Books::of(net.islands.iter());
    assert_eq!(books.wrong, None);
    assert_eq!((books.open, books.rooms.held, books.rooms.kept), (0, 0, expected.sold));
    assert_eq!(books.counters.back.rooms, expected.back);
    assert_eq!(books.counters.accepted, expected.accepted.len() as u64);
    (expected, books)
}

fn row(booking: u32, (hotel, arrival, nights, lead, open, end): Drawn) -> Row {
    let hotel = if hotel { Hotel::City } else { Hotel::Resort };
    let (bank, price) = (Bank(*b"PRT "), Cents(100 * u64::from(nights)));
    let stay = Stay { hotel, arrival: Day(100 + arrival), nights, bank, price, desk: None };
    let booked = Day(stay.arrival.0 - lead);
    let end = [End::CheckOut, End::Cancel, End::NoShow][usize::from(end)];
    Row { booking: BookingId(booking), stay, booked, ended: Day(booked.0 + open), end }
}

type Drawn = (bool, u32, u16, u32, u32, u8);

proptest! {
    #[test]
    fn bookings_made_one_after_the_other_are_accepted_as_in_one_shared_book(
        islands in 1..7_u32,
        rooms in (0..4_u32, 0..4_u32),
        seed: u64,
        drawn in vec((any::<bool>(), 0..6_u32, 0..4_u16, 0..4_u32, 0..8_u32, 0..3_u8), 1..60),
    ) {
        let rows: Vec<_> = (1..).zip(drawn).map(|(booking, drawn)| row(booking, drawn)).collect();
        served(&rows, islands, rooms, seed);
    }
}

/// The real file, or nothing where it is not.
fn real() -> Option<Vec<Row>> {
    let data = std::env::var_os("ARCHIPELAGO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let file = data.join("hotel_bookings.csv.gz");
    if !file.exists() {
        eprintln!("skipped: {} not found", file.display());
        return None;
    }
    let stays = Stays::load(&file).expect("the file can be read");
    assert_eq!(stays.bad, [], "every line is a booking");
    Some(stays.rows)
}

fn the_real_bookings(islands: u32) {
    let Some(rows) = real() else { return };
    assert_eq!(rows.len(), 119_390);
    let (outcome, books) = served(&rows, islands, (200, 150), 1);
    let accepted = outcome.accepted.len() as u64;
    assert_eq!((accepted, books.counters.refused, outcome.back), (110_937, 8_453, 143_926));
}

#[test]
fn the_real_bookings_in_one_book_come_to_the_published_numbers() {
    let Some(rows) = real() else { return };
    let of = |hotel| if hotel == Hotel::City { 200 } else { 150 };
    let limited = serve(&rows, &deeds(&rows), of);
    assert_eq!((limited.accepted.len(), limited.back), (110_937, 143_926));
    let unlimited = serve(&rows, &deeds(&rows), |_| u32::MAX);
    assert_eq!(unlimited.accepted.len(), 119_390);
    let ends = |end| rows.iter().filter(|row| row.end == end).count();
    assert_eq!(
        (ends(End::CheckOut), ends(End::Cancel), ends(End::NoShow)),
        (75_166, 43_017, 1_207)
    );
}

#[test]
fn the_real_bookings_on_1_island_are_accepted_as_published() {
    the_real_bookings(1);
}

#[test]
fn the_real_bookings_on_4_islands_are_accepted_as_published() {
    the_real_bookings(4);
}

#[test]
fn the_real_bookings_on_16_islands_are_accepted_as_published() {
    the_real_bookings(16);
}
