//! The words of the hotels: what guests ask, what islands and timers say, what happened.
//!
//! Rules:
//! 1. Guests ask for everything but `Saga`, `EndNow` and `OpenDesk`.
//! 2. A guest's command's key says where it belongs.
//!
//! It doesn't know what is done about them.

use std::fmt;

use archipelago::Asker;
use archipelago::patterns::saga::{SagaEvent, SagaMessage, SagaName, Verb, Work};
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::name::{Bank, BookingId, Cents, Day, Desk, Hotel, Key, Night};

/// What is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Where.
    pub hotel: Hotel,
    /// The first night; of a stay without nights, its day.
    pub arrival: Day,
    /// How many nights; perhaps none.
    pub nights: u16,
    /// Who pays.
    pub bank: Bank,
    /// What all of it costs.
    pub price: Cents,
    /// Who is asked on the guest's behalf.
    pub desk: Option<Desk>,
}

impl Stay {
    /// Its nights, in order.
    pub fn nights(&self) -> impl Iterator<Item = Night> + use<> {
        let Self { hotel, arrival, nights, .. } = *self;
        (0..u32::from(nights)).map(move |at| Night { hotel, day: Day(arrival.0 + at) })
    }
}

/// How a booking ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The guest was there and left: nothing is given back.
    CheckOut,
    /// The guest cancelled: all is given back.
    Cancel,
    /// The guest never came: all is given back.
    NoShow,
}

/// What a step of a booking takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A room of a night.
    Room(Night),
    /// Money.
    Pay(Bank, Cents),
}

/// A step of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What it takes.
    pub what: What,
    /// The desk that it goes by.
    pub desk: Option<Desk>,
}

impl Work for Task {
    fn key(&self) -> impl AsRef<[u8]> {
        match (self.desk, self.what) {
            (Some(desk), _) => desk.key(),
            (None, What::Room(night)) => night.key(),
            (None, What::Pay(bank, _)) => bank.key(),
        }
    }
}

/// A command to a hotel's island.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A guest books.
    Book(BookingId, Stay),
    /// A booking ends.
    End(BookingId, End),
    /// A desk closes for so long.
    CloseDesk(Desk, Millis),
    /// From its timer: it opens.
    OpenDesk(Desk),
    /// From the booking's own island: it is accepted, and its end has waited for that.
    EndNow(BookingId),
    /// Islands among themselves.
    Saga(SagaMessage<BookingId, Task>),
}

impl Command {
    /// The key that a guest's command is routed by; islands' words have none.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let of = |booking: &BookingId| {
            let mut key = Key::default();
            key.copy_from_slice(SagaName::key(booking).as_ref());
            key
        };
        match self {
            Self::Book(booking, _) | Self::End(booking, _) => Some(of(booking)),
            Self::CloseDesk(desk, _) => Some(desk.key()),
            Self::OpenDesk(_) | Self::EndNow(_) | Self::Saga(_) => None,
        }
    }
}

impl From<SagaMessage<BookingId, Task>> for Command {
    fn from(message: SagaMessage<BookingId, Task>) -> Self {
        Self::Saga(message)
    }
}

/// What became of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It was refused: a night is sold out, or the bank says no.
    Refused,
    /// It was given up: somebody did not answer in time.
    Unanswered,
    /// It was accepted or under way, and has ended so.
    Ended(End),
}

/// Something that happened in the hotels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Something happened to a saga.
    Saga(SagaEvent<BookingId, Task>),
    /// A booking is under way; who waits for the answer.
    Booked(BookingId, Asker, u16, Cents),
    /// All that it asked for is taken.
    Accepted(BookingId),
    /// It is to end; who waits for the answer.
    EndAsked(BookingId, End, Asker),
    /// It is over.
    Over(BookingId, Fate),
    /// A desk is closed.
    DeskClosed(Desk),
    /// It is open again.
    DeskOpened(Desk),
    /// A closed desk did not pass something on.
    NotPassedOn(Verb),
}

impl From<SagaEvent<BookingId, Task>> for Event {
    fn from(event: SagaEvent<BookingId, Task>) -> Self {
        Self::Saga(event)
    }
}

/// What a guest hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The booking is accepted.
    Accepted,
    /// It is over: refused, or ended before it was accepted. It took nothing.
    NotAccepted(Fate),
    /// It has ended as it was asked to.
    Ended(End),
    /// Such a booking is not open, or is to end already.
    NotOpen,
    /// It cannot be booked, for that reason.
    Bad(String),
    /// The desk is closed.
    DeskClosed,
    /// That is not for guests to say.
    NotForGuests,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::NotAccepted(Fate::Refused) => f.write_str("refused"),
            Self::NotAccepted(Fate::Unanswered) => f.write_str("given up: no answer in time"),
            Self::NotAccepted(Fate::Ended(end)) => write!(f, "ended before: {end:?}"),
            Self::Ended(end) => write!(f, "ended: {end:?}"),
            Self::NotOpen => f.write_str("no such booking is open"),
            Self::Bad(reason) => write!(f, "it cannot be booked: {reason}"),
            Self::DeskClosed => f.write_str("the desk is closed"),
            Self::NotForGuests => f.write_str("that is not for guests to say"),
        }
    }
}
