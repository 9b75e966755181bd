//! kill -9 of a system whose segments are recycled, again and again: all that was acknowledged is
//! there, and the journal takes bounded room.
//!
//! Rules:
//! 1. The child puts numbers on islands, one after the other on each, and writes each that was
//!    answered to its output. It asks for snapshots now and then, so segments are recycled.
//! 2. After each kill the directory is opened as a program would; what was answered is in it.
//! 3. There are never more files than the two snapshots need, the spares, and a few on their way.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use archipelago::snapshot::{Archive, SnapshotPolicy};
use archipelago::{Archipelago, Durability, Island, IslandId, Turn, builder};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::tally::Tally;

pub(crate) const ISLANDS: u32 = 5;
const SEGMENT_BYTES: u64 = 32 << 10;
/// More files than rule 3 allows.
const FILES_MAX: usize = 64;
const DONE: &str = "a system that recycles, stopped at any moment";

/// The highest number put here; they come one by one.
#[derive(Default, Serialize, Deserialize)]
struct Highest(u64);

/// A number, and bytes to fill segments with.
#[derive(Debug, Serialize, Deserialize)]
struct Put(u64, Vec<u8>);

impl Island for Highest {
    type Command = Put;
    type Event = u64;
    type Reply = u64;

    fn decide(&self, Put(number, _): Put, turn: &mut Turn<Self>) {
        // A number that came before is there already: the child asks again after a kill.
        if number == self.0 + 1 {
            turn.emit(number);
        }
        turn.reply(self.0.max(number));
    }

    fn evolve(&mut self, number: &u64) {
        self.0 = *number;
    }
}

fn open(path: &Path, durability: Durability) -> Result<Archipelago<Highest>, String> {
    let small = builder().islands(ISLANDS).threads(2).segment_bytes(SEGMENT_BYTES);
    let small = small.durability(durability).snapshots(SnapshotPolicy::NEVER);
    small
        .archive(Archive::Recycle)
        .journal(path)
        .open(|_| Highest::default())
        .map_err(|error| error.to_string())
}

/// The highest number of each island.
fn highest(sea: &Archipelago<Highest>) -> Result<Vec<u64>, String> {
    let look = |island| {
        let asked = sea.query(IslandId(island), |state: &Highest| state.0);
        asked.and_then(|asked| asked.wait()).map_err(|error| error.to_string())
    };
    (0..ISLANDS).map(look).collect()
}

/// A key of each island.
fn keys(sea: &Archipelago<Highest>) -> Vec<String> {
    let key = |island| {
        let of = |key: &String| sea.island_of(key) == IslandId(island);
        (0..).map(|number: u32| number.to_string()).find(of).expect("every island has keys")
    };
    (0..ISLANDS).map(key).collect()
}

/// Runs until it is killed.
pub(crate) fn child(
    path: &Path,
    seed: u64,
    cycle: u64,
    durability: Durability,
) -> Result<(), String> {
    let sea = open(path, durability)?;
    let (mut next, keys) = (highest(&sea)?, keys(&sea));
    let mut chance = Chance::new(seed, cycle);
    let mut out = std::io::stdout();
    loop {
        let mut asked = Vec::new();
        for _ in 0..1 + chance.below(8) {
            let island = chance.below(u64::from(ISLANDS)) as usize;
            next[island] += 1;
            let filler = vec![7; chance.below(3000) as usize];
            let put = sea.ask(&keys[island], Put(next[island], filler));
            asked.push((island, put.map_err(|error| error.to_string())?));
        }
        for (island, put) in asked {
            let number = put.wait().map_err(|error| error.to_string())?;
            writeln!(out, "{island} {number}").map_err(|error| error.to_string())?;
        }
        out.flush().map_err(|error| error.to_string())?;
        match chance.below(64) {
            // Long enough for an idle seal.
            0 => std::thread::sleep(Duration::from_millis(15)),
            1..=4 => drop(sea.snapshot().map_err(|error| error.to_string())?),
            _ => {}
        }
    }
}

pub(crate) fn check(data: &Path, acknowledged: &[u64], tally: &mut Tally) -> Result<(), String> {
    let said = acknowledged.iter().any(|number| *number > 0);
    if said && !data.join("archipelago.json").exists() {
        return Err("acknowledged, and there is no journal".to_owned());
    }
    let sea = open(data, Durability::Disk).map_err(|error| format!("refused: {error}"))?;
    for (island, (has, said)) in highest(&sea)?.into_iter().zip(acknowledged).enumerate() {
        if has < *said {
            return Err(format!("island {island} ends at {has}, but acknowledged {said}"));
        }
    }
    let from = sea.started_from();
    drop(sea);
    let (mut files, mut first) = (0, String::from("~"));
    for entry in std::fs::read_dir(data.join("journal")).map_err(|error| error.to_string())? {
        let name = entry.map_err(|error| error.to_string())?.file_name();
        let name = name.to_string_lossy().into_owned();
        files += 1;
        if name.ends_with(".segment") {
            first = first.min(name);
        }
    }
    if files > FILES_MAX {
        return Err(format!("{files} files, and segments are to be recycled"));
    }
    let gone = first.trim_end_matches(".segment").parse::<u64>().unwrap_or(1) - 1;
    let outcome = match (from, gone) {
        (None, _) => "all there, before the first snapshot",
        (Some(_), 0) => "all there, from a snapshot",
        (Some(_), _) => "all there, from a snapshot, the journal's beginning recycled",
    };
    tally.add(DONE, outcome, 1);
    Ok(())
}
