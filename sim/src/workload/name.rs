//! Names: short texts kept in place, without a heap.
//!
//! Rules:
//! 1. A name is 1 to `MAX` bytes of UTF-8 without NUL; anything else is refused with its reason.
//! 2. It travels as text, and sorts and compares as its bytes do.
//!
//! It doesn't know what is named.

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It has no bytes.
    #[error("a name cannot be empty")]
    Empty,
    /// It has too many.
    #[error("{text:?} has {} bytes: {max} are the most", text.len())]
    TooLong {
        /// The text.
        text: String,
        /// How many bytes it may have.
        max: usize,
    },
    /// It contains a NUL, which ends a name where it is kept.
    #[error("{0:?} contains a NUL")]
    Nul(String),
}

/// Defines a name of at most so many bytes.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $max]);

        impl $name {
            /// The most bytes it may have.
            pub const MAX: usize = $max;

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                let len = self.0.iter().position(|byte| *byte == 0).unwrap_or($max);
                std::str::from_utf8(&self.0[..len]).expect("it was made from text")
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::workload::name::BadName;

            fn try_from(text: &str) -> Result<Self, $crate::workload::name::BadName> {
                if text.is_empty() {
                    return Err($crate::workload::name::BadName::Empty);
                }
                if text.len() > $max {
                    let (text, max) = (text.to_owned(), $max);
                    return Err($crate::workload::name::BadName::TooLong { text, max });
                }
                if text.contains('\0') {
                    return Err($crate::workload::name::BadName::Nul(text.to_owned()));
                }
                let mut bytes = [0; $max];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self(bytes))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: ::serde::Deserializer<'de>,
            {
                struct Text;
                impl ::serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        write!(f, "a name of 1 to {} bytes", $max)
                    }

                    fn visit_str<E: ::serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::try_from(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}
pub(crate) use name;
