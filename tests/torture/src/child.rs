//! The process that is killed: opens the directory, writes, and acknowledges through its output.
//!
//! Rules:
//! 1. A line `ISLAND POSITION` says: durable up to here. It is written when the journal says so.
//! 2. Group sizes, pauses (long enough for an idle seal) and hand-overs on their way are random.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use archipelago::journal::{Durability, GroupJournal, IdleSeal, JournalSettings, Journaler};
use archipelago_core::id::{IslandId, JournalPosition};

use crate::chance::Chance;
use crate::content::{ISLANDS, Opened, block, open};

/// Small, so that segments roll while it runs.
pub(crate) const SEGMENT_BYTES: u64 = 64 << 10;

/// Runs until it is killed.
pub(crate) fn run(
    path: &Path,
    seed: u64,
    cycle: u64,
    durability: Durability,
) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("the child: {error}");
    let opened = open(path, SEGMENT_BYTES).map_err(|error| failed(&error))?;
    let Opened { storage, settings, recovered } = opened;
    let settings = JournalSettings { durability, ..settings };
    let mut next: Vec<JournalPosition> =
        recovered.islands.iter().map(|tail| tail.upto.next()).collect();
    let journal =
        GroupJournal::resume(storage, settings, &recovered).map_err(|error| failed(&error))?;
    let (tell, told) = std::sync::mpsc::channel();
    let idle = IdleSeal::After(Duration::from_millis(1));
    let journaler = Journaler::spawn(journal, idle, move |result| {
        // Whoever reads may be gone; then this process soon is.
        let _ = tell.send(result);
    })
    .map_err(|error| failed(&error))?;
    let mut chance = Chance::new(seed, cycle);
    let mut on_their_way: VecDeque<usize> = VecDeque::new();
    let mut out = std::io::stdout();
    loop {
        for _ in 0..1 + chance.below(4) {
            let mut blocks = Vec::new();
            for _ in 0..1 + chance.below(u64::from(ISLANDS)) {
                let island = chance.below(u64::from(ISLANDS)) as usize;
                let records = 1 + chance.length(400) as u32;
                blocks.push(block(IslandId(island as u32), next[island], records));
                next[island].0 += u64::from(records);
            }
            on_their_way.push_back(blocks.len());
            journaler.hand_over(blocks).map_err(|error| failed(&error))?;
        }
        let upto = chance.below(3) as usize;
        let mut waiting: usize = on_their_way.iter().sum();
        while on_their_way.len() > upto {
            let durable = told.recv().map_err(|error| failed(&error))?;
            let durable = durable.map_err(|error| failed(&error))?;
            for one in &durable {
                writeln!(out, "{} {}", one.island, one.upto).map_err(|error| failed(&error))?;
            }
            out.flush().map_err(|error| failed(&error))?;
            waiting -= durable.len();
            while on_their_way.iter().sum::<usize>() > waiting {
                on_their_way.pop_front();
            }
        }
        if chance.below(16) == 0 {
            std::thread::sleep(Duration::from_millis(3));
        }
    }
}
