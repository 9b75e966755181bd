//! The fixed layout: fields one after the other, in place, without lengths or markers between them.
//!
//! ```text
//! a number        its bytes, little endian           bool            one byte, 0 or 1
//! [T; N]          N times T                           Option<T>       one byte, 0 or 1; then T
//! ArrayVec<T, N>  one byte, how many; then each       Vec<T>, String  u32, how many; then each
//! struct          its fields in order                 enum            a tag, one byte; its fields
//! ```
//! Rules:
//! 1. What [`Packed::put`] writes, [`Packed::get`] reads back; anything else gives nothing.
//! 2. Neither allocates, but for `Vec` and `String`; a count that the bytes cannot hold is refused
//!    before anything is reserved.
//! 3. A field added, moved or retyped is another layout: raise the version of the schema and read
//!    the older one by an upcast.
//!
//! It doesn't know what the fields mean.

pub use arrayvec::ArrayVec;

use super::CodecError;

/// A value with a layout of fixed fields. [`packed!`](crate::packed) makes a struct or an enum one.
pub trait Packed: Sized {
    /// The fewest bytes a value has.
    const BYTES_MIN: usize;

    /// Appends the fields.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes a value from the front of `bytes`; `None` when none stands there. What was taken is
    /// then undefined.
    fn get(bytes: &mut &[u8]) -> Option<Self>;
}

/// A packed value with the name of its variant; what [`wire_packed!`](crate::wire_packed) asks for.
pub trait Named {
    /// The variant's name; empty for a struct.
    fn name(&self) -> &'static str;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Packed for $number {
            const BYTES_MIN: usize = size_of::<$number>();

            #[inline(always)]
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline(always)]
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                let (number, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_le_bytes(*number))
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);

impl Packed for bool {
    const BYTES_MIN: usize = 1;

    #[inline(always)]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    #[inline(always)]
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        match u8::get(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Packed> Packed for Option<T> {
    const BYTES_MIN: usize = 1;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    #[inline]
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        if bool::get(bytes)? { T::get(bytes).map(Some) } else { Some(None) }
    }
}

impl<T: Packed, const N: usize> Packed for [T; N] {
    const BYTES_MIN: usize = N * T::BYTES_MIN;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|value| value.put(out));
    }

    #[inline]
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let mut all = ArrayVec::<T, N>::new();
        for _ in 0..N {
            all.push(T::get(bytes)?);
        }
        all.into_inner().ok()
    }
}

impl<T: Packed, const N: usize> Packed for ArrayVec<T, N> {
    const BYTES_MIN: usize = 1;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        const { assert!(N < 256, "a count of one byte") };
        out.push(self.len() as u8);
        self.iter().for_each(|value| value.put(out));
    }

    #[inline]
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let count = usize::from(u8::get(bytes)?);
        if count > N {
            return None;
        }
        let mut all = Self::new();
        for _ in 0..count {
            all.push(T::get(bytes)?);
        }
        Some(all)
    }
}

impl<T: Packed> Packed for Vec<T> {
    const BYTES_MIN: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn get(bytes: &mut &[u8]) -> Option<Self> {
        const { assert!(T::BYTES_MIN > 0, "a list of nothings has no end") };
        let count = u32::get(bytes)? as usize;
        if count > bytes.len() / T::BYTES_MIN {
            return None;
        }
        (0..count).map(|_| T::get(bytes)).collect()
    }
}

impl Packed for String {
    const BYTES_MIN: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let count = u32::get(bytes)? as usize;
        let (text, rest) = bytes.split_at_checked(count)?;
        *bytes = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }
}

/// Reads a value that fills `bytes` exactly.
///
/// # Errors
/// [`CodecError::Decode`] when the bytes are not a `T`, or bytes are left over.
#[inline(always)]
pub fn decode<T: Packed>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    match T::get(&mut rest) {
        Some(value) if rest.is_empty() => Ok(value),
        Some(_) => Err(super::left_over::<T>(bytes, rest)),
        None => Err(refused::<T>(bytes, rest)),
    }
}

#[cold]
fn refused<T>(bytes: &[u8], rest: &[u8]) -> CodecError {
    super::not_a::<T>(bytes, format!("at byte {}", bytes.len() - rest.len()))
}

/// Lays out a struct, or an enum whose variants name their tags, as [`Packed`].
///
/// An enum's variants have no value, one value, or named fields. The tags are on disk for ever.
///
/// ```
/// use archipelago_core::codec::packed::ArrayVec;
/// use archipelago_core::{packed, wire_packed};
///
/// packed! {
///     #[derive(Clone, Copy, Debug, PartialEq)]
///     struct Line { product: u32, quantity: u16 }
/// }
/// packed! {
///     #[derive(Clone, Debug, PartialEq)]
///     enum Event {
///         Placed { order: u64, lines: ArrayVec<Line, 4> } = 0,
///         Cancelled(u64) = 1,
///         Closed = 2,
///     }
/// }
/// wire_packed!(Event);
///
/// use archipelago_core::codec::Wire;
/// let mut bytes = Vec::new();
/// Event::Cancelled(7).encode(&mut bytes).unwrap();
/// assert_eq!(bytes, [1, 7, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(Event::decode(&bytes), Ok(Event::Cancelled(7)));
/// ```
///
/// [`Packed`]: crate::codec::packed::Packed
#[macro_export]
macro_rules! packed {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident {
            $($(#[$fmeta:meta])* $fvis:vis $field:ident : $type:ty),* $(,)?
        }
    ) => {
        $(#[$meta])* $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),* }

        impl $crate::codec::packed::Packed for $name {
            const BYTES_MIN: usize = 0 $(+ <$type as $crate::codec::packed::Packed>::BYTES_MIN)*;

            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::codec::packed::Packed::put(&self.$field, out);)*
            }

            #[inline(always)]
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::codec::packed::Packed::get(bytes)?),* })
            }
        }

        impl $crate::codec::packed::Named for $name {
            fn name(&self) -> &'static str {
                ""
            }
        }
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
        $(#[$meta])* $vis enum $name {
            $($(#[$vmeta])* $variant $(($one))? $({ $($(#[$fmeta])* $field: $type),* })?),*
        }

        impl $crate::codec::packed::Packed for $name {
            const BYTES_MIN: usize = 1;

            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $($crate::packed!(@pattern one $variant $(($one))? $({ $($field),* })?) => {
                        out.push($tag);
                        $(<$one as $crate::codec::packed::Packed>::put(one, out);)?
                        $($($crate::codec::packed::Packed::put($field, out);)*)?
                    })*
                }
            }

            #[inline(always)]
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                match <u8 as $crate::codec::packed::Packed>::get(bytes)? {
                    $($tag => Some(Self::$variant
                        $((<$one as $crate::codec::packed::Packed>::get(bytes)?))?
                        $({ $($field: $crate::codec::packed::Packed::get(bytes)?),* })?
                    ),)*
                    _ => None,
                }
            }
        }

        impl $crate::codec::packed::Named for $name {
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant)),*
                }
            }
        }
    };
    (@pattern $one:ident $variant:ident) => { Self::$variant };
    (@pattern $one:ident $variant:ident ($type:ty)) => { Self::$variant($one) };
    (@pattern $one:ident $variant:ident { $($field:ident),* }) => {
        Self::$variant { $($field),* }
    };
}

/// Makes packed types commands, events or replies: [`Wire`](crate::codec::Wire). They must not be
/// serde's as well, or there would be two ways of writing them.
#[macro_export]
macro_rules! wire_packed {
    ($($name:ty),* $(,)?) => {$(
        impl $crate::codec::Wire for $name {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) -> Result<(), $crate::codec::CodecError> {
                $crate::codec::packed::Packed::put(self, out);
                Ok(())
            }

            #[inline(always)]
            fn decode(bytes: &[u8]) -> Result<Self, $crate::codec::CodecError> {
                $crate::codec::packed::decode(bytes)
            }

            fn kind(&self) -> String {
                $crate::codec::packed::Named::name(self).to_owned()
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::Wire;

    packed! {
        /// A line.
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct Line {
            /// What.
            product: u32,
            quantity: u16,
        }
    }

    packed! {
        #[derive(Clone, Debug, PartialEq)]
        enum Event {
            Closed = 9,
            Cancelled(u64) = 1,
            Placed { order: u128, lines: ArrayVec<Line, 4>, gift: bool, pair: [i8; 2] } = 0,
            /// With what allocates.
            Noted { text: String, by: Option<u16>, seen: Vec<Line> } = 255,
        }
    }
    wire_packed!(Event, Line);

    fn line() -> impl Strategy<Value = Line> {
        any::<(u32, u16)>().prop_map(|(product, quantity)| Line { product, quantity })
    }

    fn event() -> impl Strategy<Value = Event> {
        let lines = prop::collection::vec(line(), 0..5);
        let placed = (any::<u128>(), lines, any::<bool>(), any::<[i8; 2]>());
        let noted = (any::<String>(), any::<Option<u16>>(), prop::collection::vec(line(), 0..9));
        prop_oneof![
            Just(Event::Closed),
            any::<u64>().prop_map(Event::Cancelled),
            placed.prop_map(|(order, lines, gift, pair)| Event::Placed {
                order,
                lines: lines.into_iter().collect(),
                gift,
                pair,
            }),
            noted.prop_map(|(text, by, seen)| Event::Noted { text, by, seen }),
        ]
    }

    proptest! {
        #[test]
        fn a_value_comes_back_and_every_cut_is_refused(event in event()) {
            let mut bytes = vec![7];
            event.encode(&mut bytes).unwrap();
            prop_assert_eq!(&Event::decode(&bytes[1..]).unwrap(), &event);
            for end in 1..bytes.len() {
                prop_assert!(Event::decode(&bytes[1..end]).is_err());
            }
            bytes.push(0);
            let error = Event::decode(&bytes[1..]).unwrap_err().to_string();
            prop_assert!(error.contains("1 bytes are left over"), "{}", error);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(event) = Event::decode(&bytes) {
                let mut again = Vec::new();
                event.encode(&mut again).unwrap();
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn the_layout_is_what_the_page_says() {
        let lines = [Line { product: 0x0403_0201, quantity: 0x0605 }].into_iter().collect();
        let placed = Event::Placed { order: 1, lines, gift: true, pair: [-1, 2] };
        let mut bytes = Vec::new();
        placed.encode(&mut bytes).unwrap();
        let mut expected = vec![0, 1];
        expected.extend([0; 15]);
        expected.extend([1, 1, 2, 3, 4, 5, 6, 1, 255, 2]);
        assert_eq!(bytes, expected);
        assert_eq!((placed.kind().as_str(), Line::BYTES_MIN), ("Placed", 6));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_byte() {
        let told = |bytes: &[u8]| Event::decode(bytes).unwrap_err().to_string();
        assert!(told(&[2]).ends_with("Event: at byte 1"), "{}", told(&[2]));
        // Five lines where four fit; a list longer than its bytes.
        assert!(told(&[&[0_u8; 17][..], &[5; 90]].concat()).contains("at byte 18"));
        assert!(told(&[255, 0, 0, 0, 0, 0, 255, 255, 255, 255]).contains("at byte 10"));
    }
}
