//! What a start costs: from a snapshot, and by replaying everything.
//!
//! Rules:
//! 1. A start is a whole one: from `open` to a system that takes requests. The system is dropped
//!    like a crash, so that the next start finds the same journal.
//! 2. The bare loop decodes the bytes of the same states from memory: less cannot be done.
//!
//! It doesn't know how a start finds its snapshot.

use std::path::{Path, PathBuf};

use archipelago::replay::Log;
use archipelago::{Archipelago, SnapshotPolicy, builder};
use archipelago_core::codec::{decode, encode};

use crate::replay::journals::{Journal, Spec, Written};
use crate::rounds::{Contender, Failed, Took};
use crate::session::Session;
use crate::shop::event::Event;
use crate::shop::island::Shop;
use crate::shop::state::{Hashed, State, Totals};
use crate::shop::stream::Population;
use crate::table::grouped;

/// Events of a short run.
const SHORT: u64 = 50_000;
/// Islands of the journal.
const ISLANDS: u32 = 16;

/// The shop that is started.
type Own = Shop<Hashed, Event>;

/// Starts of the product, beside the bare decoding of what they end in.
///
/// # Errors
/// The first run that failed.
pub fn start(session: &mut Session<'_>) -> Result<(), Failed> {
    let events = session.effort.events(SHORT);
    let population = Population::default();
    let written = Written::Serde;
    let spec = Spec { events, population, islands: ISLANDS, events_a_record: 1, written };
    // A folder of its own: a start leaves its mark, a seal.
    let journal = session.journal(Path::new("starts"), spec)?;
    if open(&journal)?.started_from().is_none() {
        open(&journal)?.snapshot()?;
    }
    let states = encoded(&journal)?;
    let bytes: usize = states.iter().map(Vec::len).sum();
    let title = format!(
        "Starts behind {} events, a state of {} bytes on {ISLANDS} islands",
        grouped(events),
        grouped(bytes as u64)
    );
    let bare = Contender::new("bare loop: the states decoded from memory", || {
        let decode = || states.iter().map(|state| decode::<Own>(state)).collect();
        let (shops, took): (Result<Vec<Own>, _>, _) = Took::time(1, decode);
        let shops = shops?;
        check(shops.iter().map(|shop| &shop.0), &journal)?;
        Ok(took)
    });
    let snapshot = Contender::new("from the snapshot", || {
        let (sea, took) = Took::time(1, || open(&journal));
        let sea = sea?;
        match (sea.started_from(), sea.recovery().0.events) {
            (Some(_), 0) => Ok(took),
            (from, events) => Err(format!("from {from:?}, {events} events").into()),
        }
    });
    let whole = Contender::new("all replayed", || {
        let aside = Aside::put(&journal)?;
        let (sea, took) = Took::time(1, || open(&journal));
        let found = sea?.recovery().0.events;
        aside.back()?;
        match found == events {
            true => Ok(took),
            false => Err(format!("{found} events, not {events}").into()),
        }
    });
    session.hold(title, "starts", vec![bare, snapshot, whole])?;
    Ok(())
}

fn open(journal: &Journal) -> Result<Archipelago<Own>, Failed> {
    let chosen = builder().islands(ISLANDS).journal(&journal.path).application("shop", "");
    Ok(chosen.snapshots(SnapshotPolicy::NEVER).open(|_| Own::default())?)
}

/// The states that the journal leads to, as bytes.
fn encoded(journal: &Journal) -> Result<Vec<Vec<u8>>, Failed> {
    let restored = Log::open(&journal.path)?.restore(1, |_| Own::default())?;
    let encoded = restored.images.iter().map(|image| {
        let mut bytes = Vec::new();
        encode(&image.state, &mut bytes).map(|()| bytes)
    });
    Ok(encoded.collect::<Result<_, _>>()?)
}

fn check<'a>(states: impl Iterator<Item = &'a Hashed>, journal: &Journal) -> Result<(), Failed>
where
    Hashed: State,
{
    let found = Totals::of(states).digest()?.to_string();
    match found == journal.digest {
        true => Ok(()),
        false => Err(format!("digest {found}, not {}", journal.digest).into()),
    }
}

/// The snapshots of a journal, put out of sight.
struct Aside {
    seen: PathBuf,
    unseen: PathBuf,
}

impl Aside {
    fn put(journal: &Journal) -> Result<Self, Failed> {
        let [seen, unseen] = ["snapshots", "unseen"].map(|name| journal.path.join(name));
        std::fs::rename(&seen, &unseen)?;
        Ok(Self { seen, unseen })
    }

    fn back(self) -> Result<(), Failed> {
        if self.seen.exists() {
            std::fs::remove_dir_all(&self.seen)?;
        }
        Ok(std::fs::rename(&self.unseen, &self.seen)?)
    }
}
