//! What the product costs, as tables: one command prints all of them.
//!
//! It doesn't know how anything is measured.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archipelago_benches::about::{About, ended};
use archipelago_benches::replay::journals::{Journal, Spec, Written};
use archipelago_benches::replay::restoring::{Ends, bare, restored, scanned};
use archipelago_benches::rounds::{Clock, Contender, Contest, Failed, contest};
use archipelago_benches::shop::event::Event;
use archipelago_benches::shop::state::{Dense, Hashed, Nothing};
use archipelago_benches::shop::stream::{Population, Stream};
use archipelago_benches::table::grouped;
use clap::{Parser, Subcommand};
use serde::Serialize;

/// What the product costs; all of it when nothing is named.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Events to replay.
    #[arg(long, global = true, default_value_t = 10_000_000)]
    events: u64,
    /// Rounds that count.
    #[arg(long, global = true, default_value = "5")]
    rounds: NonZeroU32,
    /// Where journals are kept for the next run.
    #[arg(long, global = true, value_name = "FOLDER", default_value = "target/bench")]
    dir: PathBuf,
    /// A few seconds in all, so that this does not rot; its figures mean nothing.
    #[arg(long, global = true)]
    short: bool,
    /// Write all figures, each run of them, to this file too.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only contenders whose "title: name" has this in it (and the first of their table).
    #[arg(long, global = true, value_name = "WORDS", default_value = "")]
    only: String,
    /// Tell CPU time, for a machine that is shared: good for contenders with one thread.
    #[arg(long, global = true)]
    cpu: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
enum What {
    /// Journals restored, beside a loop over a vector in memory.
    Replay,
}

/// All figures.
#[derive(Debug, Serialize)]
struct Figures {
    about: About,
    journals: Vec<Journal>,
    contests: Vec<Contest>,
}

fn main() -> ExitCode {
    ended(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failed> {
    let about = About::here();
    println!("{}, commit {}\n{}\n", about.machine, about.commit, about.command);
    let mut figures = Figures { about, journals: Vec::new(), contests: Vec::new() };
    if matches!(args.what, None | Some(What::Replay)) {
        replay(args, &mut figures)?;
    }
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_string_pretty(&figures)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn replay(args: &Args, figures: &mut Figures) -> Result<(), Failed> {
    let events = if args.short { args.events.min(50_000) } else { args.events };
    let population = Population::default();
    let temporary = args.short.then(tempfile::tempdir).transpose()?;
    let folder: &Path = temporary.as_ref().map_or(&args.dir, |folder| folder.path());
    let journal = |written, islands, events_a_record| {
        let spec = Spec { events, population, islands, events_a_record, written };
        let journal = spec.journal(folder)?;
        tell(&journal);
        Ok::<Journal, Failed>(journal)
    };
    let (serde, fixed) = (Written::Serde, Written::Fixed);
    let (one, hundred, spread) =
        (journal(serde, 1, 1)?, journal(serde, 1, 100)?, journal(serde, 16, 1)?);
    let (fixed_one, fixed_hundred) = (journal(fixed, 1, 1)?, journal(fixed, 1, 100)?);
    println!();
    let in_memory: Vec<Event> = Stream::new(population).events(0..events).collect();
    let (in_memory, digest) = (in_memory.as_slice(), one.digest.as_str());

    let title = |what| format!("Replay of {} events, {what}", grouped(events));
    let (kept, none) = (Ends::InTheDigest, Ends::InNothing);
    let contests = [
        (
            title("state in hash maps"),
            vec![
                bare::<Hashed>("bare loop over a vector", in_memory, digest, kept),
                restored::<Hashed>("serde, 1 a record", &one, 1, kept),
                restored::<Hashed>("serde, 100 a record", &hundred, 1, kept),
                restored::<Hashed>("fixed, 1 a record", &fixed_one, 1, kept),
                restored::<Hashed>("fixed, 100 a record", &fixed_hundred, 1, kept),
                restored::<Hashed>("serde, 1 a record, 16 islands", &spread, 1, kept),
                restored::<Hashed>("serde, 1 a record, 16 islands, 2 threads", &spread, 2, kept),
            ],
        ),
        (
            title("state in vectors"),
            vec![
                bare::<Dense>("bare loop over a vector", in_memory, digest, kept),
                restored::<Dense>("serde, 1 a record", &one, 1, kept),
                restored::<Dense>("serde, 100 a record", &hundred, 1, kept),
                restored::<Dense>("fixed, 1 a record", &fixed_one, 1, kept),
                restored::<Dense>("fixed, 100 a record", &fixed_hundred, 1, kept),
                restored::<Dense>("serde, 1 a record, 16 islands", &spread, 1, kept),
                restored::<Dense>("serde, 1 a record, 16 islands, 2 threads", &spread, 2, kept),
            ],
        ),
        (
            title("own share: nothing is kept"),
            vec![
                scanned("1 a record, only read and checked", &one),
                scanned("100 a record, only read and checked", &hundred),
                restored::<Nothing>("serde, 1 a record", &one, 1, none),
                restored::<Nothing>("serde, 100 a record", &hundred, 1, none),
                restored::<Nothing>("fixed, 1 a record", &fixed_one, 1, none),
                restored::<Nothing>("fixed, 100 a record", &fixed_hundred, 1, none),
            ],
        ),
    ];
    for (title, contenders) in contests {
        hold(args, figures, title, contenders)?;
    }
    figures.journals.extend([one, hundred, spread, fixed_one, fixed_hundred]);
    Ok(())
}

/// Holds one contest and tells it.
fn hold(
    args: &Args,
    figures: &mut Figures,
    title: String,
    mut contenders: Vec<Contender<'_>>,
) -> Result<(), Failed> {
    let asked = |name: &str| format!("{title}: {name}").contains(&args.only);
    if !contenders.iter().any(|one| asked(&one.name)) {
        return Ok(());
    }
    let first = contenders[0].name.clone();
    contenders.retain(|one| one.name == first || asked(&one.name));
    let rounds = if args.short { 1 } else { args.rounds.get() };
    let clock = if args.cpu { Clock::Cpu } else { Clock::Wall };
    let done = contest(title, "events", (rounds, clock), contenders)?;
    println!("{}", done.table());
    figures.contests.push(done);
    Ok(())
}

fn tell(journal: &Journal) {
    let Journal { spec, bytes, commits, records, millis, .. } = journal;
    println!(
        "journal, {:?}: {} events on {} islands, {} a record, {} records a commit, \
         {} bytes an event, written in {} ms",
        spec.written,
        grouped(spec.events),
        spec.islands,
        spec.events_a_record,
        records / commits.max(&1),
        bytes / spec.events.max(1),
        grouped(*millis),
    );
}
