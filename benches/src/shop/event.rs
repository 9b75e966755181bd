//! What happens in the shop.
//!
//! An event owns no memory: the lines of an order stand in it. It has two forms ([`Form`]): one
//! whose bytes are the serde codec's, and one of fixed fields. A state folds either with the same
//! code.
//!
//! It doesn't know what follows from an event.

use std::fmt;

use archipelago_core::codec::Wire;
use archipelago_core::codec::fixed::UpTo;
use archipelago_core::fixed;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The most lines of an order.
pub const LINES_MAX: usize = 4;

/// So many units of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product, below the number of products.
    pub product: u32,
    /// Units.
    pub units: u16,
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
    },
    /// Units came in.
    StockReceived(Line),
    /// Units went elsewhere.
    StockSent(Line),
}

/// A [`Line`] of fixed fields.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct FixedLine {
    product: U32,
    units: U16,
}

fixed! {
    /// An [`Event`] of fixed fields.
    #[derive(Debug)]
    pub enum Fixed {
        /// A customer ordered.
        OrderPlaced {
            /// Its number.
            order: U64,
            /// The customer.
            customer: U64,
            /// What was ordered.
            lines: UpTo<FixedLine, LINES_MAX>,
        } = 0,
        /// Units came in.
        StockReceived(FixedLine) = 1,
        /// Units went elsewhere.
        StockSent(FixedLine) = 2,
    }
}

impl From<Line> for FixedLine {
    fn from(Line { product, units }: Line) -> Self {
        Self { product: product.into(), units: units.into() }
    }
}

impl From<&FixedLine> for Line {
    #[inline]
    fn from(line: &FixedLine) -> Self {
        Self { product: line.product.get(), units: line.units.get() }
    }
}

impl From<Event> for Fixed {
    fn from(event: Event) -> Self {
        match event {
            Event::OrderPlaced { order, customer, lines } => Self::OrderPlaced {
                order: order.into(),
                customer: customer.into(),
                lines: UpTo::new(&lines.lines.map(FixedLine::from)[..lines.as_slice().len()])
                    .expect("as many as there can be"),
            },
            Event::StockReceived(line) => Self::StockReceived(line.into()),
            Event::StockSent(line) => Self::StockSent(line.into()),
        }
    }
}

/// Who is told what happened.
pub trait Told {
    /// A customer ordered.
    fn ordered(&mut self, customer: u64, lines: impl Iterator<Item = Line>);
    /// So many more units of a product are there; or fewer.
    fn moved(&mut self, product: u32, units: i64);
}

/// One form of an event.
pub trait Form: Wire + From<Event> {
    /// Tells what happened.
    fn tell(&self, told: &mut impl Told);
}

macro_rules! tell {
    ($form:ident, |$customer:ident| $number:expr, |$lines:ident| $each:expr) => {
        impl Form for $form {
            #[inline(always)]
            fn tell(&self, told: &mut impl Told) {
                let mut moved = |line: Line, sign: i64| {
                    told.moved(line.product, sign * i64::from(line.units));
                };
                match self {
                    Self::StockReceived(line) => moved(Line::from(line), 1),
                    Self::StockSent(line) => moved(Line::from(line), -1),
                    Self::OrderPlaced { customer: $customer, lines: $lines, .. } => {
                        told.ordered($number, $each.iter().map(Line::from));
                    }
                }
            }
        }
    };
}

impl From<&Self> for Line {
    #[inline]
    fn from(line: &Self) -> Self {
        *line
    }
}

tell!(Event, |customer| *customer, |lines| lines.as_slice());
tell!(Fixed, |customer| customer.get(), |lines| lines);

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
