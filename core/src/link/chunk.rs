//! Messages of one link, one after the other, as bytes.
//!
//! ```text
//! per message: part { u64 stamp, hops, root island, root position (varints), the command's bytes }
//! ```
//!
//! It doesn't know where they go.

use std::sync::Arc;

use crate::bytes::{Malformed, Reader, put_part, put_varint};
use crate::id::{IslandId, JournalPosition, LinkSeq};
use crate::journal::record::Cause;
use crate::time::Stamp;

/// Consecutive messages of one link; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The first message's number.
    pub first: LinkSeq,
    /// How many there are.
    pub count: u32,
    /// The messages.
    pub bytes: Arc<Vec<u8>>,
}

impl Chunk {
    /// The last message's number (`first - 1` of an empty chunk).
    #[must_use]
    pub const fn last(&self) -> LinkSeq {
        LinkSeq(self.first.0 + self.count as u64 - 1)
    }
}

/// One message, read in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The stamp of the record that sent it.
    pub stamp: Stamp,
    /// What it goes back to.
    pub cause: Cause,
    /// The command's bytes.
    pub command: &'a [u8],
}

impl<'a> Message<'a> {
    /// Parses one message (without its length).
    ///
    /// # Errors
    /// [`Malformed`] with the byte.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let stamp = Stamp(u64::from_le_bytes(reader.array("a stamp")?));
        let cause = Cause {
            hops: reader.varint_u32("hops")?,
            island: IslandId(reader.varint_u32("a root island")?),
            position: JournalPosition(reader.varint("a root position")?),
        };
        let command = reader.take(bytes.len() - reader.at(), "the command")?;
        Ok(Self { stamp, cause, command })
    }
}

/// Gathers messages into a chunk.
#[derive(Clone, Debug, Default)]
pub struct ChunkBuilder {
    first: LinkSeq,
    count: u32,
    bytes: Vec<u8>,
}

impl ChunkBuilder {
    /// Appends message `number`.
    ///
    /// # Panics
    /// When the number does not follow the one before: our own defect.
    pub fn push(&mut self, number: LinkSeq, message: &Message<'_>) {
        if self.count == 0 {
            self.first = number;
        }
        assert_eq!(number.0, self.first.0 + u64::from(self.count), "a hole in an outbox");
        self.count += 1;
        let Ok(()) = put_part::<std::convert::Infallible>(&mut self.bytes, |out| {
            out.extend_from_slice(&message.stamp.0.to_le_bytes());
            put_varint(out, u64::from(message.cause.hops));
            put_varint(out, u64::from(message.cause.island.0));
            put_varint(out, message.cause.position.0);
            out.extend_from_slice(message.command);
            Ok(())
        });
    }

    /// How many bytes are gathered.
    #[must_use]
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// How many messages are gathered.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The chunk; `None` when nothing was gathered.
    #[must_use]
    pub fn finish(self) -> Option<Chunk> {
        (self.count > 0).then(|| Chunk {
            first: self.first,
            count: self.count,
            bytes: Arc::new(self.bytes),
        })
    }
}
