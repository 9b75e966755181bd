//! `diff`: two journals, record by record, to the first difference of each island. Changes nothing.
//!
//! It doesn't know which of the two is right.

use archipelago::replay::{FirstDifference, IslandDiff, Log, Side, diff as compare};

use super::args::DiffArgs;
use super::failure::Failure;
use super::harness::{World, for_world, setting};
use super::progress::Progress;
use super::report::{DiffReport, IslandDiffView, SidesView};

/// Compares two data directories.
///
/// # Errors
/// When one has no journal, is damaged or another application's (exit 2). That they differ is the
/// report's verdict (exit 1).
pub fn diff(args: &DiffArgs) -> Result<DiffReport, Failure> {
    let (a, b) = (Log::open(&args.a)?, Log::open(&args.b)?);
    for_world!(a, W => told::<W>(&a, &b))
}

fn told<W: World>(a: &Log, b: &Log) -> Result<DiffReport, Failure> {
    let settings_same = setting::<W>(a)? == setting::<W>(b)?;
    let progress = Progress::unknown("comparing the journals");
    let islands = compare::<W>(a, b)?;
    drop(progress);
    Ok(DiffReport {
        islands: [a.description().islands, b.description().islands],
        records_same: islands.iter().map(|island| island.same).sum(),
        settings_same,
        differ: islands.iter().filter_map(view).collect(),
        clocks_part: islands.iter().filter(|island| island.clocks_part.is_some()).count() as u64,
    })
}

/// The island's first difference, if it has one.
fn view(island: &IslandDiff) -> Option<IslandDiffView> {
    let (position, input, ended, parts) = match &island.first {
        FirstDifference::None => return None,
        FirstDifference::Ends { ended, position, input } => {
            (position, input, Some(*ended), &[][..])
        }
        FirstDifference::Record { position, input, parts } => (position, input, None, &parts[..]),
    };
    let ended = ended.map(|side| match side {
        Side::Left => "A",
        Side::Right => "B",
    });
    let parts = parts.iter().map(|differs| SidesView {
        part: differs.part.to_string(),
        entry: differs.entry,
        a: differs.left.clone(),
        b: differs.right.clone(),
    });
    Some(IslandDiffView {
        island: island.island.0,
        records_same: island.same,
        position: position.0,
        input: input.clone(),
        ended: ended.map(str::to_owned),
        parts: parts.collect(),
    })
}
