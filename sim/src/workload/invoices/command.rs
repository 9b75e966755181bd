//! The words of invoices: what sources, books and accounts say, what happened.
//!
//! It doesn't know what is done about them.

use std::fmt;

use archipelago::IslandId;
use archipelago::patterns::resequencer::{ResequencerEvent, ResequencerMessage, SerialNumber};
use serde::{Deserialize, Serialize};

use super::office::{OfficeCommand, OfficeEvent};
use crate::mix::mix;

/// One sequence of numbers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Series(pub u16);

impl Series {
    /// What says which island is its book.
    #[must_use]
    pub const fn key(self) -> [u8; 4] {
        let [high, low] = self.0.to_be_bytes();
        [b's', b'r', high, low]
    }

    /// What says which island is its office, in a simulated world.
    #[must_use]
    pub const fn office_key(self) -> [u8; 4] {
        let [high, low] = self.0.to_be_bytes();
        [b'o', b'f', high, low]
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What an invoice is, as the letter before its number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// No letter.
    Sale,
    /// C.
    CreditNote,
    /// A.
    Correction,
}

/// An invoice, without its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// What it is.
    pub kind: Kind,
    /// Whose, if it says so.
    pub customer: Option<String>,
    /// How many rows it has.
    pub rows: u32,
    /// The units of all its rows; below 0 when more is given back.
    pub units: i64,
}

impl Kind {
    /// The letter before the number.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Sale => "",
            Self::CreditNote => "C",
            Self::Correction => "A",
        }
    }
}

impl Invoice {
    /// An invoice that follows from its series and number.
    #[must_use]
    pub fn of(series: Series, number: SerialNumber) -> Self {
        let bits = mix(u64::from(series.0) << 48 ^ number.0);
        let kind = if bits.is_multiple_of(5) { Kind::CreditNote } else { Kind::Sale };
        let customer = (bits >> 8) % 9;
        let customer = (customer > 0).then(|| format!("c{customer}"));
        Self { kind, customer, rows: 1, units: (bits >> 32) as i64 }
    }

    /// `chain` with this invoice behind it: follows from all of them, and their order.
    #[must_use]
    pub fn chained(&self, chain: u64, number: SerialNumber) -> u64 {
        let customer = self.customer.iter().flat_map(|name| name.bytes());
        let parts = [number.0, self.kind as u64, u64::from(self.rows), self.units as u64];
        let words = parts.into_iter().chain(customer.map(u64::from));
        words.fold(chain, |chain, word| mix(chain ^ word).wrapping_add(word))
    }
}

/// An invoice as a book holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// The invoice.
    pub invoice: Invoice,
    /// The office that hears when it is settled; none, if a client has brought it.
    pub office: Option<IslandId>,
}

/// What an island is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A client, to a book: the series begins at that number.
    Begin(Series, SerialNumber),
    /// A source, to a book: an invoice.
    Deliver(Series, SerialNumber, Invoice),
    /// A source, to a book: you have all that there is below that number.
    AllBelow(Series, SerialNumber),
    /// A book, to an account.
    Post(Series, SerialNumber, Invoice),
    /// To an office.
    Office(OfficeCommand),
    /// A timer of a book.
    Book(ResequencerMessage<Series>),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// To what a book holds.
    Inbox(ResequencerEvent<Series, Slip>),
    /// An invoice is booked.
    Booked(Series, SerialNumber, Invoice),
    /// An invoice is posted to its customer's account.
    Posted(Series, SerialNumber, Invoice),
    /// To an office.
    Office(OfficeEvent),
}

archipelago::carries! {
    Command::Book(ResequencerMessage<Series>),
    Command::Office(OfficeCommand),
    Event::Inbox(ResequencerEvent<Series, Slip>),
    Event::Office(OfficeEvent),
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// So many invoices were booked for it, perhaps none.
    Booked(u32),
    /// The invoice waits for those before it.
    Held,
    /// It has come before.
    Again,
    /// It came after its gap was closed: a dead letter.
    Late,
    /// There is no room for it, for this reason.
    NoRoom(String),
    /// An office has issued that number.
    Issued(SerialNumber),
    /// A client has no right to say that.
    NotYours,
}
