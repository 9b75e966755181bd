//! The report of `backup`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::cli::text::{Facts, bytes, thousands};

/// What was copied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BackupReport {
    /// The new data directory.
    pub to: String,
    /// The last commit in it.
    pub commit: u64,
    /// Records up to there, of all islands since the journal was made.
    pub records: u64,
    /// Bytes of its segments and snapshots.
    pub bytes: u64,
    /// The digest of the copy's replay; none when it is another application's.
    pub digest: Option<String>,
    /// How long it took, in seconds, reading the copy back included.
    pub seconds: f64,
}

impl Report for BackupReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("up to commit", thousands(self.commit), "");
        facts.add("records", thousands(self.records), "since the journal was made");
        facts.add("bytes", bytes(self.bytes), "");
        facts.add("seconds", format!("{:.3}", self.seconds), "read back");
        facts.write(out)?;
        match &self.digest {
            Some(digest) => writeln!(out, "digest: {digest}")?,
            None => writeln!(out, "another application's: its records were read, not replayed")?,
        }
        writeln!(out, "copied to {}", self.to)
    }
}
