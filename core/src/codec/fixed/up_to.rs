//! A list in its place: at most so many items.
//!
//! It doesn't know what stands behind its items.

use std::fmt;
use std::ops::Deref;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Up to `N` (at most 255) items, in place. On disk: how many, one byte, and those that there are.
///
/// In memory there is room for all `N`; what stands in the room of items that are not there has no
/// meaning and is never shown.
#[derive(Clone, Copy, FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct UpTo<T, const N: usize> {
    count: u8,
    items: [T; N],
}

/// More items than there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{count} items, where there is room for {room}")]
pub struct TooMany {
    /// How many there were.
    pub count: usize,
    /// How many could be.
    pub room: usize,
}

impl<T: Copy + FromBytes, const N: usize> UpTo<T, N> {
    /// All of `items`.
    ///
    /// # Errors
    /// [`TooMany`] when there are more than `N`.
    pub fn new(items: &[T]) -> Result<Self, TooMany> {
        const { assert!(N <= u8::MAX as usize, "the number of items is one byte") };
        let mut all = Self::default();
        let too_many = TooMany { count: items.len(), room: N };
        all.items.get_mut(..items.len()).ok_or(too_many)?.copy_from_slice(items);
        all.count = items.len() as u8;
        Ok(all)
    }
}

impl<T: FromBytes, const N: usize> Default for UpTo<T, N> {
    fn default() -> Self {
        Self { count: 0, items: std::array::from_fn(|_| T::new_zeroed()) }
    }
}

impl<T, const N: usize> Deref for UpTo<T, N> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.items[..usize::from(self.count).min(N)]
    }
}

impl<T: IntoBytes + Immutable, const N: usize> UpTo<T, N> {
    /// The bytes of those that are there.
    pub(super) fn as_bytes(&self) -> &[u8] {
        IntoBytes::as_bytes(&**self)
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for UpTo<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: PartialEq, const N: usize> PartialEq for UpTo<T, N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq, const N: usize> Eq for UpTo<T, N> {}
