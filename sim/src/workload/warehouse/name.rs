//! Names of a warehouse: short texts kept in place, without a heap.
//!
//! Rules:
//! 1. A name is 1 to `MAX` bytes of UTF-8 without NUL; anything else is refused with its reason.
//! 2. It travels as text, and sorts and compares as its bytes do.
//!
//! It doesn't know what is named.

use std::fmt;

use archipelago::patterns::stock::Resource;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
            type Error = BadName;

            fn try_from(text: &str) -> Result<Self, BadName> {
                if text.is_empty() {
                    return Err(BadName::Empty);
                }
                if text.len() > $max {
                    return Err(BadName::TooLong { text: text.to_owned(), max: $max });
                }
                if text.contains('\0') {
                    return Err(BadName::Nul(text.to_owned()));
                }
                let mut bytes = [0; $max];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "a name of 1 to {} bytes", $max)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        $name::try_from(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

name!(
    /// The code of a product: 1 to 16 bytes, such as `85123A`.
    ProductCode,
    16
);
name!(
    /// The number of an order, or of a return: 1 to 15 bytes, such as `536365` or `C536379`.
    OrderNumber,
    15
);
name!(
    /// Who orders: 1 to 32 bytes, a customer's number such as `17850`, or `guest:536414`.
    Login,
    32
);

impl Login {
    /// Whether it stands for a customer who comes back, or for one order of nobody known.
    #[must_use]
    pub fn kind(&self) -> LoginKind {
        if self.0.starts_with(b"guest:") { LoginKind::Guest } else { LoginKind::Customer }
    }
}

/// The two kinds of logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// Has a balance, and so can return.
    Customer,
    /// Has none.
    Guest,
}

impl Resource for ProductCode {
    fn key(&self) -> impl AsRef<[u8]> {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use archipelago_core::codec::{decode, encode};

    use super::*;

    #[test]
    fn a_name_comes_back_and_what_is_none_is_refused() {
        let code = ProductCode::try_from("gift_0001_40abcd").unwrap();
        let mut bytes = Vec::new();
        encode(&code, &mut bytes).unwrap();
        assert_eq!(decode::<ProductCode>(&bytes), Ok(code));
        assert_eq!((code.as_str().len(), format!("{code:>20}").len()), (16, 20));
        assert_eq!(ProductCode::try_from(""), Err(BadName::Empty));
        assert!(matches!(ProductCode::try_from("a\0b"), Err(BadName::Nul(_))));
        assert!(ProductCode::try_from("12345678901234567").is_err());
        assert!(decode::<OrderNumber>(&bytes).is_err(), "16 bytes are too many for a number");
    }

    #[test]
    fn names_sort_as_their_texts_do() {
        let mut texts = ["85123A", "85123", "m", "M", "22139"];
        let mut codes = texts.map(|text| ProductCode::try_from(text).unwrap());
        texts.sort_unstable();
        codes.sort_unstable();
        assert_eq!(codes.map(|code| code.to_string()), texts);
    }
}
