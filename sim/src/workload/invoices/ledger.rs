//! A ledger: an island of books, accounts and offices.
//!
//! Rules:
//! 1. A book answers a client at once, and an office when an invoice is settled: booked, or late.
//! 2. What cannot be (an account that hears of a series out of order, or a book that books so) is
//!    noted once, the first of its kind, and changes nothing else.
//!
//! It doesn't know the links, nor when anything is durable.

use std::collections::BTreeMap;

use archipelago::patterns::resequencer::{
    Arrival, Resequencer, ResequencerConfig, ResequencerEvent, SerialNumber, Step,
};
use archipelago::{Island, Origin, Turn};
use serde::{Deserialize, Serialize};

use super::command::{Command, Event, Invoice, Kind, Reply, Series, Slip};
use super::office::{OfficeCommand, Offices};

/// What was booked of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// How many.
    pub invoices: u64,
    /// The last of them.
    pub last: SerialNumber,
    /// All of them and their order.
    pub chain: u64,
}

/// What was posted to a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// How many invoices.
    pub invoices: u64,
    /// How many of them are credit notes.
    pub credit_notes: u64,
    /// The units of all.
    pub units: i64,
    /// The last number of each series.
    last: BTreeMap<Series, SerialNumber>,
    /// All of them and their order within each series.
    chains: BTreeMap<Series, u64>,
}

/// A ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    inbox: Resequencer<Series, Slip>,
    books: BTreeMap<Series, Book>,
    accounts: BTreeMap<String, Account>,
    offices: Offices,
    /// The most that was ever held of one series.
    held_most: u64,
    wrong: Option<String>,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(config: ResequencerConfig) -> Self {
        Self {
            inbox: Resequencer::new(config),
            books: BTreeMap::new(),
            accounts: BTreeMap::new(),
            offices: Offices::default(),
            held_most: 0,
            wrong: None,
        }
    }

    /// What its books hold, miss, and have given up.
    #[must_use]
    pub const fn inbox(&self) -> &Resequencer<Series, Slip> {
        &self.inbox
    }

    /// What was booked, by series.
    #[must_use]
    pub const fn books(&self) -> &BTreeMap<Series, Book> {
        &self.books
    }

    /// What was posted, by customer.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeMap<String, Account> {
        &self.accounts
    }

    /// The offices, in a simulated world.
    #[must_use]
    pub const fn offices(&self) -> &Offices {
        &self.offices
    }

    /// The most invoices of one series that were ever held at a time.
    #[must_use]
    pub const fn held_most(&self) -> u64 {
        self.held_most
    }

    /// The first thing seen that cannot be.
    #[must_use]
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    /// A number that follows from all that was booked and posted here, and in which order; of all
    /// islands these numbers add up (wrapping) to one that doesn't depend on how many there are.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        let books = self.books.iter().map(|(series, book)| {
            let blank = Invoice { kind: Kind::Sale, customer: None, rows: 0, units: 0 };
            blank.chained(book.chain, SerialNumber(u64::from(series.0)))
        });
        let accounts = self.accounts.iter().map(|(customer, account)| {
            let chains = account.chains.values().fold(account.invoices, |a, b| a.wrapping_add(*b));
            let (kind, customer) = (Kind::Sale, Some(customer.clone()));
            let whole = Invoice { kind, customer, rows: 0, units: account.units };
            whole.chained(chains, SerialNumber(account.credit_notes))
        });
        books.chain(accounts).fold(0, u64::wrapping_add)
    }

    /// Books what was released, and posts it.
    fn book(series: Series, step: Step<Slip>, turn: &mut Turn<Self>) -> u32 {
        let booked = step.len() as u32;
        for (number, Slip { invoice, office }) in step {
            if let Some(office) = office {
                turn.send(office, OfficeCommand::Settled(series, number));
            }
            if let Some(customer) = &invoice.customer {
                turn.send_to_key(customer, Command::Post(series, number, invoice.clone()));
            }
            turn.emit(Event::Booked(series, number, invoice));
        }
        booked
    }

    /// A number comes; a client hears what became of it, an office what did not.
    fn deliver(
        &self,
        series: Series,
        number: SerialNumber,
        invoice: Invoice,
        turn: &mut Turn<Self>,
    ) {
        let office = match turn.origin() {
            Origin::Island { from, .. } => Some(from),
            Origin::Client(_) | Origin::Timer(_) => None,
        };
        let slip = Slip { invoice, office };
        let line = self.inbox.of(series, turn);
        let reply = match line.and_then(|line| line.arrive(number, slip)) {
            Ok(Arrival::Released(step)) => Reply::Booked(Self::book(series, step, turn)),
            Ok(Arrival::Held) => Reply::Held,
            Ok(Arrival::Again) => Reply::Again,
            Ok(Arrival::Late(_)) => Reply::Late,
            Err(full) => Reply::NoRoom(full.to_string()),
        };
        match (office, &reply) {
            (None, _) => turn.reply(reply),
            (Some(office), Reply::NoRoom(_)) => {
                turn.send(office, OfficeCommand::NoRoom(series, number));
            }
            (Some(office), Reply::Late) => {
                turn.send(office, OfficeCommand::Settled(series, number));
            }
            (Some(_), _) => {}
        }
    }
}

impl Island for Ledger {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let is_client = turn.asker().is_some();
        match command {
            Command::Begin(series, first) => {
                let begun = self.inbox.begin(series, first, turn);
                turn.reply(begun.map_or_else(
                    |full| Reply::NoRoom(full.to_string()),
                    |begun| if begun { Reply::Booked(0) } else { Reply::Again },
                ));
            }
            Command::Deliver(series, number, invoice) => {
                self.deliver(series, number, invoice, turn);
            }
            Command::AllBelow(series, bound) => {
                let said = self.inbox.of(series, turn).map(|line| line.all_below(bound));
                let reply = match said {
                    Ok(step) => Reply::Booked(Self::book(series, step, turn)),
                    Err(full) => Reply::NoRoom(full.to_string()),
                };
                if is_client {
                    turn.reply(reply);
                }
            }
            Command::Office(command) => self.offices.decide(command, turn),
            Command::Post(..) if is_client => turn.reply(Reply::NotYours),
            Command::Post(series, number, invoice) => {
                turn.emit(Event::Posted(series, number, invoice));
            }
            Command::Book(_) if is_client => turn.reply(Reply::NotYours),
            Command::Book(message) => {
                let series = message.0;
                // Only a series that it knows has a timer.
                let Ok(line) = self.inbox.of(series, turn) else { return };
                let (step, gap) = line.look();
                Self::book(series, step, turn);
                if let Some(gap) = gap {
                    let asked = OfficeCommand::Asked(series, gap.from, gap.upto);
                    turn.send_to_key(series.office_key(), asked);
                }
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Inbox(event) => {
                self.inbox.evolve(event);
                if let ResequencerEvent::Line(series, _) = event {
                    self.held_most = self.held_most.max(self.inbox.held(series) as u64);
                }
            }
            Event::Booked(series, number, invoice) => {
                let book = self.books.entry(*series).or_default();
                if book.invoices > 0 && *number <= book.last {
                    let last = book.last;
                    self.wrong
                        .get_or_insert(format!("{number} of {series} is booked after {last}"));
                }
                book.invoices += 1;
                book.last = *number;
                book.chain = invoice.chained(book.chain, *number);
            }
            Event::Posted(series, number, invoice) => {
                let Some(customer) = &invoice.customer else { return };
                let account = self.accounts.entry(customer.clone()).or_default();
                let last = account.last.insert(*series, *number);
                if let Some(last) = last.filter(|last| last >= number) {
                    let said = format!("{number} of {series} is posted to {customer} after {last}");
                    self.wrong.get_or_insert(said);
                }
                account.invoices += 1;
                account.credit_notes += u64::from(invoice.kind == Kind::CreditNote);
                account.units += invoice.units;
                let chain = account.chains.entry(*series).or_default();
                *chain = invoice.chained(*chain, *number);
            }
            Event::Office(event) => self.offices.evolve(event),
        }
    }
}
