//! Torture of the journal: what becomes of real directories under kills, flips, cuts and noise.
//!
//! Rules:
//! 1. Nothing acknowledged is lost silently: it is there, or the directory is refused by name.
//! 2. Nothing panics. A torture that finds a breach says which, with its seed, and exits 1.
//! 3. Chance comes from the seed alone; the moment of a kill does not, it is the machine's.
//!
//! It doesn't know the simulator: losses of power are simulated there, on a fake disk.

mod child;
mod damage;
mod files;
mod fuzz;
mod kill;
mod power;
mod recycle;
mod tally;

use std::process::ExitCode;

use archipelago::Durability;
use archipelago_torture::{chance, content, targets};
use clap::{Parser, Subcommand};
use kill::Kind;
use tally::Tally;

/// Kills, flips, cuts, swaps and noise.
#[derive(Debug, Parser)]
#[command(name = "torture")]
struct Cli {
    #[command(subcommand)]
    what: What,
    /// Chance: the same seed does the same harm
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum What {
    /// kill -9 a process that writes and acknowledges, again and again
    Kill {
        /// How often.
        #[arg(long, default_value_t = 1000)]
        cycles: u64,
    },
    /// kill -9 a system that makes snapshots and recycles its segments, again and again
    Recycle {
        /// How often.
        #[arg(long, default_value_t = 200)]
        cycles: u64,
    },
    /// Change one random byte in each of so many copies of a journal
    Flip {
        /// How many copies.
        #[arg(long, default_value_t = 10_000)]
        copies: u64,
    },
    /// Cut each file of a small journal to every length
    Lengths,
    /// Append random bytes to a file of a journal
    Garbage {
        /// How often.
        #[arg(long, default_value_t = 1000)]
        times: u64,
    },
    /// Files swapped, missing, twice, over one another
    Files,
    /// Random and damaged bytes into every decoder
    Fuzz {
        /// For how long, in seconds.
        #[arg(long, default_value_t = 3600)]
        seconds: u64,
        /// Only this target.
        #[arg(long)]
        target: Option<String>,
    },
    /// Writes the seeds of the corpus into `fuzz/corpus` below this folder
    Corpus {
        /// The repository.
        root: std::path::PathBuf,
    },
    /// All of it, in sizes for every commit: under a minute
    Short,
    /// All of it, in sizes for a night, without the fuzzing
    Long,
    /// The process that is killed; not for people.
    #[command(hide = true)]
    Child {
        /// The data directory.
        data: std::path::PathBuf,
        /// The cycle: chance differs in each.
        cycle: u64,
        /// Acknowledges what no disk has: to see that a loss is found.
        #[arg(long)]
        unflushed: bool,
    },
    /// The other one.
    #[command(hide = true)]
    RecyclingChild {
        /// The data directory.
        data: std::path::PathBuf,
        /// The cycle: chance differs in each.
        cycle: u64,
        /// Acknowledges what no disk has: to see that a loss is found.
        #[arg(long)]
        unflushed: bool,
    },
    /// Checks what a loss of power left: see `.ci/power`
    #[command(hide = true)]
    Left {
        /// The data directory.
        data: std::path::PathBuf,
        /// What its child had said before.
        said: std::path::PathBuf,
        /// It was the recycling child.
        #[arg(long)]
        recycling: bool,
    },
}

fn main() -> ExitCode {
    let Cli { what, seed } = Cli::parse();
    match run(what, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(breach) => {
            eprintln!("breach: {breach} (seed {seed})");
            ExitCode::FAILURE
        }
    }
}

fn durability(unflushed: bool) -> Durability {
    if unflushed { Durability::Os } else { Durability::Disk }
}

fn run(what: What, seed: u64) -> Result<(), String> {
    let mut tally = Tally::new();
    let told = match what {
        What::Child { data, cycle, unflushed } => {
            return child::run(&data, seed, cycle, durability(unflushed));
        }
        What::Left { data, said, recycling } => {
            let kind = if recycling { Kind::Recycler } else { Kind::Writer };
            return power::check(kind, &data, &said, &mut tally);
        }
        What::RecyclingChild { data, cycle, unflushed } => {
            return recycle::child(&data, seed, cycle, durability(unflushed));
        }
        What::Corpus { root } => return fuzz::corpus(&root),
        What::Kill { cycles } => kill::run(Kind::Writer, cycles, seed, &mut tally),
        What::Recycle { cycles } => kill::run(Kind::Recycler, cycles, seed, &mut tally),
        What::Flip { copies } => damage::flips(copies, seed, &mut tally),
        What::Lengths => damage::lengths(1, &mut tally),
        What::Garbage { times } => damage::garbage(times, seed, &mut tally),
        What::Files => files::run(&mut tally),
        What::Fuzz { seconds, target } => fuzz::run(seconds, seed, target.as_deref(), &mut tally),
        What::Short => {
            kill::run(Kind::Writer, 20, seed, &mut tally)?;
            kill::run(Kind::Recycler, 25, seed, &mut tally)?;
            damage::flips(200, seed, &mut tally)?;
            damage::lengths(7, &mut tally)?;
            damage::garbage(100, seed, &mut tally)?;
            files::run(&mut tally)?;
            fuzz::run(10, seed, None, &mut tally)
        }
        What::Long => {
            kill::run(Kind::Writer, 1000, seed, &mut tally)?;
            kill::run(Kind::Recycler, 500, seed, &mut tally)?;
            damage::flips(10_000, seed, &mut tally)?;
            damage::lengths(1, &mut tally)?;
            damage::garbage(1000, seed, &mut tally)?;
            files::run(&mut tally)
        }
    };
    tally.print();
    told
}
