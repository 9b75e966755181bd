//! `sim cities`: hours and stations in a hostile world.
//!
//! It doesn't know how a batch is run.

use super::batch::{Batch, Wanted};
use super::warehouse::MARKED_SEEDS;
use crate::cli::args::SimCitiesArgs;
use crate::cli::failure::Failure;
use crate::cli::report::SimReport;
use crate::fault::Preset;
use crate::workload::cities::Cities;
use crate::workload::cities::scenario::Scenario;

/// Simulates cities. A big batch under swarm must take every rare path.
///
/// # Errors
/// Bad usage (exit 2).
pub fn cities(args: &SimCitiesArgs) -> Result<SimReport, Failure> {
    let batch = &args.batch;
    let faults = batch.faults.clone().unwrap_or_else(|| "swarm".to_owned());
    let SimCitiesArgs { islands, commands, .. } = args;
    let seeds = batch.seeds.unwrap_or(100);
    let is_big = batch.seed.is_none() && seeds >= MARKED_SEEDS && faults == "swarm";
    let scenario = Scenario { islands: args.islands, commands: args.commands };
    let is_marked = is_big && args.islands >= 3 && args.commands >= 100;
    let simulation = if is_marked { scenario.marked() } else { scenario.simulation() };
    Batch {
        simulation: simulation.preset(preset(args)?),
        title: "cities".to_owned(),
        islands: *islands,
        seeds: (batch.from.unwrap_or(0), seeds),
        wanted: if is_marked { Wanted::Some } else { Wanted::None },
        missed: Box::new(|_| Vec::new()),
        repeat: Box::new(|seed| {
            format!(
                "archipelago sim cities --islands {islands} --commands {commands} \
                 --faults {faults} --seed {seed}"
            )
        }),
        faults: faults.clone(),
        scenario: None,
    }
    .run(batch)
}

/// The simulation of these arguments.
pub(super) fn simulation(args: &SimCitiesArgs) -> Result<crate::Simulation<Cities>, Failure> {
    let scenario = Scenario { islands: args.islands, commands: args.commands };
    Ok(scenario.simulation().preset(preset(args)?))
}

fn preset(args: &SimCitiesArgs) -> Result<Preset, Failure> {
    let faults = args.batch.faults.as_deref().unwrap_or("swarm");
    faults.parse().map_err(|no| Failure::input(format!("--faults: {no}")))
}
