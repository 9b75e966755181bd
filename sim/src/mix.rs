//! The finaliser of SplitMix64: 64 bits in, 64 bits out, every one of them depends on all.
//!
//! It doesn't know what is drawn with it.
//!
//! Source: Steele, Lea, Flood (2014).

/// The step of SplitMix64's counter.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output of SplitMix64 whose counter stands at `bits`.
pub(crate) const fn mix(bits: u64) -> u64 {
    finish(bits.wrapping_add(STEP))
}

/// The finaliser alone.
pub(crate) const fn finish(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
