//! What a live decision and one that is made again have in common: decide, then write the record.
//!
//! Rules:
//! 1. What is decided depends on the image, the input and its stamp alone.
//! 2. A panic in `decide`, or a decision that cannot be written, is a dead letter: a record without
//!    events, with the reason.
//! 3. Of the image it changes only the link numbers, which it gives to what is sent.
//!
//! It doesn't know whether the record will be kept.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::decider::Island;
use super::reason::{cut, panic_text};
use super::turn::{Origin, Turn};
use crate::journal::record::{self, Source};
use crate::replay::Image;
use crate::time::Stamp;

/// An input as its record will hold it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    /// Who brought it.
    pub(crate) source: &'a Source,
    /// The stamp of its record.
    pub(crate) stamp: Stamp,
    /// The command's bytes.
    pub(crate) bytes: &'a [u8],
}

/// Decides `command`; what it says stands in `turn`.
///
/// # Errors
/// Why it is a dead letter: it could not be read, or `decide` panicked.
pub(crate) fn decide<I: Island>(
    image: &Image<I>,
    turn: &mut Turn<I>,
    input: Input<'_>,
    command: Result<I::Command, String>,
) -> Result<(), String> {
    let origin = Origin::of(input.source);
    turn.begin(origin, image.position.next(), input.stamp, image.timers.next_number());
    command.and_then(|command| {
        catch_unwind(AssertUnwindSafe(|| image.state.decide(command, turn)))
            .map_err(|panic| panic_text(panic.as_ref()))
    })
}

/// Appends the record to `out`. Says why it is a dead letter, if it is one; `turn` is then empty.
///
/// # Panics
/// When the input has more than [`record::COMMAND_BYTES_MAX`] bytes.
pub(crate) fn write<I: Island>(
    image: &mut Image<I>,
    turn: &mut Turn<I>,
    input: Input<'_>,
    decided: Result<(), String>,
    out: &mut Vec<u8>,
) -> Option<String> {
    let dead = match decided {
        Ok(()) => put(image, turn, input, None, out).err(),
        Err(reason) => Some(reason),
    };
    if let Some(reason) = &dead {
        turn.decision_mut().clear();
        let reason = cut(reason);
        put(image, turn, input, Some(reason), out).expect("an input alone fits a record");
    }
    dead
}

/// Writes the record; on failure takes back the link numbers it gave.
fn put<I: Island>(
    image: &mut Image<I>,
    turn: &Turn<I>,
    input: Input<'_>,
    dead: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let (Input { source, stamp, bytes }, decision) = (input, turn.decision());
    let mut given = 0;
    let written = record::write(out, source, stamp, bytes, dead, decision, |to| {
        given += 1;
        image.give_number(to)
    });
    written.map_err(|error| {
        decision.sends[..given].iter().for_each(|(to, _)| image.take_back_number(*to));
        error.to_string()
    })
}
