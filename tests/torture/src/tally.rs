//! What was done, how often, and what came of it.

use std::collections::BTreeMap;
use std::time::Instant;

/// Counts outcomes by what was done.
pub(crate) struct Tally {
    began: Instant,
    counts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), counts: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, done: &'static str, outcome: &'static str, times: u64) {
        *self.counts.entry(done).or_default().entry(outcome).or_default() += times;
    }

    pub(crate) fn print(&self) {
        for (done, outcomes) in &self.counts {
            println!("{done}: {}", outcomes.values().sum::<u64>());
            for (outcome, times) in outcomes {
                println!("  {times:>9}  {outcome}");
            }
        }
        println!("{:.1} s", self.began.elapsed().as_secs_f64());
    }
}
