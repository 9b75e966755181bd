//! Running worlds until a check fails or the time is up.
//!
//! Rules:
//! 1. Worlds take turns with as many seeds each: 25, then twice as many, and so on.
//! 2. The first seeds of each world are run twice, in two processes: their digests must agree.
//! 3. Time is that of the processor, all worlds together.
//! 4. What any mutant ran is remembered by world, to be run without a mutant in the end.
//!
//! It doesn't know what was planted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cpu::Stopwatch;
use crate::error::Error;
use crate::mutant::Worlds;
use crate::outcome::{self, Outcome};

/// Seeds of the first turn of each world.
const FIRST_SEEDS: u64 = 25;
/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a hunt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunt {
    /// The check that failed, if one did.
    pub(crate) found: Option<Found>,
    /// Seeds run, in all worlds together.
    pub(crate) seeds: u64,
    /// The processor's time, in milliseconds.
    pub(crate) cpu_ms: u64,
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// In which world.
    pub(crate) world: String,
    /// Its name.
    pub(crate) check: String,
    /// What was seen.
    pub(crate) seen: String,
    /// At which seed, if that was told.
    pub(crate) seed: Option<u64>,
}

/// Hunts.
#[derive(Debug)]
pub(crate) struct Hunter {
    from: u64,
    budget_ms: u64,
    folder: PathBuf,
    /// The most seeds that any hunt ran, by world.
    ran: BTreeMap<String, u64>,
}

/// What one process did.
enum Ran {
    Ended(Outcome),
    OutOfTime,
}

impl Hunter {
    /// One that begins at seed `from`; its processes write into `folder`.
    pub(crate) fn new(from: u64, budget_cpu_s: u64, folder: &Path) -> Self {
        let budget_ms = budget_cpu_s.saturating_mul(1000);
        Self { from, budget_ms, folder: folder.to_owned(), ran: BTreeMap::new() }
    }

    /// The most seeds that any hunt ran, by world.
    pub(crate) fn ran(&self) -> &BTreeMap<String, u64> {
        &self.ran
    }

    /// Another hunter, an earlier one, ran so many.
    pub(crate) fn ran_before(&mut self, ran: &BTreeMap<String, u64>) {
        for (world, count) in ran {
            let most = self.ran.entry(world.clone()).or_default();
            *most = (*most).max(*count);
        }
    }

    /// Runs `binary` in all `worlds` until a check fails or the time is up.
    ///
    /// # Errors
    /// A process that gave no verdict.
    pub(crate) fn hunt(&mut self, binary: &Path, worlds: &Worlds) -> Result<Hunt, Error> {
        let mut hunt = Hunt { found: None, seeds: 0, cpu_ms: 0 };
        let (mut first, mut count) = (self.from, FIRST_SEEDS);
        while hunt.cpu_ms < self.budget_ms {
            for (world, args) in worlds {
                let (before, twice) = (hunt.seeds, first == self.from);
                let over = self.turn(binary, (world, args), (first, count), twice, &mut hunt)?;
                let most = self.ran.entry(world.clone()).or_default();
                *most = (*most).max(first - self.from + hunt.seeds - before);
                if over {
                    return Ok(hunt);
                }
            }
            (first, count) = (first + count, count * 2);
        }
        Ok(hunt)
    }

    /// Runs all seeds that any hunt ran, with a binary in which nothing is to be found.
    ///
    /// # Errors
    /// A process that gave no verdict.
    pub(crate) fn same_seeds(&self, binary: &Path, worlds: &Worlds) -> Result<Hunt, Error> {
        let mut hunt = Hunt { found: None, seeds: 0, cpu_ms: 0 };
        let unbounded = Self { budget_ms: u64::MAX, ran: BTreeMap::new(), ..self.like() };
        for (world, count) in &self.ran {
            let few = FIRST_SEEDS.min(*count);
            for (first, count, twice) in
                [(self.from, few, true), (self.from + few, count - few, false)]
            {
                let args = &worlds[world];
                if count > 0
                    && unbounded.turn(binary, (world, args), (first, count), twice, &mut hunt)?
                {
                    return Ok(hunt);
                }
            }
        }
        Ok(hunt)
    }

    fn like(&self) -> Self {
        Self { folder: self.folder.clone(), ran: BTreeMap::new(), ..*self }
    }

    /// Runs `count` seeds from `first` on; says whether the hunt is over.
    fn turn(
        &self,
        binary: &Path,
        (world, args): (&str, &str),
        (first, count): (u64, u64),
        twice: bool,
        hunt: &mut Hunt,
    ) -> Result<bool, Error> {
        let args = format!("{args} --from {first} --seeds {count} --json");
        let mut before = None;
        for _ in 0..1 + u32::from(twice) {
            match self.run(binary, &args, hunt)? {
                Ran::OutOfTime => return Ok(true),
                Ran::Ended(Outcome::Failed { check, seen, seed }) => {
                    hunt.seeds += seed.map_or(count, |seed| seed + 1 - first);
                    hunt.found = Some(Found { world: world.to_owned(), check, seen, seed });
                    return Ok(true);
                }
                Ran::Ended(Outcome::Held(digest)) => match &before {
                    None => before = Some(digest),
                    Some(other) if *other == digest => {}
                    Some(_) => {
                        let check = "two runs of one seed are the same".to_owned();
                        let seen = format!("seeds {first} to {}", first + count - 1);
                        let world = world.to_owned();
                        hunt.seeds += count;
                        hunt.found = Some(Found { world, check, seen, seed: None });
                        return Ok(true);
                    }
                },
            }
        }
        hunt.seeds += count;
        Ok(false)
    }

    fn run(&self, binary: &Path, args: &str, hunt: &mut Hunt) -> Result<Ran, Error> {
        let (out, err) = (self.folder.join("mutants-out"), self.folder.join("mutants-err"));
        let create = |path: &PathBuf| File::create(path).map_err(Error::io(path));
        let watch = Stopwatch::start();
        let mut child = Command::new(binary)
            .args(args.split_whitespace())
            .env("RUST_BACKTRACE", "0")
            .stdout(create(&out)?)
            .stderr(create(&err)?)
            .spawn()
            .map_err(Error::io(binary))?;
        let left = self.budget_ms.saturating_sub(hunt.cpu_ms);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(Error::io(binary))? {
                break Some(status);
            }
            if watch.running_ms(child.id()) > left {
                child.kill().map_err(Error::io(binary))?;
                child.wait().map_err(Error::io(binary))?;
                break None;
            }
            std::thread::sleep(LOOK_EVERY);
        };
        hunt.cpu_ms += watch.ended_ms();
        let Some(status) = status else { return Ok(Ran::OutOfTime) };
        let read = |path: &PathBuf| fs::read(path).map_err(Error::io(path));
        let (out, err) = (read(&out)?, read(&err)?);
        let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        let outcome = outcome::read(status.code(), &out, &err);
        outcome.map(Ran::Ended).map_err(|what| Error::Run { command: args.to_owned(), what })
    }
}
