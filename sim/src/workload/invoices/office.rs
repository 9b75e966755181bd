//! Offices: the sources of a simulated world. An office issues the numbers of its series; chance
//! says what becomes of each.
//!
//! Rules:
//! 1. Who asked for a number is answered when it is settled: booked, or late. What is lost or void
//!    is answered at once.
//! 2. What the book has no room for is brought again when another number of the series is settled,
//!    and at once when all below it is settled or void: then it is the one that the book waits for.
//! 3. An office says "you have all below b" as soon as all below b are settled or void, unless its
//!    book is one that gives up gaps by itself: then it never says anything.
//! 4. Asked for a gap, it sends what it had lost there. What is void it has nothing to say of.
//!
//! It doesn't know what the book does about gaps, beyond rule 3.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use archipelago::patterns::resequencer::SerialNumber;
use archipelago::{Asker, Millis, Turn};
use serde::{Deserialize, Serialize};

use super::command::{Command, Invoice, Reply, Series};
use super::ledger::Ledger;
use super::scenario::{goes_by_word, policy};

/// What becomes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It is sent at once.
    Now,
    /// It is sent at once, twice.
    Twice,
    /// It is sent so much later.
    Late(Millis),
    /// It is sent at once, and so much later again.
    Again(Millis),
    /// It is sent when somebody asks for it; where nobody ever asks, so much later.
    Lost(Millis),
    /// There is no invoice of that number.
    Void,
}

/// What an office is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfficeCommand {
    /// A client: issue the next number.
    Issue(Series, Fate),
    /// The book: that number is settled.
    Settled(Series, SerialNumber),
    /// The book: there is no room for that number.
    NoRoom(Series, SerialNumber),
    /// The book: what about these numbers?
    Asked(Series, SerialNumber, SerialNumber),
    /// A timer: send that number.
    Send(Series, SerialNumber),
}

/// Where a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is on its way, or will be.
    Underway,
    /// It waits to be asked for.
    Lost,
    /// It waits until there is room.
    TurnedAway,
    /// It is booked, or a dead letter.
    Settled,
    /// There is no such invoice.
    Void,
}

/// What happened to an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfficeEvent {
    /// The next number stands so; who asked for it waits, if it is under way.
    Issued(Series, Standing, Option<Asker>),
    /// A number stands so now.
    Stands(Series, SerialNumber, Standing),
    /// The office has said that the book has all below.
    Said(Series, SerialNumber),
    /// The book has asked.
    Asked(Series),
}

/// One office.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// Where each number stands, from 1 on.
    pub numbers: Vec<Standing>,
    /// The book has all below.
    pub said: SerialNumber,
    /// How often the book has asked.
    pub asked: u64,
    /// Who waits for which number.
    askers: BTreeMap<SerialNumber, Asker>,
}

impl Office {
    /// Where a number stands, if it is issued.
    #[must_use]
    pub fn standing(&self, number: SerialNumber) -> Option<Standing> {
        self.numbers.get(usize::try_from(number.0).ok()?.checked_sub(1)?).copied()
    }

    /// All its numbers.
    const fn all(&self) -> RangeInclusive<u64> {
        1..=self.numbers.len() as u64
    }

    /// Sends those of `numbers` that stand `so`.
    fn bring(
        &self,
        series: Series,
        so: Standing,
        numbers: RangeInclusive<u64>,
        turn: &mut Turn<Ledger>,
    ) {
        for number in numbers.map(SerialNumber) {
            if self.standing(number) == Some(so) {
                turn.emit(OfficeEvent::Stands(series, number, Standing::Underway));
                send(series, number, turn);
            }
        }
    }

    /// The book has all below, once `number` stands `so`.
    fn has_all_below(&self, number: SerialNumber, so: Standing) -> SerialNumber {
        let mut bound = self.said.max(SerialNumber(1));
        loop {
            let standing = if bound == number { Some(so) } else { self.standing(bound) };
            match standing {
                Some(Standing::Settled | Standing::Void) => bound = bound.next(),
                _ => return bound,
            }
        }
    }
}

/// The offices of an island.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Offices(BTreeMap<Series, Office>);

impl Offices {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Series, &Office)> {
        self.0.iter()
    }

    pub(super) fn decide(&self, command: OfficeCommand, turn: &mut Turn<Ledger>) {
        if turn.asker().is_some() != matches!(command, OfficeCommand::Issue(..)) {
            if turn.asker().is_some() {
                turn.reply(Reply::NotYours);
            }
            return;
        }
        match command {
            OfficeCommand::Issue(series, fate) => self.issue(series, fate, turn),
            OfficeCommand::Settled(series, number) => {
                turn.emit(OfficeEvent::Stands(series, number, Standing::Settled));
                let Some(office) = self.0.get(&series) else { return };
                if let Some(asker) = office.askers.get(&number) {
                    turn.reply_to(*asker, Reply::Issued(number));
                }
                self.say(series, number, Standing::Settled, turn);
                office.bring(series, Standing::TurnedAway, office.all(), turn);
            }
            OfficeCommand::NoRoom(series, number) => {
                let said = self.0.get(&series).map(|office| office.said);
                if said == Some(number) {
                    send(series, number, turn);
                } else {
                    turn.emit(OfficeEvent::Stands(series, number, Standing::TurnedAway));
                }
            }
            OfficeCommand::Asked(series, from, upto) => {
                turn.emit(OfficeEvent::Asked(series));
                let Some(office) = self.0.get(&series) else { return };
                office.bring(series, Standing::Lost, from.0..=upto.0, turn);
            }
            OfficeCommand::Send(series, number) => send(series, number, turn),
        }
    }

    fn issue(&self, series: Series, fate: Fate, turn: &mut Turn<Ledger>) {
        let issued = self.0.get(&series).map_or(0, |office| office.numbers.len());
        let number = SerialNumber(issued as u64 + 1);
        let fate = match (fate, policy(turn.island_of(series.key()))) {
            (Fate::Lost(span), None) => Fate::Late(span),
            (fate, _) => fate,
        };
        let standing = match fate {
            Fate::Void => Standing::Void,
            Fate::Lost(_) => Standing::Lost,
            Fate::Now | Fate::Twice | Fate::Late(_) | Fate::Again(_) => Standing::Underway,
        };
        let asker = turn.asker().filter(|_| standing == Standing::Underway);
        if asker.is_none() {
            turn.reply(Reply::Issued(number));
        }
        turn.emit(OfficeEvent::Issued(series, standing, asker));
        let copies = match fate {
            Fate::Now | Fate::Again(_) => 1,
            Fate::Twice => 2,
            Fate::Late(_) | Fate::Lost(_) | Fate::Void => 0,
        };
        (0..copies).for_each(|_| send(series, number, turn));
        if let Fate::Late(span) | Fate::Again(span) = fate {
            turn.timer(span, OfficeCommand::Send(series, number));
        }
        self.say(series, number, standing, turn);
    }

    /// Tells the book that it has all below, if that has changed.
    fn say(&self, series: Series, number: SerialNumber, so: Standing, turn: &mut Turn<Ledger>) {
        let book = turn.island_of(series.key());
        let unborn = Office::default();
        let office = self.0.get(&series).unwrap_or(&unborn);
        let bound = office.has_all_below(number, so);
        if bound > office.said && goes_by_word(book) {
            turn.emit(OfficeEvent::Said(series, bound));
            turn.send(book, Command::AllBelow(series, bound));
        }
    }

    pub(super) fn evolve(&mut self, event: &OfficeEvent) {
        let (OfficeEvent::Issued(series, ..)
        | OfficeEvent::Stands(series, ..)
        | OfficeEvent::Said(series, _)
        | OfficeEvent::Asked(series)) = event;
        let office = self.0.entry(*series).or_default();
        match event {
            OfficeEvent::Issued(_, standing, asker) => {
                office.numbers.push(*standing);
                let number = SerialNumber(office.numbers.len() as u64);
                office.askers.extend(asker.map(|asker| (number, asker)));
            }
            OfficeEvent::Stands(_, number, standing) => {
                if let Some(at) = office.numbers.get_mut(number.0 as usize - 1) {
                    *at = *standing;
                }
                if *standing == Standing::Settled {
                    office.askers.remove(number);
                }
            }
            OfficeEvent::Said(_, bound) => office.said = *bound,
            OfficeEvent::Asked(_) => office.asked += 1,
        }
    }
}

fn send(series: Series, number: SerialNumber, turn: &mut Turn<Ledger>) {
    let invoice = Invoice::of(series, number);
    turn.send_to_key(series.key(), Command::Deliver(series, number, invoice));
}
