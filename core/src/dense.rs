//! Values by dense number: 0, 1, 2, … without gaps worth mentioning, in one vector.
//!
//! Where an application hands out numbers itself (products, accounts), a vector is three times as
//! fast as a hash map, and takes less memory. Docs and figures: `docs/PERFORMANCE.md`.
//!
//! Rules:
//! 1. Every number has a value, the default one until it is changed: there is nothing to insert or
//!    remove, and nothing to be missing.
//! 2. Memory goes by the highest number that was changed: for numbers with large gaps, take a
//!    [`Lookup`](crate::lookup::Lookup).
//! 3. Its bytes (snapshot, digest) end with the last value that is not the default: they tell what
//!    is in it, not what was.
//!
//! It doesn't know who hands out the numbers.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A vector of values, by number. `K` is the number: `u32`, or a newtype that turns into one.
#[derive(Clone, Debug)]
pub struct Dense<K, V> {
    values: Vec<V>,
    number: PhantomData<fn(K)>,
}

impl<K, V> Default for Dense<K, V> {
    fn default() -> Self {
        Self { values: Vec::new(), number: PhantomData }
    }
}

impl<K: Into<u32>, V: Default + PartialEq> Dense<K, V> {
    /// All values are the default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `key`; none when neither it nor a higher one was ever changed.
    #[must_use]
    #[inline]
    pub fn get(&self, key: K) -> Option<&V> {
        self.values.get(key.into() as usize)
    }

    /// The value of `key`, to change.
    #[inline]
    pub fn get_mut(&mut self, key: K) -> &mut V {
        let number = key.into() as usize;
        if number >= self.values.len() {
            self.grow(number);
        }
        &mut self.values[number]
    }

    #[cold]
    fn grow(&mut self, number: usize) {
        self.values.resize_with(number + 1, V::default);
    }

    /// All numbers and values that are not the default, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &V)> {
        let nothing = V::default();
        (0..).zip(&self.values).filter(move |(_, value)| **value != nothing)
    }

    /// The values up to the last that is not the default.
    fn told(&self) -> &[V] {
        let nothing = V::default();
        let last = self.values.iter().rposition(|value| *value != nothing);
        &self.values[..last.map_or(0, |last| last + 1)]
    }
}

impl<K: Into<u32>, V: Default + PartialEq> PartialEq for Dense<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.told() == other.told()
    }
}

impl<K: Into<u32>, V: Default + Eq> Eq for Dense<K, V> {}

impl<K: Into<u32>, V: Default + PartialEq + Serialize> Serialize for Dense<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.told().serialize(serializer)
    }
}

impl<'de, K, V: Deserialize<'de>> Deserialize<'de> for Dense<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|values| Self { values, number: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    #[derive(Clone, Copy)]
    struct Shelf(u32);

    impl From<Shelf> for u32 {
        fn from(Shelf(number): Shelf) -> Self {
            number
        }
    }

    #[test]
    fn values_are_kept_by_number_and_those_never_changed_are_the_default() {
        let mut units: Dense<Shelf, i64> = Dense::new();
        assert_eq!(units.get(Shelf(0)), None);
        *units.get_mut(Shelf(7)) -= 3;
        *units.get_mut(Shelf(2)) += 5;
        assert_eq!((units.get(Shelf(7)), units.get(Shelf(6))), (Some(&-3), Some(&0)));
        assert_eq!(units.get(Shelf(8)), None);
        assert_eq!(units.iter().collect::<Vec<_>>(), [(2, &5), (7, &-3)]);
    }

    #[test]
    fn bytes_tell_what_is_in_it_and_not_what_was() {
        let (mut grown, mut fresh) = (Dense::<u32, u64>::new(), Dense::<u32, u64>::new());
        *grown.get_mut(1000) = 9;
        *grown.get_mut(1000) = 0;
        for units in [&mut grown, &mut fresh] {
            *units.get_mut(3) = 4;
        }
        assert_eq!(grown, fresh);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        encode(&grown, &mut a).unwrap();
        encode(&fresh, &mut b).unwrap();
        assert_eq!(a, b);
        assert_eq!(a, [4, 0, 0, 0, 4], "the number of values, then each");
        let mut back: Dense<u32, u64> = decode(&a).unwrap();
        assert_eq!(back, fresh);
        *back.get_mut(4) = 1;
        assert_ne!(back, fresh);
    }
}
