//! `why`: what led to a record, back to a client's request, or what came of it. Changes nothing.
//!
//! It doesn't know what an order is.

use archipelago::replay::words::words;
use archipelago::replay::{Causes, Log, Record, RecordAt, RecordId};
use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::record::Entry;

use super::args::{Direction, WhyArgs};
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::inspect::view;
use super::progress::Progress;
use super::report::{StepView, StoryView, WhyReport};

/// Walks causes: backwards, or forwards.
///
/// # Errors
/// When there is no journal, it is damaged or another application's, or has no such record
/// (exit 2).
pub fn why(args: &WhyArgs) -> Result<WhyReport, Failure> {
    let log = Log::open(&args.data)?;
    for_world!(log, W => tell::<W>(&log, args))
}

fn tell<W: World>(log: &Log, args: &WhyArgs) -> Result<WhyReport, Failure> {
    setting::<W>(log)?;
    let _progress = Progress::unknown("reading the journal");
    let asked = match (args.record, &args.event) {
        (Some(id), _) => Asked { found: vec![id], matches: 1 },
        (None, Some(text)) => search::<W>(log, text, args.limit)?,
        (None, None) => return Err(Failure::input("name a record, ISLAND:POSITION, or --event")),
    };
    let causes = log.causes()?;
    let mut report = WhyReport { matches: asked.matches, ..WhyReport::default() };
    let mut room = args.limit;
    for id in asked.found {
        let record = causes.record(id)?.ok_or_else(|| not_there(log, id))?;
        let story = match args.direction() {
            Direction::Back => back::<W>(&causes, record)?,
            Direction::Forward => forward::<W>(&causes, record, room)?,
        };
        room = room.saturating_sub(story.steps.len());
        report.stories.push(story);
        if room == 0 {
            break;
        }
    }
    Ok(report)
}

/// The records asked for.
struct Asked {
    found: Vec<RecordId>,
    /// How many there are, also beyond the limit.
    matches: u64,
}

/// The records with an event or a reply that has `text` in its words.
fn search<W: World>(log: &Log, text: &str, limit: usize) -> Result<Asked, Failure> {
    let mut asked = Asked { found: Vec::new(), matches: 0 };
    log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
        let mut hit = false;
        at.record.walk(|entry| -> Result<(), Malformed> {
            hit |= match entry {
                Entry::Event(bytes) => words::<W::Event>(bytes).contains(text),
                Entry::Reply { reply, .. } => words::<W::Reply>(reply).contains(text),
                _ => false,
            };
            Ok(())
        })?;
        if hit {
            asked.matches += 1;
            if asked.found.len() < limit {
                asked.found.push((at.island, at.position));
            }
        }
        Ok(())
    })?;
    if asked.matches == 0 {
        return Err(Failure::input(format!("no event and no reply has {text:?} in its words")));
    }
    Ok(asked)
}

/// From the client's request to the record.
fn back<W: World>(causes: &Causes<'_>, record: Record) -> Result<StoryView, Failure> {
    let chain = causes.chain(record)?;
    let step = |(depth, record): (usize, &Record)| step::<W>(depth, record);
    let steps: Result<Vec<StepView>, Failure> = chain.iter().enumerate().map(step).collect();
    Ok(StoryView { steps: steps?, left_out: 0 })
}

/// The record and all it caused, each below its cause.
fn forward<W: World>(
    causes: &Causes<'_>,
    record: Record,
    limit: usize,
) -> Result<StoryView, Failure> {
    let mut story = StoryView::default();
    let mut next = vec![(0, record)];
    while let Some((depth, record)) = next.pop() {
        if story.steps.len() >= limit {
            story.left_out += 1;
            continue;
        }
        story.steps.push(step::<W>(depth, &record)?);
        for id in causes.caused_by(&record).into_iter().rev() {
            // A cause is older than what it causes, so this ends.
            next.extend(causes.record(id)?.map(|record| (depth + 1, record)));
        }
    }
    Ok(story)
}

fn step<W: World>(depth: usize, record: &Record) -> Result<StepView, Failure> {
    Ok(StepView { depth, record: view::<W>(record.island, record.position, &record.view())? })
}

/// Says what the journal has instead of a record.
fn not_there(log: &Log, (island, position): RecordId) -> Failure {
    let mut last = JournalPosition::ZERO;
    let islands = log.description().islands;
    let read = log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
        if at.island == island {
            last = at.position;
        }
        Ok(())
    });
    match read {
        Err(failure) => failure,
        Ok(_) if island.0 >= islands => Failure::input(format!(
            "island {island}, record {position}: the journal has islands 0 to {}",
            islands - 1
        )),
        Ok(_) => Failure::input(format!(
            "island {island}, record {position}: island {island} has {last} records, from 1 on"
        )),
    }
}

/// `ISLAND:POSITION`.
pub(super) fn record_id(text: &str) -> Result<RecordId, String> {
    let id = text.split_once(':').and_then(|(island, position)| {
        Some((IslandId(island.parse().ok()?), JournalPosition(position.parse().ok()?)))
    });
    id.ok_or_else(|| "it must be ISLAND:POSITION, such as 3:17".to_owned())
}
