//! Routing: key → slot → island.
//!
//! It doesn't know threads or queues: it answers "which island", nothing more.

use std::io::{self, Read};

use crate::id::{ClientId, IslandId, Slot};

/// How many slots there are; fixed for ever, it stands in every data directory.
pub const SLOTS: u16 = 4096;

/// The most islands one data directory may have: one slot each.
pub const ISLANDS_MAX: u32 = SLOTS as u32;

/// murmur3_x86_32 of `key` with seed 0.
///
/// Source: Austin Appleby's MurmurHash3; golden vectors stand in the tests of this file.
#[must_use]
#[inline]
pub fn hash(key: &[u8]) -> u32 {
    murmur3::murmur3_32(&mut Words(key), 0).expect("reading from memory cannot fail")
}

/// A key as the hash reads it: four bytes at a time, the last ones one by one. A general reader
/// copies by a length that is not known when it is compiled, which takes longer than the hash.
struct Words<'a>(&'a [u8]);

impl Read for Words<'_> {
    #[inline(always)]
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let (Some((word, rest)), Some(room)) =
            (self.0.split_first_chunk::<4>(), into.first_chunk_mut::<4>())
        {
            *room = *word;
            self.0 = rest;
            return Ok(word.len());
        }
        let (Some((byte, rest)), Some(room)) = (self.0.split_first(), into.first_mut()) else {
            return Ok(0);
        };
        *room = *byte;
        self.0 = rest;
        Ok(1)
    }
}

/// The slot of a key: the low 12 bits of its [`hash`].
#[must_use]
pub fn slot(key: &[u8]) -> Slot {
    Slot((hash(key) % u32::from(SLOTS)) as u16)
}

/// The identity of a client: murmur3_x64_128 of its name, so that it has one size.
#[must_use]
pub fn client_id(name: &str) -> ClientId {
    let id = murmur3::murmur3_x64_128(&mut name.as_bytes(), 0);
    ClientId(id.expect("reading from memory cannot fail"))
}

/// Which island owns each slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    islands: u32,
    owners: Vec<IslandId>,
}

/// A number of islands that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} islands: there must be between 1 and {ISLANDS_MAX}")]
pub struct BadIslandCount(pub u32);

impl Table {
    /// The default table for `islands` islands: slot s belongs to island s mod `islands`.
    ///
    /// # Errors
    /// [`BadIslandCount`] when `islands` is 0 or above [`ISLANDS_MAX`].
    pub fn modulo(islands: u32) -> Result<Self, BadIslandCount> {
        if islands == 0 || islands > ISLANDS_MAX {
            return Err(BadIslandCount(islands));
        }
        let owners = (0..u32::from(SLOTS)).map(|slot| IslandId(slot % islands)).collect();
        Ok(Self { islands, owners })
    }

    /// How many islands share the slots.
    #[must_use]
    pub const fn islands(&self) -> u32 {
        self.islands
    }

    /// The island that owns `slot`.
    ///
    /// # Panics
    /// When `slot` is not below [`SLOTS`]; [`slot`] never makes such a one.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> IslandId {
        self.owners[usize::from(slot.0)]
    }

    /// The island that owns `key`.
    #[must_use]
    pub fn island_of(&self, key: &[u8]) -> IslandId {
        self.owner(slot(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur3_golden_vectors() {
        let golden: [(&str, u32); 4] = [
            ("", 0),
            ("17850", 1_193_707_998),
            ("12346", 594_257_008),
            ("guest:536414", 2_429_057_123),
        ];
        for (key, expected) in golden {
            assert_eq!(hash(key.as_bytes()), expected, "{key:?}");
        }
        assert_eq!(slot(b"17850"), Slot((1_193_707_998_u32 & 0xfff) as u16));
    }

    #[test]
    fn keys_of_all_lengths_hash_as_through_any_reader() {
        let key: Vec<u8> = (0..40).map(|byte: u8| byte.wrapping_mul(167)).collect();
        for length in 0..key.len() {
            let key = &key[..length];
            let other = murmur3::murmur3_32(&mut io::Cursor::new(key), 0).unwrap();
            assert_eq!(hash(key), other, "{length}");
        }
    }

    #[test]
    fn every_slot_has_one_owner_and_bad_counts_are_refused() {
        for islands in [1, 3, 16, ISLANDS_MAX] {
            let table = Table::modulo(islands).unwrap();
            let mut owned = vec![0_u32; islands as usize];
            (0..SLOTS).for_each(|slot| owned[table.owner(Slot(slot)).0 as usize] += 1);
            let (least, most) = (owned.iter().min().unwrap(), owned.iter().max().unwrap());
            assert!(most - least <= 1, "{islands}: {least}..{most}");
        }
        assert_eq!(Table::modulo(0), Err(BadIslandCount(0)));
        assert_eq!(Table::modulo(ISLANDS_MAX + 1), Err(BadIslandCount(ISLANDS_MAX + 1)));
    }
}
