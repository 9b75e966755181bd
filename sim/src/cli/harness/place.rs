//! Where the journal of a run is kept: in memory, in a directory of its own, in the user's.
//!
//! Rules:
//! 1. What is wrong with the arguments is told before anything is read, and an earlier journal of
//!    another setting is refused before anything is changed.
//!
//! It doesn't know what is kept.

use std::path::{Path, PathBuf};

use archipelago::{Builder, builder, journal};

use super::history::client;
use super::world::{earlier, text};
use super::{History, Sea, World};
use crate::cli::args::{Durability, SeaArgs};
use crate::cli::failure::{Failure, input};
use crate::cli::progress::Progress;

/// Where the journal of a run is kept, and how its islands are run.
pub struct Place<'a> {
    args: &'a SeaArgs,
    kept: Kept,
}

/// Where a journal is kept.
pub(super) enum Kept {
    Memory,
    /// Removed when it is dropped.
    Temporary(tempfile::TempDir),
    Data(PathBuf),
}

impl Kept {
    /// The directory, if there is one.
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Temporary(data) => Some(data.path()),
            Self::Data(data) => Some(data),
        }
    }
}

impl<'a> Place<'a> {
    /// The place that the arguments ask for.
    ///
    /// # Errors
    /// Arguments that contradict each other; no room for a temporary directory.
    pub fn of(args: &'a SeaArgs) -> Result<Self, Failure> {
        let kept = match (&args.data, args.durability) {
            (Some(_), Durability::Memory) => {
                return Err(Failure::input(
                    "--durability memory keeps nothing in --data: leave out one of them",
                ));
            }
            (None, Durability::Memory) => Kept::Memory,
            (Some(data), _) => Kept::Data(data.clone()),
            (None, _) => {
                let made = tempfile::Builder::new().prefix("archipelago-").tempdir();
                Kept::Temporary(made.map_err(|error| {
                    Failure::input(format!(
                        "cannot make a temporary directory: {error}; use --data"
                    ))
                })?)
            }
        };
        Ok(Self { args, kept })
    }

    /// What earlier runs here had answered; `keep` is what of an answer is to be known. Changes
    /// nothing.
    ///
    /// # Errors
    /// When there was one, but it is in use, damaged, or made with another setting.
    pub fn history<W: World, K>(
        &self,
        setting: &W::Setting,
        keep: impl Fn(&W::Reply) -> K,
    ) -> Result<History<K>, Failure> {
        let Some(data) = self.kept.directory() else { return Ok(History::default()) };
        match earlier::<W>(data, setting, self.args.islands)? {
            Some(log) => {
                let _progress = Progress::unknown("reading what was answered before");
                History::read::<W>(&log, keep, |_, _| {})
            }
            None => Ok(History::default()),
        }
    }

    /// Opens the islands here.
    ///
    /// # Errors
    /// When the directory is in use or damaged, or cannot be made.
    pub fn open<W: World, K>(
        self,
        setting: &W::Setting,
        history: History<K>,
    ) -> Result<Sea<W, K>, Failure> {
        let builder = match self.kept.directory() {
            Some(data) => self.builder::<W>(setting).journal(data),
            None => self.builder::<W>(setting).in_memory(),
        };
        let islands = builder.open(|_| W::born(setting))?;
        let client = islands.client(&client::<W>()).map_err(input)?;
        Ok(Sea { kept: self.kept, islands, client, history })
    }

    fn builder<W: World>(&self, setting: &W::Setting) -> Builder {
        let durability = match self.args.durability {
            Durability::Disk => journal::Durability::Disk,
            Durability::Os | Durability::Memory => journal::Durability::Os,
        };
        let builder = builder()
            .islands(self.args.islands)
            .durability(durability)
            .application(W::APPLICATION, &text::<W>(setting));
        match self.args.threads {
            Some(threads) => builder.threads(threads as usize),
            None => builder,
        }
    }
}
