//! `sim warehouse`: the warehouse in a hostile world, from one seed or from many.
//!
//! Rules:
//! 1. What is simulated comes from a scenario file or from the defaults; flags override both.
//! 2. A seed that breaks a law ends the run with exit 1 and the one command that repeats it.
//! 3. A batch must take the paths it is to take: those a scenario names, if it runs at least the
//!    scenario's seeds; all that have a mark, if it runs [`MARKED_SEEDS`] under swarm or more. The
//!    missed ones are named, with exit 1.
//!
//! It doesn't know how a world works.

use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;

use super::args::{Policy, SimArgs, THREADS_MAX};
use super::failure::Failure;
use super::progress::Progress;
use super::report::{SimReport, per_second};
use super::setting::policy;
use crate::check::Mark;
use crate::fault::Preset;
use crate::scenario::{COMMANDS_MAX, ScenarioFile, orders};
use crate::workload::warehouse::catalog::Percent;
use crate::workload::warehouse::scenario::{Shop, Source};

/// So many seeds under swarm must take every rare path.
pub const MARKED_SEEDS: u64 = 1000;

/// Simulates the warehouse.
///
/// # Errors
/// Bad usage (exit 2), or a law that does not hold (exit 1).
pub fn warehouse(args: &SimArgs) -> Result<SimReport, Failure> {
    let scenario = scenario(args)?;
    let (first, count) = match args.seed {
        Some(seed) => (seed, 1),
        None => (args.from.unwrap_or(scenario.from), args.seeds.unwrap_or(scenario.seeds)),
    };
    let Some(end) = first.checked_add(count) else {
        return Err(Failure::input("--from and --seeds go beyond the largest seed"));
    };
    let every_path = args.scenario.is_none()
        && scenario.preset == Preset::Swarm
        && count >= MARKED_SEEDS
        && scenario.shop.can_take_every_path();
    let mut simulation = scenario.simulation();
    if every_path {
        simulation = Shop::with_marks(simulation);
    }
    let cores = available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX as usize) as u32;
    let jobs = u64::from(args.jobs.unwrap_or(cores)).min(count) as u32;
    let progress = Progress::of("seeds", count);
    let began = std::time::Instant::now();
    let batch = simulation.batch_on(jobs as usize, first..end, |more| progress.add(more));
    let seconds = began.elapsed().as_secs_f64();
    drop(progress);
    let summary = batch.map_err(|broken| {
        Failure::check(format!("{broken}; repeat it with: {}", repeat(args, broken.seed)))
    })?;
    let (unseen, not_taken) = (simulation.unseen(&summary), summary.missed());
    let marks = Mark::ALL.len() + simulation.sights();
    let marks_hit = marks - unseen.len() - not_taken.len();
    let wanted = every_path || (args.scenario.is_some() && count >= scenario.seeds);
    let built_in = if every_path { not_taken } else { scenario.missed(&summary) };
    let missed = built_in.into_iter().chain(unseen).filter(|_| wanted).map(str::to_owned);
    let total = summary.total;
    Ok(SimReport {
        seeds: summary.worlds,
        first_seed: first,
        islands: scenario.shop.islands,
        faults: match (&args.faults, &args.scenario) {
            (Some(preset), _) => preset.clone(),
            (None, Some(file)) => format!("those of {}", file.display()),
            (None, None) => DEFAULT_FAULTS.to_owned(),
        },
        records: total.records,
        messages: total.messages,
        frames_lost: total.frames_lost,
        crashes: total.crashes,
        steps: total.steps,
        virtual_seconds: total.nanos as f64 / 1e9,
        seconds,
        steps_per_second: per_second(total.steps, seconds),
        digest: total.digest.to_string(),
        falls: total.falls,
        refusals: total.refusals,
        decisions: total.decisions,
        marks: marks as u64,
        marks_hit: marks_hit as u64,
        missed: missed.collect(),
        jobs,
        seeds_per_second: per_second(summary.worlds, seconds),
    })
}

/// What goes wrong when nothing is said about it.
const DEFAULT_FAULTS: &str = "swarm";

/// What is simulated: the file or the defaults, with the flags on top.
fn scenario(args: &SimArgs) -> Result<ScenarioFile, Failure> {
    let mut scenario = match &args.scenario {
        Some(file) => {
            ScenarioFile::open(file).map_err(|wrong| Failure::input(wrong.to_string()))?
        }
        None => ScenarioFile::default(),
    };
    let default = args.scenario.is_none().then_some(DEFAULT_FAULTS);
    if let Some(preset) = args.faults.as_deref().or(default) {
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
fn repeat(args: &SimArgs, seed: u64) -> String {
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
    let faults = args.faults.clone().or(plain.then(|| DEFAULT_FAULTS.to_owned()));
    say("faults", faults);
    say("seed", Some(seed.to_string()));
    words.join(" ")
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
#[path = "sim_tests.rs"]
mod tests;
