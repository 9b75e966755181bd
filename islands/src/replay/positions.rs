//! Positions: how far a reader of all islands has read, as one token.
//!
//! ```text
//! 5f0c9b2a11d3e870:12,40,0,7     the directory's life; the last record read of island 0, 1, 2 …
//! ```
//! Rules:
//! 1. They name the last record read of *every* island, also of one that has no records yet: 0.
//! 2. They name the directory that they belong to. Its copies have the same life; a copy that is
//!    older than what was read is found out where it has fewer records.
//!
//! It doesn't know in which order islands are read.

use std::fmt;
use std::str::FromStr;

use archipelago_core::id::{IslandId, JournalPosition, Life};
use serde::{Deserialize, Serialize};

use super::error::OpenError;
use crate::journal::{JournalSettings, Recovered};

/// How far a reader of all islands has read: the last record read of each. As text, and for serde,
/// it is one token; keep it in the same place, and in the same step, as what was made of the
/// records.
///
/// ```
/// use archipelago::replay::Positions;
///
/// let read: Positions = "5f0c9b2a11d3e870:12,40,0,7".parse()?;
/// assert_eq!(read.to_string(), "5f0c9b2a11d3e870:12,40,0,7");
/// assert!("12,40".parse::<Positions>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Positions {
    life: Life,
    upto: Vec<JournalPosition>,
}

impl Positions {
    /// Before the first record of every island.
    pub(crate) fn beginning(settings: &JournalSettings) -> Self {
        let upto = vec![JournalPosition::ZERO; settings.islands as usize];
        Self { life: settings.life, upto }
    }

    /// The last record read of an island; 0 is none.
    #[must_use]
    pub fn of(&self, island: IslandId) -> JournalPosition {
        self.upto.get(island.0 as usize).copied().unwrap_or_default()
    }

    /// The last record read of each island, by number.
    #[must_use]
    pub fn islands(&self) -> &[JournalPosition] {
        &self.upto
    }

    /// How many records were read, of all islands.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.upto.iter().map(|upto| upto.0).sum()
    }

    /// Notes that a record was read.
    pub(super) fn read(&mut self, island: IslandId, position: JournalPosition) {
        self.upto[island.0 as usize] = position;
    }

    /// Whether they can belong to a journal.
    pub(super) fn fit(
        &self,
        settings: &JournalSettings,
        found: &Recovered,
    ) -> Result<(), OpenError> {
        let refused = |reason| Err(OpenError::Positions { reason });
        if self.life != settings.life {
            let (theirs, ours) = (self.life.0, settings.life.0);
            return refused(format!(
                "they are of another data directory (life {theirs:016x}, this one is {ours:016x})"
            ));
        }
        if self.upto.len() != found.islands.len() {
            let (theirs, ours) = (self.upto.len(), found.islands.len());
            return refused(format!(
                "they name {theirs} islands, the journal has {ours}: was the token cut off?"
            ));
        }
        let ends = found.islands.iter().map(|tail| tail.upto);
        let beyond = self.upto.iter().zip(ends).enumerate().find(|(_, (read, end))| *read > end);
        match beyond {
            None => Ok(()),
            Some((island, (read, end))) => refused(format!(
                "they name record {read} of island {island}, which ends at {end}: is this an older \
                 copy of the journal?"
            )),
        }
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.life.0)?;
        for (island, upto) in self.upto.iter().enumerate() {
            write!(f, "{}{upto}", if island == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

impl FromStr for Positions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "positions are the token that a reader printed: LIFE:N,N,… with the last record read \
             of each island"
                .to_owned()
        };
        let (life, upto) = text.split_once(':').ok_or_else(wrong)?;
        let hex = life.len() == 16 && life.bytes().all(|byte| byte.is_ascii_hexdigit());
        let life = u64::from_str_radix(life, 16).ok().filter(|_| hex).ok_or_else(wrong)?;
        let number = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits).map(JournalPosition)
        };
        let upto = upto.split(',').map(number).collect::<Option<_>>().ok_or_else(wrong)?;
        Ok(Self { life: Life(life), upto })
    }
}

impl TryFrom<String> for Positions {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Positions> for String {
    fn from(positions: Positions) -> Self {
        positions.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_one_token_and_anything_else_is_refused() {
        let token = "00000000000000ff:0,18446744073709551615";
        let read: Positions = token.parse().unwrap();
        assert_eq!(read.to_string(), token);
        assert_eq!(read.of(IslandId(1)), JournalPosition(u64::MAX));
        assert_eq!(read.of(IslandId(2)), JournalPosition::ZERO, "it has no such island");
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(json, format!("{token:?}"));
        assert_eq!(serde_json::from_str::<Positions>(&json).unwrap(), read);
        let long = "00000000000000ff:18446744073709551616";
        for bad in ["", ":", "ff:1", "00000000000000ff", "00000000000000ff:", long] {
            assert!(bad.parse::<Positions>().is_err(), "{bad}");
        }
        for bad in ["1,", ",1", "1,,2", "-1", "+1", "1 ", "1,x", "0x1"] {
            let bad = format!("00000000000000ff:{bad}");
            assert!(bad.parse::<Positions>().is_err(), "{bad}");
        }
        assert!("+0000000000000ff:1".parse::<Positions>().is_err());
    }
}
