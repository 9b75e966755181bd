//! `sim replay`: a capsule's world again.
//!
//! Rules:
//! 1. A capsule names the command that made its simulation; it is read as if it were typed, with
//!    the scenario file's text taken from the capsule.
//!
//! It doesn't know how failures are shrunk.

use archipelago_core::island::Island;
use clap::Parser;
use serde::Deserialize;

use super::batch::draw;
use super::small::{BOOKINGS, CITIES, INVOICES, ITEMS, PARCELS};
use super::warehouse;
use crate::cli::args::{CapsuleArgs, Cli, Command, SimWorkload};
use crate::cli::failure::Failure;
use crate::cli::report::CapsuleReport;
use crate::shrink::{Capsule, Told};
use crate::simulation::Simulation;
use crate::trace::Trace;

/// What `sim` writes into a capsule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    command: String,
    scenario: Option<String>,
}

/// Replays a capsule.
///
/// # Errors
/// A file that is no capsule, or not one of `sim` (exit 2).
pub fn replay(args: &CapsuleArgs) -> Result<CapsuleReport, Failure> {
    let bad = |what: String| Failure::input(format!("{}: {what}", args.capsule.display()));
    let text = std::fs::read_to_string(&args.capsule)
        .map_err(|error| bad(format!("cannot be read: {error}; check the path")))?;
    let capsule = Capsule::from_text(&text).map_err(|error| bad(error.to_string()))?;
    let config: Config = serde_json::from_value(capsule.config.clone())
        .map_err(|error| bad(format!("not a capsule of `archipelago sim`: {error}")))?;
    let words = words(&config.command).ok_or_else(|| bad("its command is cut off".to_owned()))?;
    let cli = Cli::try_parse_from(words)
        .map_err(|_| bad(format!("this version cannot read its command: {}", config.command)))?;
    match cli.command {
        Command::Sim { workload: SimWorkload::Warehouse(of) } => {
            let simulation = warehouse::simulation(&of, config.scenario.as_deref())?;
            again(&simulation, &capsule, args)
        }
        Command::Sim { workload: SimWorkload::Parcels(of) } => {
            again(&PARCELS.simulation(&of)?, &capsule, args)
        }
        Command::Sim { workload: SimWorkload::Items(of) } => {
            again(&ITEMS.simulation(&of)?, &capsule, args)
        }
        Command::Sim { workload: SimWorkload::Invoices(of) } => {
            again(&INVOICES.simulation(&of)?, &capsule, args)
        }
        Command::Sim { workload: SimWorkload::Cities(of) } => {
            again(&CITIES.simulation(&of)?, &capsule, args)
        }
        Command::Sim { workload: SimWorkload::Bookings(of) } => {
            again(&BOOKINGS.simulation(&of)?, &capsule, args)
        }
        _ => Err(bad(format!("this is no world: {}", config.command))),
    }
}

fn again<I: Island>(
    simulation: &Simulation<I>,
    capsule: &Capsule,
    args: &CapsuleArgs,
) -> Result<CapsuleReport, Failure> {
    let told = simulation.replay(capsule);
    if let Some(path) = &args.report {
        let trace = simulation.trace_of(capsule);
        let repeat = format!("archipelago sim replay {}", args.capsule.display());
        draw(path, Trace { title: "capsule".to_owned(), repeat, ..trace })?;
    }
    Ok(CapsuleReport {
        seed: capsule.seed,
        choices: capsule.decisions.len() as u64,
        code: capsule.code.clone(),
        law: capsule.law.clone(),
        fails: !matches!(told, Told::Nothing),
        message: told.to_string(),
    })
}

/// The words of a command line as `quoted` writes it.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut open) = (Vec::new(), String::new(), false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => open = !open,
            '\\' if !open => word.push(chars.next()?),
            ' ' if !open => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    (!open).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::super::batch::quoted;
    use super::*;

    #[test]
    fn words_come_back_from_their_quotes() {
        for word in ["plain", "with space", "it's", "a b'.toml", "\\"] {
            let line = format!("archipelago sim --scenario {} --seed 3", quoted(word));
            let words = words(&line).unwrap();
            assert_eq!(words, ["archipelago", "sim", "--scenario", word, "--seed", "3"]);
        }
        assert_eq!(words("'open"), None);
    }
}
