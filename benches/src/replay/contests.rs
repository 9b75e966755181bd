//! The tables of the replay bench.
//!
//! It doesn't know how anything is read.

use std::path::Path;

use super::journals::{Journal, Spec, Written};
use super::restoring::{Ends, bare, restored, scanned, verified};
use crate::rounds::{Contender, Failed};
use crate::session::Session;
use crate::shop::event::Event;
use crate::shop::state::{Dense, Hashed, Nothing, State};
use crate::shop::stream::{Population, Stream};
use crate::table::grouped;

/// Events of a short run.
const SHORT: u64 = 50_000;

/// Journals of the same events, and the events.
struct Kept {
    events: Vec<Event>,
    /// By serde: one event a record, 100, and one on 16 islands.
    serde: [Journal; 3],
    /// As fixed fields: one event a record, 100.
    fixed: [Journal; 2],
}

impl Kept {
    fn of(session: &mut Session<'_>) -> Result<Self, Failed> {
        let events = session.effort.events(SHORT);
        let population = Population::default();
        let mut journal = |written, islands, events_a_record| {
            let spec = Spec { events, population, islands, events_a_record, written };
            session.journal(Path::new(""), spec)
        };
        let (serde, fixed) = (Written::Serde, Written::Fixed);
        let serde = [journal(serde, 1, 1)?, journal(serde, 1, 100)?, journal(serde, 16, 1)?];
        let fixed = [journal(fixed, 1, 1)?, journal(fixed, 1, 100)?];
        session.say("")?;
        let events = Stream::new(population).events(0..events).collect();
        Ok(Self { events, serde, fixed })
    }

    fn digest(&self) -> &str {
        &self.serde[0].digest
    }

    fn restores<S: State>(&self) -> Vec<Contender<'_>> {
        let ends = Ends::InTheDigest;
        let ([one, hundred, spread], [fixed_one, fixed_hundred]) = (&self.serde, &self.fixed);
        vec![
            bare::<S>("bare loop over a vector", &self.events, self.digest(), ends),
            restored::<S>("serde, 1 a record", one, 1, ends),
            restored::<S>("serde, 100 a record", hundred, 1, ends),
            restored::<S>("fixed, 1 a record", fixed_one, 1, ends),
            restored::<S>("fixed, 100 a record", fixed_hundred, 1, ends),
            restored::<S>("serde, 1 a record, 16 islands", spread, 1, ends),
            restored::<S>("serde, 1 a record, 16 islands, 2 threads", spread, 2, ends),
        ]
    }

    fn own_share(&self) -> Vec<Contender<'_>> {
        let ends = Ends::InNothing;
        let ([one, hundred, _], [fixed_one, fixed_hundred]) = (&self.serde, &self.fixed);
        vec![
            bare::<Nothing>("bare loop over a vector", &self.events, self.digest(), ends),
            scanned("1 a record, only read and checked", one),
            scanned("100 a record, only read and checked", hundred),
            restored::<Nothing>("serde, 1 a record", one, 1, ends),
            restored::<Nothing>("serde, 100 a record", hundred, 1, ends),
            restored::<Nothing>("fixed, 1 a record", fixed_one, 1, ends),
            restored::<Nothing>("fixed, 100 a record", fixed_hundred, 1, ends),
        ]
    }

    fn verifies(&self) -> Vec<Contender<'_>> {
        let ([one, hundred, spread], [fixed_one, _]) = (&self.serde, &self.fixed);
        let ends = Ends::InTheDigest;
        vec![
            bare::<Hashed>("bare loop over a vector", &self.events, self.digest(), ends),
            restored::<Hashed>("restored, serde, 1 a record", one, 1, ends),
            verified("verified, serde, 1 a record", one, 1),
            verified("verified, serde, 100 a record", hundred, 1),
            verified("verified, fixed, 1 a record", fixed_one, 1),
            verified("verified, serde, 16 islands, 2 threads", spread, 2),
        ]
    }
}

/// Journals restored and verified, beside a loop over a vector of the same events.
///
/// # Errors
/// The first run that failed.
pub fn replay(session: &mut Session<'_>) -> Result<(), Failed> {
    let kept = Kept::of(session)?;
    let title = |what| format!("Replay of {} events, {what}", grouped(kept.events.len() as u64));
    session.hold(title("state in hash maps"), "events", kept.restores::<Hashed>())?;
    session.hold(title("state in vectors"), "events", kept.restores::<Dense>())?;
    session.hold(title("own share: nothing is kept"), "events", kept.own_share())?;
    session.hold(title("each decided again"), "events", kept.verifies())?;
    Ok(())
}
