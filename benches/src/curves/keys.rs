//! Restoring by the size of the state: how many customers there are.
//!
//! It doesn't know how a state is kept.

use std::path::Path;

use super::millions;
use crate::replay::journals::{Spec, Written};
use crate::replay::restoring::{Ends, bare, restored};
use crate::rounds::{Contender, Failed};
use crate::session::{Curve, Session};
use crate::shop::event::Event;
use crate::shop::state::{Dense, Hashed};
use crate::shop::stream::{Population, Stream};
use crate::table::grouped;

/// Numbers of customers, and of a short run.
const CUSTOMERS: [&[u64]; 2] = [&[1_000, 10_000, 100_000, 1_000_000, 10_000_000], &[1_000]];
/// Events of a short run.
const SHORT: u64 = 20_000;

/// Names, as they stand in the table and in the chart.
const LINES: [&str; 6] = [
    "bare loop over a vector, hash maps",
    "fixed, hash maps",
    "serde, hash maps",
    "bare loop over a vector, dense numbers",
    "fixed, dense numbers",
    "serde, dense numbers",
];

/// Restores as many events of shops with 1,000 to 10 million customers.
///
/// # Errors
/// The first run that failed.
pub fn keys(session: &mut Session<'_>) -> Result<(), Failed> {
    let events = session.effort.events(SHORT);
    let mut points: [Vec<(f64, f64)>; 6] = Default::default();
    for &customers in CUSTOMERS[usize::from(session.effort.short)] {
        let population = Population { customers, ..Population::default() };
        let mut journal = |written| {
            let spec = Spec { events, population, islands: 1, events_a_record: 1, written };
            session.journal(Path::new(""), spec)
        };
        let (serde, fixed) = (journal(Written::Serde)?, journal(Written::Fixed)?);
        session.say("")?;
        let in_memory: Vec<Event> = Stream::new(population).events(0..events).collect();
        let (all, digest, ends) = (in_memory.as_slice(), serde.digest.as_str(), Ends::InTheDigest);
        let contenders: Vec<Contender<'_>> = vec![
            bare::<Hashed>(LINES[0], all, digest, ends),
            restored::<Hashed>(LINES[1], &fixed, 1, ends),
            restored::<Hashed>(LINES[2], &serde, 1, ends),
            bare::<Dense>(LINES[3], all, digest, ends),
            restored::<Dense>(LINES[4], &fixed, 1, ends),
            restored::<Dense>(LINES[5], &serde, 1, ends),
        ];
        let (events, keys) = (grouped(events), grouped(customers));
        let title = format!("Restore of {events} events of {keys} customers");
        let Some(held) = session.hold(title, "events", contenders)? else { continue };
        for (points, name) in points.iter_mut().zip(LINES) {
            points.extend(millions(held, name).map(|rate| (customers as f64, rate)));
        }
    }
    let lines = LINES.map(str::to_owned).into_iter().zip(points).collect();
    let title = "restored, millions of events a second".to_owned();
    session.draw(Curve { name: "restore-by-keys", title, x: "customers", lines });
    Ok(())
}
