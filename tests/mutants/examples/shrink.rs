//! Runs one large world that breaks a law, shrinks it and tells the story.
//!
//! ```text
//! shrink '{"workload":"warehouse","commands":12000,"preset":"reorder","seed":1}'
//! ```
//! Rules:
//! 1. `faults` are numbers that take the place of the preset's.
//! 2. The first seed from `seed` on that breaks a law after `choices_min` choices is shrunk.
//! 3. One line of JSON, then the story. Exit 1 if no seed will do.
//!
//! It doesn't know which mutant is planted around it.
#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use archipelago::Island;
use archipelago_sim::workload::{parcels, warehouse::scenario};
use archipelago_sim::{Effort, Faults, Preset, Simulation};
use serde::Deserialize;
use serde_json::{Value, json};

/// What is run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    workload: String,
    islands: u32,
    commands: u64,
    preset: String,
    #[serde(default)]
    faults: serde_json::Map<String, Value>,
    seed: u64,
    seeds: u64,
    choices_min: u64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wanted: Wanted = serde_json::from_str(&std::env::args().nth(1).ok_or("say what")?)?;
    let (islands, commands) = (wanted.islands, wanted.commands);
    match wanted.workload.as_str() {
        "parcels" => run(&wanted, parcels::Scenario { islands, commands }.simulation()),
        "warehouse" => {
            let scenario = scenario::Scenario { islands, commands, ..Default::default() };
            run(&wanted, scenario.simulation())
        }
        other => Err(format!("no workload is called {other:?}").into()),
    }
}

fn run<I: Island>(wanted: &Wanted, simulation: Simulation<I>) -> Result<ExitCode, Box<dyn Error>> {
    let preset = match wanted.preset.parse()? {
        Preset::Fixed(faults) => {
            let mut faults = serde_json::to_value(faults)?;
            let numbers = faults.as_object_mut().ok_or("faults are an object")?;
            numbers.extend(wanted.faults.clone());
            Preset::Fixed(serde_json::from_value::<Faults>(faults)?)
        }
        Preset::Swarm => Preset::Swarm,
    };
    let simulation = simulation.preset(preset);
    for seed in wanted.seed..wanted.seed.saturating_add(wanted.seeds) {
        if simulation.seed(seed).is_ok() {
            continue;
        }
        let began = Instant::now();
        let Some(shrunk) = simulation.shrink(seed, Effort::default()) else { continue };
        let seconds = began.elapsed().as_secs_f64();
        if shrunk.from < wanted.choices_min {
            eprintln!("seed {seed}: {} choices and {}", shrunk.from, shrunk.violation);
            continue;
        }
        let told = json!({
            "seed": seed, "from": shrunk.from, "to": shrunk.decisions.len(),
            "worlds": shrunk.tried, "seconds": seconds,
        });
        println!("{told}\n{}", simulation.story(seed, &shrunk));
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("no seed will do");
    Ok(ExitCode::from(1))
}
