//! `sim`: a workload in a hostile world, from one seed or from many.
//!
//! Rules:
//! 1. A seed that breaks a law ends the run with exit 1 and the one command that repeats it.

use archipelago_core::island::Island;

use super::args::{Policy, SimArgs};
use super::failure::Failure;
use super::progress::Progress;
use super::report::{SimReport, per_second};
use super::setting::policy;
use crate::fault::Preset;
use crate::simulation::{Simulation, Summary};
use crate::workload::parcels;
use crate::workload::warehouse::scenario::Scenario;

/// Simulates the warehouse.
///
/// # Errors
/// Bad usage (exit 2), or a law that does not hold (exit 1).
pub fn warehouse(args: &SimArgs) -> Result<SimReport, Failure> {
    let scenario = Scenario {
        islands: args.islands,
        commands: args.commands,
        policy: policy(args.policy),
        ..Scenario::default()
    };
    worlds("warehouse", args, scenario.simulation())
}

/// Simulates parcels.
///
/// # Errors
/// Bad usage (exit 2), or a law that does not hold (exit 1).
pub fn parcels(args: &SimArgs) -> Result<SimReport, Failure> {
    if args.policy != Policy::Lease {
        return Err(Failure::input("--policy: parcels have none, it is for the warehouse"));
    }
    let scenario = parcels::Scenario { islands: args.islands, commands: args.commands };
    worlds("parcels", args, scenario.simulation())
}

fn worlds<I: Island>(
    workload: &str,
    args: &SimArgs,
    simulation: Simulation<I>,
) -> Result<SimReport, Failure> {
    let preset: Preset =
        args.faults.parse().map_err(|unknown| Failure::input(format!("--faults: {unknown}")))?;
    let (first, count) = match args.seed {
        Some(seed) => (seed, 1),
        None => (args.from, args.seeds),
    };
    let Some(end) = first.checked_add(count) else {
        return Err(Failure::input("--from and --seeds go beyond the largest seed"));
    };
    let simulation = simulation.preset(preset);
    let progress = Progress::of("seeds", count);
    let began = std::time::Instant::now();
    let mut summary = Summary::default();
    for seed in first..end {
        let figures = simulation.seed(seed).map_err(|broken| {
            Failure::check(format!("{broken}; repeat it with: {}", repeat(workload, args, seed)))
        })?;
        summary.add(&figures);
        progress.add(1);
    }
    let Summary { worlds, total } = summary;
    let seconds = began.elapsed().as_secs_f64();
    Ok(SimReport {
        seeds: worlds,
        first_seed: first,
        islands: args.islands,
        faults: args.faults.clone(),
        records: total.records,
        messages: total.messages,
        frames_lost: total.frames_lost,
        crashes: total.crashes,
        steps: total.steps,
        virtual_seconds: total.nanos as f64 / 1e9,
        seconds,
        steps_per_second: per_second(total.steps, seconds),
        digest: total.digest.to_string(),
    })
}

/// The one command that repeats a seed.
fn repeat(workload: &str, args: &SimArgs, seed: u64) -> String {
    let SimArgs { islands, commands, faults, .. } = args;
    let policy = match args.policy {
        Policy::Lease => "lease",
        Policy::Ring => "ring",
        Policy::Isolated => "isolated",
    };
    format!(
        "archipelago sim {workload} --islands {islands} --commands {commands} --policy {policy} \
         --faults {faults} --seed {seed}"
    )
}
