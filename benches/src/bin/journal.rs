//! The benches of the journal as one command; `benches/README.md` says how to read them.
//!
//! It doesn't know how anything is measured.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use archipelago::journal::IdleSeal;
use archipelago_benches::about::{About, ended};
use archipelago_benches::journal::opening::Whole;
use archipelago_benches::journal::recycle::Behind;
use archipelago_benches::journal::{Failed, median, opening, records, recycle, seal, snapshots};
use archipelago_benches::table::grouped;
use clap::{Parser, Subcommand};

/// Measures the journal on the disk that `--place` is on.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
    /// Where the measured journals are made, and removed again [default: the temporary folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    place: Option<PathBuf>,
    /// Print each run as a line of JSON too.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Opening with a recent snapshot, behind histories of different length
    Opening {
        /// Events in each history.
        #[arg(long, value_delimiter = ',', default_value = "1000000,10000000,100000000")]
        events: Vec<u64>,
        /// Openings of each.
        #[arg(long, default_value_t = 7)]
        runs: u32,
        /// Replay each without a snapshot as well.
        #[arg(long)]
        whole: bool,
    },
    /// Latencies under full load with and without a snapshot being made
    Snapshots {
        /// Pairs of phases.
        #[arg(long, default_value_t = 9)]
        pairs: usize,
    },
    /// The seal of an idle journal: the same load with it and without, in turns
    Seal {
        /// Runs of each.
        #[arg(long, default_value_t = 9)]
        runs: u32,
        /// Seconds of each run.
        #[arg(long, default_value_t = 4)]
        seconds: u64,
    },
    /// Commits while segments behind are kept, removed or recycled, in turns
    Recycle {
        /// Runs of each.
        #[arg(long, default_value_t = 3)]
        runs: u32,
        /// Commits of a run.
        #[arg(long, default_value_t = 16_000)]
        commits: u64,
        /// Bytes of a commit, without its header.
        #[arg(long, default_value_t = 16_000)]
        bytes: usize,
    },
    /// The records of a journal as rows of a plain file, and where its bytes go
    Records {
        /// The data directory.
        #[arg(long)]
        data: PathBuf,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// A few seconds of everything, so that it does not rot
    Short,
}

fn main() -> ExitCode {
    ended(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failed> {
    let about = About::here();
    println!("{}, commit {}\n{}\n", about.machine, about.commit, about.command);
    match &args.what {
        What::Opening { events, runs, whole } => {
            let whole = if *whole { Whole::Too } else { Whole::No };
            opened(args, events, *runs, whole)
        }
        What::Snapshots { pairs } => snapshots_made(args, *pairs),
        What::Seal { runs, seconds } => sealed(args, *runs, Duration::from_secs(*seconds)),
        What::Recycle { runs, commits, bytes } => recycled(args, *runs, *commits, *bytes),
        What::Records { data, out } => {
            let mut out = BufWriter::new(File::create(out)?);
            let bytes = records::run(data, &mut out)?;
            println!("{}", serde_json::to_string(&bytes)?);
            Ok(())
        }
        What::Short => {
            opened(args, &[20_000], 2, Whole::Too)?;
            snapshots_made(args, 1)?;
            sealed(args, 1, Duration::from_millis(300))?;
            recycled(args, 1, 3_000, 16_000)
        }
    }
}

/// A new folder, removed when it is dropped.
fn folder(args: &Args) -> Result<tempfile::TempDir, Failed> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("archipelago-bench-");
    Ok(match &args.place {
        Some(place) => builder.tempdir_in(place)?,
        None => builder.tempdir()?,
    })
}

fn told(args: &Args, run: &impl serde::Serialize) -> Result<(), Box<dyn Error + Send + Sync>> {
    if args.json {
        println!("{}", serde_json::to_string(run)?);
    }
    Ok(())
}

fn opened(args: &Args, events: &[u64], runs: u32, whole: Whole) -> Result<(), Failed> {
    println!("Opening with a recent snapshot (seconds):");
    let head = ["events", "MB", "segments", "median", "least", "most", "replayed", "whole"];
    println!("{}", head.map(|cell| format!("{cell:>12}")).concat());
    for events in events {
        let place = folder(args)?;
        let made = opening::run(&place.path().join("data"), *events, runs, whole)?;
        told(args, &made)?;
        let least = made.seconds.iter().copied().fold(f64::MAX, f64::min);
        let most = made.seconds.iter().copied().fold(0.0, f64::max);
        let whole = made.whole_seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.2}"));
        let cells = [
            grouped(made.events),
            grouped(made.bytes / 1_000_000),
            made.segments.to_string(),
            format!("{:.4}", median(made.seconds)),
            format!("{least:.4}"),
            format!("{most:.4}"),
            grouped(made.replayed),
            whole,
        ];
        println!("{}", cells.map(|cell| format!("{cell:>12}")).concat());
    }
    Ok(())
}

fn snapshots_made(args: &Args, pairs: usize) -> Result<(), Failed> {
    println!("Under full load, without and with a snapshot being made (latencies in us):");
    let head = ["", "seconds", "answers/s", "p50", "p99", "p99.9", "longest"];
    println!("{}", head.map(|cell| format!("{cell:>11}")).concat());
    let place = folder(args)?;
    let all = snapshots::run(&place.path().join("data"), pairs)?;
    let row = |name: &str, turn: &snapshots::Turn| {
        let (seconds, rate) =
            (format!("{:.2}", turn.seconds), grouped(turn.answers_per_second as u64));
        let times = turn.latency_us.map(|time| format!("{:>11}", grouped(time))).concat();
        println!("{name:>11}{seconds:>11}{rate:>11}{times}");
    };
    for pair in &all {
        told(args, pair)?;
        row("without", &pair.without);
        row("with", &pair.with);
    }
    let ratio = |of: fn(&snapshots::Turn) -> f64| {
        median(all.iter().map(|pair| of(&pair.with) / of(&pair.without)).collect())
    };
    let (p50, p99) =
        (ratio(|turn| turn.latency_us[0] as f64), ratio(|turn| turn.latency_us[1] as f64));
    let rate = ratio(|turn| turn.answers_per_second);
    println!("median of the pairs' ratios: p50 {p50:.3}, p99 {p99:.3}, answers/s {rate:.3}\n");
    Ok(())
}

fn sealed(args: &Args, runs: u32, time: Duration) -> Result<(), Failed> {
    println!("The same load without an idle seal and with it, in turns (latencies in us):");
    let head = ["", "answers/s", "p50", "p99", "p99.9", "longest", "commits"];
    println!("{}", head.map(|cell| format!("{cell:>11}")).concat());
    let mut ratios = Vec::new();
    for _ in 0..runs {
        let mut pair = Vec::new();
        for (name, idle) in [("never", IdleSeal::Never), ("after 10 ms", IdleSeal::default())] {
            let place = folder(args)?;
            let run = seal::run(&place.path().join("data"), time, idle)?;
            told(args, &run)?;
            let rate = grouped(run.answers_per_second as u64);
            let times = run.latency_us.map(|time| format!("{:>11}", grouped(time))).concat();
            println!("{name:>11}{rate:>11}{times}{:>11}", grouped(run.commits));
            pair.push(run);
        }
        let p99 = pair[1].latency_us[1] as f64 / pair[0].latency_us[1] as f64;
        ratios.push((pair[1].answers_per_second / pair[0].answers_per_second, p99));
    }
    let (rates, p99) = ratios.into_iter().unzip::<f64, f64, Vec<_>, Vec<_>>();
    let (rate, p99) = (median(rates), median(p99));
    println!("median of the pairs' ratios: answers/s {rate:.3}, p99 {p99:.3}\n");
    Ok(())
}

fn recycled(args: &Args, runs: u32, commits: u64, bytes: usize) -> Result<(), Failed> {
    println!(
        "{} commits of {} bytes, one after the other (in us):",
        grouped(commits),
        grouped(bytes as u64)
    );
    let head = ["behind", "seconds", "p50", "p99", "p99.9", "longest"];
    println!("{}", head.map(|cell| format!("{cell:>11}")).concat());
    for _ in 0..runs {
        for behind in [Behind::Kept, Behind::Removed, Behind::Recycled] {
            let place = folder(args)?;
            // What the run before left to write would be written in this one.
            std::process::Command::new("sync").status()?;
            let run = recycle::run(&place.path().join("journal"), commits, bytes, behind)?;
            told(args, &run)?;
            let (name, seconds) =
                (format!("{behind:?}").to_lowercase(), format!("{:.2}", run.seconds));
            let times = run.commit_us.map(|time| format!("{:>11}", grouped(time))).concat();
            println!("{name:>11}{seconds:>11}{times}");
        }
    }
    println!();
    Ok(())
}
