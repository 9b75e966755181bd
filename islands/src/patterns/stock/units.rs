//! Units, claim numbers, and the lines of a claim.
//!
//! Rules:
//! 1. Units never wrap: every sum and difference is checked.
//! 2. The lines of a claim ascend by resource, each once, none with 0 units.
//!
//! It doesn't know where units are.

use std::fmt;

use archipelago_core::id::IslandId;
use serde::{Deserialize, Serialize};

use super::Resource;

/// The most units ever minted of one resource: 2^40. Moving them all 16 million times still fits
/// the 64 bits of a ledger's sums.
pub const UNITS_MAX: Units = Units(1 << 40);

/// The most lines of one claim.
pub const LINES_MAX: usize = 1 << 16;

/// A number of units of a resource.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Units(pub u64);

impl Units {
    /// None.
    pub const ZERO: Self = Self(0);

    /// Both together, or nothing when that does not fit.
    #[must_use]
    pub const fn plus(self, more: Self) -> Option<Self> {
        match self.0.checked_add(more.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// What is left when `less` are taken, or nothing when there are too few.
    #[must_use]
    pub const fn minus(self, less: Self) -> Option<Self> {
        match self.0.checked_sub(less.0) {
            Some(left) => Some(Self(left)),
            None => None,
        }
    }

    /// What `self` lacks to `wanted`; none when it has enough.
    #[must_use]
    pub const fn missing_to(self, wanted: Self) -> Self {
        Self(wanted.0.saturating_sub(self.0))
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of a claim, unique across the system: the island that makes it, and its own count.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ClaimId(pub u64);

impl ClaimId {
    /// Claim `count` of `island`; `count` stays below 2^48 (8,900 years at 1,000 a second).
    #[must_use]
    pub const fn new(island: IslandId, count: u64) -> Self {
        Self((island.0 as u64) << 48 | count)
    }
}

impl fmt::Display for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0 >> 48, self.0 & 0xffff_ffff_ffff)
    }
}

/// So many units of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<R> {
    /// Of what.
    pub resource: R,
    /// How many.
    pub units: Units,
}

/// The lines of a claim: ascending by resource, each resource once, none with 0 units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent, bound = "R: Resource")]
pub struct Lines<R>(Vec<Line<R>>);

/// Lines that cannot be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BadLines {
    /// There is none.
    #[error("there are no lines")]
    Empty,
    /// A line asks for 0 units.
    #[error("a line asks for 0 units")]
    ZeroUnits,
    /// A resource's units add up to more than can ever be minted.
    #[error("the lines of one resource ask for more than {UNITS_MAX} units")]
    TooManyUnits,
    /// There are more than [`LINES_MAX`].
    #[error("there are more than {LINES_MAX} lines")]
    TooManyLines,
}

impl<R: Resource> Lines<R> {
    /// Sorts the lines and adds up those of the same resource.
    ///
    /// # Errors
    /// [`BadLines`] says what cannot be claimed about them.
    pub fn new(mut lines: Vec<Line<R>>) -> Result<Self, BadLines> {
        if lines.is_empty() {
            return Err(BadLines::Empty);
        }
        if lines.len() > LINES_MAX {
            return Err(BadLines::TooManyLines);
        }
        if lines.iter().any(|line| line.units == Units::ZERO) {
            return Err(BadLines::ZeroUnits);
        }
        lines.sort_by_key(|line| line.resource);
        let mut overflow = false;
        lines.dedup_by(|next, first| {
            let same = next.resource == first.resource;
            if same {
                first.units = first.units.plus(next.units).unwrap_or(Units(u64::MAX));
            }
            overflow |= first.units > UNITS_MAX;
            same
        });
        if overflow || lines.iter().any(|line| line.units > UNITS_MAX) {
            return Err(BadLines::TooManyUnits);
        }
        Ok(Self(lines))
    }

    /// The lines, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[Line<R>] {
        &self.0
    }

    /// All units of all lines; at most 2^16 × 2^40, so the sum fits.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|line| line.units.0).sum()
    }
}
