//! The benches of the simulator as one command; `benches/README.md` says how to read them.
//!
//! It doesn't know how anything is measured.

use std::error::Error;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use archipelago_benches::about::{About, ended};
use archipelago_benches::contest::{Contender, Runs, Told, contest};
use archipelago_benches::idle::{self, Idle, Passed};
use archipelago_benches::ring::{self, Size};
use archipelago_benches::{cpu, table};
use clap::Parser;
use serde::Serialize;

/// Deliveries per CPU second on a token ring, ours beside its peers; and virtual time per CPU
/// second of an idle warehouse.
#[derive(Debug, Parser)]
struct Args {
    /// Rings to run, by nodes.
    #[arg(long, value_delimiter = ',', default_value = "3,8,50,1000")]
    nodes: Vec<NonZeroU32>,
    /// Tokens in flight, per node.
    #[arg(long, value_delimiter = ',', default_value = "1,8")]
    tokens_per_node: Vec<NonZeroU32>,
    /// Deliveries of all tokens; rounded up to whole rounds of the tokens.
    #[arg(long, default_value_t = 400_000)]
    deliveries: u32,
    /// At least so many deliveries a node, so that a ring of a thousand is not measured while it
    /// starts.
    #[arg(long, default_value_t = 4_000)]
    per_node: u32,
    /// Runs of each contender.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The folder with the programs of `benches/peers`, to run them beside ours.
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// A contender whose run would take more CPU seconds makes fewer hops.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    cpu_max: u64,
    /// A few seconds in all: small rings, one run, so that this does not rot.
    #[arg(long)]
    short: bool,
    /// Leave the warehouse out.
    #[arg(long)]
    rings_only: bool,
    /// Write all figures, each run of them, to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Run only our ring, again and again for this many seconds, so that a profiler can look.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10")]
    profile_loop: Option<u64>,
    /// One run of our ring, as a contender.
    #[arg(long, hide = true, requires_all = ["tokens", "hops"])]
    once: bool,
    #[arg(long, hide = true)]
    tokens: Option<u32>,
    #[arg(long, hide = true)]
    hops: Option<u32>,
}

/// Peers: name, program, style. A stream glues tokens to lumps: see `benches/README.md`.
const PEERS: [(&str, &str, &str); 4] = [
    ("madsim", "madsim", "raw"),
    ("turmoil", "turmoil", "udp"),
    ("madsim-stream", "madsim", "tcp"),
    ("turmoil-stream", "turmoil", "tcp"),
];

/// All figures.
#[derive(Debug, Serialize)]
struct Figures {
    about: About,
    rings: Vec<Vec<Runs>>,
    idle: Vec<IdleRuns>,
}

/// All runs of one warehouse.
#[derive(Debug, Serialize)]
struct IdleRuns {
    idle: Idle,
    preset: &'static str,
    runs: Vec<Passed>,
}

fn main() -> ExitCode {
    ended(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if let (true, Some(&nodes), Some(tokens), Some(hops)) =
        (args.once, args.nodes.first(), args.tokens, args.hops)
    {
        return once(Size { nodes: nodes.get(), tokens, hops });
    }
    if let Some(seconds) = args.profile_loop {
        return profile(args, Duration::from_secs(seconds));
    }
    let mut contenders = vec![ours(&std::env::current_exe()?)];
    if let Some(folder) = &args.peers {
        contenders.extend(PEERS.iter().map(|(name, program, style)| {
            let arguments = vec!["--style".to_owned(), (*style).to_owned()];
            Contender { name: (*name).to_owned(), program: folder.join(program), arguments }
        }));
    }
    let runs = if args.short { 1 } else { args.runs };
    let cpu_max = Duration::from_secs(args.cpu_max);
    let sizes = args.tokens_per_node.iter().flat_map(|per_node| {
        args.nodes.iter().map(|nodes| size(args, nodes.get(), per_node.get()))
    });
    let rings = sizes.map(|size| contest(&contenders, size, runs, cpu_max));
    let about = About::here();
    println!("{}, commit {}\n{}\n", about.machine, about.commit, about.command);
    let rings = rings.collect::<Result<Vec<_>, _>>()?;
    println!("Token ring, deliveries per CPU second, {runs} runs in turns:\n");
    print!("{}", table::rings(&rings));
    let idle = if args.rings_only { Vec::new() } else { warehouses(args.short, runs)? };
    if let Some(file) = &args.json {
        let text = serde_json::to_string_pretty(&Figures { about, rings, idle })?;
        std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn size(args: &Args, nodes: u32, per_node: u32) -> Size {
    let tokens = nodes.saturating_mul(per_node);
    let at_least = args.per_node.saturating_mul(nodes);
    let deliveries = if args.short { 20_000 } else { args.deliveries.max(at_least) };
    Size { nodes, tokens, hops: deliveries.div_ceil(tokens).max(1) }
}

fn ours(program: &Path) -> Contender {
    let (name, program) = ("archipelago".to_owned(), program.to_owned());
    Contender { name, program, arguments: vec!["--once".to_owned()] }
}

fn once(size: Size) -> Result<(), Box<dyn Error>> {
    let (figures, cpu) = cpu::time(|| ring::run(size, 1));
    let told = Told { deliveries: figures?.messages, cpu_nanos: idle::nanos(cpu) };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

fn profile(args: &Args, span: Duration) -> Result<(), Box<dyn Error>> {
    let first = |numbers: &[NonZeroU32]| numbers.first().map_or(1, |number| number.get());
    let size = size(args, first(&args.nodes), first(&args.tokens_per_node));
    let began = Instant::now();
    let (mut deliveries, mut steps, mut seed) = (0, 0, 0);
    let (done, cpu) = cpu::time(|| {
        while began.elapsed() < span {
            seed += 1;
            let figures = ring::run(size, seed)?;
            deliveries += figures.messages;
            steps += figures.steps;
        }
        Ok::<(), Box<dyn Error>>(())
    });
    done?;
    let rate = Told { deliveries, cpu_nanos: idle::nanos(cpu) }.rate();
    let rate = table::grouped(rate);
    let Size { nodes, tokens, .. } = size;
    println!("{nodes} nodes, {tokens} tokens: {rate} deliveries per CPU second");
    println!("{seed} worlds, {steps} steps, {deliveries} deliveries");
    Ok(())
}

/// How much faster than real time a warehouse of 8 islands passes.
fn warehouses(short: bool, rounds: u32) -> Result<Vec<IdleRuns>, Box<dyn Error>> {
    println!("\nWarehouse, 8 islands, virtual seconds per CPU second:\n");
    println!("{:>8} {:>12} {:>12} {:>12} {:>12}", "faults", "every", "median", "min", "max");
    let mut all = Vec::new();
    // A swarm goes on crashing while nobody asks, so its idle seconds cost CPU time.
    for (preset, virtual_seconds) in [("calm", 10_000), ("swarm", 300)] {
        for command_every_us in [1_000, 100_000, 1_000_000, 10_000_000] {
            let virtual_seconds = if short { virtual_seconds / 10 } else { virtual_seconds };
            let commands = (virtual_seconds * 1_000_000 / command_every_us).clamp(5, 2_000);
            let idle = Idle { islands: 8, commands, command_every_us };
            let seeds = 1..=u64::from(rounds);
            let runs = seeds.map(|seed| idle::run(idle, preset.parse()?, seed).map_err(Box::from));
            let runs = runs.collect::<Result<Vec<Passed>, Box<dyn Error>>>()?;
            let factors: Vec<u64> = runs.iter().map(Passed::factor).collect();
            let [low, high] =
                [factors.iter().min(), factors.iter().max()].map(|f| *f.unwrap_or(&0));
            let cells = [table::median(factors), low, high].map(table::grouped);
            let every = format!("{} ms", table::grouped(command_every_us / 1000));
            println!("{preset:>8} {every:>12} {:>12} {:>12} {:>12}", cells[0], cells[1], cells[2]);
            all.push(IdleRuns { idle, preset, runs });
        }
    }
    Ok(all)
}
