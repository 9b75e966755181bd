//! Deciding again: the recorded inputs of one island, each on the state that its records led to.
//!
//! Rules:
//! 1. A record is made by the same code as when the island was live; it stands in memory only, and
//!    nothing leaves.
//! 2. The state goes on by the *recorded* events, whatever was decided again: so a decision that
//!    differs doesn't make those after it differ.
//! 3. Time is an input: the recorded stamp is the time of the new decision.
//! 4. An input that could not be read when it came is a dead letter. It need not be readable now,
//!    and the words may have changed: its recorded reason stands for it.
//!
//! It doesn't know what is done with a difference.

use std::sync::Arc;

use super::image::{Applied, Image, ReplayError};
use crate::codec::Wire;
use crate::command::route::Table;
use crate::id::IslandId;
use crate::island::deciding::{self, Input};
use crate::island::{Island, Turn};
use crate::journal::record::{COMMAND_BYTES_MAX, RecordView, Source};

/// One island that decides its recorded inputs again.
#[derive(Debug)]
pub struct Again<I: Island> {
    image: Image<I>,
    turn: Turn<I>,
    record: Vec<u8>,
}

impl<I: Island> Again<I> {
    /// `island` as it stands in `image`; its next record is the one after `image.position`.
    #[must_use]
    pub fn new(island: IslandId, table: Arc<Table>, image: Image<I>) -> Self {
        Self { image, turn: Turn::new(island, table), record: Vec::new() }
    }

    /// Decides the input of `record`, which must be the next one, and returns the bytes of the
    /// record that this makes (without its length field, as [`RecordView::bytes`]).
    ///
    /// # Errors
    /// [`ReplayError::Contradiction`] when no island could have taken such an input.
    pub fn decide(&mut self, record: &RecordView<'_>) -> Result<&[u8], ReplayError> {
        let (source, stamp, bytes) = (&record.source, record.stamp, record.input);
        if bytes.len() > COMMAND_BYTES_MAX {
            return Err(ReplayError::Contradiction(format!(
                "an input of {} bytes; the most is {COMMAND_BYTES_MAX}",
                bytes.len()
            )));
        }
        let command = match (source, record.dead) {
            // No message that an island sent has 0 hops: it could not even be parsed.
            (Source::Island { cause, .. }, Some(reason)) if cause.hops == 0 => {
                Err(reason.to_owned())
            }
            (_, dead) => I::Command::decode(bytes)
                .map_err(|error| dead.map_or_else(|| error.to_string(), str::to_owned)),
        };
        let input = Input { source, stamp, bytes };
        self.record.clear();
        let (image, turn) = (&mut self.image, &mut self.turn);
        let decided = deciding::decide(image, turn, input, command);
        deciding::write(image, turn, input, decided, &mut self.record);
        // The recorded sends will take these numbers.
        turn.decision().sends.iter().for_each(|(to, _)| image.take_back_number(*to));
        Ok(&self.record[4..])
    }

    /// Goes on to the state after `record`, as it was recorded.
    ///
    /// # Errors
    /// As [`Image::apply`]; it must not be used then.
    pub fn apply(&mut self, record: &RecordView<'_>) -> Result<Applied, ReplayError> {
        self.image.apply(record)
    }

    /// The island as its records left it.
    #[must_use]
    pub const fn image(&self) -> &Image<I> {
        &self.image
    }
}
