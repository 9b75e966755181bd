//! A batch of worlds: run, counted, and, when a law breaks, shrunk, kept and drawn.
//!
//! Rules:
//! 1. A seed that breaks a law ends the batch with exit 1 and the one command that repeats it.
//! 2. `--shrink` looks for the smallest world that breaks the same law, tells it as a story and
//!    keeps it as a capsule.
//! 3. `--report` draws the world that failed (the shrunk one, if there is one), or else the first.
//!
//! It doesn't know what is simulated.

use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;

use archipelago_core::island::Island;

use crate::check::Mark;
use crate::cli::args::{BatchArgs, THREADS_MAX};
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::report::{BrokenReport, ShrunkReport, SimReport, per_second};
use crate::report;
use crate::shrink::{Capsule, Effort, Shrunk};
use crate::simulation::{Broken, Simulation, Summary};
use crate::trace::Trace;

/// Which marks the batch must hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// None: they are counted only.
    None,
    /// Those that the scenario names.
    Some,
    /// All.
    Every,
}

/// Marks of the machinery that were to be hit and were not.
type Missed<'a> = Box<dyn Fn(&Summary) -> Vec<&'static str> + 'a>;

/// A batch to be run.
pub(super) struct Batch<'a, I: Island> {
    pub(super) simulation: Simulation<I>,
    pub(super) title: String,
    pub(super) islands: u32,
    /// What goes wrong, in a word.
    pub(super) faults: String,
    /// The first seed and how many, when no single one is asked for.
    pub(super) seeds: (u64, u64),
    pub(super) wanted: Wanted,
    /// Marks of the machinery that the scenario names and nobody hit.
    pub(super) missed: Missed<'a>,
    /// The command that repeats a seed.
    pub(super) repeat: Box<dyn Fn(u64) -> String + 'a>,
    /// The text of the scenario file, if there is one: a capsule takes it along.
    pub(super) scenario: Option<String>,
}

impl<I: Island> Batch<'_, I> {
    pub(super) fn run(&self, args: &BatchArgs) -> Result<SimReport, Failure> {
        let (first, count) = match args.seed {
            Some(seed) => (seed, 1),
            None => self.seeds,
        };
        let Some(end) = first.checked_add(count) else {
            return Err(Failure::input("--from and --seeds go beyond the largest seed"));
        };
        let cores = available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX as usize);
        let jobs = u64::from(args.jobs.unwrap_or(cores as u32)).min(count) as u32;
        let progress = Progress::of("seeds", count);
        let began = Instant::now();
        let batch = self.simulation.batch_on(jobs as usize, first..end, |more| progress.add(more));
        let seconds = began.elapsed().as_secs_f64();
        drop(progress);
        let mut report = SimReport {
            first_seed: first,
            islands: self.islands,
            faults: self.faults.clone(),
            seconds,
            jobs,
            ..SimReport::default()
        };
        match batch {
            Ok(summary) => {
                self.count(&summary, &mut report);
                if let Some(path) = &args.report {
                    let trace = self.simulation.trace(first);
                    self.draw(path, trace, (self.repeat)(first))?;
                }
            }
            Err(broken) => {
                // A file that cannot be written must not hide the law that broke.
                let told = self.tell(&broken, args).map_err(|cannot| {
                    let repeat = (self.repeat)(broken.seed);
                    Failure::check(format!("{broken}; repeat it with: {repeat}; also, {cannot}"))
                });
                report.broken = Some(told?);
            }
        }
        Ok(report)
    }

    /// Counts what the worlds were.
    fn count(&self, summary: &Summary, report: &mut SimReport) {
        let (unseen, not_taken) = (self.simulation.unseen(summary), summary.missed());
        report.marks = (Mark::ALL.len() + self.simulation.sights()) as u64;
        report.marks_hit = report.marks - (unseen.len() + not_taken.len()) as u64;
        let built_in = match self.wanted {
            Wanted::Every => not_taken,
            Wanted::Some => (self.missed)(summary),
            Wanted::None => Vec::new(),
        };
        let own = unseen.into_iter().filter(|_| self.wanted != Wanted::None);
        report.missed = built_in.into_iter().chain(own).map(str::to_owned).collect();
        let total = summary.total;
        report.seeds = summary.worlds;
        report.records = total.records;
        report.messages = total.messages;
        report.frames_lost = total.frames_lost;
        report.crashes = total.crashes;
        report.falls = total.falls;
        report.refusals = total.refusals;
        report.decisions = total.decisions;
        report.steps = total.steps;
        report.virtual_seconds = total.nanos as f64 / 1e9;
        report.steps_per_second = per_second(total.steps, report.seconds);
        report.seeds_per_second = per_second(summary.worlds, report.seconds);
        report.digest = total.digest.to_string();
    }

    /// Tells a failure, and does with it what was asked.
    fn tell(&self, broken: &Broken, args: &BatchArgs) -> Result<BrokenReport, Failure> {
        let Broken { seed, violation } = broken;
        let repeat = (self.repeat)(*seed);
        let mut told = BrokenReport {
            seed: *seed,
            law: violation.law.clone(),
            message: broken.to_string(),
            repeat: repeat.clone(),
            shrunk: None,
        };
        let began = Instant::now();
        let shrunk = args.shrink.then(|| self.simulation.shrink(*seed, Effort::default()));
        let Some(Some(shrunk)) = shrunk else {
            if let Some(path) = &args.report {
                self.draw(path, self.simulation.trace(*seed), repeat)?;
            }
            return Ok(told);
        };
        let seconds = began.elapsed().as_secs_f64();
        let capsule = self.capsule(*seed, &shrunk, &repeat);
        let file = format!("archipelago-{}-{seed}.capsule.json", self.title);
        write(Path::new(&file), &capsule.to_text())?;
        if let Some(path) = &args.report {
            let repeat = format!("archipelago sim replay {}", quoted(&file));
            self.draw(path, self.simulation.trace_of(&capsule), repeat)?;
        }
        told.shrunk = Some(ShrunkReport {
            choices: shrunk.decisions.len() as u64,
            from: shrunk.from,
            worlds: shrunk.tried,
            seconds,
            story: self.simulation.story(*seed, &shrunk),
            capsule: file,
        });
        Ok(told)
    }

    fn capsule(&self, seed: u64, shrunk: &Shrunk, repeat: &str) -> Capsule {
        let config = serde_json::json!({ "command": repeat, "scenario": self.scenario });
        Capsule::new(config, seed, shrunk)
    }

    fn draw(&self, path: &Path, trace: Trace, repeat: String) -> Result<(), Failure> {
        let config = vec![("faults".to_owned(), self.faults.clone())];
        draw(path, Trace { title: self.title.clone(), repeat, config, ..trace })
    }
}

/// Writes the page of a trace.
pub(super) fn draw(path: &Path, trace: Trace) -> Result<(), Failure> {
    write(path, &report::html(&trace))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::write(path, text);
    written
        .map_err(|error| Failure::input(format!("{}: cannot be written: {error}", path.display())))
}

/// A word of a shell's command line.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
