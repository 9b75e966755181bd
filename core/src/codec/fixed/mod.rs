//! The fixed layout: a value's bytes are what it looks like in memory, so reading is looking.
//!
//! ```text
//! a number    its bytes, little endian: U16, U32, U64, I32 … of zerocopy
//! [T; N]      N times T
//! UpTo<T, N>  how many, one byte; so many times T
//! struct      its fields in order, nothing between them
//! enum        a tag, one byte; the fields of its variant
//! ```
//! Rules:
//! 1. A value takes the bytes of its own variant and of the items it has; only the last field can
//!    be an [`UpTo`]. All fields have an alignment of 1.
//! 2. Reading allocates nothing: a length and the tag are looked at, and what may not have every
//!    value (`bool`, an enum). It copies nothing if so many bytes as the longest value has stand
//!    there, whatever those behind its own mean: nobody sees them.
//! 3. A field added, moved or retyped is another layout: raise the version of the schema and read
//!    the older one by an upcast.
//!
//! It doesn't know what the fields mean. Source of the guarantees: Rust's `repr(u8)` (RFC 2195) and
//! zerocopy's derives, which refuse what has no such layout.

mod own;
mod up_to;

use ::zerocopy::{Immutable, KnownLayout, TryFromBytes, Unaligned};

use super::CodecError;
use crate::bytes::Part;

#[doc(hidden)]
pub use own::{Field, Own};
pub use up_to::{TooMany, UpTo};
pub use zerocopy;

/// Shows the `V` that fills `part` to `look`; `own` says how many bytes a value has that begins so.
///
/// # Errors
/// [`CodecError::Decode`].
#[doc(hidden)]
#[inline(always)]
pub fn with<V, T, const SIZE: usize>(
    part: Part<'_>,
    own: impl FnOnce(&[u8; SIZE]) -> usize,
    look: impl FnOnce(&V) -> T,
) -> Result<T, CodecError>
where
    V: TryFromBytes + KnownLayout + Immutable + Unaligned,
{
    match part.room().first_chunk() {
        Some(room) => shown(room, part.length(), own, look),
        None => shown_alone(part.bytes(), own, look),
    }
}

#[inline(always)]
fn shown<V, T, const SIZE: usize>(
    room: &[u8; SIZE],
    length: usize,
    own: impl FnOnce(&[u8; SIZE]) -> usize,
    look: impl FnOnce(&V) -> T,
) -> Result<T, CodecError>
where
    V: TryFromBytes + KnownLayout + Immutable + Unaligned,
{
    let whole = own(room);
    if whole == length
        && length <= SIZE
        && let Ok(value) = V::try_ref_from_bytes(room)
    {
        return Ok(look(value));
    }
    Err(refused::<V>(room, length, whole))
}

/// The same of a part that stands where fewer bytes are than `SIZE`. Apart, as most do not.
#[cold]
#[inline(never)]
fn shown_alone<V, T, const SIZE: usize>(
    bytes: &[u8],
    own: impl FnOnce(&[u8; SIZE]) -> usize,
    look: impl FnOnce(&V) -> T,
) -> Result<T, CodecError>
where
    V: TryFromBytes + KnownLayout + Immutable + Unaligned,
{
    let mut room = [0; SIZE];
    room[..bytes.len()].copy_from_slice(bytes);
    shown(&room, bytes.len(), own, look)
}

/// The first `length` bytes of `room`, or more than it has, are not a `V` laid out; one that begins
/// so would have `whole`.
#[cold]
fn refused<V>(room: &[u8], length: usize, whole: usize) -> CodecError {
    let reason = match room {
        _ if length == 0 => "there is nothing".to_owned(),
        _ if whole == length && length <= size_of::<V>() => {
            "a field has a value that it cannot have".to_owned()
        }
        [tag, ..] if whole == Own::NEVER.length(room) => format!("no variant has the tag {tag}"),
        _ => format!("what begins so has {whole}"),
    };
    super::not_a::<V>(length, reason)
}

/// Lays out an enum whose variants name their tags, or a struct, and makes it a command, an event
/// or a reply: [`Wire`](crate::codec::Wire).
///
/// An enum's variants have no value, one value, or named fields; the last field can be an [`UpTo`].
/// The tags are on disk for ever. The program depends on the crate `zerocopy` (0.8, with `derive`),
/// whose derives this uses. A struct that is only a field of others derives them by itself. The
/// type must not be serde's as well, or there would be two ways of writing it.
///
/// ```
/// use archipelago_core::codec::fixed::UpTo;
/// use archipelago_core::fixed;
/// use zerocopy::little_endian::{U16, U32, U64};
/// use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
/// #[repr(C)]
/// struct Line { product: U32, quantity: U16 }
///
/// fixed! {
///     #[derive(Debug, PartialEq)]
///     enum Event {
///         Placed { order: U64, lines: UpTo<Line, 4> } = 0,
///         Cancelled(U64) = 1,
///         Closed = 2,
///     }
/// }
///
/// use archipelago_core::codec::Wire;
/// let mut bytes = Vec::new();
/// Event::Cancelled(7.into()).encode(&mut bytes).unwrap();
/// assert_eq!(bytes, [1, 7, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(Event::decode(&bytes), Ok(Event::Cancelled(7.into())));
///
/// bytes.clear();
/// let line = Line { product: 5.into(), quantity: 2.into() };
/// let placed = Event::Placed { order: 7.into(), lines: UpTo::new(&[line]).unwrap() };
/// placed.encode(&mut bytes).unwrap();
/// assert_eq!(bytes, [0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 2, 0]);
/// assert_eq!(Event::with(bytes[..].into(), |event| *event == placed), Ok(true));
/// ```
///
/// An `UpTo` that is not the last field does not compile:
///
/// ```compile_fail,E0080
/// use archipelago_core::codec::fixed::UpTo;
/// use archipelago_core::fixed;
///
/// fixed! {
///     #[derive(Debug)]
///     enum Event { Placed { lines: UpTo<u8, 4>, gift: u8 } = 0 }
/// }
///
/// use archipelago_core::codec::Wire;
/// let _ = Event::decode(&[]);
/// ```
#[macro_export]
macro_rules! fixed {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident {
            $($(#[$fmeta:meta])* $fvis:vis $field:ident : $type:ty),* $(,)?
        }
    ) => {
        $crate::fixed! { @laid_out
            #[repr(C)]
            $(#[$meta])* $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),* }
        }

        $crate::fixed!(@wire $name, |value, out| {
            $($crate::codec::fixed::Field::put(&value.$field, out);)*
        }, |room| {
            const OWN: $crate::codec::fixed::Own = $crate::codec::fixed::Own::NOTHING
                $(.then(<$type as $crate::codec::fixed::Field>::OWN))*;
            OWN.length(room)
        }, |_value| "");
    };
    (
        $(#[$meta:meta])* $vis:vis enum $name:ident {
            $(
                $(#[$vmeta:meta])* $variant:ident
                $(($one:ty))?
                $({ $($(#[$fmeta:meta])* $field:ident : $type:ty),* $(,)? })?
                = $tag:literal
            ),* $(,)?
        }
    ) => {
        $crate::fixed! { @laid_out
            #[repr(u8)]
            $(#[$meta])* $vis enum $name {
                $(
                    $(#[$vmeta])* $variant
                    $(($one))?
                    $({ $($(#[$fmeta])* $field: $type),* })?
                    = $tag
                ),*
            }
        }

        $crate::fixed!(@wire $name, |value, out| match value {
            $($crate::fixed!(@pattern one $variant $(($one))? $({ $($field),* })?) => {
                out.push($tag);
                $(<$one as $crate::codec::fixed::Field>::put(one, out);)?
                $($(<$type as $crate::codec::fixed::Field>::put($field, out);)*)?
            })*
        }, |room| {
            const BY_TAG: [$crate::codec::fixed::Own; 256] = {
                let mut own = [$crate::codec::fixed::Own::NEVER; 256];
                $(own[$tag] = $crate::codec::fixed::Own::TAG
                    $(.then(<$one as $crate::codec::fixed::Field>::OWN))?
                    $($(.then(<$type as $crate::codec::fixed::Field>::OWN))*)?;)*
                own
            };
            BY_TAG[room[0] as usize].length(room)
        }, |value| match value { $(Self::$variant { .. } => stringify!($variant)),* });
    };
    (@laid_out $($item:tt)*) => {
        #[derive(
            Clone,
            Copy,
            $crate::codec::fixed::zerocopy::TryFromBytes,
            $crate::codec::fixed::zerocopy::KnownLayout,
            $crate::codec::fixed::zerocopy::Immutable,
            $crate::codec::fixed::zerocopy::Unaligned,
        )]
        $($item)*
    };
    (
        @wire $name:ident, |$value:ident, $out:ident| $put:expr, |$room:ident| $own:expr,
        |$seen:ident| $kind:expr
    ) => {
        impl $crate::codec::Wire for $name {
            const READING: $crate::codec::Reading = $crate::codec::Reading::InPlace;

            #[inline]
            fn encode(&self, $out: &mut Vec<u8>) -> Result<(), $crate::codec::CodecError> {
                let $value = self;
                $put;
                Ok(())
            }

            #[inline(always)]
            fn decode(bytes: &[u8]) -> Result<Self, $crate::codec::CodecError> {
                Self::with(bytes.into(), |value| *value)
            }

            #[inline(always)]
            fn with<T>(
                part: $crate::bytes::Part<'_>,
                look: impl FnOnce(&Self) -> T,
            ) -> Result<T, $crate::codec::CodecError> {
                let own = |$room: &[u8; size_of::<Self>()]| $own;
                $crate::codec::fixed::with(part, own, look)
            }

            fn kind(&self) -> String {
                let $seen = self;
                ($kind).to_owned()
            }
        }
    };
    (@pattern $one:ident $variant:ident) => { Self::$variant };
    (@pattern $one:ident $variant:ident ($type:ty)) => { Self::$variant($one) };
    (@pattern $one:ident $variant:ident { $($field:ident),* }) => {
        Self::$variant { $($field),* }
    };
}

#[cfg(test)]
mod tests;
