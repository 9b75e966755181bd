//! `log`: all islands' records in one order, in words, as a stream. Changes nothing.
//!
//! Rules:
//! 1. A record is written as soon as its turn has come; none is kept.
//! 2. The positions at the end are those after the last record written: the next page begins with
//!    the record behind it.
//!
//! It doesn't know how the order is made.

use std::io::{self, Write};
use std::ops::ControlFlow;

use archipelago::replay::{Log, OpenError, Positions, RecordAt};
use archipelago_core::id::IslandId;
use serde::Serialize;

use super::args::LogArgs;
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::inspect::view;
use super::progress::Progress;
use super::report::{Output, RecordView, written};

/// Writes records in one order.
///
/// # Errors
/// When there is no journal, it is damaged or another application's, or the positions are not of it
/// (exit 2).
pub fn log(args: &LogArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let log = Log::open(&args.data)?;
    for_world!(log, W => show::<W>(&log, args, out))
}

/// Where a page ends.
#[derive(Serialize)]
struct Ended {
    positions: String,
    islands: Vec<Island>,
    more: bool,
}

/// How far an island was read.
#[derive(Serialize)]
struct Island {
    island: u32,
    position: u64,
}

fn show<W: World>(log: &Log, args: &LogArgs, out: &mut dyn Write) -> Result<(), Failure> {
    setting::<W>(log)?;
    let islands = log.description().islands;
    if let Some(island) = args.island.filter(|island| *island >= islands) {
        return Err(Failure::input(format!(
            "--island {island}: the journal has islands 0 to {}",
            islands - 1
        )));
    }
    let mut page = Page { output: args.output(), out, records: 0 };
    let mut progress = Some(Progress::unknown("reading the journal"));
    let (limit, mut last) = (args.limit.unwrap_or(u64::MAX), None);
    let mut more = false;
    let walked = log.merged_as::<W, Stop>(args.from.as_ref(), |at, read| {
        if args.island.is_some_and(|island| at.island != IslandId(island)) {
            return Ok(ControlFlow::Continue(()));
        }
        more = page.records == limit;
        if more {
            return Ok(ControlFlow::Break(()));
        }
        progress = None;
        page.add(&words::<W>(&at)?)?;
        if page.records == limit {
            last = Some(read.clone());
        }
        Ok(ControlFlow::Continue(()))
    });
    let read = match walked {
        // A page that is full ends with its last record, whatever was looked at behind it.
        Ok(read) if more => last.unwrap_or(read),
        Ok(read) => read,
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(Stop::Unwritten(error)) => return written(Err(error)),
    };
    written(page.end(&ended(&read, more)))
}

fn words<W: World>(at: &RecordAt<'_>) -> Result<RecordView, Failure> {
    view::<W>(at.island, at.position, &at.record)
}

fn ended(read: &Positions, more: bool) -> Ended {
    let island = |(island, position): (usize, &archipelago_core::id::JournalPosition)| Island {
        island: island as u32,
        position: position.0,
    };
    let islands = read.islands().iter().enumerate().map(island).collect();
    Ended { positions: read.to_string(), islands, more }
}

/// Why the walk ends early.
enum Stop {
    Failed(Failure),
    Unwritten(io::Error),
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unwritten(error)
    }
}

/// Records as they are written: for people, or as one JSON object on one line.
struct Page<'a> {
    output: Output,
    out: &'a mut dyn Write,
    records: u64,
}

impl Page<'_> {
    fn add(&mut self, record: &RecordView) -> io::Result<()> {
        self.records += 1;
        match self.output {
            Output::Readable => record.render("", self.out),
            Output::Json => {
                let before = if self.records == 1 { "{\"records\":[" } else { "," };
                self.out.write_all(before.as_bytes())?;
                Ok(serde_json::to_writer(&mut *self.out, record)?)
            }
        }
    }

    fn end(&mut self, ended: &Ended) -> io::Result<()> {
        match self.output {
            Output::Readable => {
                if self.records == 0 {
                    writeln!(self.out, "no more records")?;
                }
                let behind = if ended.more { "there is more behind" } else { "all that is there" };
                writeln!(self.out, "positions: {}", ended.positions)?;
                writeln!(self.out, "{behind}; go on with --from and these positions")?;
            }
            Output::Json => {
                let before = if self.records == 0 { "{\"records\":[]," } else { "]," };
                let tail = serde_json::to_string(ended)?;
                writeln!(self.out, "{before}{}", &tail[1..])?;
            }
        }
        self.out.flush()
    }
}
