//! **Dead letters** of a pattern: what came too late, or waited too long. Kept to be looked at, and
//! to be taken out again.
//!
//! Rules:
//! 1. A letter has a number of its own, which it never shares: 1, 2, 3 …
//! 2. At the limit the oldest makes room, and is counted. Nothing is lost by that: the event that
//!    made it a letter stays in the journal.
//!
//! It doesn't know what is in a letter, nor why it is dead.

use std::collections::BTreeMap;
use std::fmt;

use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::Value;

/// The number of a dead letter of one pattern on one island: 1, 2, 3 …
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LetterNumber(pub u64);

impl fmt::Display for LetterNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "T: Value")]
pub struct Letter<T> {
    /// What it is.
    pub content: T,
    /// Since when it is dead.
    pub at: Millis,
}

/// The dead letters of one pattern on one island.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Value")]
pub struct Letters<T> {
    kept_max: u32,
    last: LetterNumber,
    kept: BTreeMap<LetterNumber, Letter<T>>,
    pushed_out: u64,
}

impl<T: Value> Letters<T> {
    /// No letters yet; at most `kept_max` are kept.
    #[must_use]
    pub const fn new(kept_max: u32) -> Self {
        Self { kept_max, last: LetterNumber(0), kept: BTreeMap::new(), pushed_out: 0 }
    }

    /// Those that are kept, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (LetterNumber, &Letter<T>)> {
        self.kept.iter().map(|(number, letter)| (*number, letter))
    }

    /// One that is kept.
    #[must_use]
    pub fn get(&self, number: LetterNumber) -> Option<&Letter<T>> {
        self.kept.get(&number)
    }

    /// How many there ever were.
    #[must_use]
    pub const fn ever(&self) -> u64 {
        self.last.0
    }

    /// How many of them made room for others, and stand in the journal only.
    #[must_use]
    pub const fn pushed_out(&self) -> u64 {
        self.pushed_out
    }

    pub(super) fn add(&mut self, content: T, at: Millis) {
        self.last = LetterNumber(self.last.0 + 1);
        self.kept.insert(self.last, Letter { content, at });
        if self.kept.len() > self.kept_max as usize {
            self.kept.pop_first();
            self.pushed_out += 1;
        }
    }

    pub(super) fn remove(&mut self, number: LetterNumber) {
        self.kept.remove(&number);
    }
}
