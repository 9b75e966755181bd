//! `inspect`: records in words.

use std::collections::BTreeMap;

use archipelago::replay::words::{input, words};
use archipelago::replay::{Log, RecordAt};
use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::record::{self, Entry};
use archipelago_core::time::Stamp;

use super::args::InspectArgs;
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::report::{InspectReport, RecordView, SendView};

/// Shows records of a journal: by island and position, or the last ones up to a point.
///
/// # Errors
/// When there is no journal, it is damaged or another application's, or has no such island or
/// point (exit 2).
pub fn inspect(args: &InspectArgs) -> Result<InspectReport, Failure> {
    let log = Log::open(&args.data)?;
    for_world!(log, W => show::<W>(log, args))
}

fn show<W: World>(log: Log, args: &InspectArgs) -> Result<InspectReport, Failure> {
    setting::<W>(&log)?;
    let islands = log.description().islands;
    if let Some(island) = args.island.filter(|island| *island >= islands) {
        return Err(Failure::input(format!(
            "--island {island}: the journal has islands 0 to {}",
            islands - 1
        )));
    }
    let records = match args.at {
        None => from::<W>(&log, args)?,
        Some(at) => upto::<W>(&log.at(at)?, args)?,
    };
    Ok(InspectReport { records })
}

/// The first records from a position on, by island.
fn from<W: World>(log: &Log, args: &InspectArgs) -> Result<Vec<RecordView>, Failure> {
    let mut shown: BTreeMap<IslandId, Vec<RecordView>> = BTreeMap::new();
    log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
        let wanted = args.island.is_none_or(|island| at.island.0 == island);
        if wanted && at.position.0 >= args.from {
            let records = shown.entry(at.island).or_default();
            if (records.len() as u64) < args.limit {
                records.push(view::<W>(at.island, at.position, &at.record)?);
            }
        }
        Ok(())
    })?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    Ok(shown.into_values().flatten().take(limit).collect())
}

/// The last records of a log, by stamp.
fn upto<W: World>(log: &Log, args: &InspectArgs) -> Result<Vec<RecordView>, Failure> {
    let mut kept: BTreeMap<(Stamp, IslandId), (JournalPosition, Vec<u8>)> = BTreeMap::new();
    log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
        if args.island.is_none_or(|island| at.island.0 == island) {
            let record = (at.position, at.record.bytes().to_vec());
            kept.insert((at.record.stamp, at.island), record);
            if kept.len() as u64 > args.limit {
                kept.pop_first();
            }
        }
        Ok(())
    })?;
    let view = |((_, island), (position, bytes)): (_, (_, Vec<u8>))| {
        view::<W>(island, position, &record::RecordView::parse(bytes.as_slice())?)
    };
    kept.into_iter().map(view).collect()
}

/// A record in words.
///
/// # Errors
/// When its sections cannot be read.
pub(super) fn view<W: World>(
    island: IslandId,
    position: JournalPosition,
    record: &record::RecordView<'_>,
) -> Result<RecordView, Failure> {
    let mut view = RecordView {
        island: island.0,
        position: position.0,
        stamp: record.stamp.to_string(),
        input: input::<W::Command>(record),
        ..RecordView::default()
    };
    record
        .walk(|entry| -> Result<(), Malformed> {
            match entry {
                Entry::Event(bytes) => view.events.push(words::<W::Event>(bytes)),
                Entry::Send { to, number, command } => view.sends.push(SendView {
                    to: to.0,
                    number: number.0,
                    message: words::<W::Command>(command),
                }),
                Entry::Reply { asker, reply } => {
                    let said = format!("request {}: {}", asker.number, words::<W::Reply>(reply));
                    view.reply = Some(match view.reply.take() {
                        Some(before) => format!("{before}; {said}"),
                        None => said,
                    });
                }
                Entry::Timer { number, deadline, command } => view.events.push(format!(
                    "timer {number} set for {deadline}: {}",
                    words::<W::Command>(command)
                )),
                Entry::Cancelled(number) => view.events.push(format!("timer {number} taken back")),
            }
            Ok(())
        })
        .map_err(|malformed| {
            Failure::input(format!("island {island}, record {position}: {malformed}"))
        })?;
    Ok(view)
}
