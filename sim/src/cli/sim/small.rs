//! `sim parcels`, `cities`, `bookings`, `items`, `invoices`: worlds of which only the size is said.
//!
//! Rule: a large batch of rich worlds under swarm must take every rare path that the world names.
//!
//! It doesn't know how a batch is run, nor what the worlds are about.

use archipelago_core::island::Island;

use super::MARKED_SEEDS;
use super::batch::{Batch, Wanted};
use crate::cli::args::WorldArgs;
use crate::cli::failure::Failure;
use crate::cli::report::SimReport;
use crate::fault::Preset;
use crate::simulation::Simulation;
use crate::workload::bookings::{self, Hotels};
use crate::workload::cities::{self, Cities};
use crate::workload::invoices::{self, Ledger};
use crate::workload::items::{self, Shop};
use crate::workload::parcels::{self, Depot};

/// A world: how it is made of so many islands and commands.
pub(super) struct World<I: Island> {
    name: &'static str,
    make: fn(u32, u64) -> Simulation<I>,
    with_marks: fn(Simulation<I>) -> Simulation<I>,
}

/// The machinery's own world.
pub(super) const PARCELS: World<Depot> = World {
    name: "parcels",
    make: |islands, commands| parcels::Scenario { islands, commands }.simulation(),
    with_marks: |simulation| simulation,
};

/// The aggregator's world.
pub(super) const CITIES: World<Cities> = World {
    name: "cities",
    make: |islands, commands| cities::scenario::Scenario { islands, commands }.simulation(),
    with_marks: cities::scenario::Scenario::with_marks,
};

/// The saga's world.
pub(super) const BOOKINGS: World<Hotels> = World {
    name: "bookings",
    make: |islands, commands| bookings::Scenario { islands, commands }.simulation(),
    with_marks: bookings::Scenario::with_marks,
};

/// The stash's world.
pub(super) const ITEMS: World<Shop> = World {
    name: "items",
    make: |islands, commands| items::Scenario { islands, commands }.simulation(),
    with_marks: items::Scenario::with_marks,
};

/// The resequencer's world.
pub(super) const INVOICES: World<Ledger> = World {
    name: "invoices",
    make: |islands, commands| invoices::Scenario { islands, commands }.simulation(),
    with_marks: invoices::Scenario::with_marks,
};

/// Simulates parcels.
///
/// # Errors
/// Bad usage (exit 2).
pub fn parcels(args: &WorldArgs) -> Result<SimReport, Failure> {
    PARCELS.run(args)
}

/// Simulates cities.
///
/// # Errors
/// Bad usage (exit 2).
pub fn cities(args: &WorldArgs) -> Result<SimReport, Failure> {
    CITIES.run(args)
}

/// Simulates bookings.
///
/// # Errors
/// Bad usage (exit 2).
pub fn bookings(args: &WorldArgs) -> Result<SimReport, Failure> {
    BOOKINGS.run(args)
}

/// Simulates items.
///
/// # Errors
/// Bad usage (exit 2).
pub fn items(args: &WorldArgs) -> Result<SimReport, Failure> {
    ITEMS.run(args)
}

/// Simulates invoices.
///
/// # Errors
/// Bad usage (exit 2).
pub fn invoices(args: &WorldArgs) -> Result<SimReport, Failure> {
    INVOICES.run(args)
}

impl<I: Island> World<I> {
    fn run(&self, args: &WorldArgs) -> Result<SimReport, Failure> {
        let WorldArgs { islands, commands, batch } = args;
        let (name, faults) = (self.name, faults(args));
        let seeds = (batch.from.unwrap_or(0), batch.seeds.unwrap_or(100));
        let large = batch.seed.is_none() && seeds.1 >= MARKED_SEEDS;
        let rich = *islands >= 3 && *commands >= 100;
        let marked = large && rich && preset(args)? == Preset::Swarm;
        let mut simulation = self.simulation(args)?;
        if marked {
            simulation = (self.with_marks)(simulation);
        }
        Batch {
            simulation,
            title: name.to_owned(),
            islands: *islands,
            seeds,
            wanted: if marked { Wanted::Some } else { Wanted::None },
            missed: Box::new(|_| Vec::new()),
            repeat: Box::new(|seed| {
                format!(
                    "archipelago sim {name} --islands {islands} --commands {commands} \
                     --faults {faults} --seed {seed}"
                )
            }),
            faults: faults.to_owned(),
            scenario: None,
        }
        .run(batch)
    }

    /// The simulation of these arguments.
    pub(super) fn simulation(&self, args: &WorldArgs) -> Result<Simulation<I>, Failure> {
        Ok((self.make)(args.islands, args.commands).preset(preset(args)?))
    }
}

fn faults(args: &WorldArgs) -> &str {
    args.batch.faults.as_deref().unwrap_or("swarm")
}

fn preset(args: &WorldArgs) -> Result<Preset, Failure> {
    faults(args).parse().map_err(|no| Failure::input(format!("--faults: {no}")))
}
