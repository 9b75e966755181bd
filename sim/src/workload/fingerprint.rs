//! A short number that tells one workload from another, so that a run is never continued with
//! another file or another seed by mistake.
//!
//! Rules:
//! 1. It is made from what is submitted, in order, never from file names, dates or compression.
//! 2. Its layout is fixed: CRC-32 in the high half, bytes summed (mod 2³²) in the low half.
//!
//! It guards against mistakes, not against someone who wants to be mistaken.

use std::fmt;

/// What tells one workload from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Sums a fingerprint up.
#[derive(Debug)]
pub struct Fingerprinter(flate2::Crc);

impl Fingerprinter {
    /// Begins; `kind` tells apart layouts that could have the same bytes.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        let mut this = Self(flate2::Crc::new());
        this.text(kind);
        this
    }

    /// Adds a text with its length, so that "ab" + "c" differs from "a" + "bc".
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    /// The fingerprint of all that was added.
    #[must_use]
    pub fn finish(&self) -> Fingerprint {
        Fingerprint(u64::from(self.0.sum()) << 32 | u64::from(self.0.amount()))
    }
}
