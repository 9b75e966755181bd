//! `sim warehouse`: a scenario or the defaults, with the flags on top.
//!
//! Rules:
//! 1. What is simulated comes from a scenario file or from the defaults; flags override both.
//! 2. A batch must take the paths it is to take: those a scenario names, if it runs at least the
//!    scenario's seeds; all that have a mark, if it runs [`MARKED_SEEDS`] under swarm or more.
//!
//! It doesn't know how a batch is run.

use std::path::Path;

use super::batch::{Batch, Wanted, quoted};
use crate::cli::args::{Policy, WarehouseArgs};
use crate::cli::failure::Failure;
use crate::cli::report::SimReport;
use crate::cli::setting::policy;
use crate::fault::Preset;
use crate::scenario::{COMMANDS_MAX, ScenarioFile, orders};
use crate::workload::warehouse::catalog::Percent;
use crate::workload::warehouse::scenario::{Shop, Source};

/// So many seeds under swarm must take every rare path.
pub const MARKED_SEEDS: u64 = 1000;

/// Simulates the warehouse.
///
/// # Errors
/// Bad usage (exit 2).
pub fn warehouse(args: &WarehouseArgs) -> Result<SimReport, Failure> {
    let text = args.scenario.as_deref().map(ScenarioFile::text).transpose();
    let text = text.map_err(|wrong| Failure::input(wrong.to_string()))?;
    let scenario = scenario(args, text.as_deref())?;
    let batch = &args.batch;
    let seeds = batch.seeds.unwrap_or(scenario.seeds);
    let from = batch.from.unwrap_or(scenario.from);
    let count = if batch.seed.is_some() { 1 } else { seeds };
    let every_path = args.scenario.is_none()
        && scenario.preset == Preset::Swarm
        && count >= MARKED_SEEDS
        && scenario.shop.can_take_every_path();
    let mut simulation = scenario.simulation();
    if every_path {
        simulation = Shop::with_marks(simulation);
    }
    let wanted = if every_path {
        Wanted::Every
    } else if args.scenario.is_some() && count >= scenario.seeds {
        Wanted::Some
    } else {
        Wanted::None
    };
    Batch {
        simulation,
        title: "warehouse".to_owned(),
        islands: scenario.shop.islands,
        faults: match (&batch.faults, &args.scenario) {
            (Some(preset), _) => preset.clone(),
            (None, Some(file)) => format!("those of {}", file.display()),
            (None, None) => DEFAULT_FAULTS.to_owned(),
        },
        seeds: (from, seeds),
        wanted,
        missed: Box::new(|summary| scenario.missed(summary)),
        repeat: Box::new(|seed| repeat(args, seed)),
        scenario: text,
    }
    .run(batch)
}

/// The simulation of these arguments; `text` stands for the scenario file, if it is given.
pub(super) fn simulation(
    args: &WarehouseArgs,
    text: Option<&str>,
) -> Result<crate::Simulation<crate::workload::warehouse::Warehouse>, Failure> {
    Ok(scenario(args, text)?.simulation())
}

/// What goes wrong when nothing is said about it.
const DEFAULT_FAULTS: &str = "swarm";

/// What is simulated: the file or the defaults, with the flags on top.
fn scenario(args: &WarehouseArgs, text: Option<&str>) -> Result<ScenarioFile, Failure> {
    let read = match (&args.scenario, text) {
        (Some(file), Some(text)) => ScenarioFile::of_text(text, file),
        _ => Ok(ScenarioFile::default()),
    };
    let mut scenario = read.map_err(|wrong| Failure::input(wrong.to_string()))?;
    let default = args.scenario.is_none().then_some(DEFAULT_FAULTS);
    if let Some(preset) = args.batch.faults.as_deref().or(default) {
        let preset = preset.parse();
        scenario.preset = preset.map_err(|no| Failure::input(format!("--faults: {no}")))?;
    }
    if let Some(islands) = args.islands {
        let least = scenario.islands_min();
        if islands < least {
            let last = least - 1;
            let said = format!("--islands {islands}: the scenario names island {last}");
            return Err(Failure::input(said));
        }
        scenario.shop.islands = islands;
    }
    if let Some(name) = args.policy {
        scenario.shop.config.policy = policy(name);
    }
    if let Some(asked) = args.commands {
        let Source::Drawn { commands, .. } = &mut scenario.shop.source else {
            let said =
                "--commands: the scenario's orders come from a file; change orders_max there";
            return Err(Failure::input(said));
        };
        *commands = asked;
    }
    if let Some(file) = &args.orders {
        let most = args.orders_max.unwrap_or(COMMANDS_MAX);
        let stock = args.stock.unwrap_or(Percent::new(100).expect("it is a percentage"));
        orders::serve(&mut scenario.shop, file, most, stock)
            .map_err(|error| Failure::input(error.to_string()))?;
    }
    Ok(scenario)
}

/// The one command that repeats a seed. What is a default stays unsaid in a scenario; without one
/// all is said, so that it still means the same when a default has changed.
pub(super) fn repeat(args: &WarehouseArgs, seed: u64) -> String {
    let mut words = vec!["archipelago sim warehouse".to_owned()];
    let mut say = |flag: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{flag} {value}")));
    };
    let plain = args.scenario.is_none();
    let path = |path: &Path| quoted(&path.to_string_lossy());
    let ScenarioFile { shop, .. } = ScenarioFile::default();
    say("scenario", args.scenario.as_deref().map(path));
    say("islands", args.islands.or(plain.then_some(shop.islands)).map(|n| n.to_string()));
    let Source::Drawn { commands, .. } = shop.source else { unreachable!("the default is drawn") };
    let commands = args.commands.or((plain && args.orders.is_none()).then_some(commands));
    say("commands", commands.map(|n| n.to_string()));
    say("orders", args.orders.as_deref().map(path));
    say("orders-max", args.orders_max.map(|n| n.to_string()));
    say("stock", args.stock.map(|percent| percent.to_string()));
    let policy = args.policy.or(plain.then_some(Policy::Lease)).map(|policy| match policy {
        Policy::Lease => "lease".to_owned(),
        Policy::Ring => "ring".to_owned(),
        Policy::Isolated => "isolated".to_owned(),
    });
    say("policy", policy);
    let faults = args.batch.faults.clone().or(plain.then(|| DEFAULT_FAULTS.to_owned()));
    say("faults", faults);
    say("seed", Some(seed.to_string()));
    words.join(" ")
}
