//! What the report of every `run` has.
//!
//! It doesn't know what was run.

use std::io::{self, Write};

use serde::Serialize;

use super::{Failure, ReplayReport};
use crate::cli::text::{Facts, bytes, micros, rate, thousands};

/// Figures of a run; a world's report flattens them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Common {
    /// Messages between islands, in all runs on this data.
    pub messages: u64,
    /// Requests answered in this run, per second.
    pub answered_per_second: f64,
    /// Admission to durable reply.
    pub latency_us: Latency,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// How many islands.
    pub islands: u32,
    /// Digest of the state of all islands, in hexadecimal.
    pub digest: String,
    /// Threads that ran the islands.
    pub threads: u32,
    /// How long it ran, in seconds, from the first submission to the last reply.
    pub seconds: f64,
    /// Requests answered in this run; fewer than there are where a run was continued.
    pub answered_now: u64,
    /// How often admission said Busy.
    pub busy: u64,
    /// The replay of the run's own journal, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayReport>,
}

/// Percentiles of a latency, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half are at most this.
    pub p50: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// 999 of 1,000 are at most this.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Common {
    /// How fast it was (nothing if nothing was asked) and what it left; `what` is counted.
    pub(in crate::cli) fn add(&self, facts: &mut Facts, what: &str) {
        if self.answered_now > 0 {
            self.add_speed(facts, what);
        }
        facts.add("journal", bytes(self.journal_bytes), "");
    }

    fn add_speed(&self, facts: &mut Facts, what: &str) {
        let on = format!("{} islands on {} threads", thousands(self.islands.into()), self.threads);
        facts.add(&format!("{what} a second"), rate(self.answered_per_second), on);
        facts.add("seconds", format!("{:.2}", self.seconds), "");
        if self.busy > 0 {
            facts.add("busy", thousands(self.busy), "times a client had to wait for admission");
        }
        let Latency { p50, p99, p999, max } = self.latency_us;
        facts.add("latency, median", micros(p50), "admission to durable reply");
        for (label, value) in [("  99 %", p99), ("  99.9 %", p999), ("  longest", max)] {
            facts.add(label, micros(value), "");
        }
    }

    /// The lines of the two digests.
    pub(in crate::cli) fn write_digests(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "digest: {}", self.digest)?;
        let Some(replay) = &self.replay else { return Ok(()) };
        let events = thousands(replay.events);
        writeln!(out, "replay: {} ({events} events, {:.2} s)", replay.digest, replay.seconds)?;
        if replay.digest == self.digest {
            writeln!(out, "The digests agree: the journal alone gives the same state.")
        } else {
            writeln!(out, "THE DIGESTS DIFFER.")
        }
    }

    /// Whether the replay led to the same state.
    pub(in crate::cli) fn verdict(&self) -> Result<(), Failure> {
        match &self.replay {
            Some(replay) if replay.digest != self.digest => Err(Failure::check(format!(
                "the digest of the run is {}, that of its replay {}",
                self.digest, replay.digest
            ))),
            _ => Ok(()),
        }
    }
}
