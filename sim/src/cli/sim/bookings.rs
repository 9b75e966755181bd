//! `sim bookings`: stays in two hotels, each a saga.
//!
//! Rule: a large batch under swarm must take every rare path of the world.
//!
//! It doesn't know how a batch is run.

use super::MARKED_SEEDS;
use super::batch::{Batch, Wanted};
use crate::cli::args::ParcelsArgs;
use crate::cli::failure::Failure;
use crate::cli::report::SimReport;
use crate::fault::Preset;
use crate::workload::bookings::{Hotels, Scenario};

/// Simulates bookings.
///
/// # Errors
/// Bad usage (exit 2).
pub fn bookings(args: &ParcelsArgs) -> Result<SimReport, Failure> {
    let ParcelsArgs { islands, commands, batch } = args;
    let faults = batch.faults.clone().unwrap_or_else(|| "swarm".to_owned());
    let seeds = (batch.from.unwrap_or(0), batch.seeds.unwrap_or(100));
    let large = batch.seed.is_none() && seeds.1 >= MARKED_SEEDS;
    let rich = *islands >= 3 && *commands >= 100;
    let marked = large && rich && preset(args)? == Preset::Swarm;
    let mut simulation = simulation(args)?;
    if marked {
        simulation = Scenario::with_marks(simulation);
    }
    Batch {
        simulation,
        title: "bookings".to_owned(),
        islands: *islands,
        seeds,
        wanted: if marked { Wanted::Some } else { Wanted::None },
        missed: Box::new(|_| Vec::new()),
        repeat: Box::new(|seed| {
            format!(
                "archipelago sim bookings --islands {islands} --commands {commands} \
                 --faults {faults} --seed {seed}"
            )
        }),
        faults: faults.clone(),
        scenario: None,
    }
    .run(batch)
}

/// The simulation of these arguments.
pub(super) fn simulation(args: &ParcelsArgs) -> Result<crate::Simulation<Hotels>, Failure> {
    let scenario = Scenario { islands: args.islands, commands: args.commands };
    Ok(scenario.simulation().preset(preset(args)?))
}

fn preset(args: &ParcelsArgs) -> Result<Preset, Failure> {
    let faults = args.batch.faults.as_deref().unwrap_or("swarm");
    faults.parse().map_err(|no| Failure::input(format!("--faults: {no}")))
}
