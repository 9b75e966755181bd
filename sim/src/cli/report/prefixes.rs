//! The report of `sim prefixes`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::cli::text::{Facts, rate, thousands};

/// What was checked; recovery was right at every boundary.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PrefixesReport {
    /// Byte boundaries.
    pub boundaries: u64,
    /// Records.
    pub records: u64,
    /// Commits, seals included.
    pub commits: u64,
    /// Messages, each read again.
    pub messages: u64,
    /// States after a crash that went through the real recovery.
    pub recoveries: u64,
    /// Links started for real.
    pub links_started: u64,
    /// Commits after which every link was.
    pub full_starts: u64,
    /// Images whose digests were compared.
    pub digests: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Records checked per second.
    pub records_per_second: f64,
    /// Digest of the state of all islands at the end, in hexadecimal, as `replay` says it.
    pub digest: String,
}

impl Report for PrefixesReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        let records = format!("of {} records in {}", thousands(self.records), self.commits);
        facts.add("byte boundaries", thousands(self.boundaries), format!("{records} commits"));
        facts.add("recoveries", thousands(self.recoveries), "of torn and whole states");
        facts.add("messages", thousands(self.messages), "read again");
        let full = format!("all of them after {} commits", thousands(self.full_starts));
        facts.add("links started", thousands(self.links_started), full);
        facts.add("digests", thousands(self.digests), "compared");
        let speed = format!("{} records a second", rate(self.records_per_second));
        facts.add("seconds", format!("{:.3}", self.seconds), speed);
        facts.write(out)?;
        writeln!(out, "digest: {}", self.digest)?;
        writeln!(out, "Recovery is right at every boundary.")
    }
}
