//! Dead letters: commands whose decision failed, and which of them were put back.
//!
//! Rules:
//! 1. A dead letter is a record: a command of a client, a message, or a timer that was consumed and
//!    changed nothing, with the reason.
//! 2. [Putting one back](crate::Archipelago::put_back) asks its island again, as a client whose
//!    name says which letter it is. So whoever puts a letter back twice gets the first answer
//!    again, and the journal says which were put back.
//! 3. A letter that was put back and failed again is another letter.
//!
//! It doesn't know why deciding failed, nor whether it would now.

use std::collections::BTreeMap;

use archipelago_core::codec::{CodecError, Wire};
use archipelago_core::command::route::client_id;
use archipelago_core::id::{ClientId, IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockPlace, SchemaVersion};
use archipelago_core::journal::record::Source;
use archipelago_core::replay::{Upcast, UpcastError};
use archipelago_core::time::Stamp;

use super::error::OpenError;
use super::log::Log;

/// A command whose decision failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The island that could not decide it.
    pub island: IslandId,
    /// The position of its record there.
    pub position: JournalPosition,
    /// When.
    pub stamp: Stamp,
    /// Who brought it.
    pub source: Source,
    /// Why.
    pub reason: String,
    /// The record of the same island in which it was asked again, if it was put back.
    pub put_back: Option<JournalPosition>,
    place: BlockPlace,
    schema: SchemaVersion,
    input: Vec<u8>,
}

impl DeadLetter {
    /// The command.
    ///
    /// # Errors
    /// [`OpenError::Form`]: `I` cannot read it, which may be why it died.
    pub fn command<I: Island>(&self) -> Result<I::Command, OpenError> {
        let form = |reason: UpcastError| OpenError::Form {
            island: self.island,
            position: self.position,
            place: self.place.to_string(),
            reason,
        };
        let unread = |error: CodecError| {
            let (what, from, reason) = ("a command", self.schema, error.to_string());
            form(UpcastError::Unread { what, from, reason })
        };
        match Upcast::<I>::from(self.schema).map_err(form)? {
            None => I::Command::decode(&self.input).map_err(unread),
            Some(upcast) => {
                let now = upcast.command_bytes(&self.input).map_err(form)?;
                I::Command::decode(&now).map_err(unread)
            }
        }
    }

    /// The name of the client as which it is put back.
    pub(crate) fn client_name(&self) -> String {
        client_name(self.island, self.position)
    }
}

fn client_name(island: IslandId, position: JournalPosition) -> String {
    format!("dead letter {island}:{position}")
}

/// The dead letters of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// The first ones, in the order of the journal.
    pub letters: Vec<DeadLetter>,
    /// How many there are, also beyond the limit.
    pub count: u64,
    /// How many of them were put back.
    pub put_back: u64,
}

impl Log {
    /// The dead letters, of which at most `limit` are kept; of the others 24 bytes each.
    ///
    /// # Errors
    /// As [`Log::records`].
    pub fn dead_letters(&self, limit: usize) -> Result<DeadLetters, OpenError> {
        let mut found = DeadLetters::default();
        // By the client as which it would be put back.
        let mut open: BTreeMap<ClientId, usize> = BTreeMap::new();
        self.records(|at| -> Result<(), OpenError> {
            let (island, position, record) = (at.island, at.position, &at.record);
            if let Source::Client { asker, .. } = record.source
                && let Some(letter) = open.remove(&asker.client)
            {
                found.put_back += 1;
                if let Some(letter) = found.letters.get_mut(letter) {
                    letter.put_back = Some(position);
                }
            }
            if let Some(reason) = record.dead {
                let client = client_id(&client_name(island, position));
                open.insert(client, usize::try_from(found.count).unwrap_or(usize::MAX));
                found.count += 1;
                if found.letters.len() < limit {
                    found.letters.push(DeadLetter {
                        island,
                        position,
                        stamp: record.stamp,
                        source: record.source,
                        reason: reason.to_owned(),
                        put_back: None,
                        place: at.place,
                        schema: at.schema,
                        input: record.input.to_vec(),
                    });
                }
            }
            Ok(())
        })?;
        Ok(found)
    }
}
