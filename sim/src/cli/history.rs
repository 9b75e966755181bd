//! What a warehouse's journal says of each request: asked, and how it was answered.
//!
//! Rules:
//! 1. Requests of the command line go by one client; their number is their place in the workload:
//!    first the products, then the orders and returns.
//! 2. Nothing is decided here: the replies stand in the records.

use archipelago::replay::{Log, RecordAt};
use archipelago_core::codec::Wire;
use archipelago_core::command::route;
use archipelago_core::id::RequestNumber;
use archipelago_core::journal::record::{Entry, Source};

use super::failure::Failure;
use super::reply_log::Outcome;
use crate::workload::warehouse::{Command, Reply};

/// The name of the command line's client.
pub const CLIENT: &str = "archipelago run warehouse";

/// What is known of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It was never decided.
    #[default]
    Unknown,
    /// It is decided and waits for its answer.
    Open,
    /// It was answered, and is not an order.
    Answered,
    /// An order, answered.
    Order(Outcome),
}

/// The requests of a journal, by number.
#[derive(Debug, Default)]
pub struct History {
    /// Status by request number; number 0 is nobody's.
    statuses: Vec<Status>,
}

impl History {
    /// What is known of request `number`.
    #[must_use]
    pub fn status(&self, number: RequestNumber) -> Status {
        self.statuses.get(number.0 as usize).copied().unwrap_or_default()
    }

    /// Reads it from a journal; `order` hears of each order as it was asked: its request number
    /// and its own number.
    ///
    /// # Errors
    /// Damage, or records that this program cannot read.
    pub fn read(log: &Log, mut order: impl FnMut(RequestNumber, &str)) -> Result<Self, Failure> {
        let client = route::client_id(CLIENT);
        let mut history = Self::default();
        log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
            let asked = match at.record.source {
                Source::Client { asker, .. } if asker.client == client => Some(asker.number),
                _ => None,
            };
            if let Some(number) = asked {
                history.set(number, Status::Open);
                let command = Command::decode(at.record.input);
                if let Command::PlaceOrder { order: name, .. } =
                    command.map_err(|error| unreadable(&at, &error))?
                {
                    order(number, name.as_str());
                }
            }
            at.record.walk(|entry| -> Result<(), Failure> {
                match entry {
                    Entry::Reply { asker, reply } if asker.client == client => {
                        let reply =
                            Reply::decode(reply).map_err(|error| unreadable(&at, &error))?;
                        history.set(asker.number, status_of(&reply));
                    }
                    _ => {}
                }
                Ok(())
            })
        })?;
        Ok(history)
    }

    fn set(&mut self, number: RequestNumber, status: Status) {
        let at = number.0 as usize;
        if self.statuses.len() <= at {
            self.statuses.resize(at + 1, Status::Unknown);
        }
        self.statuses[at] = status;
    }
}

/// What a reply makes of its request.
#[must_use]
pub const fn status_of(reply: &Reply) -> Status {
    match reply {
        Reply::Accepted { .. } => Status::Order(Outcome::Accepted),
        Reply::Refused { .. } => Status::Order(Outcome::Refused),
        _ => Status::Answered,
    }
}

fn unreadable(at: &RecordAt<'_>, error: &dyn std::fmt::Display) -> Failure {
    Failure::input(format!(
        "island {}, record {}: {error}; was it written by another version?",
        at.island, at.position
    ))
}
