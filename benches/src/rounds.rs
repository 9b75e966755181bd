//! Contenders in one process, in turns, and their figures as a table.
//!
//! Rules:
//! 1. A B C, A B C, …: a machine that slows down slows all of them. A first round is not counted.
//! 2. Wall time is what is told; how busy the process was stands beside it, so that a run that had
//!    to share its cores is seen. On a machine that is shared, [`Clock::Cpu`] tells CPU time: good
//!    for contenders with one thread.
//! 3. Ratios are to the first contender, taken round by round; the median of them counts.
//!
//! It doesn't know what is measured.

use std::fmt::Write;
use std::time::Instant;

use serde::Serialize;

use crate::cpu;
use crate::table::{grouped, median};

/// What is told as the time of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Clock {
    /// The time that passed.
    #[default]
    Wall,
    /// The time that all threads of the process were running.
    Cpu,
}

/// What one run took.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Took {
    /// How many events, orders or messages.
    pub count: u64,
    /// Wall time.
    pub nanos: u64,
    /// CPU time of all threads of the process.
    pub cpu_nanos: u64,
}

impl Took {
    /// Runs `work` and keeps its times; `count` is how much it does.
    pub fn time<T>(count: u64, work: impl FnOnce() -> T) -> (T, Self) {
        let began = Instant::now();
        let (done, cpu) = cpu::time(work);
        let nanos = |span: std::time::Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        (done, Self { count, nanos: nanos(began.elapsed()), cpu_nanos: nanos(cpu) })
    }

    /// How much in a second of `clock`.
    #[must_use]
    pub fn rate(&self, clock: Clock) -> u64 {
        let rate = u128::from(self.count) * 1_000_000_000 / u128::from(self.nanos_of(clock));
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    /// The time of one, in picoseconds.
    #[must_use]
    pub fn picos_each(&self, clock: Clock) -> u64 {
        let picos = u128::from(self.nanos_of(clock)) * 1000 / u128::from(self.count.max(1));
        u64::try_from(picos).unwrap_or(u64::MAX)
    }

    fn nanos_of(&self, clock: Clock) -> u64 {
        let nanos = match clock {
            Clock::Wall => self.nanos,
            Clock::Cpu => self.cpu_nanos,
        };
        nanos.max(1)
    }
}

/// Why a measurement ended without figures.
pub type Failed = Box<dyn std::error::Error>;

/// One run: what it took.
pub type Run<'a> = Box<dyn FnMut() -> Result<Took, Failed> + 'a>;

/// Something to measure.
pub struct Contender<'a> {
    /// Its name in the table.
    pub name: String,
    /// Runs it once.
    pub run: Run<'a>,
}

impl<'a> Contender<'a> {
    /// A contender.
    pub fn new(name: impl Into<String>, run: impl FnMut() -> Result<Took, Failed> + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// All runs of one contender.
#[derive(Clone, Debug, Serialize)]
pub struct Runs {
    /// The contender.
    pub name: String,
    /// Its runs; run n of all contenders were made one after the other.
    pub runs: Vec<Took>,
}

/// What is counted, and all runs of all contenders.
#[derive(Clone, Debug, Serialize)]
pub struct Contest {
    /// What the contest is about.
    pub title: String,
    /// What is counted: events, orders, messages.
    pub unit: &'static str,
    /// What the table tells.
    pub clock: Clock,
    /// The contenders; ratios are to the first.
    pub contenders: Vec<Runs>,
}

/// Runs all contenders in turns, `rounds` times after one round that is not counted.
///
/// # Errors
/// The first run that failed, by name.
pub fn contest(
    title: impl Into<String>,
    unit: &'static str,
    (rounds, clock): (u32, Clock),
    mut contenders: Vec<Contender<'_>>,
) -> Result<Contest, Failed> {
    let named = |contender: &Contender<'_>| Runs { name: contender.name.clone(), runs: vec![] };
    let mut all: Vec<Runs> = contenders.iter().map(named).collect();
    for round in 0..=rounds {
        for (contender, runs) in contenders.iter_mut().zip(&mut all) {
            let took = (contender.run)().map_err(|why| format!("{}: {why}", contender.name))?;
            if round > 0 {
                runs.runs.push(took);
            }
        }
    }
    Ok(Contest { title: title.into(), unit, clock, contenders: all })
}

impl Contest {
    /// The table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        let clock = self.clock;
        let unit = match clock {
            Clock::Wall => format!("{}/s", self.unit),
            Clock::Cpu => format!("{}/CPU-s", self.unit),
        };
        let head = ["", &unit, "min", "max", "ns each", "ms", "ratio", "busy"];
        row(&mut text, head);
        for runs in &self.contenders {
            let rates: Vec<u64> = runs.runs.iter().map(|run| run.rate(clock)).collect();
            let [low, high] = [rates.iter().min(), rates.iter().max()];
            let [low, high] = [low, high].map(|rate| grouped(*rate.unwrap_or(&0)));
            let picos = median(runs.runs.iter().map(|run| run.picos_each(clock)));
            let each = format!("{}.{}", picos / 1000, picos % 1000 / 100);
            let micros = median(runs.runs.iter().map(|run| run.nanos_of(clock) / 1000));
            let millis = format!("{}.{}", grouped(micros / 1000), micros % 1000 / 100);
            let permille = self.permille(runs);
            let ratio = format!("{}.{:02}", permille / 1000, permille % 1000 / 10);
            let busy = runs.runs.iter().map(|run| 100 * run.cpu_nanos / run.nanos.max(1));
            let busy = format!("{} %", median(busy));
            row(
                &mut text,
                [&runs.name, &grouped(median(rates)), &low, &high, &each, &millis, &ratio, &busy],
            );
        }
        text
    }

    /// The rate of `runs` in thousandths of the first contender's, by round; the median.
    #[must_use]
    pub fn permille(&self, runs: &Runs) -> u64 {
        let Some(first) = self.contenders.first() else { return 0 };
        let pairs = first.runs.iter().zip(&runs.runs);
        let pairs = pairs.map(|(first, own)| (first.rate(self.clock), own.rate(self.clock)));
        median(pairs.map(|(first, own)| own.saturating_mul(1000) / first.max(1)))
    }
}

fn row(text: &mut String, [name, middle, low, high, each, millis, ratio, busy]: [&str; 8]) {
    writeln!(
        text,
        "{name:<44} {middle:>13} {low:>13} {high:>13} {each:>9} {millis:>9} {ratio:>6} {busy:>6}"
    )
    .expect("a string takes all");
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn contenders_take_turns_and_ratios_are_to_the_first() {
        let turns = RefCell::new(String::new());
        let runner = |letter: char, nanos: u64| {
            let turns = &turns;
            Contender::new(letter, move || {
                turns.borrow_mut().push(letter);
                Ok(Took { count: 1000, nanos, cpu_nanos: nanos / 2 })
            })
        };
        let contest =
            contest("t", "events", (2, Clock::Wall), vec![runner('a', 1000), runner('b', 4000)])
                .unwrap();
        assert_eq!(turns.into_inner(), "ababab");
        assert_eq!(contest.contenders[1].runs.len(), 2);
        assert_eq!(contest.permille(&contest.contenders[1]), 250);
        assert_eq!(contest.contenders[0].runs[0].rate(Clock::Cpu), 2_000_000_000);
        let table = contest.table();
        let row = table.lines().last().unwrap();
        assert!(
            row.contains("250,000,000") && row.contains("4.0") && row.contains("50 %"),
            "{row}"
        );
    }

    #[test]
    fn a_run_that_fails_ends_the_contest_by_name() {
        let bad = Contender::new("bad", || Err("no digest".into()));
        let why = contest("t", "events", (1, Clock::Wall), vec![bad]).unwrap_err();
        assert_eq!(why.to_string(), "bad: no digest");
    }
}
