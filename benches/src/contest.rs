//! Contenders in turns, each run in a process of its own.
//!
//! A contender is a program that takes `--nodes N --tokens T --hops H`, runs that ring once, and
//! prints one line of JSON: a [`Told`].
//!
//! It doesn't know which simulators there are.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ring::Size;

/// A program that runs the ring.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Its name in the table.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// What it is given before the ring's size.
    pub arguments: Vec<String>,
}

/// What a contender says of one run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Deliveries that the nodes counted.
    pub deliveries: u64,
    /// CPU time of the run, in nanoseconds.
    pub cpu_nanos: u64,
}

impl Told {
    /// Deliveries per CPU second.
    #[must_use]
    pub fn rate(&self) -> u64 {
        let rate = u128::from(self.deliveries) * 1_000_000_000 / u128::from(self.cpu_nanos.max(1));
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

/// All runs of one contender on one ring.
#[derive(Clone, Debug, Serialize)]
pub struct Runs {
    /// The contender.
    pub name: String,
    /// The ring.
    pub size: Size,
    /// Its runs, in order; run n of all contenders were made one after the other.
    pub runs: Vec<Told>,
}

/// Why there are no figures.
#[derive(Debug)]
pub struct Failed {
    name: String,
    size: Size,
    why: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, size, why } = self;
        write!(f, "{name} on {} nodes: {why}", size.nodes)
    }
}

impl std::error::Error for Failed {}

/// Runs all contenders on the ring of `size` in turns, `rounds` times. A contender whose run would
/// take more than `cpu_max` makes fewer hops: its size says how many.
///
/// # Errors
/// The first run that failed or did not deliver everything.
pub fn contest(
    contenders: &[Contender],
    size: Size,
    rounds: u32,
    cpu_max: Duration,
) -> Result<Vec<Runs>, Failed> {
    let failed = |contender: &Contender, why| {
        let name = contender.name.clone();
        Failed { name, size, why }
    };
    let runs = |one: &Contender| {
        let size = bearable(one, size, cpu_max).map_err(|why| failed(one, why))?;
        Ok(Runs { name: one.name.clone(), size, runs: Vec::new() })
    };
    let mut all = contenders.iter().map(runs).collect::<Result<Vec<Runs>, Failed>>()?;
    for _ in 0..rounds {
        for (contender, runs) in contenders.iter().zip(&mut all) {
            let told = once(contender, runs.size).map_err(|why| failed(contender, why))?;
            runs.runs.push(told);
        }
    }
    Ok(all)
}

/// The size that keeps a run below `cpu_max`, as a short run foretells.
fn bearable(contender: &Contender, size: Size, cpu_max: Duration) -> Result<Size, String> {
    let hops = size.hops.div_ceil(100);
    let told = once(contender, Size { hops, ..size })?;
    let cpu_nanos_max = u64::try_from(cpu_max.as_nanos()).unwrap_or(u64::MAX);
    let hops_max = u64::from(hops).saturating_mul(cpu_nanos_max) / told.cpu_nanos.max(1);
    let hops_max = u32::try_from(hops_max).unwrap_or(u32::MAX).max(hops);
    Ok(Size { hops: size.hops.min(hops_max), ..size })
}

fn once(contender: &Contender, size: Size) -> Result<Told, String> {
    let ring = [("--nodes", size.nodes), ("--tokens", size.tokens), ("--hops", size.hops)];
    let mut command = Command::new(&contender.program);
    command.args(&contender.arguments);
    for (name, value) in ring {
        command.arg(name).arg(value.to_string());
    }
    let output = command
        .output()
        .map_err(|error| format!("{} cannot run: {error}", contender.program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("it ended with {}: {}", output.status, said.trim()));
    }
    let told: Told = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("it did not print one line of JSON: {error}"))?;
    match told.deliveries == size.deliveries() {
        true => Ok(told),
        false => Err(format!("{} deliveries, not {}", told.deliveries, size.deliveries())),
    }
}
