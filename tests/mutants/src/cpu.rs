//! How long a child has had the processor.
//!
//! Rules:
//! 1. As Linux tells it; elsewhere the time on the clock since the child began.
//!
//! It doesn't know what the child does.

use std::time::Instant;

/// The kernel counts in hundredths of a second, on every platform that has `/proc`.
const TICKS_PER_SECOND: u64 = 100;

/// A stopwatch for one child.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    began: Instant,
    children: Option<u64>,
}

impl Stopwatch {
    /// Begins. No other child may end before this one.
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), children: ended_children() }
    }

    /// Of a child that still runs, in milliseconds.
    pub(crate) fn running_ms(&self, pid: u32) -> u64 {
        let used = fields(&format!("/proc/{pid}/stat"))
            .and_then(|fields| sum_of(&fields, [USER, SYSTEM]))
            .map(ms_of);
        used.unwrap_or_else(|| self.clock_ms())
    }

    /// Of the child, when it has ended, in milliseconds.
    pub(crate) fn ended_ms(&self) -> u64 {
        match (self.children, ended_children()) {
            (Some(before), Some(now)) => ms_of(now.saturating_sub(before)),
            _ => self.clock_ms(),
        }
    }

    fn clock_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Fields of `stat` after the name, whose closing bracket is the last one: see proc(5).
const USER: usize = 11;
const SYSTEM: usize = 12;
const CHILDREN_USER: usize = 13;
const CHILDREN_SYSTEM: usize = 14;

fn ended_children() -> Option<u64> {
    sum_of(&fields("/proc/self/stat")?, [CHILDREN_USER, CHILDREN_SYSTEM])
}

fn fields(path: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let (_, after) = text.rsplit_once(')')?;
    Some(after.split_whitespace().map(str::to_owned).collect())
}

fn sum_of(fields: &[String], which: [usize; 2]) -> Option<u64> {
    which.iter().map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
}

const fn ms_of(ticks: u64) -> u64 {
    ticks * 1000 / TICKS_PER_SECOND
}
