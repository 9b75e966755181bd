//! The block: 96 bytes of header, then a body this module does not look into: records, and
//! perhaps a [`Trailer`].
//!
//! Rules:
//! 1. All numbers are little endian. Bytes 0..8 (magic, version, kind), the length of 96 bytes and
//!    the checksum in bytes 92..96 stay the same in every format version.
//! 2. The header's checksum covers the header, so also the body's length; the body has its own.
//! 3. A header names its own place. A valid header that stands elsewhere is a copy, not evidence.
//! 4. The `watermark` is the highest commit known durable when the block was written; it proves
//!    that everything up to it had been acknowledged.
//! 5. A commit starts on a fresh sector ([`SECTOR`]), so a durable sector is never rewritten.
//!
//! | bytes | field | | bytes | field |
//! |---|---|---|---|---|
//! | 0..4 | magic `ISLE` | | 52..56 | blocks in the commit |
//! | 4..6 | format version | | 56..60 | chain: the last header checksum of the commit before |
//! | 6 | kind: 1 data, 2 seal | | 60..68 | the island's block before: segment, offset; 0, 0: none |
//! | 7 | zero | | 68..76 | own place: segment, offset |
//! | 8..12 | island | | 76..80 | schema version |
//! | 12..16 | records | | 80..84 | body length |
//! | 16..24 | first position | | 84..88 | body checksum |
//! | 24..32 | life | | 88..92 | length of the trailer: 0 in format version 1 |
//! | 32..40 | commit number | | 92..96 | header checksum (CRC-32 of bytes 0..92) |
//! | 40..48 | watermark | | | |
//! | 48..52 | index in the commit | | | |

use std::fmt;

use serde::{Deserialize, Serialize};

use super::trailer::{TRAILER_BYTES, Trailer};
use crate::id::{IslandId, JournalPosition, Life};

/// The unit, in bytes, that a commit starts on and is padded to.
pub const SECTOR: usize = 4096;

/// The length of every block header, in bytes.
pub const HEADER_BYTES: usize = 96;

/// What every block starts with.
pub const MAGIC: [u8; 4] = *b"ISLE";

/// The format of blocks without a trailer, and of seals.
pub const FORMAT_VERSION: u16 = 1;

/// The format of blocks with a trailer. This code reads both.
pub const FORMAT_VERSION_TRAILER: u16 = 2;

/// One island's share of one commit, before it has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whose records these are.
    pub island: IslandId,
    /// The position of the first record.
    pub first: JournalPosition,
    /// How many records the body holds; at least 1.
    pub records: u32,
    /// The records, opaque here.
    pub body: Vec<u8>,
    /// What stands behind them in the block's body.
    pub trailer: Option<Trailer>,
}

impl Block {
    /// The position of the last record.
    #[must_use]
    pub const fn upto(&self) -> JournalPosition {
        JournalPosition(self.first.0.saturating_add(self.records as u64).saturating_sub(1))
    }

    /// The length of the block's body, in bytes: records and trailer.
    #[must_use]
    pub const fn body_bytes(&self) -> usize {
        self.body.len() + if self.trailer.is_some() { TRAILER_BYTES } else { 0 }
    }
}

/// The number of a commit in the whole journal: 1, 2, 3 …; 0 is "before the first".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CommitNumber(pub u64);

impl CommitNumber {
    /// Before the first commit.
    pub const ZERO: Self = Self(0);

    /// The commit after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for CommitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of a segment (a file) of the journal: 1, 2, 3 …
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SegmentNumber(pub u32);

impl SegmentNumber {
    /// The first segment of every journal.
    pub const FIRST: Self = Self(1);

    /// The segment after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for SegmentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Where a block starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockPlace {
    /// The segment.
    pub segment: SegmentNumber,
    /// Bytes from the start of the segment.
    pub offset: u32,
}

impl fmt::Display for BlockPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {} offset {}", self.segment, self.offset)
    }
}

/// The version of the forms of an island's commands, events and replies; the application counts it:
/// [`Island::SCHEMA_VERSION`](crate::island::Island::SCHEMA_VERSION).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SchemaVersion(pub u32);

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The checksum of a commit's last header; the next commit repeats it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chain(pub u32);

impl Chain {
    /// What the first commit names.
    pub const START: Self = Self(0);

    /// The link that `header`, a commit's last one, gives to the next commit.
    #[must_use]
    pub fn of(header: &[u8; HEADER_BYTES]) -> Self {
        Self(u32_at(header, 92))
    }
}

/// What a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// An island's records.
    Data,
    /// Nothing but a watermark: an empty commit that proves its predecessor durable.
    Seal,
}

/// A block's header, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Data or seal.
    pub kind: BlockKind,
    /// Whose records; 0 in a seal.
    pub island: IslandId,
    /// How many records; 0 in a seal.
    pub records: u32,
    /// The position of the first record; 0 in a seal.
    pub first: JournalPosition,
    /// The life of the data directory.
    pub life: Life,
    /// The commit this block is part of.
    pub commit: CommitNumber,
    /// The highest commit known durable when this was written.
    pub watermark: CommitNumber,
    /// Which block of its commit this is, from 0.
    pub index: u32,
    /// How many blocks the commit has.
    pub blocks: u32,
    /// The checksum of the last header of the commit before.
    pub chain: Chain,
    /// Where the same island's block before this one starts.
    pub previous: Option<BlockPlace>,
    /// Where this block starts.
    pub here: BlockPlace,
    /// The forms that its commands, events and replies have.
    pub schema: SchemaVersion,
    /// The body's length in bytes, the trailer included.
    pub body_bytes: u32,
    /// CRC-32 of the body, the trailer included.
    pub body_crc: u32,
    /// The trailer's length in bytes: 0, or [`TRAILER_BYTES`].
    pub trailer_bytes: u32,
}

/// Bytes are not a block header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Fewer than [`HEADER_BYTES`] bytes.
    #[error("{len} bytes are too few for a block header of 96")]
    Short {
        /// How many bytes there were.
        len: usize,
    },
    /// All 96 bytes are zero: nothing was written here.
    #[error("nothing was written here")]
    Empty,
    /// The first four bytes are not [`MAGIC`].
    #[error("no block starts here")]
    Magic,
    /// The header's checksum is wrong.
    #[error("the header's checksum is {found:08x}, its bytes give {computed:08x}")]
    HeaderChecksum {
        /// As stored.
        found: u32,
        /// As computed.
        computed: u32,
    },
    /// The header is sound, but of a format this code does not read.
    #[error("the block has format version {version}, this code reads versions 1 and 2")]
    Version {
        /// As stored.
        version: u16,
    },
    /// The header is sound, but a field has no meaning.
    #[error("the header's field `{field}` has no meaning")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// The body's checksum is wrong.
    #[error("the body's checksum is {found:08x}, its bytes give {computed:08x}")]
    BodyChecksum {
        /// As stored.
        found: u32,
        /// As computed.
        computed: u32,
    },
}

impl BlockHeader {
    /// The header as bytes, checksum included.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let previous = self.previous.unwrap_or(BlockPlace { segment: SegmentNumber(0), offset: 0 });
        let mut out = [0; HEADER_BYTES];
        out[0..4].copy_from_slice(&MAGIC);
        let version = if self.trailer_bytes == 0 { FORMAT_VERSION } else { FORMAT_VERSION_TRAILER };
        out[4..6].copy_from_slice(&version.to_le_bytes());
        out[6] = match self.kind {
            BlockKind::Data => 1,
            BlockKind::Seal => 2,
        };
        put_u32(&mut out, 8, self.island.0);
        put_u32(&mut out, 12, self.records);
        put_u64(&mut out, 16, self.first.0);
        put_u64(&mut out, 24, self.life.0);
        put_u64(&mut out, 32, self.commit.0);
        put_u64(&mut out, 40, self.watermark.0);
        put_u32(&mut out, 48, self.index);
        put_u32(&mut out, 52, self.blocks);
        put_u32(&mut out, 56, self.chain.0);
        put_u32(&mut out, 60, previous.segment.0);
        put_u32(&mut out, 64, previous.offset);
        put_u32(&mut out, 68, self.here.segment.0);
        put_u32(&mut out, 72, self.here.offset);
        put_u32(&mut out, 76, self.schema.0);
        put_u32(&mut out, 80, self.body_bytes);
        put_u32(&mut out, 84, self.body_crc);
        put_u32(&mut out, 88, self.trailer_bytes);
        let crc = crc32fast::hash(&out[..92]);
        put_u32(&mut out, 92, crc);
        out
    }

    /// Reads the header at the start of `bytes`, and the [`Chain`] it gives to a next commit.
    ///
    /// # Errors
    /// Every [`FrameError`] but [`FrameError::BodyChecksum`]; `bytes` may hold anything.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Chain), FrameError> {
        let bytes: &[u8; HEADER_BYTES] =
            bytes.first_chunk().ok_or(FrameError::Short { len: bytes.len() })?;
        if bytes[0..4] != MAGIC {
            let empty = bytes.iter().all(|byte| *byte == 0);
            return Err(if empty { FrameError::Empty } else { FrameError::Magic });
        }
        let (found, computed) = (u32_at(bytes, 92), crc32fast::hash(&bytes[..92]));
        if found != computed {
            return Err(FrameError::HeaderChecksum { found, computed });
        }
        let version = u16::from_le_bytes([bytes[4], bytes[5]]);
        let trailer_bytes = u32_at(bytes, 88);
        let trailer_fits = match version {
            FORMAT_VERSION => trailer_bytes == 0,
            FORMAT_VERSION_TRAILER => [0, TRAILER_BYTES as u32].contains(&trailer_bytes),
            _ => return Err(FrameError::Version { version }),
        };
        if !trailer_fits {
            return Err(FrameError::Field { field: "trailer" });
        }
        let kind = match bytes[6] {
            1 => BlockKind::Data,
            2 => BlockKind::Seal,
            _ => return Err(FrameError::Field { field: "kind" }),
        };
        let previous =
            BlockPlace { segment: SegmentNumber(u32_at(bytes, 60)), offset: u32_at(bytes, 64) };
        let header = Self {
            kind,
            island: IslandId(u32_at(bytes, 8)),
            records: u32_at(bytes, 12),
            first: JournalPosition(u64_at(bytes, 16)),
            life: Life(u64_at(bytes, 24)),
            commit: CommitNumber(u64_at(bytes, 32)),
            watermark: CommitNumber(u64_at(bytes, 40)),
            index: u32_at(bytes, 48),
            blocks: u32_at(bytes, 52),
            chain: Chain(u32_at(bytes, 56)),
            previous: (previous.segment.0 != 0).then_some(previous),
            here: BlockPlace {
                segment: SegmentNumber(u32_at(bytes, 68)),
                offset: u32_at(bytes, 72),
            },
            schema: SchemaVersion(u32_at(bytes, 76)),
            body_bytes: u32_at(bytes, 80),
            body_crc: u32_at(bytes, 84),
            trailer_bytes,
        };
        header.check().map(|()| (header, Chain::of(bytes)))
    }

    /// The position of the last record; the one before the first when there are none.
    #[must_use]
    pub const fn upto(&self) -> JournalPosition {
        JournalPosition(self.first.0.saturating_add(self.records as u64).saturating_sub(1))
    }

    /// The length of header and body, in bytes.
    #[must_use]
    pub const fn block_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.body_bytes as u64
    }

    /// The length of the records in the body, in bytes; the trailer stands behind them.
    #[must_use]
    pub const fn records_bytes(&self) -> usize {
        self.body_bytes.saturating_sub(self.trailer_bytes) as usize
    }

    /// The trailer in `body`, which is the block's whole body; `None` when it has none.
    #[must_use]
    pub fn trailer(&self, body: &[u8]) -> Option<Trailer> {
        if self.trailer_bytes == 0 { None } else { Trailer::at_end_of(body) }
    }

    /// Whether `body` is the body this header was written for.
    ///
    /// # Errors
    /// [`FrameError::BodyChecksum`].
    pub fn check_body(&self, body: &[u8]) -> Result<(), FrameError> {
        let mut sum = BodySum::default();
        sum.add(body);
        self.check_sum(sum)
    }

    /// The same, of a body that was summed piece by piece.
    ///
    /// # Errors
    /// [`FrameError::BodyChecksum`].
    pub fn check_sum(&self, sum: BodySum) -> Result<(), FrameError> {
        let (found, computed) = (self.body_crc, sum.crc.finalize());
        if found == computed && sum.bytes == u64::from(self.body_bytes) {
            Ok(())
        } else {
            Err(FrameError::BodyChecksum { found, computed })
        }
    }

    /// A header whose checksum is right was written by us; what it says must make sense as well.
    fn check(&self) -> Result<(), FrameError> {
        let field = match self.kind {
            _ if self.index >= self.blocks => "index",
            _ if self.commit == CommitNumber::ZERO => "commit",
            _ if self.watermark >= self.commit => "watermark",
            _ if self.previous.is_some_and(|previous| previous >= self.here) => "previous",
            BlockKind::Data if self.records == 0 => "records",
            BlockKind::Data if self.first.0 == 0 => "first",
            _ if self.trailer_bytes > self.body_bytes => "trailer",
            BlockKind::Seal if self.body_bytes != 0 || self.blocks != 1 => "kind",
            _ => return Ok(()),
        };
        Err(FrameError::Field { field })
    }
}

/// The checksum of a body that comes in pieces.
#[derive(Clone, Debug, Default)]
pub struct BodySum {
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl BodySum {
    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.crc.update(piece);
        self.bytes += piece.len() as u64;
    }
}

/// The checksum of a body, for [`BlockHeader::body_crc`].
#[must_use]
pub fn body_crc(body: &[u8]) -> u32 {
    crc32fast::hash(body)
}

fn put_u32(out: &mut [u8; HEADER_BYTES], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn put_u64(out: &mut [u8; HEADER_BYTES], at: usize, value: u64) {
    out[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

fn u32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests;
