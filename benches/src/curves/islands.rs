//! Restoring by the number of islands, on one thread and on two; beside a bare loop over as many
//! states, since many small states are another load for the memory than a large one.
//!
//! It doesn't know how islands are spread over threads.

use std::path::Path;

use super::millions;
use crate::replay::journals::{Spec, Written};
use crate::replay::restoring::{Ends, bare, bare_spread, restored};
use crate::rounds::Failed;
use crate::session::{Curve, Session};
use crate::shop::event::Event;
use crate::shop::state::Hashed;
use crate::shop::stream::{Population, Stream};
use crate::table::grouped;

/// Numbers of islands, and of a short run.
const ISLANDS: [&[u32]; 2] = [&[1, 4, 16, 64, 256, 1024, 4096], &[1, 64]];
/// Events of a short run.
const SHORT: u64 = 20_000;

/// Restores the same events from 1 to 4,096 islands.
///
/// # Errors
/// The first run that failed.
pub fn islands(session: &mut Session<'_>) -> Result<(), Failed> {
    let events = session.effort.events(SHORT);
    let population = Population::default();
    let written = Written::Serde;
    let mut journals = Vec::new();
    for &islands in ISLANDS[usize::from(session.effort.short)] {
        let spec = Spec { events, population, islands, events_a_record: 1, written };
        journals.push(session.journal(Path::new(""), spec)?);
    }
    session.say("")?;
    let in_memory: Vec<Event> = Stream::new(population).events(0..events).collect();
    let (digest, ends) = (journals[0].digest.clone(), Ends::InTheDigest);
    let loop_name = "bare loop over a vector";
    let mut contenders = vec![bare::<Hashed>(loop_name, &in_memory, &digest, ends)];
    let name = |islands: u32, threads: usize| {
        let many = if threads == 1 { "thread" } else { "threads" };
        format!("{} islands, {threads} {many}", grouped(islands.into()))
    };
    let spread = |islands: u32| format!("bare loop over {} states", grouped(islands.into()));
    for journal in &journals {
        let islands = journal.spec.islands;
        contenders.push(bare_spread::<Hashed>(&spread(islands), &in_memory, islands, &digest));
        for threads in [1, 2] {
            let name = name(islands, threads);
            contenders.push(restored::<Hashed>(&name, journal, threads, ends));
        }
    }
    let title = format!("Restore of {} events by islands, serde", grouped(events));
    let Some(held) = session.hold(title, "events", contenders)? else { return Ok(()) };
    let mut lines = Vec::new();
    for threads in [1, 2] {
        let of =
            |islands: u32| Some((f64::from(islands), millions(held, &name(islands, threads))?));
        let points = journals.iter().filter_map(|journal| of(journal.spec.islands)).collect();
        lines.push((name(0, threads).replace("0 islands, ", ""), points));
    }
    let of = |islands: u32| Some((f64::from(islands), millions(held, &spread(islands))?));
    let points = journals.iter().filter_map(|journal| of(journal.spec.islands)).collect();
    lines.push(("bare loop over as many states".to_owned(), points));
    let title = "restored, millions of events a second".to_owned();
    session.draw(Curve { name: "restore-by-islands", title, x: "islands", lines });
    Ok(())
}
