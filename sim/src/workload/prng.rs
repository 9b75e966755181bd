//! A small seeded source of chance, in integers only: the same on every machine.
//!
//! Source: SplitMix64 (Steele, Lea, Flood 2014), as published by S. Vigna with golden numbers.
//!
//! It doesn't know what is drawn with it.

use crate::mix::{STEP, finish};

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Prng(u64);

impl Prng {
    /// A source with this seed; every seed is good.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        finish(self.0)
    }

    /// A number below `limit` (which is above 0). Multiply-high (Lemire 2019) without rejection:
    /// the bias is below `limit` / 2⁶⁴.
    pub const fn below(&mut self, limit: u64) -> u64 {
        ((self.bits() as u128 * limit as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_golden_numbers() {
        let mut prng = Prng::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| prng.bits()).collect();
        let golden =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(drawn, golden);
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut prng = Prng::new(7);
        assert!((0..1000).all(|_| prng.below(3) < 3));
        assert_eq!(prng.below(1), 0);
    }
}
