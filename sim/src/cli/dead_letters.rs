//! `dead-letters`: commands whose decision failed. Changes nothing.
//!
//! It doesn't know how one is put back: a program does that.

use archipelago::replay::words::source;
use archipelago::replay::{DeadLetter, Log};

use super::args::DeadLettersArgs;
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::progress::Progress;
use super::report::{DeadLettersReport, LetterView};

/// Lists dead letters.
///
/// # Errors
/// When there is no journal, it is damaged or another application's (exit 2).
pub fn dead_letters(args: &DeadLettersArgs) -> Result<DeadLettersReport, Failure> {
    let log = Log::open(&args.data)?;
    for_world!(log, W => list::<W>(&log, args))
}

fn list<W: World>(log: &Log, args: &DeadLettersArgs) -> Result<DeadLettersReport, Failure> {
    setting::<W>(log)?;
    let _progress = Progress::unknown("reading the journal");
    let found = log.dead_letters(args.limit)?;
    let letters = found.letters.iter().map(view::<W>).collect();
    Ok(DeadLettersReport { count: found.count, put_back: found.put_back, letters })
}

fn view<W: World>(letter: &DeadLetter) -> LetterView {
    let command = match letter.command::<W>() {
        Ok(command) => format!("{command:?}"),
        Err(unread) => format!("({unread})"),
    };
    LetterView {
        island: letter.island.0,
        position: letter.position.0,
        stamp: letter.stamp.to_string(),
        asked: source(&letter.source),
        command,
        reason: letter.reason.clone(),
        put_back: letter.put_back.map(|position| position.0),
    }
}
