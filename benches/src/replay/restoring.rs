//! The contenders of the replay bench.
//!
//! It doesn't know how they are told apart in a table.

use archipelago::Durability;
use archipelago::journal::{BlockRef, DataDirectory, JournalError, ScanMode, scan};
use archipelago::replay::Log;
use archipelago_core::command::route::Table;

use super::journals::{Journal, Written, key};
use crate::rounds::{Contender, Failed, Took};
use crate::shop::event::{Event, Fixed, Form};
use crate::shop::island::Shop;
use crate::shop::state::{Hashed, State, Totals};

/// Who must end in a journal's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It keeps what it folds.
    InTheDigest,
    /// It keeps nothing.
    InNothing,
}

/// The bare loop: a fold over events in memory.
pub fn bare<'a, S: State>(
    name: &str,
    events: &'a [Event],
    digest: &'a str,
    ends: Ends,
) -> Contender<'a> {
    Contender::new(name, move || {
        let fold = || {
            let mut state = S::default();
            events.iter().for_each(|event| state.fold(event));
            state
        };
        let (state, took) = Took::time(events.len() as u64, fold);
        check(&[state], digest, ends)?;
        Ok(took)
    })
}

/// The bare loop over the events of many islands, each with a state of its own; events come in
/// their order.
pub fn bare_spread<'a, S: State>(
    name: &str,
    events: &'a [Event],
    islands: u32,
    digest: &'a str,
) -> Contender<'a> {
    let table = Table::modulo(islands).expect("a journal has so many islands");
    let owners: Vec<u32> = events.iter().map(|event| table.island_of(&key(event)).0).collect();
    Contender::new(name, move || {
        let fold = || {
            let mut states: Vec<S> = (0..islands).map(|_| S::default()).collect();
            owners
                .iter()
                .zip(events)
                .for_each(|(owner, event)| states[*owner as usize].fold(event));
            states
        };
        let (states, took) = Took::time(events.len() as u64, fold);
        check(&states, digest, Ends::InTheDigest)?;
        Ok(took)
    })
}

/// The product's restore of a journal, opening it included.
pub fn restored<'a, S: State>(
    name: &str,
    journal: &'a Journal,
    threads: usize,
    ends: Ends,
) -> Contender<'a> {
    match journal.spec.written {
        Written::Serde => restored_from::<S, Event>(name, journal, threads, ends),
        Written::Fixed => restored_from::<S, Fixed>(name, journal, threads, ends),
    }
}

fn restored_from<'a, S: State, F: Form>(
    name: &str,
    journal: &'a Journal,
    threads: usize,
    ends: Ends,
) -> Contender<'a> {
    Contender::new(name, move || {
        let restore = || Log::open(&journal.path)?.restore(threads, |_| Shop::<S, F>::default());
        let (restored, took) = Took::time(journal.spec.events, restore);
        let restored = restored?;
        if (restored.figures.events, restored.figures.records)
            != (journal.spec.events, journal.records)
        {
            return Err(format!("not what was written: {:?}", restored.figures).into());
        }
        let states: Vec<S> = restored.images.into_iter().map(|image| image.state.0).collect();
        check(&states, &journal.digest, ends)?;
        Ok(took)
    })
}

/// Every recorded input of a journal decided again and compared, opening it included.
pub fn verified<'a>(name: &str, journal: &'a Journal, threads: usize) -> Contender<'a> {
    match journal.spec.written {
        Written::Serde => verified_from::<Event>(name, journal, threads),
        Written::Fixed => verified_from::<Fixed>(name, journal, threads),
    }
}

fn verified_from<'a, F: Form>(name: &str, journal: &'a Journal, threads: usize) -> Contender<'a> {
    Contender::new(name, move || {
        let verify = || {
            let log = Log::open(&journal.path)?;
            log.again().threads(threads).verify(|_| Shop::<Hashed, F>::default())
        };
        let (verified, took) = Took::time(journal.spec.events, verify);
        let verified = verified?;
        match (verified.decided.records, &verified.first, &verified.other_state) {
            (records, None, None) if records == journal.records => Ok(took),
            _ => Err(format!("it would be decided otherwise: {verified:?}").into()),
        }
    })
}

/// The journal read, and all checksums and chains checked; no record is looked at.
pub fn scanned<'a>(name: &str, journal: &'a Journal) -> Contender<'a> {
    Contender::new(name, move || {
        let scan = || {
            let data = DataDirectory::open_read_only(&journal.path)?;
            let settings = data.description().settings(Default::default(), Durability::Os);
            let mut records = 0;
            let mut sink = |block: BlockRef| {
                records += u64::from(block.header.records);
                Ok::<(), JournalError>(())
            };
            scan(&data.storage()?, &settings, ScanMode::ReadOnly, &mut sink)?;
            Ok::<u64, JournalError>(records)
        };
        let (records, took) = Took::time(journal.spec.events, scan);
        match records? {
            records if records == journal.records => Ok(took),
            records => Err(format!("{records} records, not {}", journal.records).into()),
        }
    })
}

/// Whether the states of all islands have the digest.
///
/// # Errors
/// When they have another one.
pub fn check<S: State>(states: &[S], digest: &str, ends: Ends) -> Result<(), Failed> {
    if ends == Ends::InNothing {
        return Ok(());
    }
    let found = Totals::of(states).digest()?.to_string();
    match found == digest {
        true => Ok(()),
        false => Err(format!("digest {found}, not {digest}").into()),
    }
}
