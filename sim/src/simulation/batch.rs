//! Running a simulation: one seed, many, twice; and what to do with a failure.
//!
//! Rules:
//! 1. The result of many seeds does not depend on the number of threads.
//! 2. Of several seeds that break a law the lowest is told.
//!
//! It doesn't know how a world works.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use archipelago_core::island::Island;

use super::Simulation;
use crate::check::Mark;
use crate::shrink::{Capsule, Effort, Shrunk, Told};
use crate::trace::Trace;
use crate::world::{Ask, Choices, Figures, Keep, Tracing, Violation, World};

/// What all worlds together were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Worlds, one a seed.
    pub worlds: u64,
    /// Their figures, added up in the order of seeds.
    pub total: Figures,
}

impl Summary {
    /// Adds one world.
    pub fn add(&mut self, figures: &Figures) {
        self.worlds += 1;
        self.total.add(figures);
    }

    /// The rare paths of the machinery that no world took.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        let missed = Mark::ALL.iter().filter(|(mark, _)| !self.total.marks.has(*mark));
        missed.map(|(_, name)| *name).collect()
    }
}

/// A seed whose world broke a law.
#[derive(Clone, PartialEq, Eq)]
pub struct Broken {
    /// The seed: running it again breaks the same law at the same place.
    pub seed: u64,
    /// The law, and what was seen.
    pub violation: Violation,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.violation)
    }
}

/// As it is displayed: `expect` in a test shows this.
impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}

impl<I: Island> Simulation<I> {
    /// Runs one seed.
    ///
    /// # Errors
    /// The law that it broke.
    pub fn seed(&self, seed: u64) -> Result<Figures, Broken> {
        World::run(&self.plan, seed).map_err(|violation| Broken { seed, violation })
    }

    /// Runs all seeds, in order.
    ///
    /// # Errors
    /// The first that broke a law; or something that was to be seen sometimes and never was.
    pub fn seeds(&self, seeds: Range<u64>) -> Result<Summary, Broken> {
        self.seeds_on(1, seeds, |_| {})
    }

    /// Runs all seeds on so many threads; `progress` hears of each world that has ended. The result
    /// does not depend on the number of threads.
    ///
    /// # Errors
    /// The lowest seed that broke a law; or something that was to be seen sometimes and never was.
    pub fn seeds_on(
        &self,
        threads: usize,
        seeds: Range<u64>,
        progress: impl Fn(u64) + Sync,
    ) -> Result<Summary, Broken> {
        let first = seeds.start;
        let summary = self.batch_on(threads, seeds, progress)?;
        match self.unseen(&summary).as_slice() {
            [] => Ok(summary),
            unseen => {
                let law = format!("sometimes: {}", unseen.join(", "));
                let seen = format!("none of {} worlds showed it", summary.worlds);
                Err(Broken { seed: first, violation: Violation::new(law, seen) })
            }
        }
    }

    /// As [`Simulation::seeds_on`], whatever was seen sometimes.
    ///
    /// # Errors
    /// The lowest seed that broke a law.
    pub fn batch_on(
        &self,
        threads: usize,
        seeds: Range<u64>,
        progress: impl Fn(u64) + Sync,
    ) -> Result<Summary, Broken> {
        let next = AtomicU64::new(seeds.start);
        // Seeds above one that broke a law need not be run.
        let broken_below = AtomicU64::new(u64::MAX);
        let work = || {
            let mut results = Vec::new();
            loop {
                // Not beyond the end: the number after the largest seed is 0.
                let more = |seed| (seed < seeds.end).then_some(seed + 1);
                let Ok(seed) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) else {
                    return results;
                };
                if seed > broken_below.load(Ordering::Relaxed) {
                    return results;
                }
                let result = self.seed(seed);
                if result.is_err() {
                    broken_below.fetch_min(seed, Ordering::Relaxed);
                }
                results.push((seed, result));
                progress(1);
            }
        };
        let mut results: Vec<_> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut results = work();
            for other in others {
                results.extend(other.join().expect("worlds catch panics of users' code"));
            }
            results
        });
        results.sort_unstable_by_key(|(seed, _)| *seed);
        let mut summary = Summary::default();
        for (_, result) in results {
            summary.add(&result?);
        }
        Ok(summary)
    }

    /// What was to be seen sometimes and was not.
    #[must_use]
    pub fn unseen(&self, summary: &Summary) -> Vec<&str> {
        let sights = self.plan.sights.iter().enumerate();
        let unseen = sights.filter(|(at, _)| !summary.total.marks.has_own(*at));
        unseen.map(|(_, (name, _))| name.as_str()).collect()
    }

    /// How many things are to be seen sometimes.
    #[must_use]
    pub fn sights(&self) -> usize {
        self.plan.sights.len()
    }

    /// Shrinks a seed that breaks a law: fewer requests, faults and islands, the same law. `None`
    /// when it breaks none.
    #[must_use]
    pub fn shrink(&self, seed: u64, effort: Effort) -> Option<Shrunk> {
        crate::shrink::shrink(&self.plan, seed, effort)
    }

    /// Runs a seed and writes down all that happened, for a reader; see [`crate::report`].
    #[must_use]
    pub fn trace(&self, seed: u64) -> Trace {
        let ask = Ask { trace: Tracing::Wanted, ..Ask::default() };
        Trace { seed, ..World::ask_for(&self.plan, seed, ask).trace }
    }

    /// The trace of a capsule's world.
    #[must_use]
    pub fn trace_of(&self, capsule: &Capsule) -> Trace {
        let ask = Ask { trace: Tracing::Wanted, ..Self::ask_of(capsule) };
        Trace { seed: capsule.seed, ..World::ask_for(&self.plan, capsule.seed, ask).trace }
    }

    fn ask_of(capsule: &Capsule) -> Ask {
        Ask {
            choices: Choices::Listed(capsule.decisions.clone()),
            islands: Some(capsule.islands),
            weather: Some(capsule.weather),
            ..Ask::default()
        }
    }

    /// A shrunk failure in words: its choices in order, each request with its command, and the law.
    #[must_use]
    pub fn story(&self, seed: u64, shrunk: &Shrunk) -> String {
        crate::shrink::story(&self.plan, seed, shrunk)
    }

    /// Replays a capsule made of this simulation.
    #[must_use]
    pub fn replay(&self, capsule: &Capsule) -> Told {
        let broken = World::ask_for(&self.plan, capsule.seed, Self::ask_of(capsule)).broken;
        Told::of(capsule, broken)
    }

    /// Runs a seed twice and compares the two worlds, record by record.
    ///
    /// # Errors
    /// The law that it broke; or the first record that differs.
    pub fn twice(&self, seed: u64) -> Result<Figures, Broken> {
        let run = || {
            let ask = Ask { keep: Keep::Digests, ..Ask::default() };
            World::ask_for(&self.plan, seed, ask)
        };
        let (first, second) = (run(), run());
        let records = first.history.len().min(second.history.len());
        let law = "two worlds of one seed are the same";
        let broken = |seen: String| Broken { seed, violation: Violation::new(law, seen) };
        if let Some((a, b)) = first.history.iter().zip(&second.history).find(|(a, b)| a != b) {
            let seen = if (a.island, a.position) == (b.island, b.position) {
                format!("record {} of island {} differs", a.position, a.island)
            } else {
                format!(
                    "record {} of island {} comes in one, record {} of island {} in the other",
                    a.position, a.island, b.position, b.island
                )
            };
            return Err(broken(seen));
        }
        if (&first.broken, first.figures) != (&second.broken, second.figures) {
            return Err(broken(format!("they differ after {records} records, not in a record")));
        }
        match first.broken {
            None => Ok(first.figures),
            Some(violation) => Err(Broken { seed, violation }),
        }
    }
}
