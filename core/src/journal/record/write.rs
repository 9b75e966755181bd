//! Writing a record.
//!
//! It doesn't know where the bytes go.

use super::{
    CANCELLED, COMMAND_BYTES_MAX, DEAD, EVENTS, RECORD_BYTES_MAX, REPLIES, SENDS, SOURCE_CLIENT,
    SOURCE_ISLAND, SOURCE_TIMER, Source, TIMERS,
};
use crate::bytes::{put_part, put_slice, put_varint};
use crate::codec::{CodecError, Wire};
use crate::command::route::SLOTS;
use crate::id::{Asker, IslandId, LinkSeq, Slot};
use crate::island::{Decision, Island};
use crate::time::Stamp;

/// A decision that would make a record larger than [`RECORD_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record would have {0} bytes; the most is {RECORD_BYTES_MAX}")]
pub struct Oversize(pub usize);

/// A message or a timer's command larger than [`COMMAND_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a command of {0} bytes to be sent or kept; the most is {COMMAND_BYTES_MAX}")]
pub struct Heavy(pub usize);

/// Why a record could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A value of the user's would not encode.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It is too large.
    #[error(transparent)]
    Oversize(#[from] Oversize),
    /// One of its commands is too large.
    #[error(transparent)]
    Heavy(#[from] Heavy),
    /// An answer goes to an asker who cannot be.
    #[error("an answer to an asker with slot {0}; slots are below {SLOTS}")]
    BadSlot(Slot),
}

/// Appends one record to `out`: `input` is the encoded command, `dead` the reason when it is a dead
/// letter, and `number` gives each send its link number (called once a send, in order).
///
/// # Errors
/// [`WriteError`]; `out` is then as it was.
pub fn write<I: Island>(
    out: &mut Vec<u8>,
    source: &Source,
    stamp: Stamp,
    input: &[u8],
    dead: Option<&str>,
    decision: &Decision<I>,
    mut number: impl FnMut(IslandId) -> LinkSeq,
) -> Result<(), WriteError> {
    let start = out.len();
    out.extend_from_slice(&[0; 5]);
    out.extend_from_slice(&stamp.0.to_le_bytes());
    let mut flags = put_source(out, source);
    put_slice(out, input);
    if let Some(reason) = dead {
        flags |= DEAD;
        put_slice(out, reason.as_bytes());
    }
    let sections = put_sections(out, source, decision, &mut number);
    let length = out.len() - start;
    let written = match sections {
        Ok(_) if length > RECORD_BYTES_MAX => Err(Oversize(length).into()),
        Ok(sections) => Ok(flags | sections),
        Err(error) => Err(error),
    };
    match written {
        Ok(flags) => {
            out[start..start + 4].copy_from_slice(&(length as u32 - 4).to_le_bytes());
            out[start + 4] = flags;
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

fn put_source(out: &mut Vec<u8>, source: &Source) -> u8 {
    match source {
        Source::Client { asker, answered_below } => {
            put_asker(out, asker);
            put_varint(out, answered_below.0);
            SOURCE_CLIENT
        }
        Source::Island { from, number, cause } => {
            put_varint(out, u64::from(from.0));
            put_varint(out, number.0);
            put_varint(out, u64::from(cause.hops));
            put_varint(out, u64::from(cause.island.0));
            put_varint(out, cause.position.0);
            SOURCE_ISLAND
        }
        Source::Timer(number) => {
            put_varint(out, number.0);
            SOURCE_TIMER
        }
    }
}

fn put_asker(out: &mut Vec<u8>, asker: &Asker) {
    out.extend_from_slice(&asker.client.0.to_le_bytes());
    out.extend_from_slice(&asker.slot.0.to_le_bytes());
    put_varint(out, asker.number.0);
}

fn put_sections<I: Island>(
    out: &mut Vec<u8>,
    source: &Source,
    decision: &Decision<I>,
    number: &mut impl FnMut(IslandId) -> LinkSeq,
) -> Result<u8, WriteError> {
    let mut flags = 0;
    let mut section = |out: &mut Vec<u8>, flag: u8, count: usize| {
        if count > 0 {
            flags |= flag;
            put_varint(out, count as u64);
        }
    };
    section(out, EVENTS, decision.events.len());
    for event in &decision.events {
        put_part(out, |out| event.encode(out))?;
    }
    section(out, SENDS, decision.sends.len());
    for (to, command) in &decision.sends {
        put_varint(out, u64::from(to.0));
        put_varint(out, number(*to).0);
        put_command(out, command)?;
    }
    section(out, REPLIES, decision.replies.len());
    for (asker, reply) in &decision.replies {
        if asker.slot.0 >= SLOTS {
            return Err(WriteError::BadSlot(asker.slot));
        }
        match source {
            Source::Client { asker: own, .. } if own == asker => out.push(0),
            _ => {
                out.push(1);
                put_asker(out, asker);
            }
        }
        put_part(out, |out| reply.encode(out))?;
    }
    section(out, TIMERS, decision.timers.len());
    for (timer, deadline, command) in &decision.timers {
        put_varint(out, timer.0);
        put_varint(out, deadline.0);
        put_command(out, command)?;
    }
    section(out, CANCELLED, decision.cancelled.len());
    for timer in &decision.cancelled {
        put_varint(out, timer.0);
    }
    Ok(flags)
}

fn put_command<C: Wire>(out: &mut Vec<u8>, command: &C) -> Result<(), WriteError> {
    put_part(out, |out| {
        let start = out.len();
        command.encode(out)?;
        let length = out.len() - start;
        if length > COMMAND_BYTES_MAX { Err(Heavy(length).into()) } else { Ok(()) }
    })
}
