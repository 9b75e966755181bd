//! The report of `sim`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::cli::failure::Failure;
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
    /// The preset of faults, or whose they are.
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
    /// Crashes of one island.
    pub falls: u64,
    /// Lies of the disk that the journal refused by name.
    pub refusals: u64,
    /// Choices that were not the default.
    pub decisions: u64,
    /// Rare paths that were looked for.
    pub marks: u64,
    /// Those that some world took.
    pub marks_hit: u64,
    /// Those that had to be taken and were not; empty is good.
    pub missed: Vec<String>,
    /// How many worlds ran at a time.
    pub jobs: u32,
    /// Worlds per second.
    pub seeds_per_second: f64,
    /// The lowest seed that broke a law; then nothing was counted.
    pub broken: Option<BrokenReport>,
}

/// A seed that broke a law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BrokenReport {
    /// The seed.
    pub seed: u64,
    /// The law.
    pub law: String,
    /// All that is known, in one line.
    pub message: String,
    /// The command that repeats it.
    pub repeat: String,
    /// The smallest world that breaks the same law, if it was looked for.
    pub shrunk: Option<ShrunkReport>,
}

/// A shrunk failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShrunkReport {
    /// Choices left.
    pub choices: u64,
    /// Choices at the beginning.
    pub from: u64,
    /// Worlds tried.
    pub worlds: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What happens, choice by choice.
    pub story: String,
    /// The file of the capsule.
    pub capsule: String,
}

/// A capsule's world, again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CapsuleReport {
    /// The seed of its commands.
    pub seed: u64,
    /// Its choices.
    pub choices: u64,
    /// The code that broke the law.
    pub code: String,
    /// The law.
    pub law: String,
    /// Whether a law breaks now.
    pub fails: bool,
    /// What happened now, held against then.
    pub message: String,
}

impl Report for CapsuleReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("choices", thousands(self.choices), format!("seed {}", self.seed));
        facts.write(out)?;
        writeln!(out, "It was broken by {}: {}", self.code, self.law)?;
        if self.fails { Ok(()) } else { writeln!(out, "Now {}.", self.message) }
    }

    fn verdict(&self) -> Result<(), Failure> {
        if self.fails { Err(Failure::check(self.message.clone())) } else { Ok(()) }
    }
}

impl Report for SimReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(broken) = &self.broken {
            return broken.render(out);
        }
        let mut facts = Facts::default();
        let from = format!("from {}, faults: {}", self.first_seed, self.faults);
        facts.add("seeds", thousands(self.seeds), from);
        facts.add("islands", thousands(self.islands.into()), "each");
        facts.add("records", thousands(self.records), "durable");
        facts.add("messages", thousands(self.messages), "durable");
        facts.add("frames lost", thousands(self.frames_lost), "");
        facts.add("crashes", thousands(self.crashes), "of the whole process");
        facts.add("falls", thousands(self.falls), "of one island");
        facts.add("refusals", thousands(self.refusals), "of a journal on a disk that lied");
        facts.add("decisions", thousands(self.decisions), "of chance, that did harm");
        facts.add("marks hit", thousands(self.marks_hit), format!("of {} rare paths", self.marks));
        let virtual_time = format!("{:.1} s of virtual time", self.virtual_seconds);
        facts.add("seconds", format!("{:.2}", self.seconds), virtual_time);
        let jobs = format!("{} at a time", self.jobs);
        facts.add("seeds a second", format!("{:.1}", self.seeds_per_second), jobs);
        facts.add("steps a second", rate(self.steps_per_second), "");
        facts.write(out)?;
        writeln!(out, "digest: {}", self.digest)?;
        writeln!(out, "Every law held.")
    }

    fn verdict(&self) -> Result<(), Failure> {
        if let Some(BrokenReport { message, repeat, .. }) = &self.broken {
            return Err(Failure::check(format!("{message}; repeat it with: {repeat}")));
        }
        if self.missed.is_empty() {
            return Ok(());
        }
        let (seeds, missed) = (thousands(self.seeds), self.missed.join("; "));
        Err(Failure::check(format!("none of {seeds} worlds took these paths: {missed}")))
    }
}

impl BrokenReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(shrunk) = &self.shrunk else { return Ok(()) };
        let (from, worlds) = (thousands(shrunk.from), thousands(shrunk.worlds));
        writeln!(
            out,
            "From {from} choices to {}, by {worlds} worlds in {:.1} s:",
            shrunk.choices, shrunk.seconds
        )?;
        write!(out, "{}", shrunk.story)?;
        writeln!(out, "Again: archipelago sim replay {}", shrunk.capsule)
    }
}
