//! The report of `replay`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::cli::text::{Facts, bytes, rate, thousands};

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReplayReport {
    /// Events applied.
    pub events: u64,
    /// Records read.
    pub records: u64,
    /// Bytes of the journal read.
    pub bytes: u64,
    /// Sends read over: delivered before, so they must not go out again.
    pub sends_suppressed: u64,
    /// Sends that were never acknowledged: a restart sends them, this replay does not.
    pub sends_owed: u64,
    /// Digests of states in the journal, compared with those of the replayed states.
    pub digests_compared: u64,
    /// Events applied per second.
    pub events_per_second: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Digest of the state of all islands, in hexadecimal.
    pub digest: String,
    /// The stamp up to which records were read, when not all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl Report for ReplayReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("records", thousands(self.records), bytes(self.bytes));
        facts.add("events", thousands(self.events), "");
        facts.add("sends suppressed", thousands(self.sends_suppressed), "delivered before");
        match &self.at {
            None => facts.add("sends owed", thousands(self.sends_owed), "a restart will send them"),
            Some(at) => {
                facts.add("sends owed", thousands(self.sends_owed), "not yet consumed then");
                facts.add("up to stamp", at.clone(), "");
            }
        }
        facts.add("digests", thousands(self.digests_compared), "of states, compared");
        facts.add("events a second", rate(self.events_per_second), "");
        facts.add("seconds", format!("{:.3}", self.seconds), "");
        facts.write(out)?;
        writeln!(out, "digest: {}", self.digest)
    }
}
