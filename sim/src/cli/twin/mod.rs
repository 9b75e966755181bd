//! `sim calibrate`, `sim sweep`, `sim validate`: the throughput twin on the command line.
//!
//! Rules:
//! 1. A sweep is the same for the same costs and options. Returns are passed over.
//! 2. A validation runs the real runtime on the same orders, several times; before the first of
//!    each setting one run warms up. Short runs are repeated more often. The prediction is the
//!    median of as many seeds. Without a file of costs they are measured several times between the
//!    real runs, and the flushes of the disk before each: what else a machine does changes from
//!    minute to minute.
//!
//! It doesn't know how the twin works.

use std::fs;
use std::path::Path;

use clap::Parser;

use archipelago::patterns::stock::Units;

mod args;
mod client;
mod report;

pub use args::{CalibrateArgs, SweepArgs, ValidateArgs, WorkArgs};
pub use report::{CalibrateReport, SweepReport, SweepRow, ValidateReport, ValidateRow};

use super::args::{Cli, Durability, Policy, RunWorkload};
use super::books::Books;
use super::failure::Failure;
use super::progress::Progress;
use super::report::{Latency, RunReport};
use super::{run, setting, submit};
use crate::twin::calibrate::{calibrate as measure_costs, flushes};
use crate::twin::plot::{Line, chart};
use crate::twin::{Ask, Costs, Delivery, Media, Outcome, Pace, Plan, run as run_twin};
use crate::workload::warehouse::action::Action;
use crate::workload::warehouse::catalog::Catalog;
use crate::workload::warehouse::demand::{Demand, Shape};
use crate::workload::warehouse::orders::Orders;
use crate::workload::warehouse::{
    Command, Login, OrderNumber, ProductCode, Warehouse, WarehouseConfig,
};

/// How often a validation measures the costs of a setting, spread over its real runs.
const CALIBRATIONS: u32 = 4;
/// A run is repeated until its repetitions have lasted so long, but not more often than this.
const SECONDS_MIN: f64 = 0.05;
const REPEATS_MAX: usize = 12;

/// Measures what things cost.
///
/// # Errors
/// When it cannot be measured, or the file cannot be written.
pub fn calibrate(args: &CalibrateArgs) -> Result<CalibrateReport, Failure> {
    let folder = args.folder.clone().unwrap_or_else(std::env::temp_dir);
    let costs = measured(&folder)?.to_toml();
    let file = args.out.as_deref().map(|file| {
        let written = fs::write(file, &costs);
        let name = file.display().to_string();
        written.map(|()| name.clone()).map_err(|error| Failure::input(format!("{name}: {error}")))
    });
    Ok(CalibrateReport { costs, file: file.transpose()? })
}

fn measured(folder: &Path) -> Result<Costs, Failure> {
    let _progress = Progress::unknown("measuring what things cost");
    let client = client::measure()?;
    measure_costs(folder, client).map_err(|error| Failure::input(error.to_string()))
}

fn costs(args: &WorkArgs) -> Result<Costs, Failure> {
    let Some(file) = &args.costs else { return measured(&std::env::temp_dir()) };
    let wrong =
        |error: &dyn std::fmt::Display| Failure::input(format!("{}: {error}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
    Costs::from_toml(&text).map_err(|error| wrong(&error))
}

/// Orders that can be run again and again.
struct Work {
    catalog: Catalog,
    codes: Vec<ProductCode>,
    source: Source,
}

enum Source {
    File(Vec<Action>),
    Demand(Demand),
}

impl Work {
    fn of(args: &WorkArgs) -> Result<Self, Failure> {
        let (catalog, source) = match &args.orders {
            Some(file) => {
                let Orders { catalog, actions, .. } = Orders::load(file)?;
                (catalog, Source::File(actions))
            }
            None => {
                let shape = Shape { orders: args.commands, seed: args.seed, ..Shape::default() };
                let demand = Demand::new(shape)?;
                (demand.survey().0, Source::Demand(demand))
            }
        };
        let codes = run::codes(&catalog)?;
        Ok(Self { catalog, codes, source })
    }

    fn setup(&self, args: &WorkArgs) -> Vec<Ask<Command>> {
        let create = |(code, product): (&ProductCode, _)| {
            let product: &crate::workload::warehouse::catalog::Product = product;
            let units = Units(product.stock(args.stock));
            let command = Command::CreateProduct { product: *code, units };
            Ask { key: code.as_str().as_bytes().to_vec(), command, lines: 0 }
        };
        self.codes.iter().zip(self.catalog.products()).map(create).collect()
    }

    fn asks(&self) -> impl Iterator<Item = Ask<Command>> {
        let actions: Box<dyn Iterator<Item = Action>> = match &self.source {
            Source::File(actions) => Box::new(actions.iter().cloned()),
            Source::Demand(demand) => Box::new(demand.actions()),
        };
        actions.filter_map(|action| {
            let Action::Order(placed) = &action else { return None };
            let lines = placed.lines.len() as u64;
            // Workloads check the names that they give out.
            let order = OrderNumber::try_from(action.number()).ok()?;
            let login = Login::try_from(action.login()).ok()?;
            let command = submit::command(&action, order, login, &self.codes);
            Some(Ask { key: login.as_str().as_bytes().to_vec(), command, lines })
        })
    }

    fn run(
        &self,
        args: &WorkArgs,
        policy: Policy,
        plan: &Plan,
    ) -> Result<Outcome<Warehouse>, Failure> {
        let policy = setting::policy(policy);
        let config = WarehouseConfig { policy, ..WarehouseConfig::default() };
        run_twin(plan, self.setup(args), self.asks(), |_| Warehouse::new(config.clone()))
            .map_err(|failed| Failure::check(failed.to_string()))
    }
}

fn plan(args: &WorkArgs, costs: &Costs, durability: Durability, islands: u32) -> Plan {
    let media = match durability {
        Durability::Disk => Media::Disk,
        Durability::Os => Media::System,
        Durability::Memory => Media::Memory,
    };
    Plan {
        islands,
        threads: args.threads.unwrap_or(costs.cores).min(islands),
        costs: costs.clone(),
        delivery: Delivery::default(),
        media,
        pace: if args.serial { Pace::Serial } else { Pace::FullSpeed },
        seed: args.seed,
    }
}

/// Orders per virtual second.
fn speed(outcome: &Outcome<Warehouse>) -> f64 {
    super::report::per_second(outcome.answered, outcome.nanos as f64 / 1e9)
}

/// Runs the twin for every combination asked for.
///
/// # Errors
/// Bad input, or files that cannot be written.
pub fn sweep(args: &SweepArgs) -> Result<SweepReport, Failure> {
    let mut costs = costs(&args.work)?;
    costs.cores = args.cores.unwrap_or(costs.cores);
    let work = Work::of(&args.work)?;
    let runs = args.policy.len() * args.islands.len() * args.delay_us.len() * args.reorder.len();
    let progress = Progress::of("runs", runs as u64);
    let mut rows = Vec::new();
    for policy in &args.policy {
        for delay_us in &args.delay_us {
            for reorder in &args.reorder {
                for islands in &args.islands {
                    let mut plan = plan(&args.work, &costs, args.durability, *islands);
                    plan.delivery = Delivery { delay_us: *delay_us, reorder: *reorder };
                    let outcome = work.run(&args.work, *policy, &plan)?;
                    rows.push(row(&plan, *policy, &outcome)?);
                    progress.add(1);
                }
            }
        }
    }
    let durability = name(args.durability);
    let files = match &args.out {
        Some(folder) => write_out(folder, &rows)?,
        None => Vec::new(),
    };
    Ok(SweepReport { durability, rows, files })
}

fn row(plan: &Plan, policy: Policy, outcome: &Outcome<Warehouse>) -> Result<SweepRow, Failure> {
    let books = Books::of(&outcome.images);
    if let Some(wrong) = books.imbalance {
        return Err(Failure::check(format!("stock is not conserved in the twin: {wrong}")));
    }
    let latency = &outcome.latency_us;
    let orders = outcome.answered;
    let of_orders = |count: u64| count as f64 / orders.max(1) as f64;
    Ok(SweepRow {
        policy: name(policy),
        islands: plan.islands,
        threads: plan.threads,
        delay_us: plan.delivery.delay_us,
        reorder: plan.delivery.reorder,
        orders,
        accepted: books.counters.orders_accepted,
        orders_per_second: speed(outcome),
        latency_us: Latency {
            p50: latency.value_at_quantile(0.5),
            p99: latency.value_at_quantile(0.99),
            p999: latency.value_at_quantile(0.999),
            max: latency.max(),
        },
        messages_per_order: of_orders(outcome.messages),
        local_percent: of_orders(books.counters.orders_local) * 100.0,
        commits: outcome.commits,
        virtual_seconds: outcome.nanos as f64 / 1e9,
    })
}

/// File, title, and the figure drawn.
type Plot = (&'static str, &'static str, fn(&SweepRow) -> f64);

/// The table as CSV and a plot of each figure over the number of islands.
fn write_out(folder: &Path, rows: &[SweepRow]) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    let wrong =
        |error: &dyn std::fmt::Display| Failure::input(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    let mut write = |name: String, text: String| {
        let file = folder.join(name);
        files.push(file.display().to_string());
        fs::write(file, text).map_err(|error| wrong(&error))
    };
    write("sweep.csv".to_owned(), csv(rows))?;
    let plots: [Plot; 5] = [
        ("orders_per_second", "orders a second", |row| row.orders_per_second),
        ("latency_p50", "latency, median, ms", |row| row.latency_us.p50 as f64 / 1e3),
        ("latency_p999", "latency, 99.9 %, ms", |row| row.latency_us.p999 as f64 / 1e3),
        ("messages_per_order", "messages an order", |row| row.messages_per_order),
        ("local_percent", "orders without a message, %", |row| row.local_percent),
    ];
    for (name, title, of) in plots {
        let mut lines: Vec<Line> = Vec::new();
        for row in rows {
            let SweepRow { policy, delay_us, reorder, .. } = row;
            let name = format!("{policy}, delay {delay_us} µs, reorder {reorder}");
            let point = (f64::from(row.islands), of(row));
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name, points: vec![point] }),
            }
        }
        write(format!("{name}.svg"), chart(title, "islands", &lines))?;
    }
    Ok(files)
}

fn csv(rows: &[SweepRow]) -> String {
    let mut text = String::from(
        "policy,islands,threads,delay_us,reorder,orders,accepted,orders_per_second,p50_us,p99_us,\
         p999_us,max_us,messages_per_order,local_percent,commits,virtual_seconds\n",
    );
    for row in rows {
        let Latency { p50, p99, p999, max } = row.latency_us;
        text += &format!(
            "{},{},{},{},{},{},{},{},{p50},{p99},{p999},{max},{:.4},{:.3},{},{:.6}\n",
            row.policy,
            row.islands,
            row.threads,
            row.delay_us,
            row.reorder,
            row.orders,
            row.accepted,
            row.orders_per_second,
            row.messages_per_order,
            row.local_percent,
            row.commits,
            row.virtual_seconds,
        );
    }
    text
}

/// The name of a value on the command line.
fn name(value: impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Runs the real runtime and the twin on the same orders.
///
/// # Errors
/// Bad input, or a real run that fails.
pub fn validate(args: &ValidateArgs) -> Result<ValidateReport, Failure> {
    if args.work.orders.is_none() {
        // Generated demand has returns, which the twin passes over.
        return Err(Failure::input("sim validate needs --orders FILE"));
    }
    let work = Work::of(&args.work)?;
    let settings = args.durability.len() * args.islands.len();
    let progress = Progress::of("settings", settings as u64);
    let mut rows = Vec::new();
    for durability in &args.durability {
        for islands in &args.islands {
            rows.push(compare(args, &work, *durability, *islands)?);
            progress.add(1);
        }
    }
    Ok(ValidateReport { runs: args.runs, within_percent: args.within, rows })
}

fn compare(
    args: &ValidateArgs,
    work: &Work,
    durability: Durability,
    islands: u32,
) -> Result<ValidateRow, Failure> {
    let (mut real, mut seen, mut measured) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..=args.runs {
        if at.is_multiple_of(args.runs.div_ceil(CALIBRATIONS)) {
            measured.push(costs(&args.work)?);
        }
        let mut flushed = Vec::new();
        if args.work.costs.is_none() && durability == Durability::Disk {
            flushes(&std::env::temp_dir(), &mut flushed)
                .map_err(|error| Failure::input(error.to_string()))?;
        }
        let report = real_run(args, durability, islands)?;
        if at == 0 {
            continue;
        }
        let (mut seconds, began) = (report.seconds, real.len());
        real.push(report);
        seen.push(flushed);
        // One run of a few milliseconds says little.
        while seconds < SECONDS_MIN && real.len() - began < REPEATS_MAX {
            let report = real_run(args, durability, islands)?;
            seconds += report.seconds;
            real.push(report);
        }
    }
    let mut predicted = Vec::new();
    for (at, flushed) in seen.into_iter().enumerate() {
        let mut costs = measured[at % measured.len()].clone();
        costs.set_flushes(flushed);
        let mut plan = plan(&args.work, &costs, durability, islands);
        plan.seed = args.work.seed.wrapping_add(at as u64);
        predicted.push(work.run(&args.work, args.policy, &plan)?);
    }
    predicted.sort_by_key(|outcome| outcome.nanos);
    let twin = &predicted[predicted.len() / 2];
    let median = |of: &dyn Fn(&RunReport) -> f64| {
        let mut all: Vec<f64> = real.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2], all[0], all[all.len() - 1])
    };
    let (measured, slowest, fastest) = median(&|run| run.orders_per_second);
    let predicted = speed(twin);
    Ok(ValidateRow {
        durability: name(durability),
        islands,
        predicted,
        measured,
        slowest,
        fastest,
        error_percent: (predicted / measured - 1.0) * 100.0,
        messages_predicted: twin.messages as f64 / twin.answered.max(1) as f64,
        messages_measured: median(&|run| run.messages as f64 / run.orders as f64).0,
        latency_us_predicted: twin.latency_us.value_at_quantile(0.5),
        latency_us_measured: median(&|run| run.latency_us.p50 as f64).0 as u64,
    })
}

/// `archipelago run warehouse` with the same words, in this process.
fn real_run(
    args: &ValidateArgs,
    durability: Durability,
    islands: u32,
) -> Result<RunReport, Failure> {
    let mut words: Vec<String> = ["archipelago", "run", "warehouse"].map(str::to_owned).to_vec();
    let mut add = |word: &str, value: String| words.extend([format!("--{word}"), value]);
    add("islands", islands.to_string());
    add("durability", name(durability));
    add("policy", name(args.policy));
    add("stock", args.work.stock.get().to_string());
    match &args.work.orders {
        Some(file) => add("orders", file.display().to_string()),
        None => {
            add("commands", args.work.commands.to_string());
            add("seed", args.work.seed.to_string());
        }
    }
    if let Some(threads) = args.work.threads {
        add("threads", threads.to_string());
    }
    if args.work.serial {
        words.push("--serial".to_owned());
    }
    let parsed = Cli::try_parse_from(words).map_err(|error| Failure::input(error.to_string()))?;
    match parsed.command {
        super::Command::Run { workload: RunWorkload::Warehouse(args) } => run::warehouse(&args),
        _ => Err(Failure::input("run warehouse was not understood")),
    }
}
