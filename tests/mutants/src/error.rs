//! Why mutants could not be tried at all.
//!
//! It doesn't know what a mutant is.

use std::path::PathBuf;

/// Why mutants could not be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file of mutants or worlds is not what it should be.
    #[error("{file}: {what}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// A patch does not fit any more.
    #[error("{id} can no longer be planted: its snippet stands {times} times in {file}, not once")]
    DoesNotApply {
        /// The mutant.
        id: String,
        /// Where it should be planted.
        file: String,
        /// How often its snippet stands there.
        times: usize,
    },
    /// No mutant of that name.
    #[error("no mutant is called {0:?}")]
    Unknown(String),
    /// A planted tree does not build.
    #[error("the tree does not build:\n{0}")]
    Build(String),
    /// A world could not be run at all.
    #[error("the program could not run `{command}`: {what}")]
    Run {
        /// Its arguments.
        command: String,
        /// What it said.
        what: String,
    },
    /// The system would not.
    #[error("{path}: {source}")]
    Io {
        /// Of what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err`: the system would not let us use `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
