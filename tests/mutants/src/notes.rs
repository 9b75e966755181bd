//! Notes of a long run, so that the next one goes on where it ended.
//!
//! Rules:
//! 1. One line of JSON for each mutant that has been hunted, written when its hunt is over. A line
//!    that is cut off is as if it were not there.
//! 2. Whoever changes the code, a mutant or the options begins a new file: nothing here knows.
//!
//! It doesn't know how anything was found.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::report::Row;

/// What became of one mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Its row of the report.
    pub(crate) row: Row,
    /// The most seeds that any hunt had run by then, by world.
    pub(crate) ran: BTreeMap<String, u64>,
}

/// A file of notes.
#[derive(Debug)]
pub(crate) struct Notes {
    path: PathBuf,
    file: File,
    /// Those of the run before, by mutant.
    before: BTreeMap<String, Note>,
}

impl Notes {
    /// Reads a file of notes, if there is one, and writes behind it.
    ///
    /// # Errors
    /// The system would not.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            read => read,
        };
        let text = text.map_err(Error::io(path))?;
        let whole = text.rfind('\n').map_or(0, |last| last + 1);
        let notes = text[..whole].lines().filter_map(|line| serde_json::from_str(line).ok());
        let before = notes.map(|note: Note| (note.row.mutant.clone(), note)).collect();
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(Error::io(path))?;
        file.set_len(whole as u64).map_err(Error::io(path))?;
        Ok(Self { path: path.to_owned(), file, before })
    }

    /// What is known of a mutant from the run before.
    pub(crate) fn take(&mut self, mutant: &str) -> Option<Note> {
        self.before.remove(mutant)
    }

    /// Writes one down.
    ///
    /// # Errors
    /// The system would not.
    pub(crate) fn write(&mut self, note: &Note) -> Result<(), Error> {
        let mut line = serde_json::to_vec(note).map_err(|error| {
            let file = self.path.display().to_string();
            Error::File { file, what: error.to_string() }
        })?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(Error::io(&self.path))
    }
}
