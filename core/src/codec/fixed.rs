//! The fixed layout: a value's bytes are what it looks like in memory, so reading is looking.
//!
//! ```text
//! a number   its bytes, little endian: U16, U32, U64, I32 … of zerocopy
//! [T; N]     N times T
//! struct     its fields in order, nothing between them
//! enum       a tag, one byte; the fields of its variant; zeros up to the longest variant
//! ```
//! Rules:
//! 1. A value always takes [`size_of`] bytes. All fields have an alignment of 1.
//! 2. Reading copies nothing and allocates nothing: a length and the tag are looked at, and what
//!    may not have every value (`bool`, an enum).
//! 3. A field added, moved or retyped is another layout: raise the version of the schema and read
//!    the older one by an upcast.
//!
//! It doesn't know what the fields mean. Source of the guarantees: Rust's `repr(u8)` (RFC 2195) and
//! zerocopy's derives, which refuse what has no such layout.

pub use zerocopy;

use super::CodecError;

/// `bytes` are not a `T` laid out.
#[cold]
#[doc(hidden)]
#[must_use]
pub fn refused<T>(bytes: &[u8]) -> CodecError {
    let size = size_of::<T>();
    super::not_a::<T>(
        bytes,
        match bytes.len() {
            len if len == size => "a tag or a field has a value that it cannot have".to_owned(),
            _ => format!("it has {size}"),
        },
    )
}

/// Lays out an enum whose variants name their tags, or a struct, and makes it a command, an event
/// or a reply: [`Wire`](crate::codec::Wire).
///
/// An enum's variants have no value, one value, or named fields. The tags are on disk for ever. The
/// program depends on the crate `zerocopy` (0.8, with `derive`), whose derives this uses. A struct
/// that is only a field of others derives them by itself. The type must not be serde's as well, or
/// there would be two ways of writing it.
///
/// ```
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
///         Placed { order: U64, line: Line } = 0,
///         Cancelled(U64) = 1,
///         Closed = 2,
///     }
/// }
///
/// use archipelago_core::codec::Wire;
/// let mut bytes = Vec::new();
/// Event::Cancelled(7.into()).encode(&mut bytes).unwrap();
/// assert_eq!(bytes, [1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(Event::decode(&bytes), Ok(Event::Cancelled(7.into())));
/// assert_eq!(Event::with(&bytes, |event| *event == Event::Closed), Ok(false));
/// ```
#[macro_export]
macro_rules! fixed {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident {
            $($(#[$fmeta:meta])* $fvis:vis $field:ident : $type:ty),* $(,)?
        }
    ) => {
        #[derive(
            Clone,
            Copy,
            $crate::codec::fixed::zerocopy::TryFromBytes,
            $crate::codec::fixed::zerocopy::IntoBytes,
            $crate::codec::fixed::zerocopy::KnownLayout,
            $crate::codec::fixed::zerocopy::Immutable,
            $crate::codec::fixed::zerocopy::Unaligned,
        )]
        #[repr(C)]
        $(#[$meta])* $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),* }

        $crate::fixed!(@wire $name, |value, out| {
            out.extend_from_slice($crate::codec::fixed::zerocopy::IntoBytes::as_bytes(value));
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
        #[derive(
            Clone,
            Copy,
            $crate::codec::fixed::zerocopy::TryFromBytes,
            $crate::codec::fixed::zerocopy::KnownLayout,
            $crate::codec::fixed::zerocopy::Immutable,
            $crate::codec::fixed::zerocopy::Unaligned,
        )]
        #[repr(u8)]
        $(#[$meta])* $vis enum $name {
            $($(#[$vmeta])* $variant $(($one))? $({ $($(#[$fmeta])* $field: $type),* })? = $tag),*
        }

        // Its variants differ in length, so it is not `IntoBytes`: its fields are.
        $crate::fixed!(@wire $name, |value, out| {
            let end = out.len() + size_of::<Self>();
            match value {
                $($crate::fixed!(@pattern one $variant $(($one))? $({ $($field),* })?) => {
                    out.push($tag);
                    $(out.extend_from_slice(
                        <$one as $crate::codec::fixed::zerocopy::IntoBytes>::as_bytes(one),
                    );)?
                    $($(out.extend_from_slice(
                        <$type as $crate::codec::fixed::zerocopy::IntoBytes>::as_bytes($field),
                    );)*)?
                })*
            }
            out.resize(end, 0);
        }, |value| match value { $(Self::$variant { .. } => stringify!($variant)),* });
    };
    (@wire $name:ident, |$value:ident, $out:ident| $put:expr, |$seen:ident| $kind:expr) => {
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
                Self::with(bytes, |value| *value)
            }

            #[inline(always)]
            fn with<T>(
                bytes: &[u8],
                look: impl FnOnce(&Self) -> T,
            ) -> Result<T, $crate::codec::CodecError> {
                use $crate::codec::fixed::zerocopy::TryFromBytes;
                match <Self as TryFromBytes>::try_ref_from_bytes(bytes) {
                    Ok(value) => Ok(look(value)),
                    Err(_) => Err($crate::codec::fixed::refused::<Self>(bytes)),
                }
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
mod tests {
    use proptest::prelude::*;
    use zerocopy::little_endian::{I16, U16, U32, U64};
    use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

    use crate::codec::Wire;

    #[derive(
        Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
    )]
    #[repr(C)]
    struct Line {
        product: U32,
        quantity: U16,
    }

    fixed! {
        #[derive(Debug, PartialEq)]
        enum Event {
            /// The last one.
            Closed = 9,
            Cancelled(U64) = 1,
            Placed { order: U64, count: u8, lines: [Line; 2], gift: bool, by: I16 } = 0,
        }
    }

    fixed! {
        /// A reply.
        #[derive(Debug, PartialEq)]
        struct Placed { order: U64, gift: bool }
    }

    fn line() -> impl Strategy<Value = Line> {
        any::<(u32, u16)>().prop_map(|(product, quantity)| Line {
            product: product.into(),
            quantity: quantity.into(),
        })
    }

    fn event() -> impl Strategy<Value = Event> {
        let placed = (any::<u64>(), any::<u8>(), line(), line(), any::<bool>(), any::<i16>());
        prop_oneof![
            Just(Event::Closed),
            any::<u64>().prop_map(|order| Event::Cancelled(order.into())),
            placed.prop_map(|(order, count, one, two, gift, by)| Event::Placed {
                order: order.into(),
                count,
                lines: [one, two],
                gift,
                by: by.into(),
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_value_comes_back_and_every_other_length_is_refused(event in event()) {
            let mut bytes = vec![7];
            event.encode(&mut bytes).unwrap();
            prop_assert_eq!(bytes.len(), 1 + size_of::<Event>());
            prop_assert_eq!(&Event::decode(&bytes[1..]).unwrap(), &event);
            prop_assert!(Event::with(&bytes[1..], |seen| *seen == event).unwrap());
            for end in 1..bytes.len() {
                prop_assert!(Event::decode(&bytes[1..end]).is_err());
            }
            bytes.push(0);
            let error = Event::decode(&bytes[1..]).unwrap_err().to_string();
            prop_assert!(error.ends_with("Event: it has 25"), "{}", error);
        }

        #[test]
        fn bytes_are_read_by_their_tag_alone_or_refused(mut bytes: [u8; 25], tag in 0..11_u8) {
            bytes[0] = tag;
            let gift = bytes[22] < 2;
            let can_be = match tag {
                0 => gift,
                1 | 9 => true,
                _ => false,
            };
            prop_assert_eq!(Event::decode(&bytes).is_ok(), can_be);
        }
    }

    #[test]
    fn the_layout_is_what_the_page_says() {
        let line = |product: u32| Line { product: product.into(), quantity: 0x0605.into() };
        let lines = [line(0x0403_0201), line(7)];
        let placed =
            Event::Placed { order: 1.into(), count: 2, lines, gift: true, by: (-2).into() };
        let mut bytes = Vec::new();
        placed.encode(&mut bytes).unwrap();
        let placed_bytes =
            [0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 5, 6, 1, 254, 255];
        assert_eq!(bytes, placed_bytes);
        assert_eq!((placed.kind().as_str(), size_of::<Event>()), ("Placed", 25));
        bytes.clear();
        Event::Closed.encode(&mut bytes).unwrap();
        assert_eq!((bytes[0], &bytes[1..]), (9, &[0; 24][..]));
        bytes.clear();
        let reply = Placed { order: 3.into(), gift: false };
        reply.encode(&mut bytes).unwrap();
        assert_eq!(bytes, [3, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((Placed::decode(&bytes), reply.kind().as_str()), (Ok(reply), ""));
        bytes[8] = 2;
        let error = Placed::decode(&bytes).unwrap_err().to_string();
        assert!(error.contains("a tag or a field has a value that it cannot have"), "{error}");
    }
}
