//! The command line `archipelago`: parse, do, report.
//!
//! Rules:
//! 1. Standard output carries the report and nothing else; with `--json` it is one JSON object.
//! 2. An error is one line, `error: …`, on standard error.
//! 3. Exit 0: good. 1: the check failed. 2: bad usage or input.
//! 4. A reader that goes away (`| head`) is no error.
//!
//! What each subcommand does stands in the module of its name ([`again`]: `verify` and `what-if`);
//! what all worlds have in common in [`harness`]; the rest of the folder doesn't know islands.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub mod again;
pub mod args;
pub mod backup;
pub mod bench;
pub mod bookings;
pub mod books;
pub mod cities;
pub mod dead_letters;
pub mod diff;
pub mod failure;
pub mod harness;
pub mod inspect;
pub mod invoices;
pub mod journal;
pub mod log;
pub mod prefixes;
pub mod progress;
pub mod replay;
pub mod reply_log;
pub mod report;
pub mod run;
pub mod setting;
pub mod sim;
pub mod snapshot;
pub mod state;
pub mod submit;
mod text;
pub mod twin;
pub mod why;

use args::{Cli, Command, RunWorkload, SimWorkload, StateWorkload};
use failure::{Exit, Failure};
use journal::JournalCommand;
use report::{Report, print};

/// The whole program, on the process's own arguments and streams.
#[must_use]
pub fn main() -> ExitCode {
    // Neither stream is locked: the progress bar draws from a thread of its own.
    let mut out = BufWriter::new(io::stdout());
    main_with(std::env::args_os(), &mut out, &mut io::stderr()).into()
}

/// The whole program on given arguments (the first is the program's name) and streams.
pub fn main_with(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let done = match Cli::try_parse_from(args) {
        Ok(cli) => execute(cli, out),
        Err(error) => usage(&error, out),
    };
    match done {
        Ok(()) => Exit::Good,
        Err(failure) => {
            // Where standard error is closed too, the exit code still tells.
            let _ = writeln!(err, "error: {failure}");
            failure.exit()
        }
    }
}

fn execute(cli: Cli, out: &mut dyn Write) -> Result<(), Failure> {
    match cli.command {
        Command::Run { workload: RunWorkload::Warehouse(args) } => {
            finish(&run::warehouse(&args)?, args.sea.output(), out)
        }
        Command::Run { workload: RunWorkload::Cities(args) } => {
            finish(&cities::cities(&args)?, args.sea.output(), out)
        }
        Command::Run { workload: RunWorkload::Bookings(args) } => {
            finish(&bookings::bookings(&args)?, args.sea.output(), out)
        }
        Command::Run { workload: RunWorkload::Invoices(args) } => {
            finish(&invoices::invoices(&args)?, args.sea.output(), out)
        }
        Command::Sim { workload: SimWorkload::Warehouse(args) } => {
            finish(&sim::warehouse(&args)?, args.batch.output(), out)
        }
        Command::Sim { workload: SimWorkload::Prefixes(args) } => {
            finish(&prefixes::prefixes(&args)?, args.output(), out)
        }
        Command::Sim { workload: SimWorkload::Parcels(args) } => {
            finish(&sim::parcels(&args)?, args.batch.output(), out)
        }
        Command::Sim { workload: SimWorkload::Cities(args) } => {
            finish(&sim::cities(&args)?, args.batch.output(), out)
        }
        Command::Sim { workload: SimWorkload::Bookings(args) } => {
            finish(&sim::bookings(&args)?, args.batch.output(), out)
        }
        Command::Sim { workload: SimWorkload::Items(args) } => {
            finish(&sim::items(&args)?, args.batch.output(), out)
        }
        Command::Sim { workload: SimWorkload::Invoices(args) } => {
            finish(&sim::invoices(&args)?, args.batch.output(), out)
        }
        Command::Sim { workload: SimWorkload::Replay(args) } => {
            finish(&sim::replay(&args)?, args.output(), out)
        }
        Command::Sim { workload: SimWorkload::Calibrate(args) } => {
            finish(&twin::calibrate(&args)?, args.output(), out)
        }
        Command::Sim { workload: SimWorkload::Sweep(args) } => {
            finish(&twin::sweep(&args)?, args.output(), out)
        }
        Command::Sim { workload: SimWorkload::Validate(args) } => {
            finish(&twin::validate(&args)?, args.output(), out)
        }
        Command::Replay(args) => finish(&replay::replay(&args)?, args.output(), out),
        Command::State { workload: StateWorkload::Warehouse(args) } => {
            finish(&state::warehouse(&args)?, args.output(), out)
        }
        Command::Snapshot(args) => finish(&snapshot::snapshot(&args)?, args.output(), out),
        Command::Archive(args) => finish(&snapshot::archived(&args)?, args.output(), out),
        Command::Backup(args) => finish(&backup::backup(&args)?, args.output(), out),

        Command::Journal { command: JournalCommand::Check(args) } => {
            finish(&journal::check(&args)?, args.output(), out)
        }
        Command::Journal { command: JournalCommand::Repair(args) } => {
            finish(&journal::repair(&args)?, args.output(), out)
        }
        Command::Inspect(args) => finish(&inspect::inspect(&args)?, args.output(), out),
        Command::Verify(args) => finish(&again::verify(&args)?, args.output(), out),
        Command::WhatIf(args) => finish(&again::what_if(&args)?, args.output(), out),
        Command::Why(args) => finish(&why::why(&args)?, args.output(), out),
        Command::Diff(args) => finish(&diff::diff(&args)?, args.output(), out),
        Command::Bench(args) => bench::bench(&args, out),
        Command::Log(args) => log::log(&args, out),
        Command::DeadLetters(args) => {
            finish(&dead_letters::dead_letters(&args)?, args.output(), out)
        }
    }
}

/// Prints a report, then says whether what it reports is good.
fn finish<R: Report>(
    report: &R,
    output: report::Output,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    print(report, output, out)?;
    report.verdict()
}

/// What clap has to say: help and version are good; a wrong usage becomes one line.
fn usage(error: &clap::Error, out: &mut dyn Write) -> Result<(), Failure> {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            report::written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        }
        _ => Err(Failure::input(format!("{} (see --help)", one_line(&text)))),
    }
}

/// The sentence and the tips of clap's message, without its usage lines.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let said = text
        .split("\n\n")
        .enumerate()
        .filter(|(place, paragraph)| *place == 0 || paragraph.trim_start().starts_with("tip:"));
    let words: Vec<&str> = said.flat_map(|(_, paragraph)| paragraph.split_whitespace()).collect();
    words.join(" ")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
