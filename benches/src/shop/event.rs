//! What happens in the shop.
//!
//! An event owns no memory: the lines of an order stand in it. Its bytes are either way's: the
//! serde codec's, or fixed fields ([`Form`]).
//!
//! It doesn't know what follows from an event.

use std::fmt;

use archipelago_core::codec::Wire;
use archipelago_core::codec::packed::Packed;
use archipelago_core::{packed, wire_packed};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most lines of an order.
pub const LINES_MAX: usize = 4;

packed! {
    /// So many units of a product.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Line {
        /// The product, below the number of products.
        pub product: u32,
        /// Units.
        pub units: u16,
    }
}

/// 1 to [`LINES_MAX`] lines, in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    count: u8,
    lines: [Line; LINES_MAX],
}

impl Lines {
    /// The first [`LINES_MAX`] of `lines`.
    #[must_use]
    pub fn new(lines: &[Line]) -> Self {
        let count = lines.len().min(LINES_MAX);
        let mut all = [Line::default(); LINES_MAX];
        all[..count].copy_from_slice(&lines[..count]);
        Self { count: count as u8, lines: all }
    }

    /// The lines.
    #[must_use]
    pub fn as_slice(&self) -> &[Line] {
        &self.lines[..usize::from(self.count).min(LINES_MAX)]
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(InPlace)
    }
}

impl Packed for Lines {
    const BYTES_MIN: usize = 1;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.count);
        self.as_slice().iter().for_each(|line| line.put(out));
    }

    #[inline]
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let count = u8::get(bytes)?;
        if usize::from(count) > LINES_MAX {
            return None;
        }
        // Each in a register: an array written field by field would be copied before it is there.
        let mut line = |at| if at < count { Line::get(bytes) } else { Some(Line::default()) };
        Some(Self { count, lines: [line(0)?, line(1)?, line(2)?, line(3)?] })
    }
}

/// Reads lines into their place.
struct InPlace;

impl<'de> Visitor<'de> for InPlace {
    type Value = Lines;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {LINES_MAX} lines")
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lines, A::Error> {
        let mut lines = [Line::default(); LINES_MAX];
        let mut count = 0;
        while let Some(line) = seq.next_element()? {
            *lines.get_mut(count).ok_or_else(|| A::Error::custom("too many lines"))? = line;
            count += 1;
        }
        Ok(Lines { count: count as u8, lines })
    }
}

packed! {
    /// What happened.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Event {
        /// A customer ordered.
        OrderPlaced {
            /// Its number.
            order: u64,
            /// The customer, below the number of customers.
            customer: u64,
            /// What was ordered.
            lines: Lines,
        } = 0,
        /// Units came in.
        StockReceived(Line) = 1,
        /// Units went elsewhere.
        StockSent(Line) = 2,
    }
}

packed! {
    /// An event whose bytes are fixed fields.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Fixed {
        /// The event.
        pub event: Event,
    }
}
wire_packed!(Fixed);

impl From<Event> for Fixed {
    fn from(event: Event) -> Self {
        Self { event }
    }
}

impl AsRef<Event> for Fixed {
    fn as_ref(&self) -> &Event {
        &self.event
    }
}

impl AsRef<Event> for Event {
    fn as_ref(&self) -> &Event {
        self
    }
}

/// How an event is written.
pub trait Form: Wire + From<Event> + AsRef<Event> {}

impl<F: Wire + From<Event> + AsRef<Event>> Form for F {}

#[cfg(test)]
mod tests {
    use archipelago_core::codec::{decode, encode};

    use super::*;

    #[test]
    fn an_event_comes_back_and_too_many_lines_are_refused() {
        let line = |product| Line { product, units: 3 };
        let lines = Lines::new(&[line(1), line(70_000)]);
        let event = Event::OrderPlaced { order: 9, customer: 12, lines };
        let mut bytes = Vec::new();
        encode(&event, &mut bytes).unwrap();
        assert_eq!(decode::<Event>(&bytes).unwrap(), event);
        bytes.clear();
        encode(&vec![line(1); LINES_MAX + 1], &mut bytes).unwrap();
        assert!(decode::<Lines>(&bytes).is_err());
    }
}
