//! The books of all islands together: what became of the bookings, and whether it all adds up.
//!
//! Rules:
//! 1. On each island, what is held is what the steps held there took.
//! 2. At rest, over all islands: accepted bookings took what is given back, kept and held; what is
//!    kept lies in the nights and banks, and so does what is held.
//!
//! It doesn't know how the islands came to be so.

use super::island::{Book, Counters, Hotels, Taken};

/// All islands' books.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The sums of all islands' counters.
    pub counters: Counters,
    /// Bookings that are not over.
    pub open: u64,
    /// Of all nights.
    pub rooms: Book,
    /// Of all banks.
    pub cents: Book,
    /// What does not add up, the first of it.
    pub wrong: Option<String>,
}

impl Books {
    /// Opens the books of islands at rest.
    pub fn of<'a>(islands: impl Iterator<Item = &'a Hotels>) -> Self {
        let mut books = Self::default();
        for (island, hotels) in islands.enumerate() {
            if let Err(wrong) = of_island(hotels) {
                books.wrong.get_or_insert(format!("island {island}: {wrong}"));
            }
            books.open += hotels.open() as u64;
            sum(&mut books.rooms, hotels.nights().values());
            sum(&mut books.cents, hotels.banks().values());
            books.add(hotels.counters());
        }
        if let Err(wrong) = books.balance() {
            books.wrong.get_or_insert(wrong);
        }
        books
    }

    /// Rule 2.
    fn balance(&self) -> Result<(), String> {
        let Counters { taken, back, kept, .. } = self.counters;
        let of = |what: &str, book: &Book, part: fn(&Taken) -> u64| {
            let (taken, back, kept) = (part(&taken), part(&back), part(&kept));
            if kept == book.kept && Some(taken) == (back + kept).checked_add(book.held) {
                return Ok(());
            }
            Err(format!(
                "{what}: {taken} taken, {back} given back, {kept} kept, but {} are held and {} kept",
                book.held, book.kept
            ))
        };
        of("rooms", &self.rooms, |taken| taken.rooms)?;
        of("cents", &self.cents, |taken| taken.cents)
    }

    fn add(&mut self, more: &Counters) {
        let sum = &mut self.counters;
        sum.accepted += more.accepted;
        sum.refused += more.refused;
        sum.unanswered += more.unanswered;
        sum.cancelled += more.cancelled;
        sum.cancelled_early += more.cancelled_early;
        sum.no_shows += more.no_shows;
        sum.checked_out += more.checked_out;
        sum.compensations += more.compensations;
        sum.not_passed_on += more.not_passed_on;
        for (sum, more) in
            [(&mut sum.taken, more.taken), (&mut sum.back, more.back), (&mut sum.kept, more.kept)]
        {
            sum.rooms += more.rooms;
            sum.cents += more.cents;
        }
    }
}

/// Rule 1: of one island, at any time.
///
/// # Errors
/// What is wrong with it.
pub fn of_island(hotels: &Hotels) -> Result<(), String> {
    if let Some(wrong) = hotels.wrong() {
        return Err(wrong.to_owned());
    }
    let mut rooms = Book::default();
    sum(&mut rooms, hotels.nights().values());
    let mut cents = Book::default();
    sum(&mut cents, hotels.banks().values());
    let (takers, held) = (rooms.takers + cents.takers, hotels.sagas().steps_held() as u64);
    if (rooms.held, takers) != (rooms.takers, held) {
        let rooms = rooms.held;
        return Err(format!("{held} steps hold {rooms} rooms, and {takers} rooms and payments"));
    }
    Ok(())
}

fn sum<'a>(sum: &mut Book, books: impl Iterator<Item = &'a Book>) {
    for book in books {
        sum.held += book.held;
        sum.kept += book.kept;
        sum.takers += book.takers;
    }
}
