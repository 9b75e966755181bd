//! One measurement from its command line to its figures: how much is measured, where its files
//! stand, what was found, and where it is told.
//!
//! Rules:
//! 1. Figures are told as they come, table by table, and kept: with machine, commit and command.
//! 2. Files go into a folder below the working directory, not where temporary files go: that may be
//!    memory, and what is measured is a disk.
//!
//! It doesn't know what is measured.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::about::About;
use crate::live::latency::{Quantiles, Round};
use crate::memory::Memory;
use crate::replay::journals::{Journal, Spec};
use crate::rounds::{Clock, Contender, Contest, Failed, contest};
use crate::table::grouped;

/// How much is measured, and where.
#[derive(Clone, Debug, Args)]
pub struct Effort {
    /// Events to replay
    #[arg(long, value_name = "N", default_value = "1000000")]
    pub events: u64,
    /// Rounds that count: each runs all contenders of a table, one after the other
    #[arg(long, value_name = "N", default_value = "5")]
    pub rounds: NonZeroU32,
    /// Keep journals in this folder, and use those that are there [default: a temporary folder in
    /// this one, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Only contenders whose "title: name" has this in it, and the first of their table
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    pub only: String,
    /// Tell CPU time, for a machine that is shared: good for contenders with one thread
    #[arg(long)]
    pub cpu: bool,
    /// A few seconds in all, so that this does not rot; the figures mean nothing
    #[arg(long)]
    pub short: bool,
}

impl Effort {
    /// How many rounds count.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        if self.short { 1 } else { self.rounds.get() }
    }

    /// How many events, at most `short` of them in a short run.
    #[must_use]
    pub fn events(&self, short: u64) -> u64 {
        if self.short { self.events.min(short) } else { self.events }.max(1)
    }

    const fn clock(&self) -> Clock {
        if self.cpu { Clock::Cpu } else { Clock::Wall }
    }
}

/// Something that grows with something else: lines of a chart.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Its file's name, without an ending.
    pub name: &'static str,
    /// What stands on the vertical axis.
    pub title: String,
    /// What stands on the horizontal axis.
    pub x: &'static str,
    /// Its lines: a name, and points from left to right.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// All figures of a session.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Machine, commit, command.
    pub about: About,
    /// The journals that were read.
    pub journals: Vec<Journal>,
    /// The tables.
    pub contests: Vec<Contest>,
    /// The curves.
    pub curves: Vec<Curve>,
    /// What memory is taken.
    pub memory: Vec<Memory>,
    /// How long orders took, round by round.
    pub latencies: Vec<Round>,
    /// Of a message there and its answer back, in nanoseconds.
    pub round_trip: Option<Quantiles>,
}

/// A session.
pub struct Session<'a> {
    /// How much is measured.
    pub effort: Effort,
    figures: Figures,
    place: Place,
    out: &'a mut dyn Write,
}

enum Place {
    /// Removed when it is dropped.
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl<'a> Session<'a> {
    /// Begins one that is told to `out`.
    ///
    /// # Errors
    /// When a folder cannot be made, or `out` takes nothing.
    pub fn begin(effort: Effort, out: &'a mut dyn Write) -> Result<Self, Failed> {
        let place = match &effort.dir {
            Some(dir) => {
                let failed = |error| format!("--dir {}: {error}", dir.display());
                std::fs::create_dir_all(dir).map_err(failed)?;
                Place::Kept(dir.clone())
            }
            None => {
                let mut named = tempfile::Builder::new();
                let made = named.prefix("archipelago-bench-").tempdir_in(".");
                let failed = |error| format!("no folder can be made here: {error}; use --dir");
                Place::Temporary(made.map_err(failed)?)
            }
        };
        let about = About::here();
        writeln!(out, "{}, commit {}\n{}\n", about.machine, about.commit, about.command)?;
        let figures = Figures {
            about,
            journals: vec![],
            contests: vec![],
            curves: vec![],
            memory: vec![],
            latencies: vec![],
            round_trip: None,
        };
        Ok(Self { effort, figures, place, out })
    }

    /// Where files may be written.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        match &self.place {
            Place::Temporary(folder) => folder.path().to_owned(),
            Place::Kept(folder) => folder.clone(),
        }
    }

    /// The journal of `spec`, below `folder` of the place; it is told.
    ///
    /// # Errors
    /// What the disk or the product says.
    pub fn journal(&mut self, folder: &Path, spec: Spec) -> Result<Journal, Failed> {
        let journal = spec.journal(&self.place().join(folder))?;
        let Journal { bytes, commits, records, millis, .. } = &journal;
        let Spec { written, events, islands, events_a_record, .. } = spec;
        writeln!(
            self.out,
            "journal, {written:?}: {} events on {islands} islands, {events_a_record} a record, \
             {} records a commit, {} bytes an event, written in {} ms",
            grouped(events),
            records / commits.max(&1),
            bytes / events.max(1),
            grouped(*millis),
        )?;
        self.out.flush()?;
        self.figures.journals.push(journal.clone());
        Ok(journal)
    }

    /// Holds a contest among those of `contenders` that are asked for, and tells it; the last one
    /// that was held, if it was this one.
    ///
    /// # Errors
    /// The first run that failed.
    pub fn hold(
        &mut self,
        title: impl Into<String>,
        unit: &'static str,
        contenders: Vec<Contender<'_>>,
    ) -> Result<Option<&Contest>, Failed> {
        let clock = self.effort.clock();
        self.hold_by(clock, title.into(), unit, contenders)
    }

    /// The same, told by a clock.
    ///
    /// # Errors
    /// The first run that failed.
    pub fn hold_by(
        &mut self,
        clock: Clock,
        title: String,
        unit: &'static str,
        mut contenders: Vec<Contender<'_>>,
    ) -> Result<Option<&Contest>, Failed> {
        let asked = |one: &Contender<'_>| {
            format!("{title}: {}", one.name).contains(self.effort.only.as_str())
        };
        if !contenders.iter().any(asked) {
            return Ok(None);
        }
        let mut first = true;
        contenders.retain(|one| std::mem::take(&mut first) || asked(one));
        let held = contest(title, unit, (self.effort.rounds(), clock), contenders)?;
        self.add(held)?;
        Ok(self.figures.contests.last())
    }

    /// Tells a contest that was held, and keeps it.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn add(&mut self, held: Contest) -> Result<(), Failed> {
        self.say(&held.table())?;
        self.figures.contests.push(held);
        Ok(())
    }

    /// Keeps a curve.
    pub fn draw(&mut self, curve: Curve) {
        self.figures.curves.push(curve);
    }

    /// Keeps what memory was taken.
    pub fn weigh(&mut self, memory: Memory) {
        self.figures.memory.push(memory);
    }

    /// Keeps how long orders took.
    pub fn time(&mut self, rounds: Vec<Round>) {
        self.figures.latencies.extend(rounds);
    }

    /// Keeps how long a message there and back took.
    pub fn time_round_trip(&mut self, quantiles: Quantiles) {
        self.figures.round_trip = Some(quantiles);
    }

    /// Tells a line.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn say(&mut self, text: &str) -> Result<(), Failed> {
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// All figures.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }
}
