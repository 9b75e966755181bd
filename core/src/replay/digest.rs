//! The digest of a state: 128 bits over its serialised form, in bounded memory.
//!
//! It doesn't know what it digests.

use std::fmt;
use std::io::Cursor;

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};

/// How many bytes are hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A digest: murmur3_x64_128 of 64 KiB chunks, each chunk after the digest before it. It tells
/// accidents apart, not attackers.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(pub u128);

impl Digest {
    /// The digest of `value`'s serialised form.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when the value refuses to be serialised.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, CodecError> {
        Self::measured(value).map(|(digest, _)| digest)
    }

    /// The same, and how many bytes were hashed: what it cost.
    ///
    /// # Errors
    /// As [`Digest::of`].
    pub fn measured<T: Serialize + ?Sized>(value: &T) -> Result<(Self, u64), CodecError> {
        let chunk = Vec::with_capacity(CHUNK_BYTES);
        let mut hasher = Hasher { digest: Self::default(), chunk, bytes: 0 };
        codec::encode_into(value, &mut |bytes| hasher.push(bytes))?;
        hasher.fold();
        Ok((hasher.digest, hasher.bytes))
    }

    /// The digest of this one followed by another: for the digest of many islands, in order.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        self.over(&next.0.to_le_bytes())
    }

    fn over(self, bytes: &[u8]) -> Self {
        let mut all = Cursor::new(self.0.to_le_bytes());
        let mut chained = std::io::Read::chain(&mut all, bytes);
        Self(murmur3::murmur3_x64_128(&mut chained, 0).expect("reading from memory cannot fail"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Gathers bytes into chunks.
struct Hasher {
    digest: Digest,
    chunk: Vec<u8>,
    /// All bytes so far.
    bytes: u64,
}

impl Hasher {
    fn push(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = (CHUNK_BYTES - self.chunk.len()).min(bytes.len());
            self.chunk.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            if self.chunk.len() == CHUNK_BYTES {
                self.fold();
            }
        }
    }

    fn fold(&mut self) {
        self.digest = self.digest.over(&self.chunk);
        self.chunk.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_sees_every_byte_and_the_order() {
        let long: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
        let mut other = long.clone();
        other[131_072] ^= 1;
        let digest = Digest::of(&long).unwrap();
        // Its length takes three bytes in front.
        assert_eq!(Digest::measured(&long).unwrap(), (digest, 200_003));
        assert_eq!(digest, Digest::of(&long).unwrap());
        assert_ne!(digest, Digest::of(&other).unwrap());
        let (a, b) = (Digest(1), Digest(2));
        assert_ne!(a.then(b), b.then(a));
        assert_eq!(Digest(255).to_string().len(), 32);
    }
}
