//! The reports of `snapshot` and `archive`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::cli::text::{Facts, bytes, thousands};

/// What came of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SnapshotReport {
    /// The file; none when there is nothing new since the last one.
    pub file: Option<String>,
    /// The journal's last commit, which the newest snapshot holds.
    pub commit: u64,
    /// The file's bytes.
    pub bytes: u64,
    /// How long it took, in seconds, reading it back included.
    pub seconds: f64,
}

impl Report for SnapshotReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("up to commit", thousands(self.commit), "");
        facts.add("bytes", bytes(self.bytes), "");
        facts.add("seconds", format!("{:.3}", self.seconds), "written, read back and loaded");
        facts.write(out)?;
        match &self.file {
            Some(file) => writeln!(out, "snapshot: {file}"),
            None => writeln!(out, "nothing new: there is a snapshot of it, or nothing to keep"),
        }
    }
}

/// What was archived.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArchiveReport {
    /// Segments that went.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The commit of the snapshot that stands in for them.
    pub snapshot: u64,
    /// Where they are now; none when they were removed.
    pub to: Option<String>,
}

impl Report for ArchiveReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("segments", thousands(self.segments), "");
        facts.add("bytes", bytes(self.bytes), "");
        facts.add("starts go on from", thousands(self.snapshot), "the older snapshot's commit");
        facts.write(out)?;
        match &self.to {
            Some(folder) => writeln!(out, "moved to {folder}"),
            None => writeln!(out, "removed"),
        }
    }
}
