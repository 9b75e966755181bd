//! A record's parts in words: the `Debug` text of what they decode to.
//!
//! Rule: bytes that do not decode are said to be so; there are no words that cannot be made.
//!
//! It doesn't know what is shown to whom.

use archipelago_core::codec::Wire;
use archipelago_core::id::Asker;
use archipelago_core::journal::record::{RecordView, Source};

/// A value in words, or why it has none.
#[must_use]
pub fn words<T: Wire>(bytes: &[u8]) -> String {
    T::decode(bytes).map_or_else(|error| format!("({error})"), |value| format!("{value:?}"))
}

/// What kind of value it is: its variants' names (`Stock.Need`); for what is no enum, its type's.
#[must_use]
pub fn kind<T: Wire>(bytes: &[u8]) -> String {
    match T::decode(bytes) {
        Err(_) => "(not readable)".to_owned(),
        Ok(value) => match value.kind() {
            kind if kind.is_empty() => type_name::<T>().to_owned(),
            kind => kind,
        },
    }
}

/// The name of a type without its path and its parameters.
fn type_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let path = name.split('<').next().unwrap_or(name);
    path.rsplit("::").next().unwrap_or(path)
}

/// Who brought a record's input.
#[must_use]
pub fn source(source: &Source) -> String {
    match source {
        Source::Client { asker, .. } => request(asker),
        Source::Island { from, number, cause } => format!(
            "island {from} message {number}, {} hops from island {} record {}",
            cause.hops, cause.island, cause.position
        ),
        Source::Timer(number) => format!("timer {number}"),
    }
}

/// A client's request: the first half of the client's hash is enough to tell clients apart.
pub(super) fn request(asker: &Asker) -> String {
    format!("client {:016x} request {}", asker.client.0 >> 64, asker.number)
}

/// A record's input with who brought it, and why it is a dead letter if it is one.
#[must_use]
pub fn input<C: Wire>(record: &RecordView<'_>) -> String {
    let mut text = format!("{}: {}", source(&record.source), words::<C>(record.input));
    if let Some(reason) = record.dead {
        text.push_str(&format!("; dead letter: {reason}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_variants_is_named_by_its_type() {
        assert_eq!(type_name::<Option<Vec<u8>>>(), "Option");
        assert_eq!(kind::<u64>(&[7]), "u64");
        assert_eq!(kind::<Result<u8, String>>(&[0, 7]), "Ok");
        assert_eq!(
            (kind::<u64>(&[]).as_str(), words::<u64>(&[7]).as_str()),
            ("(not readable)", "7")
        );
        assert!(words::<u64>(&[]).starts_with("(0 bytes are not a u64"));
    }
}
