//! A small integer generator (splitmix64): the same seed gives the same numbers.

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of `seed` for one `story`, so that stories do not share theirs.
    pub fn new(seed: u64, story: u64) -> Self {
        Self(seed ^ story.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    /// A length: most short, some long, up to `max`.
    pub fn length(&mut self, max: u64) -> usize {
        let max = match self.below(8) {
            0 => max,
            1..=3 => max.min(4096),
            _ => max.min(256),
        };
        self.below(max + 1) as usize
    }
}
