//! How many bytes a value of a fixed layout takes.
//!
//! It doesn't know where the bytes stand.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use super::UpTo;

/// The bytes that a value has of its own: so many, and so many for each item of an [`UpTo`] that
/// ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    least: u16,
    /// Where the number of items stands; 0 where there are none.
    count_at: u16,
    item: u16,
}

impl Own {
    /// Nothing yet.
    pub const NOTHING: Self = Self::closed(0);
    /// An enum's tag.
    pub const TAG: Self = Self::closed(1);
    /// More than any value has: there is none of this tag.
    pub const NEVER: Self = Self::closed(u16::MAX as usize);

    const fn closed(bytes: usize) -> Self {
        assert!(bytes <= u16::MAX as usize, "a value of fixed fields has less than 64 KiB");
        Self { least: bytes as u16, count_at: 0, item: 0 }
    }

    /// With another field behind.
    #[must_use]
    pub const fn then(self, field: Self) -> Self {
        assert!(self.item == 0, "only the last field can be an `UpTo`");
        let least = Self::closed(self.least as usize + field.least as usize).least;
        let count_at = if field.item == 0 { 0 } else { self.least + field.count_at };
        Self { least, count_at, item: field.item }
    }

    /// The length of the value that `room` begins with. Without a branch: what a value is and how
    /// many items it has would be guessed wrong.
    #[inline(always)]
    #[must_use]
    pub fn length(&self, room: &[u8]) -> usize {
        let count = room.get(usize::from(self.count_at)).copied().unwrap_or(0);
        usize::from(self.least) + usize::from(count) * usize::from(self.item)
    }
}

/// A field of a fixed layout.
pub trait Field {
    /// Its bytes.
    const OWN: Own;

    /// Appends them.
    fn put(&self, out: &mut Vec<u8>);
}

impl<T: IntoBytes + Immutable> Field for T {
    const OWN: Own = Own::closed(size_of::<T>());

    #[inline(always)]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl<T, const N: usize> Field for UpTo<T, N>
where
    T: Copy + FromBytes + IntoBytes + Immutable + Unaligned,
{
    const OWN: Own = {
        assert!(size_of::<T>() <= u16::MAX as usize, "an item has less than 64 KiB");
        Own { least: 1, count_at: 0, item: size_of::<T>() as u16 }
    };

    #[inline(always)]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.len() as u8);
        out.extend_from_slice(self.as_bytes());
    }
}
