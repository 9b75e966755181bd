//! How a subcommand fails: one line, and one of two exit codes.
//!
//! It doesn't know who fails.

use std::fmt;
use std::process::ExitCode;

use crate::workload::warehouse::demand::BadShape;
use crate::workload::warehouse::load_error::LoadError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Good,
    /// What was checked does not hold (stock not conserved, digests differ, a reply changed).
    CheckFailed,
    /// The usage or the input is bad, or the system would not let us read or write.
    BadInput,
}

impl Exit {
    /// The process's exit code: 0, 1, 2.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::CheckFailed => 1,
            Self::BadInput => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a subcommand failed; shown as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A check failed: exit 1.
    pub fn check(message: impl Into<String>) -> Self {
        Self { exit: Exit::CheckFailed, message: message.into() }
    }

    /// Usage or input is bad: exit 2.
    pub fn input(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadInput, message: message.into() }
    }

    /// How the program shall end.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }
}

/// An error of the system's or the input's, as a failure.
pub fn input(error: impl fmt::Display) -> Failure {
    Failure::input(error.to_string())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file name may hold a line break; the message is one line all the same.
        for c in self.message.chars() {
            if c.is_control() { write!(f, "{}", c.escape_debug())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<BadShape> for Failure {
    fn from(error: BadShape) -> Self {
        Self::input(error.to_string())
    }
}

impl From<archipelago::replay::OpenError> for Failure {
    fn from(error: archipelago::replay::OpenError) -> Self {
        match error {
            archipelago::replay::OpenError::OtherState(other) => Self::check(other.to_string()),
            error => Self::input(error.to_string()),
        }
    }
}

impl From<archipelago_core::bytes::Malformed> for Failure {
    fn from(malformed: archipelago_core::bytes::Malformed) -> Self {
        Self::input(malformed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line() {
        assert_eq!(Failure::input("a\nb.csv: empty").to_string(), "a\\nb.csv: empty");
        assert_eq!(Failure::check("x").exit().code(), 1);
    }
}
