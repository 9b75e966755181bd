//! `sim parcels`: the machinery's own world.
//!
//! It doesn't know how a batch is run.

use super::batch::{Batch, Wanted};
use crate::cli::args::ParcelsArgs;
use crate::cli::failure::Failure;
use crate::cli::report::SimReport;
use crate::workload::parcels::{Depot, Scenario};

/// Simulates parcels.
///
/// # Errors
/// Bad usage (exit 2).
pub fn parcels(args: &ParcelsArgs) -> Result<SimReport, Failure> {
    let batch = &args.batch;
    let faults = batch.faults.clone().unwrap_or_else(|| "swarm".to_owned());
    let ParcelsArgs { islands, commands, .. } = args;
    Batch {
        simulation: simulation(args)?,
        title: "parcels".to_owned(),
        islands: *islands,
        seeds: (batch.from.unwrap_or(0), batch.seeds.unwrap_or(100)),
        wanted: Wanted::None,
        missed: Box::new(|_| Vec::new()),
        repeat: Box::new(|seed| {
            format!(
                "archipelago sim parcels --islands {islands} --commands {commands} \
                 --faults {faults} --seed {seed}"
            )
        }),
        faults: faults.clone(),
        scenario: None,
    }
    .run(batch)
}

/// The simulation of these arguments.
pub(super) fn simulation(args: &ParcelsArgs) -> Result<crate::Simulation<Depot>, Failure> {
    let scenario = Scenario { islands: args.islands, commands: args.commands };
    let faults = args.batch.faults.as_deref().unwrap_or("swarm");
    let preset = faults.parse().map_err(|no| Failure::input(format!("--faults: {no}")))?;
    Ok(scenario.simulation().preset(preset))
}
