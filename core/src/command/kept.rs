//! What is kept of one request: in 16 bytes, whatever its answer is.
//!
//! Rules:
//! 1. An answer of up to [`SHORT_MAX`] bytes owns no memory: a replay that keeps millions of them
//!    allocates for none. A longer one is a box.
//! 2. Its serde form is that of a plain enum over bytes and text: how it is kept is nobody's
//!    business.
//!
//! It doesn't know whose request it is.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest answer that is kept in place, in bytes.
pub(super) const SHORT_MAX: usize = 14;

/// What is kept of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// Decided, or being decided, and not answered yet.
    Pending,
    /// The first reply's bytes.
    Replied(ReplyBytes),
    /// It became a dead letter, for this reason.
    Dead(Reason),
}

const _: () = assert!(size_of::<Kept>() == 16, "millions of them are kept");

/// Why a request became a dead letter. Boxed twice, so that what is kept of all others stays small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason(Box<Box<str>>);

impl From<&str> for Reason {
    fn from(reason: &str) -> Self {
        Self(Box::new(reason.into()))
    }
}

impl Deref for Reason {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A reply's bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyBytes(Bytes);

/// Short ones are numbers, not an array: numbers travel in registers, and what is put together on
/// the stack byte by byte and then read as one would have to wait for it.
#[derive(Clone, PartialEq, Eq)]
enum Bytes {
    /// So many of them: the last ones, the ones before, the first 8; little endian.
    Short(u8, u16, u32, u64),
    Long(Box<Box<[u8]>>),
}

impl From<&[u8]> for ReplyBytes {
    fn from(bytes: &[u8]) -> Self {
        Self::short(bytes).unwrap_or_else(|| Self(Bytes::Long(Box::new(bytes.into()))))
    }
}

impl ReplyBytes {
    /// Those that own no memory. Who asks for them apart has one form at hand, in registers.
    #[inline(always)]
    pub(super) fn short(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > SHORT_MAX {
            return None;
        }
        let number = |bytes: &[u8]| {
            bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let (first, rest) = bytes.split_at(bytes.len().min(8));
        let rest = number(rest);
        let count = bytes.len() as u8;
        Some(Self(Bytes::Short(count, (rest >> 32) as u16, rest as u32, number(first))))
    }

    /// Shows them to `look`.
    pub fn with<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        match &self.0 {
            Bytes::Long(bytes) => look(bytes),
            Bytes::Short(count, last, middle, first) => {
                let word = u128::from(*first) | u128::from(*middle) << 64 | u128::from(*last) << 96;
                look(&word.to_le_bytes()[..usize::from(*count)])
            }
        }
    }
}

impl fmt::Debug for ReplyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|bytes| bytes.fmt(f))
    }
}

impl Serialize for ReplyBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with(|bytes| bytes.serialize(serializer))
    }
}

impl<'de> Deserialize<'de> for ReplyBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Box::<[u8]>::deserialize(deserializer)?;
        Ok(Self::from(&*bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{decode, encode};

    proptest! {
        #[test]
        fn bytes_of_any_length_come_back_and_look_like_plain_ones(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let kept = Kept::Replied((&*bytes).into());
            let Kept::Replied(inside) = &kept else { unreachable!("made just now") };
            prop_assert!(inside.with(|inside| inside == &*bytes));
            let (mut ours, mut plain) = (Vec::new(), Vec::new());
            encode(&kept, &mut ours).unwrap();
            encode(&bytes, &mut plain).unwrap();
            prop_assert_eq!(&ours[1..], &*plain);
            prop_assert_eq!(decode::<Kept>(&ours).unwrap(), kept);
        }
    }
}
