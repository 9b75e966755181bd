//! The report of `run bookings`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Common, Failure, Report};
use crate::cli::text::{Facts, share, thousands};

/// What came of the bookings, in this run and those before on the same data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BookingsReport {
    /// Bookings of the file.
    pub bookings: u64,
    /// Lines of the file that are no booking.
    pub lines_refused: u64,
    /// Bookings accepted.
    pub accepted: u64,
    /// Bookings refused: a night is sold out.
    pub refused: u64,
    /// Bookings accepted and cancelled.
    pub cancelled: u64,
    /// Bookings accepted whose guests never came.
    pub no_shows: u64,
    /// Bookings accepted whose guests were there.
    pub checked_out: u64,
    /// Bookings that are not over.
    pub open: u64,
    /// Steps of sagas undone.
    pub compensations: u64,
    /// Room nights of accepted bookings.
    pub nights_booked: u64,
    /// Room nights of these that were given back.
    pub nights_given_back: u64,
    /// Room nights of these that were not.
    pub nights_sold: u64,
    /// What the guests' banks hold and have paid, in cents.
    pub cents_paid: u64,
    /// Whether no night was oversold and all of it adds up.
    pub conserved: bool,
    /// Figures of the run.
    #[serde(flatten)]
    pub common: Common,
}

impl Report for BookingsReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("bookings", thousands(self.bookings), "");
        if self.lines_refused > 0 {
            facts.add("lines refused", thousands(self.lines_refused), "no bookings; not counted");
        }
        facts.add("  accepted", thousands(self.accepted), share(self.accepted, self.bookings));
        facts.add("  refused", thousands(self.refused), share(self.refused, self.bookings));
        for (label, count) in [
            ("  checked out", self.checked_out),
            ("  cancelled", self.cancelled),
            ("  no-shows", self.no_shows),
            ("  open", self.open),
        ] {
            facts.add(label, thousands(count), share(count, self.accepted));
        }
        facts.add("room nights", thousands(self.nights_booked), "of accepted bookings");
        let back = share(self.nights_given_back, self.nights_booked);
        facts.add("  given back", thousands(self.nights_given_back), back);
        let sold = share(self.nights_sold, self.nights_booked);
        facts.add("  sold", thousands(self.nights_sold), sold);
        facts.add("paid", thousands(self.cents_paid / 100), "in the file's money");
        facts.add("compensations", thousands(self.compensations), "steps undone");
        let each = match self.bookings {
            0 => String::new(),
            bookings => format!("{:.2} a booking", self.common.messages as f64 / bookings as f64),
        };
        facts.add("messages", thousands(self.common.messages), each);
        if self.common.answered_now < 2 * self.bookings {
            let before = "requests, the others in an earlier run; what follows is of this one";
            facts.add("answered now", thousands(self.common.answered_now), before);
        }
        self.common.add(&mut facts, "requests");
        facts.write(out)?;
        let conserved = if self.conserved { "yes" } else { "NO" };
        writeln!(out, "rooms and money conserved, no night oversold: {conserved}")?;
        self.common.write_digests(out)
    }

    fn verdict(&self) -> Result<(), Failure> {
        if !self.conserved {
            return Err(Failure::check("rooms or money are not conserved"));
        }
        self.common.verdict()
    }
}
