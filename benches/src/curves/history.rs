//! Restoring by the length of the history: what an event costs, in time and in bytes.
//!
//! Rules:
//! 1. All on 16 islands, on one thread.
//! 2. A history that is too long for a vector in memory has no bare loop beside it; its digest is
//!    the live islands'.
//!
//! It doesn't know how long a history may be.

use std::path::Path;

use super::nanos;
use crate::replay::journals::{Spec, Written};
use crate::replay::restoring::{Ends, bare, restored};
use crate::rounds::Failed;
use crate::session::{Curve, Session};
use crate::shop::event::Event;
use crate::shop::state::Hashed;
use crate::shop::stream::{Population, Stream};
use crate::table::grouped;

/// Events of the shortest history, and of a short run's.
const FIRST: [u64; 2] = [1_000_000, 5_000];
/// How much longer the next one is.
const STEP: u64 = 10;
/// The longest that is in memory for the bare loop: 5 GB.
const IN_MEMORY_MOST: u64 = 100_000_000;

/// Names, as they stand in the table and in the chart.
const LINES: [&str; 3] = ["bare loop over a vector", "serde, 100 a record", "fixed, 100 a record"];

/// Restores histories from a million events, each ten times as long as the one before, up to the
/// session's number of events.
///
/// # Errors
/// The first run that failed.
pub fn history(session: &mut Session<'_>) -> Result<(), Failed> {
    let most = session.effort.events(50_000);
    let lengths = std::iter::successors(Some(FIRST[usize::from(session.effort.short)]), |events| {
        events.checked_mul(STEP).filter(|events| *events <= most)
    });
    let population = Population::default();
    let mut times: [Vec<(f64, f64)>; 3] = Default::default();
    let mut bytes: [Vec<(f64, f64)>; 2] = Default::default();
    for events in lengths {
        let mut journals = Vec::new();
        for (written, bytes) in [Written::Serde, Written::Fixed].into_iter().zip(&mut bytes) {
            let spec = Spec { events, population, islands: 16, events_a_record: 100, written };
            let journal = session.journal(Path::new(""), spec)?;
            bytes.push((events as f64, journal.bytes as f64 / events as f64));
            journals.push(journal);
        }
        session.say("")?;
        let fits = events <= IN_MEMORY_MOST;
        let in_memory = if fits { 0..events } else { 0..0 };
        let in_memory: Vec<Event> = Stream::new(population).events(in_memory).collect();
        let (digest, ends) = (journals[0].digest.clone(), Ends::InTheDigest);
        let bare = fits.then(|| bare::<Hashed>(LINES[0], &in_memory, &digest, ends));
        let ours = journals.iter().zip(&LINES[1..]);
        let ours = ours.map(|(journal, line)| restored::<Hashed>(line, journal, 1, ends));
        let contenders = bare.into_iter().chain(ours).collect();
        let title = format!("Restore of {} events", grouped(events));
        let Some(held) = session.hold(title, "events", contenders)? else { continue };
        for (times, name) in times.iter_mut().zip(LINES) {
            times.extend(nanos(held, name).map(|nanos| (events as f64, nanos)));
        }
    }
    let x = "events in the journal";
    let lines = LINES.map(str::to_owned).into_iter().zip(times).collect();
    let title = "restored, nanoseconds an event".to_owned();
    session.draw(Curve { name: "time-by-history", title, x, lines });
    let lines = LINES[1..].iter().map(|name| (*name).to_owned()).zip(bytes).collect();
    let title = "journal, bytes an event".to_owned();
    session.draw(Curve { name: "bytes-by-history", title, x, lines });
    Ok(())
}
