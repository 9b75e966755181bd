//! Snapshots: an image and its unacked messages, as bytes that check themselves.
//!
//! ```text
//! "ARCHSNAP", u16 version, u32 CRC of what follows, u128 digest of the image,
//! part image, count of chunks, then per chunk: receiver, first number, count (varints), part
//! ```
//! Rules:
//! 1. A snapshot that does not check is refused, never half used; replay from the start is the
//!    fallback.
//! 2. Unacked messages travel with it (links rule R8), so cutting the journal never waits for a
//!    peer.
//!
//! It doesn't know files.

use std::sync::Arc;

use super::digest::Digest;
use super::image::Image;
use crate::bytes::{Malformed, Reader, put_part, put_slice, put_varint};
use crate::codec::{self, CodecError};
use crate::id::{IslandId, LinkSeq};
use crate::island::Island;
use crate::link::chunk::Chunk;

const MAGIC: &[u8; 8] = b"ARCHSNAP";
const VERSION: u16 = 1;

/// Why a snapshot cannot be made or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The island has records or outputs that are not durable and drained, or it has stopped.
    #[error("a snapshot is made of what is durable and drained, by an island that runs")]
    NotNow,
    /// Not a snapshot, or of another version.
    #[error("not a snapshot of version {VERSION}")]
    NotASnapshot,
    /// Its checksum differs.
    #[error("the snapshot is damaged: checksum {found:08x}, expected {expected:08x}")]
    Damaged {
        /// What it says.
        expected: u32,
        /// What its bytes give.
        found: u32,
    },
    /// It is cut off, or has a wrong shape.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The state does not fit this build.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It loads, but to another state than was saved.
    #[error("the snapshot loads to digest {found}, but {expected} was saved")]
    OtherDigest {
        /// What was saved.
        expected: Digest,
        /// What was loaded.
        found: Digest,
    },
}

impl<I: Island> Image<I> {
    /// Appends a snapshot of this image and of `unacked` messages to `out`.
    ///
    /// # Errors
    /// [`SnapshotError::Codec`] when the state refuses to be serialised.
    pub fn save<'a>(
        &self,
        unacked: impl Iterator<Item = (IslandId, &'a Chunk)>,
        out: &mut Vec<u8>,
    ) -> Result<(), SnapshotError> {
        let start = out.len();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.digest()?.0.to_le_bytes());
        put_part(out, |out| codec::encode(self, out))?;
        let unacked: Vec<_> = unacked.collect();
        put_varint(out, unacked.len() as u64);
        for (to, chunk) in unacked {
            put_varint(out, u64::from(to.0));
            put_varint(out, chunk.first.0);
            put_varint(out, u64::from(chunk.count));
            put_slice(out, &chunk.bytes);
        }
        let crc = crc32fast::hash(&out[start + 14..]);
        out[start + 10..start + 14].copy_from_slice(&crc.to_le_bytes());
        Ok(())
    }

    /// Reads a snapshot: the image and the unacked messages.
    ///
    /// # Errors
    /// [`SnapshotError`]: what is wrong with it.
    pub fn load(bytes: &[u8]) -> Result<(Self, Vec<(IslandId, Chunk)>), SnapshotError> {
        let mut reader = Reader::new(bytes);
        let magic: [u8; 8] = reader.array("the mark of a snapshot")?;
        let version = u16::from_le_bytes(reader.array("a version")?);
        if magic != *MAGIC || version != VERSION {
            return Err(SnapshotError::NotASnapshot);
        }
        let expected = u32::from_le_bytes(reader.array("a checksum")?);
        let found = crc32fast::hash(&bytes[reader.at()..]);
        if expected != found {
            return Err(SnapshotError::Damaged { expected, found });
        }
        let expected = Digest(u128::from_le_bytes(reader.array("a digest")?));
        let image: Self = codec::decode(reader.part("an image")?)?;
        let found = image.digest()?;
        if expected != found {
            return Err(SnapshotError::OtherDigest { expected, found });
        }
        let count = reader.varint("a count of chunks")?;
        let mut unacked = Vec::new();
        for _ in 0..count {
            let to = IslandId(reader.varint_u32("a receiver")?);
            let first = LinkSeq(reader.varint("a link number")?);
            let count = reader.varint_u32("a count of messages")?;
            let bytes = Arc::new(reader.part("messages")?.to_vec());
            unacked.push((to, Chunk { first, count, bytes }));
        }
        if !reader.is_empty() {
            return Err(reader.expected("the end of the snapshot").into());
        }
        Ok((image, unacked))
    }
}
