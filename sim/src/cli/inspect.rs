//! `inspect`: records in words.

use std::collections::BTreeMap;

use archipelago::replay::{Log, RecordAt};
use archipelago_core::codec;
use archipelago_core::id::IslandId;
use archipelago_core::journal::record::{Entry, Source};

use super::args::InspectArgs;
use super::failure::Failure;
use super::report::{InspectReport, RecordView, SendView};
use super::setting::Setting;
use crate::workload::warehouse::{Command, Event, Reply};

/// Shows records of a journal, by island and position.
///
/// # Errors
/// When there is no journal, it is damaged or another application's, or has no such island
/// (exit 2).
pub fn inspect(args: &InspectArgs) -> Result<InspectReport, Failure> {
    let log = Log::open(&args.data)?;
    Setting::of(&log)?;
    let islands = log.description().islands;
    if let Some(island) = args.island.filter(|island| *island >= islands) {
        return Err(Failure::input(format!(
            "--island {island}: the journal has islands 0 to {}",
            islands - 1
        )));
    }
    let mut shown: BTreeMap<IslandId, Vec<RecordView>> = BTreeMap::new();
    log.records(|at: RecordAt<'_>| -> Result<(), Failure> {
        let wanted = args.island.is_none_or(|island| at.island.0 == island);
        if wanted && at.position.0 >= args.from {
            let records = shown.entry(at.island).or_default();
            if (records.len() as u64) < args.limit {
                records.push(view(&at)?);
            }
        }
        Ok(())
    })?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    Ok(InspectReport { records: shown.into_values().flatten().take(limit).collect() })
}

fn view(at: &RecordAt<'_>) -> Result<RecordView, Failure> {
    let record = &at.record;
    let who = match record.source {
        Source::Client { asker, .. } => {
            format!("client {:016x} request {}", asker.client.0 >> 64, asker.number)
        }
        Source::Island { from, number, cause } => format!(
            "island {from} message {number}, {} hops from island {} record {}",
            cause.hops, cause.island, cause.position
        ),
        Source::Timer(number) => format!("timer {number}"),
    };
    let mut input = format!("{who}: {}", words::<Command>(record.input));
    if let Some(reason) = record.dead {
        input.push_str(&format!("; dead letter: {reason}"));
    }
    let mut view = RecordView {
        island: at.island.0,
        position: at.position.0,
        stamp: record.stamp.to_string(),
        input,
        ..RecordView::default()
    };
    record
        .walk(|entry| -> Result<(), archipelago_core::bytes::Malformed> {
            match entry {
                Entry::Event(bytes) => view.events.push(words::<Event>(bytes)),
                Entry::Send { to, number, command } => view.sends.push(SendView {
                    to: to.0,
                    number: number.0,
                    message: words::<Command>(command),
                }),
                Entry::Reply { asker, reply } => {
                    let said = format!("request {}: {}", asker.number, words::<Reply>(reply));
                    view.reply = Some(match view.reply.take() {
                        Some(before) => format!("{before}; {said}"),
                        None => said,
                    });
                }
                Entry::Timer { number, deadline, command } => view.events.push(format!(
                    "timer {number} set for {deadline}: {}",
                    words::<Command>(command)
                )),
                Entry::Cancelled(number) => view.events.push(format!("timer {number} taken back")),
            }
            Ok(())
        })
        .map_err(|malformed| {
            Failure::input(format!("island {}, record {}: {malformed}", at.island, at.position))
        })?;
    Ok(view)
}

/// A value in words, or why it has none.
fn words<T: codec::Wire>(bytes: &[u8]) -> String {
    codec::decode::<T>(bytes)
        .map_or_else(|error| format!("({error})"), |value| format!("{value:?}"))
}
