//! What a journal says of each request of the command line: asked, and how it was answered.
//!
//! Rules:
//! 1. Requests of the command line go by one client; their number is their place in the workload.
//! 2. Nothing is decided here: the replies stand in the records.
//!
//! It doesn't know what a reply says; `K` is what a world wants to keep of it.

use archipelago::replay::{Log, RecordAt};
use archipelago_core::codec::Wire;
use archipelago_core::command::route;
use archipelago_core::id::RequestNumber;
use archipelago_core::journal::record::{Entry, Source};

use super::World;
use crate::cli::failure::Failure;

/// The name of the command line's client.
pub(super) fn client<W: World>() -> String {
    format!("archipelago run {}", W::APPLICATION)
}

/// What is known of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status<K> {
    /// It was never decided.
    #[default]
    Unknown,
    /// It is decided and waits for its answer.
    Open,
    /// It was answered, and this was kept of the answer.
    Answered(K),
}

/// The requests of a journal, by number. A few bytes each.
#[derive(Clone, Debug)]
pub struct History<K> {
    /// Status by request number; number 0 is nobody's.
    statuses: Vec<Status<K>>,
}

impl<K> Default for History<K> {
    fn default() -> Self {
        Self { statuses: Vec::new() }
    }
}

impl<K> History<K> {
    /// What is known of request `number`.
    #[must_use]
    pub fn status(&self, number: RequestNumber) -> &Status<K> {
        self.statuses.get(number.0 as usize).unwrap_or(&Status::Unknown)
    }

    /// Reads it from a journal; `asked` sees each request's own record.
    ///
    /// # Errors
    /// Damage, or records that this program cannot read.
    pub fn read<W: World>(
        log: &Log,
        keep: impl Fn(&W::Reply) -> K,
        mut asked: impl FnMut(RequestNumber, W::Command),
    ) -> Result<Self, Failure> {
        let client = route::client_id(&client::<W>());
        let mut history = Self::default();
        log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
            if let Source::Client { asker, .. } = at.record.source
                && asker.client == client
            {
                history.set(asker.number, Status::Open);
                let command = W::Command::decode(at.record.input);
                asked(asker.number, command.map_err(|error| unreadable(&at, &error))?);
            }
            at.record.walk(|entry| -> Result<(), Failure> {
                if let Entry::Reply { asker, reply } = entry
                    && asker.client == client
                {
                    let reply = W::Reply::decode(reply).map_err(|error| unreadable(&at, &error))?;
                    history.set(asker.number, Status::Answered(keep(&reply)));
                }
                Ok(())
            })
        })?;
        Ok(history)
    }

    fn set(&mut self, number: RequestNumber, status: Status<K>) {
        let at = number.0 as usize;
        if self.statuses.len() <= at {
            self.statuses.resize_with(at + 1, || Status::Unknown);
        }
        self.statuses[at] = status;
    }
}

fn unreadable(at: &RecordAt<'_>, error: &dyn std::fmt::Display) -> Failure {
    Failure::input(format!(
        "island {}, record {}: {error}; was it written by another version?",
        at.island, at.position
    ))
}
