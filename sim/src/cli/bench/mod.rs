//! `bench`: measures the product on this machine.
//!
//! Rules:
//! 1. Tables are told as they come. With `--json` they go to standard error, and one object goes to
//!    standard output at the end.
//!
//! It doesn't know how the parts measure; the simulator's is here, since it measures itself.

mod idle;
mod orders;
mod peers;
mod ring;
mod simulator;

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use archipelago_benches::rounds::Failed;
use archipelago_benches::session::{Figures, Session};
use archipelago_benches::{curves, link, live, memory, replay, routing, start};

use super::args::{BenchArgs, Part};
use super::failure::Failure;
use super::progress::Progress;
use super::report::{Output, written};
use crate::twin::plot::{Line, chart};

/// Measures what is asked for.
///
/// # Errors
/// A run that did not end as it must (exit 1); input or a place that is bad (exit 2).
pub fn bench(args: &BenchArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match (args.memory_case, args.output()) {
        (Some(case), _) => told(memory_case(args, case), out),
        (None, Output::Readable) => parts(args, out).map(|_| ()).or_else(ended),
        (None, Output::Json) => told(parts(args, &mut io::stderr()), out),
    }
}

/// Tells one object.
fn told<T: serde::Serialize>(done: Result<T, Failed>, out: &mut dyn Write) -> Result<(), Failure> {
    match done {
        Ok(object) => written(
            serde_json::to_writer(&mut *out, &object)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
                .and_then(|()| out.flush()),
        ),
        Err(failed) => ended(failed),
    }
}

/// How a measurement ends that has no figures.
fn ended(failed: Failed) -> Result<(), Failure> {
    match failed.downcast::<Failure>() {
        Ok(failure) => Err(*failure),
        Err(failed) => match failed.downcast::<io::Error>() {
            Ok(error) => written(Err(*error)),
            Err(failed) => Err(Failure::check(failed.to_string())),
        },
    }
}

fn memory_case(args: &BenchArgs, case: usize) -> Result<memory::Memory, Failed> {
    let here = Path::new(".");
    memory::run(case, args.effort.short, args.effort.dir.as_deref().unwrap_or(here))
}

fn parts(args: &BenchArgs, out: &mut dyn Write) -> Result<Figures, Failed> {
    let mut session = Session::begin(args.effort.clone(), out)?;
    for part in args.asked() {
        let _progress = Progress::unknown(doing(part));
        one(part, args, &mut session)?;
    }
    if let Some(folder) = &args.svg {
        draw(session.figures(), folder)?;
    }
    Ok(session.figures().clone())
}

fn one(part: Part, args: &BenchArgs, session: &mut Session<'_>) -> Result<(), Failed> {
    match part {
        Part::Replay => {
            replay::contests::replay(session)?;
            args.orders.as_deref().map_or(Ok(()), |file| orders::replay(session, file))
        }
        Part::Live => live::live(session),
        Part::Links => link::ways::links(session),
        Part::Start => start::start(session),
        Part::Routing => routing::routing(session),
        Part::Simulator => simulator::simulator(session, args.peers.as_deref()),
        Part::Islands => curves::islands(session),
        Part::History => curves::history(session),
        Part::Keys => curves::keys(session),
        Part::Memory => memory::memory(session, |case| again(args, case)),
        Part::All => Ok(()),
    }
}

/// What is going on, for who watches.
const fn doing(part: Part) -> &'static str {
    match part {
        Part::Replay => "replaying",
        Part::Live => "ordering",
        Part::Links => "sending messages",
        Part::Start => "starting",
        Part::Routing => "routing",
        Part::Simulator => "simulating",
        Part::Islands => "restoring many islands",
        Part::History => "restoring long histories",
        Part::Keys => "restoring large states",
        Part::Memory => "weighing",
        Part::All => "measuring",
    }
}

/// This program, for one case of `memory`.
fn again(args: &BenchArgs, case: usize) -> Result<Command, Failed> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(["bench", "memory", "--json", "--memory-case", &case.to_string()]);
    if args.effort.short {
        program.arg("--short");
    }
    if let Some(dir) = &args.effort.dir {
        program.arg("--dir").arg(dir);
    }
    Ok(program)
}

fn draw(figures: &Figures, folder: &Path) -> Result<(), Failed> {
    let failed = |error| Failure::input(format!("--svg {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    for curve in &figures.curves {
        let lines = curve.lines.iter().cloned().map(|(name, points)| Line { name, points });
        let lines: Vec<Line> = lines.collect();
        let file = folder.join(curve.name).with_extension("svg");
        std::fs::write(file, chart(&curve.title, curve.x, &lines)).map_err(failed)?;
    }
    Ok(())
}
