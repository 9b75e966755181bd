//! The report of `sim`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::cli::text::{Facts, rate, thousands};

/// What the worlds of a simulation were; every law held in all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SimReport {
    /// Worlds, one a seed.
    pub seeds: u64,
    /// The first seed.
    pub first_seed: u64,
    /// How many islands.
    pub islands: u32,
    /// The preset of faults.
    pub faults: String,
    /// Durable records.
    pub records: u64,
    /// Durable messages between islands.
    pub messages: u64,
    /// Frames lost on their way.
    pub frames_lost: u64,
    /// Crashes of the process.
    pub crashes: u64,
    /// Events of the worlds.
    pub steps: u64,
    /// Virtual time, in seconds.
    pub virtual_seconds: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Events per second.
    pub steps_per_second: f64,
    /// Rolls over every durable record of every world: the same seeds give the same digest, on any
    /// machine.
    pub digest: String,
}

impl Report for SimReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        let from = format!("from {}, faults {}", self.first_seed, self.faults);
        facts.add("seeds", thousands(self.seeds), from);
        facts.add("islands", thousands(self.islands.into()), "each");
        facts.add("records", thousands(self.records), "durable");
        facts.add("messages", thousands(self.messages), "durable");
        facts.add("frames lost", thousands(self.frames_lost), "");
        facts.add("crashes", thousands(self.crashes), "of the whole process");
        let virtual_time = format!("{:.1} s of virtual time", self.virtual_seconds);
        facts.add("seconds", format!("{:.2}", self.seconds), virtual_time);
        facts.add("steps a second", rate(self.steps_per_second), "");
        facts.write(out)?;
        writeln!(out, "digest: {}", self.digest)?;
        writeln!(out, "Every law held.")
    }
}
