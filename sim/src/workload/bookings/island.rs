//! The island of hotels: nights, banks, and the bookings that live here.
//!
//! Rules:
//! 1. A room is free while fewer are held or sold than the hotel has; money is there while the bank
//!    holds less than its credit.
//! 2. What cannot be booked is noted once, the first of its kind, and changes nothing else.
//!
//! It doesn't know on which islands the steps of its bookings are taken.

use std::collections::{BTreeMap, BTreeSet};

use archipelago::patterns::saga::{
    Answer, AtEnd, Ending, Job, News, Phase, Plan, SagaEvent, SagaMessage, SagaName, Sagas, Verb,
    Why, Work,
};
use archipelago::{Asker, Island, Millis, Origin, Turn};
use archipelago_core::lookup::Lookup;
use serde::{Deserialize, Serialize};

use super::command::{Command, End, Event, Fate, Reply, Stay, Task, What};
use super::name::{Bank, BookingId, Cents, Desk, Hotel, Night};

/// How many bookings may be open on an island.
const BOOKINGS_MAX: u32 = 1 << 20;

/// How the hotels behave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// How many rooms the city hotel has; `None`: always one more.
    pub city_rooms: Option<u32>,
    /// How many rooms the resort has.
    pub resort_rooms: Option<u32>,
    /// How much a bank holds for its guests at most; what is paid for ever counts no more.
    pub credit: Option<Cents>,
    /// How long a booking waits for its steps.
    pub patience: Option<Millis>,
}

/// A night's rooms, or a bank's cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// Taken for bookings that are open.
    pub held: u64,
    /// Taken for ever.
    pub kept: u64,
    /// By how many steps.
    pub takers: u64,
}

/// A booking that is not over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Booking {
    nights: u16,
    price: Cents,
    /// Who waits to hear that it is accepted.
    pub(super) asker: Option<Asker>,
    /// How it is to end, and who waits for that.
    pub(super) end: Option<(End, Asker)>,
}

/// Room nights, and what was paid for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Room nights.
    pub rooms: u64,
    /// Money.
    pub cents: u64,
}

impl Taken {
    fn add(&mut self, booking: &Booking) {
        self.rooms += u64::from(booking.nights);
        self.cents += booking.price.0;
    }
}

/// Sums since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Bookings accepted, whatever came of them.
    pub accepted: u64,
    /// Bookings refused for want of a room or of money.
    pub refused: u64,
    /// Bookings given up: no answer came in time.
    pub unanswered: u64,
    /// Bookings cancelled, before they were accepted or after.
    pub cancelled: u64,
    /// Of these, before.
    pub cancelled_early: u64,
    /// Bookings whose guests never came.
    pub no_shows: u64,
    /// Bookings whose guests were there.
    pub checked_out: u64,
    /// What accepted bookings took.
    pub taken: Taken,
    /// What of that was given back.
    pub back: Taken,
    /// What of that was kept for ever.
    pub kept: Taken,
    /// Steps undone here.
    pub compensations: u64,
    /// Steps that a closed desk here did not pass on.
    pub not_passed_on: u64,
}

/// Hotels and banks, as far as they live on one island.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hotels {
    config: Config,
    pub(super) sagas: Sagas<BookingId, Task>,
    pub(super) bookings: Lookup<BookingId, Booking>,
    nights: BTreeMap<Night, Book>,
    banks: BTreeMap<Bank, Book>,
    pub(super) closed: BTreeSet<Desk>,
    counters: Counters,
    wrong: Option<String>,
}

impl Hotels {
    /// Empty ones.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            sagas: Sagas::new(BOOKINGS_MAX),
            bookings: Lookup::new(),
            nights: BTreeMap::new(),
            banks: BTreeMap::new(),
            closed: BTreeSet::new(),
            counters: Counters::default(),
            wrong: None,
        }
    }

    /// How they behave.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The sagas of the bookings that live here, and the steps taken here.
    #[must_use]
    pub const fn sagas(&self) -> &Sagas<BookingId, Task> {
        &self.sagas
    }

    /// How many bookings that live here are not over.
    #[must_use]
    pub fn open(&self) -> usize {
        self.bookings.len()
    }

    /// The rooms of each night that lives here.
    #[must_use]
    pub const fn nights(&self) -> &BTreeMap<Night, Book> {
        &self.nights
    }

    /// The cents of each bank that lives here.
    #[must_use]
    pub const fn banks(&self) -> &BTreeMap<Bank, Book> {
        &self.banks
    }

    /// The sums since the beginning.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The first thing that cannot be.
    #[must_use]
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    const fn rooms(&self, hotel: Hotel) -> Option<u32> {
        match hotel {
            Hotel::City => self.config.city_rooms,
            Hotel::Resort => self.config.resort_rooms,
        }
    }

    fn can_take(&self, what: What) -> bool {
        match what {
            What::Room(night) => {
                let book = self.nights.get(&night).copied().unwrap_or_default();
                self.rooms(night.hotel).is_none_or(|rooms| book.held + book.kept < rooms.into())
            }
            What::Pay(bank, cents) => {
                let held = self.banks.get(&bank).map_or(0, |book| book.held);
                self.config.credit.is_none_or(|credit| held + cents.0 <= credit.0)
            }
        }
    }
}

impl Island for Hotels {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match (command, turn.origin()) {
            (Command::Book(booking, stay), Origin::Client(asker)) => {
                self.book(booking, stay, asker, turn);
            }
            (Command::End(booking, end), Origin::Client(asker)) => {
                self.end(booking, end, asker, turn);
            }
            (Command::CloseDesk(desk, span), Origin::Client(_)) => {
                if !self.closed.contains(&desk) {
                    turn.timer(span, Command::OpenDesk(desk));
                    turn.emit(Event::DeskClosed(desk));
                }
                turn.reply(Reply::DeskClosed);
            }
            (_, Origin::Client(_)) => turn.reply(Reply::NotForGuests),
            (Command::OpenDesk(desk), _) => turn.emit(Event::DeskOpened(desk)),
            (Command::EndNow(booking), _) => {
                let end = self.bookings.get(&booking).and_then(|booking| booking.end);
                end.into_iter().for_each(|(end, asker)| self.end_now(booking, end, asker, turn));
            }
            (Command::Saga(SagaMessage::Job(job)), _) if job.work.desk.is_some() => {
                self.pass_on(job, turn);
            }
            (Command::Saga(message), _) => match self.sagas.decide(message, turn) {
                News::Nothing | News::Acted(_) => {}
                News::Do(job) => {
                    let can = self.can_take(job.work.what);
                    self.sagas.answer(&job, if can { Answer::Done } else { Answer::Refused }, turn);
                }
                News::Held(booking) => self.accepted(booking, turn),
                News::Ended(booking, ending) => self.over(booking, ending, turn),
            },
            (Command::Book(..) | Command::End(..) | Command::CloseDesk(..), _) => {}
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Saga(event) => {
                self.sagas.evolve(event);
                if let SagaEvent::Acted(_, _, verb, task) = event {
                    self.took(task.what, *verb);
                }
            }
            Event::Booked(booking, asker, nights, price) => {
                let (asker, end) = (Some(*asker), None);
                let new = Booking { nights: *nights, price: *price, asker, end };
                self.bookings.insert(*booking, new);
            }
            Event::Accepted(booking) => {
                let Some(booking) = self.bookings.get_mut(booking) else { return };
                booking.asker = None;
                self.counters.accepted += 1;
                self.counters.taken.add(booking);
            }
            Event::EndAsked(booking, end, asker) => {
                let Some(booking) = self.bookings.get_mut(booking) else { return };
                booking.end = Some((*end, *asker));
            }
            Event::Over(booking, fate) => {
                if let Some(booking) = self.bookings.remove(booking) {
                    self.counters.over(&booking, *fate);
                }
            }
            Event::DeskClosed(desk) => drop(self.closed.insert(*desk)),
            Event::DeskOpened(desk) => drop(self.closed.remove(desk)),
            Event::NotPassedOn(_) => self.counters.not_passed_on += 1,
        }
    }
}

/// What is decided about bookings, on their own island.
impl Hotels {
    fn book(&self, booking: BookingId, stay: Stay, asker: Asker, turn: &mut Turn<Self>) {
        let task = |what| Task { what, desk: stay.desk };
        let plan = Plan::new(AtEnd::Hold)
            .stage(stay.nights().map(What::Room).map(task))
            .stage([task(What::Pay(stay.bank, stay.price))]);
        let plan = match self.config.patience {
            Some(span) => plan.patience(span),
            None => plan,
        };
        match self.sagas.begin(booking, plan, turn) {
            Ok(()) => turn.emit(Event::Booked(booking, asker, stay.nights, stay.price)),
            Err(bad) => turn.reply(Reply::Bad(bad.to_string())),
        }
    }

    fn end(&self, booking: BookingId, end: End, asker: Asker, turn: &mut Turn<Self>) {
        let open = self.bookings.get(&booking).filter(|booking| booking.end.is_none());
        let held = match (open, self.sagas.phase(booking)) {
            (None, _) | (_, None | Some(Phase::Back(..))) => return turn.reply(Reply::NotOpen),
            (Some(_), Some(phase)) => phase == Phase::Held,
        };
        turn.emit(Event::EndAsked(booking, end, asker));
        if held || end == End::Cancel {
            self.end_now(booking, end, asker, turn);
        }
    }

    /// Ends a booking that is held, or cancels one under way.
    fn end_now(&self, booking: BookingId, end: End, asker: Asker, turn: &mut Turn<Self>) {
        match end {
            End::CheckOut => {
                self.sagas.close(booking, turn);
                turn.emit(Event::Over(booking, Fate::Ended(end)));
                turn.reply_to(asker, Reply::Ended(end));
            }
            // The answer comes when all is given back.
            End::Cancel | End::NoShow => drop(self.sagas.cancel(booking, turn)),
        }
    }

    fn accepted(&self, booking: BookingId, turn: &mut Turn<Self>) {
        let Some(Booking { asker, end, .. }) = self.bookings.get(&booking) else { return };
        turn.emit(Event::Accepted(booking));
        asker.iter().for_each(|asker| turn.reply_to(*asker, Reply::Accepted));
        // A cancellation has turned it before, so it never comes here.
        if matches!(end, Some((End::CheckOut | End::NoShow, _))) {
            // It is held only when this turn is over.
            turn.send_to_key(booking.key(), Command::EndNow(booking));
        }
    }

    fn over(&self, booking: BookingId, ending: Ending, turn: &mut Turn<Self>) {
        let Some(Booking { asker, end, .. }) = self.bookings.get(&booking) else { return };
        let fate = match (ending, end) {
            (Ending::Undone(Why::Refused(_)), _) => Fate::Refused,
            (Ending::Undone(Why::Cancelled), Some((end, _))) => Fate::Ended(*end),
            _ => Fate::Unanswered,
        };
        turn.emit(Event::Over(booking, fate));
        asker.iter().for_each(|asker| turn.reply_to(*asker, Reply::NotAccepted(fate)));
        if let Some((end, asker)) = end {
            let reply = if fate == Fate::Ended(*end) { Reply::Ended(*end) } else { Reply::NotOpen };
            turn.reply_to(*asker, reply);
        }
    }
}

/// What is decided about steps, where they are taken, and on the way there.
impl Hotels {
    fn pass_on(&self, job: Job<BookingId, Task>, turn: &mut Turn<Self>) {
        let desk = job.work.desk.expect("it goes by one");
        if self.closed.contains(&desk) && job.verb != Verb::Keep {
            return turn.emit(Event::NotPassedOn(job.verb));
        }
        let work = Task { desk: None, ..job.work };
        turn.send_to_key(work.key(), SagaMessage::Job(Job { work, ..job }));
    }

    /// Books what was taken, given back or kept.
    fn took(&mut self, what: What, verb: Verb) {
        let (book, amount, most) = match what {
            What::Room(night) => {
                let most = self.rooms(night.hotel).map(u64::from);
                (self.nights.entry(night).or_default(), 1, most)
            }
            What::Pay(bank, cents) => (self.banks.entry(bank).or_default(), cents.0, None),
        };
        self.counters.compensations += u64::from(verb == Verb::Undo);
        let booked = match verb {
            Verb::Do => book.take(amount).filter(|_| most.is_none_or(|most| book.fits(most))),
            Verb::Undo => book.let_go(amount),
            Verb::Keep => book.let_go(amount).and_then(|()| {
                book.kept = book.kept.checked_add(amount)?;
                Some(())
            }),
        };
        if booked.is_none() {
            let book = *book;
            self.wrong.get_or_insert(format!("{verb:?} {amount} of {what:?} leads to {book:?}"));
        }
    }
}

impl Book {
    fn take(&mut self, amount: u64) -> Option<()> {
        self.held = self.held.checked_add(amount)?;
        self.takers += 1;
        Some(())
    }

    fn let_go(&mut self, amount: u64) -> Option<()> {
        self.held = self.held.checked_sub(amount)?;
        self.takers = self.takers.checked_sub(1)?;
        Some(())
    }

    const fn fits(&self, most: u64) -> bool {
        self.held + self.kept <= most
    }
}

impl Counters {
    fn over(&mut self, booking: &Booking, fate: Fate) {
        let was_accepted = booking.asker.is_none();
        match fate {
            Fate::Refused => self.refused += 1,
            Fate::Unanswered => self.unanswered += 1,
            Fate::Ended(End::Cancel) => {
                self.cancelled += 1;
                self.cancelled_early += u64::from(!was_accepted);
            }
            Fate::Ended(End::NoShow) => self.no_shows += 1,
            Fate::Ended(End::CheckOut) => self.checked_out += 1,
        }
        match fate {
            Fate::Ended(End::CheckOut) => self.kept.add(booking),
            _ if was_accepted => self.back.add(booking),
            _ => {}
        }
    }
}
