//! A hash map that cannot iterate: for hot state whose order must never be seen.
//!
//! Rules:
//! 1. It looks up, inserts and removes; whoever wants all entries gets them sorted by key.
//! 2. Its bytes (snapshot, digest) are the sorted entries, whatever the history of inserts was.
//!
//! It doesn't know what it holds.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A hash map without iteration order.
#[derive(Clone, Debug)]
pub struct Lookup<K, V> {
    entries: HashMap<K, V, FixedState>,
}

impl<K, V> Default for Lookup<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::with_hasher(FixedState::with_seed(0)) }
    }
}

impl<K: Hash + Eq, V> Lookup<K, V> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key`.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key)
    }

    /// The value of `key`, to change.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.entries.get_mut(key)
    }

    /// Whether `key` has a value.
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.entries.contains_key(key)
    }

    /// The value of `key`, made by `make` if it is not there.
    #[inline(always)]
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.entries.entry(key).or_insert_with(make)
    }

    /// Sets the value of `key`; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.entries.insert(key, value)
    }

    /// Removes `key`; returns the value it had.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.entries.remove(key)
    }

    /// Takes it apart into its entries, sorted by key.
    #[must_use]
    pub fn into_sorted(self) -> Vec<(K, V)>
    where
        K: Ord,
    {
        let mut all: Vec<_> = self.entries.into_iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// All entries, sorted by key. Costs a sort: for reports, snapshots and digests.
    pub fn sorted(&self) -> Vec<(&K, &V)>
    where
        K: Ord,
    {
        let mut all: Vec<_> = self.entries.iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(b.0));
        all
    }
}

impl<K: Hash + Eq + Ord + Serialize, V: Serialize> Serialize for Lookup<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.sorted())
    }
}

impl<'de, K, V> Deserialize<'de> for Lookup<K, V>
where
    K: Hash + Eq + Deserialize<'de>,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads a map entry by entry.
struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for Entries<K, V>
where
    K: Hash + Eq + Deserialize<'de>,
    V: Deserialize<'de>,
{
    type Value = Lookup<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut lookup = Lookup::default();
        while let Some((key, value)) = map.next_entry()? {
            if lookup.insert(key, value).is_some() {
                return Err(serde::de::Error::custom("a key stands twice"));
            }
        }
        Ok(lookup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    #[test]
    fn bytes_do_not_depend_on_history() {
        let mut grown: Lookup<u32, u32> = Lookup::new();
        for key in 0..1000 {
            grown.insert(key, key);
        }
        for key in 0..990 {
            grown.remove(&key);
        }
        let mut fresh: Lookup<u32, u32> = Lookup::new();
        for key in (990..1000).rev() {
            fresh.insert(key, key);
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        encode(&grown, &mut a).unwrap();
        encode(&fresh, &mut b).unwrap();
        assert_eq!(a, b);
        let back: Lookup<u32, u32> = decode(&a).unwrap();
        assert_eq!(back.sorted(), fresh.sorted());
    }
}
