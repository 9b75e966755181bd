//! How a value of the user's becomes bytes and comes back: postcard, in one place; or a layout of
//! fixed fields that is read where it stands, for who wants the last factor.
//!
//! Rules:
//! 1. Bytes that do not decode, or that are left over, are an error that names the type; never a
//!    panic and never a filled-in field.
//! 2. Nothing else in the workspace calls the serialisation library.
//! 3. Commands, events and replies go through [`Wire`] alone, so both ways serve them.

pub mod fixed;

use std::fmt::{self, Debug};

use postcard::Deserializer;
use postcard::de_flavors::Slice;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bytes::Part;
use crate::kind::kind_of;

/// What commands, events and replies must be: plain data that can be written, read back and shown.
///
/// Every type that serde writes and reads is one already, by postcard. A type that is not serde's
/// can have a fixed layout instead: [`fixed!`](crate::fixed). A replay then reads it where it
/// stands; but numbers take all their bytes, and its layout is then the user's to keep.
pub trait Wire: Debug + Send + Sized + 'static {
    /// What reading it means.
    const READING: Reading;

    /// Appends the bytes of `self` to `out`.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when it cannot be written; `out` is then as it was.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads a value that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`CodecError::Decode`] when the bytes are not such a value, or bytes are left over.
    fn decode(bytes: &[u8]) -> Result<Self, CodecError>;

    /// Reads the value that fills `part` exactly to the end of `values`.
    ///
    /// # Errors
    /// As [`Wire::decode`]; `values` is then as it was.
    #[inline]
    fn decode_onto(part: Part<'_>, values: &mut Vec<Self>) -> Result<(), CodecError> {
        values.push(Self::decode(part.bytes())?);
        Ok(())
    }

    /// Shows the value that fills `part` exactly to `look`.
    ///
    /// # Errors
    /// As [`Wire::decode`].
    #[inline(always)]
    fn with<T>(part: Part<'_>, look: impl FnOnce(&Self) -> T) -> Result<T, CodecError> {
        Self::decode(part.bytes()).map(|value| look(&value))
    }

    /// What it is, by the names of its variants: `Stock.Grant`. Empty for what is no enum.
    fn kind(&self) -> String;
}

/// What reading a value means; a replay goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A value is made.
    Making,
    /// The bytes are looked at.
    InPlace,
}

impl<T: Serialize + DeserializeOwned + Debug + Send + 'static> Wire for T {
    const READING: Reading = Reading::Making;

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode(self, out)
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        decode(bytes)
    }

    // What is moved as soon as it is written waits for it: from here it is moved once.
    #[inline(always)]
    fn decode_onto(part: Part<'_>, values: &mut Vec<Self>) -> Result<(), CodecError> {
        let mut reader = Deserializer::from_bytes(part.bytes());
        match T::deserialize(&mut reader) {
            Ok(value) => values.push(value),
            Err(reason) => return Err(not_a::<T>(part.length(), reason)),
        }
        nothing_left::<T>(reader, part.length()).inspect_err(|_| drop(values.pop()))
    }

    fn kind(&self) -> String {
        kind_of(self)
    }
}

/// A value could not be written to, or read from, bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The value's `Serialize` refused.
    #[error("cannot encode a {type_name}: {reason}")]
    Encode {
        /// The Rust type.
        type_name: &'static str,
        /// What the encoder said.
        reason: String,
    },
    /// The bytes are not a value of that type.
    #[error("{len} bytes are not a {type_name}: {reason}")]
    Decode {
        /// The Rust type.
        type_name: &'static str,
        /// How many bytes were given.
        len: usize,
        /// What the decoder said.
        reason: String,
    },
}

/// Appends the bytes of `value` to `out`.
///
/// # Errors
/// [`CodecError::Encode`] when the value cannot be serialised; `out` is then as it was.
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    postcard::serialize_with_flavor(value, Appender(out)).map_err(|reason| {
        out.truncate(before);
        CodecError::Encode { type_name: std::any::type_name::<T>(), reason: reason.to_string() }
    })
}

/// Hands the bytes of `value` to `sink`, piece by piece, without gathering them.
///
/// # Errors
/// [`CodecError::Encode`] when the value cannot be serialised.
pub fn encode_into<T: Serialize + ?Sized>(
    value: &T,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), CodecError> {
    postcard::serialize_with_flavor(value, Pieces(sink)).map_err(|reason| CodecError::Encode {
        type_name: std::any::type_name::<T>(),
        reason: reason.to_string(),
    })
}

/// Reads a value that fills `bytes` exactly.
///
/// # Errors
/// [`CodecError::Decode`] when the bytes are not a `T`, or bytes are left over.
#[inline]
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut reader = Deserializer::from_bytes(bytes);
    match T::deserialize(&mut reader) {
        Ok(value) => nothing_left::<T>(reader, bytes.len()).map(|()| value),
        Err(reason) => Err(not_a::<T>(bytes.len(), reason)),
    }
}

/// Whether all of `len` bytes have been read.
#[inline(always)]
fn nothing_left<'a, T>(reader: Deserializer<'a, Slice<'a>>, len: usize) -> Result<(), CodecError> {
    match reader.finalize() {
        Ok([]) => Ok(()),
        Ok(rest) => Err(left_over::<T>(len, rest)),
        Err(reason) => Err(not_a::<T>(len, reason)),
    }
}

/// `len` bytes are not a `T`.
#[cold]
fn not_a<T>(len: usize, reason: impl fmt::Display) -> CodecError {
    let reason = reason.to_string();
    CodecError::Decode { type_name: std::any::type_name::<T>(), len, reason }
}

/// `len` bytes are a `T` and more.
#[cold]
fn left_over<T>(len: usize, rest: &[u8]) -> CodecError {
    not_a::<T>(len, format_args!("{} bytes are left over", rest.len()))
}

/// Writes straight into a vector, without a copy in between.
struct Appender<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Appender<'_> {
    type Output = ();

    // A user's crate calls these for every byte: without the hint they stay calls into this one.
    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Hands every piece on.
struct Pieces<'a>(&'a mut dyn FnMut(&[u8]));

impl postcard::ser_flavors::Flavor for Pieces<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        (self.0)(&[byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        (self.0)(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_and_left_over_bytes_are_refused() {
        let mut bytes = vec![7];
        encode(&(3_u32, "four"), &mut bytes).unwrap();
        assert_eq!(decode::<(u32, String)>(&bytes[1..]).unwrap(), (3, "four".to_owned()));
        bytes.push(0);
        let error = decode::<(u32, String)>(&bytes[1..]).unwrap_err();
        assert!(error.to_string().contains("1 bytes are left over"), "{error}");
    }

    #[test]
    fn values_come_one_behind_the_other_and_one_that_is_refused_leaves_the_others() {
        let mut bytes = Vec::new();
        encode(&(3_u32, "four"), &mut bytes).unwrap();
        let mut values = vec![(1, "two".to_owned())];
        <(u32, String)>::decode_onto(bytes[..].into(), &mut values).unwrap();
        let both = [(1, "two".to_owned()), (3, "four".to_owned())];
        assert_eq!(values, both);
        for wrong in [&bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat()] {
            let error = <(u32, String)>::decode_onto(wrong.into(), &mut values).unwrap_err();
            assert_eq!(error, <(u32, String)>::decode(wrong).unwrap_err());
            assert_eq!(values, both);
        }
    }
}
