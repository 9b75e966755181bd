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
    /// By serde.
    serde: Four,
    /// As fixed fields.
    fixed: Four,
}

/// Journals of the same events in one form.
struct Four {
    /// One event a record.
    one: Journal,
    /// 100 events a record.
    hundred: Journal,
    /// The same on 16 islands.
    one_spread: Journal,
    hundred_spread: Journal,
}

impl Kept {
    fn of(session: &mut Session<'_>) -> Result<Self, Failed> {
        let events = session.effort.events(SHORT);
        let population = Population::default();
        let mut journal = |written, islands, events_a_record| {
            let spec = Spec { events, population, islands, events_a_record, written };
            session.journal(Path::new(""), spec)
        };
        let mut four = |written| -> Result<Four, Failed> {
            Ok(Four {
                one: journal(written, 1, 1)?,
                hundred: journal(written, 1, 100)?,
                one_spread: journal(written, 16, 1)?,
                hundred_spread: journal(written, 16, 100)?,
            })
        };
        let (serde, fixed) = (four(Written::Serde)?, four(Written::Fixed)?);
        session.say("")?;
        let events = Stream::new(population).events(0..events).collect();
        Ok(Self { events, serde, fixed })
    }

    fn digest(&self) -> &str {
        &self.serde.one.digest
    }

    /// On one thread each, and where there are 16 islands on two as well.
    fn restores<S: State>(&self) -> Vec<Contender<'_>> {
        let ends = Ends::InTheDigest;
        let mut all = vec![bare::<S>("bare loop over a vector", &self.events, self.digest(), ends)];
        for (form, four) in [("serde", &self.serde), ("fixed", &self.fixed)] {
            let name = |each: &str| format!("{form}, {each} a record");
            all.push(restored::<S>(&name("1"), &four.one, 1, ends));
            all.push(restored::<S>(&name("100"), &four.hundred, 1, ends));
        }
        for (form, four) in [("serde", &self.serde), ("fixed", &self.fixed)] {
            for (each, journal) in [("1", &four.one_spread), ("100", &four.hundred_spread)] {
                let name = format!("{form}, {each} a record, 16 islands");
                all.push(restored::<S>(&name, journal, 1, ends));
                all.push(restored::<S>(&format!("{name}, 2 threads"), journal, 2, ends));
            }
        }
        all
    }

    fn own_share(&self) -> Vec<Contender<'_>> {
        let ends = Ends::InNothing;
        let Self { events, serde, fixed } = self;
        vec![
            bare::<Nothing>("bare loop over a vector", events, self.digest(), ends),
            scanned("serde, 1 a record, only read and checked", &serde.one),
            scanned("serde, 100 a record, only read and checked", &serde.hundred),
            scanned("fixed, 100 a record, only read and checked", &fixed.hundred),
            restored::<Nothing>("serde, 1 a record", &serde.one, 1, ends),
            restored::<Nothing>("serde, 100 a record", &serde.hundred, 1, ends),
            restored::<Nothing>("serde, 100 a record, 16 islands", &serde.hundred_spread, 1, ends),
            restored::<Nothing>("fixed, 1 a record", &fixed.one, 1, ends),
            restored::<Nothing>("fixed, 100 a record", &fixed.hundred, 1, ends),
            restored::<Nothing>("fixed, 100 a record, 16 islands", &fixed.hundred_spread, 1, ends),
        ]
    }

    fn verifies(&self) -> Vec<Contender<'_>> {
        let Self { events, serde, fixed } = self;
        let ends = Ends::InTheDigest;
        vec![
            bare::<Hashed>("bare loop over a vector", events, self.digest(), ends),
            restored::<Hashed>("restored, serde, 1 a record", &serde.one, 1, ends),
            verified("verified, serde, 1 a record", &serde.one, 1),
            verified("verified, serde, 100 a record", &serde.hundred, 1),
            verified("verified, fixed, 1 a record", &fixed.one, 1),
            verified("verified, serde, 16 islands", &serde.one_spread, 1),
            verified("verified, serde, 16 islands, 2 threads", &serde.one_spread, 2),
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
