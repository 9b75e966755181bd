//! The trailer of a block: the digest of the island's state after the block's last record.
//!
//! ```text
//! u32 state version, u128 digest            20 bytes, little endian, behind the last record
//! ```
//! Rules:
//! 1. It is in the body, so the body's checksum covers it; the header says how long it is.
//! 2. A block without one is written as it always was, in format version 1.
//! 3. A digest says something to a program of the same state version only.
//!
//! It doesn't know how a state is digested, nor when.

use crate::replay::Digest;

/// The length of every trailer, in bytes.
pub const TRAILER_BYTES: usize = 20;

/// What a block says of the state that its records lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// [`Island::STATE_VERSION`](crate::island::Island::STATE_VERSION) of the writing program.
    pub state_version: u32,
    /// The digest of the island's image after the block's last record.
    pub digest: Digest,
}

impl Trailer {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; TRAILER_BYTES] {
        let mut out = [0; TRAILER_BYTES];
        out[..4].copy_from_slice(&self.state_version.to_le_bytes());
        out[4..].copy_from_slice(&self.digest.0.to_le_bytes());
        out
    }

    /// The trailer at the end of `body`; `None` when the body is shorter.
    #[must_use]
    pub fn at_end_of(body: &[u8]) -> Option<Self> {
        let bytes: &[u8; TRAILER_BYTES] = body.last_chunk()?;
        let (version, digest) = bytes.split_first_chunk::<4>()?;
        Some(Self {
            state_version: u32::from_le_bytes(*version),
            digest: Digest(u128::from_le_bytes(digest.try_into().ok()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_comes_back_from_the_end_of_a_body() {
        let trailer = Trailer { state_version: 7, digest: Digest(0x0102 << 64 | 3) };
        let mut body = b"records".to_vec();
        assert_eq!(Trailer::at_end_of(&body), None);
        body.extend(trailer.encode());
        assert_eq!(Trailer::at_end_of(&body), Some(trailer));
        assert_eq!(body.len(), 7 + TRAILER_BYTES);
    }
}
