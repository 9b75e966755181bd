//! Reading an island's messages again from its journal: the journal is the outbox (links rule R7).
//!
//! Rules:
//! 1. It walks the island's blocks backwards from its last durable one, until a block holds the
//!    message asked for or an older one, then reads forwards.
//! 2. At most [`MESSAGES_MAX`] messages or [`BYTES_MAX`] bytes are read at a time. The way forward
//!    is remembered, at most [`PLACES_MAX`] blocks of it: each block of a long backlog is walked
//!    over once, not once for each reading.
//! 3. Messages of an older schema leave in the current form.
//!
//! It doesn't know why a message must go out again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition, Life, LinkSeq};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockHeader, BlockPlace, SchemaVersion};
use archipelago_core::journal::record::{Entry, RecordsView};
use archipelago_core::link::chunk::{Chunk, ChunkBuilder, Message};
use archipelago_core::replay::{Upcast, UpcastError};

use crate::journal::{JournalError, Storage, read_block};
use crate::replay::OpenError;

/// Messages read at a time.
const MESSAGES_MAX: u32 = 4096;
/// Bytes read at a time.
const BYTES_MAX: usize = 1 << 20;
/// Blocks of a way forward that are remembered, per link.
const PLACES_MAX: usize = 1 << 16;

/// Reads messages again.
pub struct Rereader {
    storage: Arc<dyn Storage>,
    life: Life,
    /// A command of some schema, as it is written now.
    current: Current,
    ways: BTreeMap<(IslandId, IslandId), Way>,
}

/// A command's bytes as they are written now; `None` when they are.
type Current = fn(SchemaVersion, &[u8]) -> Result<Option<Vec<u8>>, UpcastError>;

fn current<I: Island>(
    schema: SchemaVersion,
    command: &[u8],
) -> Result<Option<Vec<u8>>, UpcastError> {
    Upcast::<I>::from(schema)?.map(|upcast| upcast.command_bytes(command)).transpose()
}

/// The way forward on one link.
struct Way {
    /// The next message.
    next: LinkSeq,
    /// The blocks that may hold it and those after it, oldest first.
    places: VecDeque<BlockPlace>,
}

impl Rereader {
    /// One that reads messages of `I`s from `storage`.
    #[must_use]
    pub fn new<I: Island>(storage: Arc<dyn Storage>, life: Life) -> Self {
        Self { storage, life, current: current::<I>, ways: BTreeMap::new() }
    }

    /// The messages of `from` to `to` from number `first` on; `tail` is the place of `from`'s last
    /// durable block. `None` when they cannot be read now; it is asked again later.
    pub fn reread(
        &mut self,
        from: IslandId,
        tail: Option<BlockPlace>,
        to: IslandId,
        first: LinkSeq,
    ) -> Option<Chunk> {
        match self.read(from, tail, to, first) {
            Ok(chunk) => chunk,
            Err(error) => {
                tracing::error!(%from, %to, %first, %error, "messages cannot be read again");
                None
            }
        }
    }

    /// The same, and says why they cannot be read.
    ///
    /// # Errors
    /// [`OpenError`]: a block cannot be read, or a message of it cannot be rewritten.
    pub(crate) fn read(
        &mut self,
        from: IslandId,
        tail: Option<BlockPlace>,
        to: IslandId,
        first: LinkSeq,
    ) -> Result<Option<Chunk>, OpenError> {
        let way = self.ways.remove(&(from, to)).filter(|way| way.next == first);
        let mut places = match way {
            Some(way) => way.places,
            None => self.walk_back(tail, to, first)?,
        };
        let mut builder = ChunkBuilder::default();
        while let Some(place) = places.front() {
            let (header, body) = read_block(&*self.storage, *place, self.life)?;
            let gathered = gather(&header, &body, (from, to, first), self.current, &mut builder);
            match gathered {
                // What could be read before it goes out first.
                Err(_) if builder.count() > 0 => break,
                Err((position, reason)) => {
                    let (segment, offset) = (self.storage.name(place.segment), place.offset);
                    let place = format!("{segment}, offset {offset}");
                    return Err(OpenError::Form { island: from, position, place, reason });
                }
                Ok(()) => {}
            }
            if is_full(&builder) {
                // The last block may hold more.
                break;
            }
            places.pop_front();
        }
        let chunk = builder.finish();
        if let Some(chunk) = chunk.as_ref().filter(|_| !places.is_empty()) {
            self.ways.insert((from, to), Way { next: chunk.last().next(), places });
        }
        Ok(chunk)
    }

    /// The blocks from the one that holds message `first` up to `tail`, oldest first.
    fn walk_back(
        &self,
        tail: Option<BlockPlace>,
        to: IslandId,
        first: LinkSeq,
    ) -> Result<VecDeque<BlockPlace>, JournalError> {
        let mut places = VecDeque::new();
        let mut next = tail;
        while let Some(place) = next {
            let (header, body) = read_block(&*self.storage, place, self.life)?;
            places.push_front(place);
            places.truncate(PLACES_MAX);
            next = header.previous;
            let oldest = oldest_send(&header, &body, to);
            if oldest.is_ok_and(|oldest| oldest.is_some_and(|oldest| oldest <= first)) {
                break;
            }
        }
        Ok(places)
    }
}

fn is_full(builder: &ChunkBuilder) -> bool {
    builder.count() >= MESSAGES_MAX || builder.bytes_len() >= BYTES_MAX
}

/// The number of the first message to `to` in a block.
fn oldest_send(
    header: &BlockHeader,
    body: &[u8],
    to: IslandId,
) -> Result<Option<LinkSeq>, Malformed> {
    let mut oldest = None;
    for_each_send(header, body, to, |number, _, _| oldest = oldest.or(Some(number)))?;
    Ok(oldest)
}

fn gather(
    header: &BlockHeader,
    body: &[u8],
    (from, to, first): (IslandId, IslandId, LinkSeq),
    current: Current,
    builder: &mut ChunkBuilder,
) -> Result<(), (JournalPosition, UpcastError)> {
    let mut wrong = None;
    let walked = for_each_send(header, body, to, |number, position, message| {
        if number < first || is_full(builder) || wrong.is_some() {
            return;
        }
        let cause = message.source.cause_of_sends(from, position);
        match current(header.schema, message.command) {
            Ok(command) => {
                let command = command.as_deref().unwrap_or(message.command);
                builder.push(number, &Message { stamp: message.stamp, cause, command });
            }
            Err(error) => wrong = Some((position, error)),
        }
    });
    walked.map_err(|error| (header.first, error.into()))?;
    wrong.map_or(Ok(()), Err)
}

/// A message as its record holds it.
struct Sent<'a> {
    source: archipelago_core::journal::record::Source,
    stamp: archipelago_core::time::Stamp,
    command: &'a [u8],
}

fn for_each_send(
    header: &BlockHeader,
    body: &[u8],
    to: IslandId,
    mut visit: impl FnMut(LinkSeq, JournalPosition, Sent<'_>),
) -> Result<(), Malformed> {
    let mut records = RecordsView::new(body);
    let mut position = header.first;
    while let Some(record) = records.next_record()? {
        record.walk(|entry| -> Result<(), Malformed> {
            if let Entry::Send { to: receiver, number, command } = entry
                && receiver == to
            {
                visit(
                    number,
                    position,
                    Sent { source: record.source, stamp: record.stamp, command },
                );
            }
            Ok(())
        })?;
        position = position.next();
    }
    Ok(())
}
