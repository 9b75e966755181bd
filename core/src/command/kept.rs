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

#[derive(Clone, PartialEq, Eq)]
enum Bytes {
    /// So many of them.
    Short(u8, [u8; SHORT_MAX]),
    Long(Box<Box<[u8]>>),
}

impl From<&[u8]> for ReplyBytes {
    #[inline]
    fn from(bytes: &[u8]) -> Self {
        if bytes.len() > SHORT_MAX {
            return Self(Bytes::Long(Box::new(bytes.into())));
        }
        // In a register: a copy by length into an array would be read back before it is there.
        let word = bytes.iter().rev().fold(0_u128, |word, byte| word << 8 | u128::from(*byte));
        let word = word.to_le_bytes();
        let short = word.first_chunk().expect("it has more");
        Self(Bytes::Short(bytes.len() as u8, *short))
    }
}

impl Deref for ReplyBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(count, bytes) => &bytes[..usize::from(*count)],
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl fmt::Debug for ReplyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

impl Serialize for ReplyBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(serializer)
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
            prop_assert_eq!(&**inside, &*bytes);
            let (mut ours, mut plain) = (Vec::new(), Vec::new());
            encode(&kept, &mut ours).unwrap();
            encode(&bytes, &mut plain).unwrap();
            prop_assert_eq!(&ours[1..], &*plain);
            prop_assert_eq!(decode::<Kept>(&ours).unwrap(), kept);
        }
    }
}
