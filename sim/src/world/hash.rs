//! A rolling hash of 64 bits: fast, the same on every machine, and of no use against an adversary.
//!
//! It doesn't know what it hashes.
//!
//! Source: the mixing of wyhash (Wang Yi, public domain): a 64×64→128 multiplication, folded.

/// A hash that rolls on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rolling(u64);

impl Default for Rolling {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Rolling {
    pub(super) const fn value(self) -> u64 {
        self.0
    }

    /// Rolls over a number.
    pub(super) fn add(&mut self, value: u64) {
        self.0 = fold(self.0 ^ value, 0xa076_1d64_78bd_642f).wrapping_add(0x1656_67b1_9e37_79f9);
    }

    /// Rolls over bytes and their count.
    pub(super) fn add_bytes(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.add(u64::from_le_bytes(chunk.try_into().expect("8 bytes")));
        }
        let mut rest = [0; 8];
        rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.add(u64::from_le_bytes(rest));
        self.add(bytes.len() as u64);
    }

    /// The hash of some bytes alone.
    pub(super) fn of(bytes: &[u8]) -> u64 {
        let mut rolling = Self::default();
        rolling.add_bytes(bytes);
        rolling.0
    }
}

const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        let base: Vec<u8> = (0..100).collect();
        for at in 0..100 {
            let mut other = base.clone();
            other[at] ^= 1;
            assert_ne!(Rolling::of(&base), Rolling::of(&other), "byte {at}");
            assert_ne!(Rolling::of(&base), Rolling::of(&base[..at]), "{at} bytes");
        }
        assert_ne!(Rolling::of(&[0; 16]), Rolling::of(&[0; 17]));
    }
}
