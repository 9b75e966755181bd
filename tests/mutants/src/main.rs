//! Mutants: bugs that are planted into a copy of this workspace, one at a time. The simulator must
//! find each by a named check; without it, it must find nothing in the same worlds.
//!
//! ```text
//! bugs/*.toml ─▶ copy of the tree ─▶ plant one ─▶ build ─▶ run seeds until a check fails
//! ```
//! Rules:
//! 1. A patch whose snippet does not stand exactly once in its file ends the run: exit 2.
//! 2. A mutant that is not found, or a check that fails without one: exit 1.
//! 3. The product has no switches for any of this.
//!
//! It doesn't know what a bug is, nor how a world works: it runs the program `archipelago`.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

mod choice;
mod cpu;
mod error;
mod hunt;
mod mutant;
mod notes;
mod outcome;
mod report;
mod shrunk;
mod tree;

use choice::{Rotation, choose};
use error::Error;
use hunt::{Hunt, Hunter};
use notes::{Note, Notes};
use report::{Report, Row};
use shrunk::Verdict;
use tree::Tree;

/// Plants each mutant into a copy of the workspace and lets the simulator find it
#[derive(Debug, Parser)]
#[command(name = "mutants")]
struct Args {
    /// Only these, by name
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    only: Vec<String>,
    /// Only so many, other ones for each commit
    #[arg(long, value_name = "K", requires = "commit", conflicts_with = "only")]
    rotate: Option<usize>,
    /// The commit that says which ones
    #[arg(long, value_name = "HASH")]
    commit: Option<String>,
    /// How long each is looked for, in seconds of the processor
    #[arg(long, value_name = "S", default_value_t = 60)]
    budget_cpu_s: u64,
    /// The first seed
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    from: u64,
    /// Go on where a run with this file ended: one line for each mutant that has been hunted
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Shrink the large worlds of shrink.toml instead, and tell their stories
    #[arg(long, conflicts_with_all = ["rotate", "resume"])]
    shrink: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Only say which there are, and whether each can be planted
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<Verdict, Error> {
    let worlds = mutant::worlds()?;
    let mutants = mutant::all(&worlds)?;
    // All of them, whichever were chosen: a patch that no longer fits is told at once.
    mutants.iter().try_for_each(|mutant| mutant.planted().map(drop))?;
    if args.shrink {
        return shrunk::all(&mutants, &args.only);
    }
    let rotation = args
        .rotate
        .map(|count| Rotation { count, commit: args.commit.clone().unwrap_or_default() });
    let chosen = choose(mutants, &args.only, rotation.as_ref())?;
    let mut report = Report::new(args.from, args.budget_cpu_s);
    if args.list {
        chosen.iter().for_each(|mutant| println!("{:<4} {}", mutant.id, mutant.title));
        return Ok(Verdict::Good);
    }
    let tree = Tree::copy()?;
    eprintln!("building the tree as it is");
    let unplanted = tree.build_aside("unplanted")?;
    let mut hunter = Hunter::new(args.from, args.budget_cpu_s, tree.target());
    let mut notes = args.resume.as_deref().map(Notes::open).transpose()?;
    for mutant in &chosen {
        eprint!("{:<4} {} … ", mutant.id, mutant.title);
        let before = notes.as_mut().and_then(|notes| notes.take(&mutant.id));
        if let Some(Note { row, ran }) = before {
            eprintln!("before: {}", row.said());
            hunter.ran_before(&ran);
            report.rows.push(row);
            continue;
        }
        let binary = tree.with_planted(&mutant.planted()?, |tree| tree.build_aside("planted"))?;
        let hunt = hunter.hunt(&binary, &mutant.worlds_of(&worlds))?;
        let row = Row::new(mutant, hunt);
        eprintln!("{}", row.said());
        if let Some(notes) = &mut notes {
            notes.write(&Note { row: row.clone(), ran: hunter.ran().clone() })?;
        }
        report.rows.push(row);
    }
    eprint!("the same seeds without a mutant … ");
    let clean: Hunt = hunter.same_seeds(&unplanted, &worlds)?;
    report.set_unplanted(clean);
    eprintln!("{}", report.unplanted_said());
    report.print(args.json)?;
    Ok(if report.is_good() { Verdict::Good } else { Verdict::Bad })
}
