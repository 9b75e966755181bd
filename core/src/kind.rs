//! What a value is, by the names of its variants: `Stock.Grant` for a grant inside a command.
//!
//! Rules:
//! 1. An enum's variant gives its name; what a variant of one value holds is looked into, so nested
//!    enums give a path.
//! 2. Anything else has no name: a struct, a number, an option.
//! 3. A word matches a path if it is the path, or its last part.
//!
//! It writes no bytes, and doesn't know what the values mean.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::ser::{self, Impossible, Serialize, Serializer};

/// The path of a value: `["Stock", "Grant"]`. Empty for what is no enum.
#[must_use]
pub fn path_of<T: Serialize + ?Sized>(value: &T) -> Vec<&'static str> {
    let mut path = Vec::new();
    // It ends at the first thing that is no variant: that is no error.
    let _ = value.serialize(Namer(&mut path));
    path
}

/// The path of a value as one word: `Stock.Grant`.
#[must_use]
pub fn kind_of<T: Serialize + ?Sized>(value: &T) -> String {
    path_of(value).join(".")
}

/// Whether `word` names this path: the whole of it, or its last part.
#[must_use]
pub fn names(word: &str, path: &[&str]) -> bool {
    let parts = word.split('.');
    path.last() == Some(&word) || (!path.is_empty() && parts.eq(path.iter().copied()))
}

/// The names of an enum's variants; nothing for what is no enum.
#[must_use]
pub fn variants_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut found: &'static [&'static str] = &[];
    let _ = T::deserialize(Prober(&mut found));
    found
}

/// Nothing more to name.
#[derive(Debug)]
struct End;

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the names end here")
    }
}

impl std::error::Error for End {}

impl ser::Error for End {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl de::Error for End {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Writes variants' names down.
struct Namer<'a>(&'a mut Vec<&'static str>);

/// Methods for what has no name.
macro_rules! nameless {
    ($($method:ident($($kind:ty),*)),* $(,)?) => {
        $(fn $method(self $(, _: $kind)*) -> Result<(), End> { Err(End) })*
    };
}

type Never = Impossible<(), End>;

impl Serializer for Namer<'_> {
    type Ok = ();
    type Error = End;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    nameless!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_none(),
        serialize_unit(),
        serialize_unit_struct(&'static str),
    );

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), End> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), End> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<(), End> {
        self.0.push(name);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), End> {
        self.0.push(name);
        value.serialize(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Never, End> {
        self.0.push(name);
        Err(End)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Never, End> {
        self.0.push(name);
        Err(End)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Never, End> {
        Err(End)
    }

    fn serialize_tuple(self, _: usize) -> Result<Never, End> {
        Err(End)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, End> {
        Err(End)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Never, End> {
        Err(End)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Never, End> {
        Err(End)
    }
}

/// Asks a type which variants it has.
struct Prober<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Prober<'_> {
    type Error = End;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, End> {
        Err(End)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, End> {
        *self.0 = variants;
        Err(End)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    enum Command {
        Stock(Message),
        Count { units: u32 },
    }

    #[derive(Serialize, Deserialize)]
    enum Message {
        Grant { units: u32 },
        Deadline,
    }

    #[test]
    fn a_message_is_named_by_its_variants() {
        let deadline = Command::Stock(Message::Deadline);
        assert_eq!(kind_of(&deadline), "Stock.Deadline");
        assert_eq!(kind_of(&Command::Stock(Message::Grant { units: 1 })), "Stock.Grant");
        assert_eq!(kind_of(&Command::Count { units: 1 }), "Count");
        assert_eq!(kind_of(&Some(std::cmp::Reverse(7))), "");
        let path = path_of(&deadline);
        assert!(names("Deadline", &path) && names("Stock.Deadline", &path));
        assert!(!names("Stock", &path) && !names("Grant", &path) && !names("", &[]));
    }

    #[test]
    fn an_enum_says_its_variants() {
        assert_eq!(variants_of::<Message>(), ["Grant", "Deadline"]);
        assert_eq!(variants_of::<Command>(), ["Stock", "Count"]);
        assert!(variants_of::<u32>().is_empty());
    }
}
