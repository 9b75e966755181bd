//! Little building blocks of our own formats: LEB128 numbers, fixed numbers, length-prefixed parts.
//!
//! Rules:
//! 1. Reading never panics and never reads past the end: it says at which byte it failed.
//! 2. All fixed numbers are little endian.
//!
//! It doesn't know what the parts mean.

/// Bytes that are not what they should be: where, and what was expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: expected {expected}")]
pub struct Malformed {
    /// Offset from the start of what was being read.
    pub at: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

/// Appends `value` in 1 to 10 bytes, 7 bits a byte, low bits first.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends what `fill` appends, with its length in front.
///
/// Most parts are shorter than 128 bytes, so one byte is kept free for the length and the part is
/// moved only when it turns out longer: cheaper than a second buffer.
///
/// # Errors
/// What `fill` returns; `out` is then as it was.
pub fn put_part<E>(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.push(0);
    if let Err(error) = fill(out) {
        out.truncate(start);
        return Err(error);
    }
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        let mut prefix = Vec::with_capacity(10);
        put_varint(&mut prefix, length as u64);
        out.splice(start..=start, prefix);
    }
    Ok(())
}

/// Appends `bytes` with their length in front.
#[inline]
pub fn put_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A part, and what stands behind it: whoever reads one may look further than it reaches.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    room: &'a [u8],
    length: usize,
}

impl<'a> Part<'a> {
    /// Its bytes.
    #[must_use]
    #[inline(always)]
    pub fn bytes(&self) -> &'a [u8] {
        &self.room[..self.length]
    }

    /// How many they are.
    #[must_use]
    #[inline(always)]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Its bytes and those behind them, which mean something else.
    #[must_use]
    #[inline(always)]
    pub const fn room(&self) -> &'a [u8] {
        self.room
    }
}

/// A part with nothing behind it.
impl<'a> From<&'a [u8]> for Part<'a> {
    #[inline(always)]
    fn from(bytes: &'a [u8]) -> Self {
        Self { room: bytes, length: bytes.len() }
    }
}

/// Reads parts from the front of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { all: bytes, rest: bytes }
    }

    /// All bytes, also those that were read.
    #[must_use]
    pub const fn all(&self) -> &'a [u8] {
        self.all
    }

    /// The offset of the next byte.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// An error at the next byte.
    #[must_use]
    #[inline(always)]
    pub const fn expected(&self, expected: &'static str) -> Malformed {
        Malformed { at: self.at(), expected }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    #[inline(always)]
    pub fn take(&mut self, length: usize, expected: &'static str) -> Result<&'a [u8], Malformed> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.expected(expected));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Malformed> {
        let Some((taken, rest)) = self.rest.split_first_chunk() else {
            return Err(self.expected(expected));
        };
        self.rest = rest;
        Ok(*taken)
    }

    /// The next varint.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut off or longer than 64 bits.
    #[inline(always)]
    pub fn varint(&mut self, expected: &'static str) -> Result<u64, Malformed> {
        // Most numbers are below 128.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(byte));
        }
        let (value, rest) = long_varint(self.rest).ok_or(self.expected(expected))?;
        self.rest = rest;
        Ok(value)
    }

    /// The next varint, which must fit 32 bits.
    ///
    /// # Errors
    /// [`Malformed`] when it doesn't.
    #[inline(always)]
    pub fn varint_u32(&mut self, expected: &'static str) -> Result<u32, Malformed> {
        let before = *self;
        u32::try_from(self.varint(expected)?).map_err(|_| before.expected(expected))
    }

    /// The next length-prefixed part.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut off.
    #[inline(always)]
    pub fn part(&mut self, expected: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.varint(expected)?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX), expected)
    }

    /// The next `count` length-prefixed parts, each with all that stands behind it in `room`, which
    /// begins with [`Reader::all`] and goes on.
    ///
    /// # Errors
    /// As [`Reader::part`], and what `visit` says.
    #[inline(always)]
    pub fn parts_in<E: From<Malformed>>(
        &mut self,
        (count, expected): (u64, &'static str),
        room: &'a [u8],
        mut visit: impl FnMut(Part<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let behind = room.len().saturating_sub(self.all.len());
        let mut reader = Self { all: room, rest: room.get(self.at()..).unwrap_or_default() };
        for _ in 0..count {
            let length = reader.varint(expected)?;
            let room = reader.rest;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let before = reader;
            reader.take(length, expected)?;
            if reader.rest.len() < behind {
                return Err(before.expected(expected).into());
            }
            visit(Part { room, length })?;
        }
        self.take(reader.at() - self.at(), expected)?;
        Ok(())
    }

    /// The next `length` bytes, and all that is behind them.
    ///
    /// # Errors
    /// As [`Reader::take`].
    #[inline(always)]
    pub fn take_in_its_room(
        &mut self,
        length: usize,
        expected: &'static str,
    ) -> Result<Part<'a>, Malformed> {
        let room = self.rest;
        let part = self.take(length, expected)?;
        Ok(Part { room, length: part.len() })
    }
}

/// A number of several bytes, and what is behind it. Up to 8 are taken at once: the lowest high bit
/// that is off ends it, and the groups of 7 bits are pushed together pair by pair. (By value: a
/// reader whose address is taken would live in memory, not in registers.)
#[inline(always)]
fn long_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let Some(word) = bytes.first_chunk() else { return slow_varint(bytes) };
    let word = u64::from_le_bytes(*word);
    let ends = !word & HIGH;
    if ends == 0 {
        return slow_varint(bytes);
    }
    let bits = word & (ends ^ (ends - 1)) & !HIGH;
    let bits = bits & 0x007f_007f_007f_007f | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
    let bits = bits & 0x0000_3fff_0000_3fff | (bits & 0x3fff_0000_3fff_0000) >> 2;
    let bits = bits & 0x0fff_ffff | (bits & 0x0fff_ffff_0000_0000) >> 4;
    Some((bits, &bytes[ends.trailing_zeros() as usize / 8 + 1..]))
}

/// The same, byte by byte: near the end, and where a number has more than 8.
#[cold]
fn slow_varint(mut bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some((value, bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_parts_come_back(
            value: u64,
            part in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut out = vec![9];
            put_varint(&mut out, value);
            put_part(&mut out, |out| { out.extend_from_slice(&part); Ok::<(), ()>(()) }).unwrap();
            put_slice(&mut out, &part);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.take(1, "nine").unwrap(), &[9]);
            prop_assert_eq!(reader.varint("value").unwrap(), value);
            prop_assert_eq!(reader.part("part").unwrap(), &part[..]);
            prop_assert_eq!(reader.part("part").unwrap(), &part[..]);
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn parts_in_a_room_are_those_alone_and_none_reaches_out(
            all in prop::collection::vec(0..6_u8, 0..12),
            behind in prop::collection::vec(0..6_u8, 0..12),
            count in 0..5_u64,
        ) {
            let mut alone = Reader::new(&all);
            let parts: Result<Vec<_>, _> = (0..count).map(|_| alone.part("part")).collect();
            let room = [&all[..], &behind].concat();
            let mut inside = Reader::new(&room[..all.len()]);
            let mut seen = Vec::new();
            let walked = inside.parts_in((count, "part"), &room, |part| -> Result<(), Malformed> {
                seen.push((part.bytes(), part.room().len()));
                Ok(())
            });
            prop_assert_eq!(walked.is_ok(), parts.is_ok());
            let Ok(parts) = parts else { return Ok(()) };
            prop_assert_eq!(inside.at(), alone.at());
            prop_assert_eq!(seen.len(), parts.len());
            let mut at = 0;
            for ((bytes, left), part) in seen.into_iter().zip(parts) {
                prop_assert_eq!((bytes, left), (part, room.len() - at - 1));
                at += 1 + part.len();
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() {
                let before = reader.at();
                if reader.varint("number").is_err() || reader.part("part").is_err() { break; }
                prop_assert!(reader.at() > before);
            }
        }
    }

    #[test]
    fn a_part_that_cannot_be_filled_leaves_nothing() {
        let mut out = vec![1, 2];
        let refused = put_part(&mut out, |out| {
            out.push(3);
            Err("no")
        });
        assert_eq!((refused, out), (Err("no"), vec![1, 2]));
    }
}
