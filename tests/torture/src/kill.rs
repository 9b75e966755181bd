//! kill -9, again and again: all that was acknowledged through a pipe is there after it.
//!
//! Rules:
//! 1. After each kill the directory is looked at, then opened to write; all records are compared,
//!    and no island ends before what it acknowledged.
//! 2. A directory lives for some kills, so that cut tails are built on; then a new one is begun.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::chance::Chance;
use crate::child::SEGMENT_BYTES;
use crate::content::{ISLANDS, look, open};
use crate::recycle;
use crate::tally::Tally;

const DONE: &str = "a writer, stopped at any moment";

/// Kills `cycles` times.
pub(crate) fn run(kind: Kind, cycles: u64, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut done = 0;
    while done < cycles {
        let place = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = place.path().join("data");
        let mut acknowledged = vec![0; kind.islands()];
        for cycle in done..cycles.min(done + kind.kills_of_one()) {
            killed(kind, &data, seed, cycle, &mut acknowledged)?;
            kind.check(&data, &acknowledged, tally)
                .map_err(|breach| format!("cycle {cycle}: {breach}"))?;
        }
        done += kind.kills_of_one();
        if kind == Kind::Writer {
            tally.add("acknowledged records, checked", "there", acknowledged.iter().sum());
        }
    }
    Ok(())
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A process that writes to a journal.
    Writer,
    /// A system that recycles its segments.
    Recycler,
}

impl Kind {
    pub(crate) const fn islands(self) -> usize {
        match self {
            Self::Writer => ISLANDS as usize,
            Self::Recycler => recycle::ISLANDS as usize,
        }
    }

    /// Kills that one directory sees.
    const fn kills_of_one(self) -> u64 {
        match self {
            Self::Writer => 20,
            Self::Recycler => 25,
        }
    }

    /// Whether all that was acknowledged is there.
    pub(crate) fn check(
        self,
        data: &Path,
        acknowledged: &[u64],
        tally: &mut Tally,
    ) -> Result<(), String> {
        match self {
            Self::Writer => check(data, acknowledged, tally),
            Self::Recycler => recycle::check(data, acknowledged, tally),
        }
    }
}

/// Starts a child, kills it at some moment, and notes what it acknowledged.
fn killed(
    kind: Kind,
    data: &Path,
    seed: u64,
    cycle: u64,
    acknowledged: &mut [u64],
) -> Result<(), String> {
    let name = match kind {
        Kind::Writer => "child",
        Kind::Recycler => "recycling-child",
    };
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(["--seed", &seed.to_string(), name])
        .arg(data)
        .arg(cycle.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let output = child.stdout.take().ok_or("the child has no output")?;
    let mut chance = Chance::new(seed, !cycle);
    let most = match kind {
        Kind::Writer => 120_000,
        Kind::Recycler => 300_000,
    };
    let pause = match chance.below(4) {
        // While it opens, or makes its first segment.
        0 => Duration::from_micros(chance.below(5_000)),
        _ => Duration::from_micros(chance.below(most)),
    };
    let reader = std::thread::spawn(move || {
        let mut whole = Vec::new();
        let mut output = BufReader::new(output);
        let mut line = String::new();
        // A line without its end was cut off by the kill: nobody heard it.
        while output.read_line(&mut line).is_ok_and(|len| len > 0) && line.ends_with('\n') {
            whole.push(line.trim_end().to_owned());
            line.clear();
        }
        whole
    });
    std::thread::sleep(pause);
    // It may have ended by itself, which it must not.
    if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
        return Err(format!("cycle {cycle}: the child ended by itself: {status}"));
    }
    child.kill().map_err(|error| error.to_string())?;
    child.wait().map_err(|error| error.to_string())?;
    for line in reader.join().map_err(|_| "reading panicked")? {
        hear(&line, acknowledged)?;
    }
    Ok(())
}

/// Notes what a line of a child acknowledges.
pub(crate) fn hear(line: &str, acknowledged: &mut [u64]) -> Result<(), String> {
    let said = line.split_once(' ').and_then(|(island, position)| {
        Some((island.parse::<usize>().ok()?, position.parse::<u64>().ok()?))
    });
    let (island, position) = said.ok_or_else(|| format!("the child said `{line}`"))?;
    let known =
        acknowledged.get_mut(island).ok_or_else(|| format!("there is no island {island}"))?;
    *known = position.max(*known);
    Ok(())
}

fn check(data: &Path, acknowledged: &[u64], tally: &mut Tally) -> Result<(), String> {
    if !data.join("archipelago.json").exists() {
        let outcome = "before there was a journal";
        if acknowledged.iter().any(|position| *position > 0) {
            return Err("acknowledged, and there is no journal".to_owned());
        }
        tally.add(DONE, outcome, 1);
        return Ok(());
    }
    let seen = look(data).map_err(|error| format!("refused: {error}"))?;
    let opened = open(data, SEGMENT_BYTES).map_err(|error| format!("refused: {error}"))?;
    for (island, tail) in opened.recovered.islands.iter().enumerate() {
        if tail.upto.0 < acknowledged[island] {
            let (upto, said) = (tail.upto, acknowledged[island]);
            return Err(format!("island {island} ends at {upto}, but acknowledged {said}"));
        }
    }
    if opened.recovered.last != seen.last {
        return Err("looking and opening differ".to_owned());
    }
    tally.add(DONE, seen.torn.map_or("all there, clean end", |_| "all there, torn tail cut"), 1);
    Ok(())
}
