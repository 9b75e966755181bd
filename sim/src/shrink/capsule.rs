//! A capsule: everything that repeats a failure, in one file.
//!
//! Rules:
//! 1. It holds the seed, the configuration as its maker wrote it, the list of choices, the law that
//!    broke, and which code broke it. It needs nothing else.
//! 2. Other code may do otherwise with it; then the reader is told so.
//!
//! It doesn't know what is simulated.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Shrunk;
use crate::world::{Decision, Violation};

/// The version of the capsule's format.
const FORMAT: u32 = 1;

/// A failure in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capsule {
    /// The version of this format.
    pub format: u32,
    /// The code that broke the law.
    pub code: String,
    /// What was simulated, as its maker wrote it: settings that make the same simulation again.
    pub config: serde_json::Value,
    /// The seed of the commands.
    pub seed: u64,
    /// The seed of everything else.
    pub weather: u64,
    /// How many islands.
    pub islands: u32,
    /// All choices that are not the default.
    pub decisions: Vec<Decision>,
    /// The law that broke.
    pub law: String,
    /// What was seen.
    pub seen: String,
}

/// A file that is no capsule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCapsule {
    /// It is not JSON of a capsule's shape.
    #[error("not a capsule: {0}")]
    Shape(String),
    /// It was written by a newer version.
    #[error("a capsule of format {0}; this version reads format {FORMAT}")]
    Format(u32),
}

impl Capsule {
    /// A capsule of a shrunk failure.
    #[must_use]
    pub fn new(config: serde_json::Value, seed: u64, shrunk: &Shrunk) -> Self {
        Self {
            format: FORMAT,
            code: code_version(),
            config,
            seed,
            weather: shrunk.weather,
            islands: shrunk.islands,
            decisions: shrunk.decisions.clone(),
            law: shrunk.violation.law.clone(),
            seen: shrunk.violation.seen.clone(),
        }
    }

    /// As a file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a capsule is plain data")
    }

    /// From a file's text.
    ///
    /// # Errors
    /// [`BadCapsule`]: what is wrong with it, with line and column.
    pub fn from_text(text: &str) -> Result<Self, BadCapsule> {
        let capsule: Self =
            serde_json::from_str(text).map_err(|error| BadCapsule::Shape(error.to_string()))?;
        if capsule.format == FORMAT { Ok(capsule) } else { Err(BadCapsule::Format(capsule.format)) }
    }
}

/// Which code this is.
pub(crate) fn code_version() -> String {
    let commit = option_env!("ARCHIPELAGO_COMMIT").unwrap_or("unknown commit");
    format!("{} {} ({commit})", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// What came of replaying a capsule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The same law breaks, with the same words.
    Same(Violation),
    /// The same law breaks, seen otherwise: the code does something else since.
    Otherwise(Violation),
    /// Another law breaks.
    Another(Violation),
    /// No law breaks.
    Nothing,
}

impl Told {
    /// Holds what happened now against what the capsule says.
    pub(crate) fn of(capsule: &Capsule, broken: Option<Violation>) -> Self {
        match broken {
            None => Self::Nothing,
            Some(violation) if violation.law != capsule.law => Self::Another(violation),
            Some(violation) if violation.seen != capsule.seen => Self::Otherwise(violation),
            Some(violation) => Self::Same(violation),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(violation) => write!(f, "it fails as it did: {violation}"),
            Self::Otherwise(violation) => {
                write!(f, "the same law breaks, but the code does otherwise since: {violation}")
            }
            Self::Another(violation) => write!(f, "another law breaks now: {violation}"),
            Self::Nothing => f.write_str("no law breaks: the failure is mended, or hidden"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capsule_comes_back_from_its_text_and_others_are_refused() {
        let violation = Violation::new("a law", "seen");
        let shrunk = Shrunk {
            islands: 2,
            weather: 9,
            decisions: vec![Decision { kind: crate::world::Kind::Crash, a: 1, b: 0, value: 5 }],
            violation: violation.clone(),
            from: 100,
            tried: 3,
        };
        let capsule = Capsule::new(serde_json::json!({ "products": 3 }), 7, &shrunk);
        assert_eq!(Capsule::from_text(&capsule.to_text()), Ok(capsule.clone()));
        let newer = Capsule { format: 2, ..capsule.clone() }.to_text();
        assert_eq!(Capsule::from_text(&newer), Err(BadCapsule::Format(2)));
        let shape = Capsule::from_text("{").unwrap_err().to_string();
        assert!(shape.contains("line 1"), "{shape}");
        assert_eq!(Told::of(&capsule, None), Told::Nothing);
        assert_eq!(Told::of(&capsule, Some(violation.clone())), Told::Same(violation));
    }
}
