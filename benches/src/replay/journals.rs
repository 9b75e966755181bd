//! Journals of the shop's events, written by the product, kept for the next run.
//!
//! Rules:
//! 1. A journal's folder is named by all that it depends on; a file in it, written last, says that
//!    it is whole and what digest its islands had.
//! 2. Written live and durable: one client, many requests on their way, group commits as they come.
//!
//! It doesn't know what is measured on them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use archipelago::{Archipelago, AskError, Client, Durability, Settled, SnapshotPolicy, builder};
use serde::{Deserialize, Serialize};

use crate::rounds::Failed;
use crate::shop::event::{Event, Fixed, Form};
use crate::shop::island::{Shop, Tell};
use crate::shop::state::{Hashed, Totals};
use crate::shop::stream::{Population, Stream};

/// What says that a journal is whole.
const WHOLE: &str = "whole.json";
/// Raised when the events or their form change.
const FORM: u32 = 5;
/// How long a queue may be full.
const PATIENCE: Duration = Duration::from_secs(60);

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Written {
    /// By the serde codec.
    Serde,
    /// As fixed fields.
    Fixed,
}

/// All that a journal depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Events, from number 0 on.
    pub events: u64,
    /// Of what shop.
    pub population: Population,
    /// Islands that they are spread over.
    pub islands: u32,
    /// Events in a record.
    pub events_a_record: u32,
    /// How events are written.
    pub written: Written,
}

/// A journal on the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Journal {
    /// What it was made for.
    pub spec: Spec,
    /// The data directory.
    pub path: PathBuf,
    /// The digest of all islands' states together.
    pub digest: String,
    /// Bytes of all commits, headers and padding included.
    pub bytes: u64,
    /// Commits.
    pub commits: u64,
    /// Records.
    pub records: u64,
    /// How long it took to write it.
    pub millis: u64,
}

impl Spec {
    fn folder(&self) -> String {
        let Self { events, population: Population { products, customers }, .. } = self;
        let Self { islands, events_a_record: each, written, .. } = self;
        format!("shop-{FORM}-{written:?}-{events}-{products}-{customers}-{islands}-{each}")
    }

    /// The journal of this spec in `folder`: the one that is there, or a new one.
    ///
    /// # Errors
    /// What the disk or the product says.
    pub fn journal(&self, folder: &Path) -> Result<Journal, Failed> {
        let path = folder.join(self.folder());
        if let Some(found) = found(&path).filter(|found| found.spec == *self) {
            return Ok(Journal { path, ..found });
        }
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        let journal = match self.written {
            Written::Serde => self.write::<Event>(path),
            Written::Fixed => self.write::<Fixed>(path),
        }?;
        std::fs::write(journal.path.join(WHOLE), serde_json::to_string_pretty(&journal)?)?;
        Ok(journal)
    }

    fn write<F: Form>(&self, path: PathBuf) -> Result<Journal, Failed> {
        let began = Instant::now();
        let sea = builder()
            .islands(self.islands)
            .journal(&path)
            .durability(Durability::Disk)
            .snapshots(SnapshotPolicy::NEVER)
            .unanswered_max(8_192)
            .application("shop", "")
            .open(|_| Shop::<Hashed, F>::default())?;
        let stream = Stream::new(self.population);
        let client = sea.client("till")?;
        let per_record = self.events_a_record.max(1) as usize;
        let mut gathered: Vec<Vec<Event>> = vec![Vec::new(); self.islands as usize];
        let mut records = 0;
        for event in stream.events(0..self.events) {
            let key = key(&event);
            if per_record == 1 {
                tell(&client, key, &Tell::One(event))?;
                records += 1;
                continue;
            }
            let batch = &mut gathered[sea.island_of(key).0 as usize];
            batch.push(event);
            if batch.len() == per_record {
                tell(&client, key, &Tell::Many(std::mem::take(batch)))?;
                records += 1;
            }
        }
        for batch in gathered.into_iter().filter(|batch| !batch.is_empty()) {
            let key = key(&batch[0]);
            tell(&client, key, &Tell::Many(batch))?;
            records += 1;
        }
        drop(client);
        self.close(sea, path, records, began)
    }

    fn close<F: Form>(
        &self,
        sea: Archipelago<Shop<Hashed, F>>,
        path: PathBuf,
        records: u64,
        began: Instant,
    ) -> Result<Journal, Failed> {
        let closed = sea.close(PATIENCE)?;
        if closed.settled != Settled::Yes {
            return Err(format!("the islands did not come to rest: {:?}", closed.settled).into());
        }
        let totals = Totals::of(closed.images.iter().map(|image| &image.state.0));
        Ok(Journal {
            spec: *self,
            path,
            digest: totals.digest()?.to_string(),
            bytes: closed.journal_bytes,
            commits: closed.commits,
            records,
            millis: u64::try_from(began.elapsed().as_millis())?,
        })
    }
}

/// What says that the journal at `path` is whole; anything unreadable says that it is not.
fn found(path: &Path) -> Option<Journal> {
    serde_json::from_slice(&std::fs::read(path.join(WHOLE)).ok()?).ok()
}

/// Who owns an event: the customer's island, or the product's.
#[must_use]
pub const fn key(event: &Event) -> [u8; 8] {
    match event {
        Event::OrderPlaced { customer, .. } => customer.to_le_bytes(),
        Event::StockReceived(line) | Event::StockSent(line) => {
            (u64::MAX - line.product as u64).to_le_bytes()
        }
    }
}

/// Tells it, and while a limit is reached tries again.
fn tell<F: Form>(
    client: &Client<Shop<Hashed, F>>,
    key: [u8; 8],
    tell: &Tell,
) -> Result<(), Failed> {
    let began = Instant::now();
    loop {
        match client.tell(key, tell.clone()) {
            Err(AskError::Busy(_)) if began.elapsed() < PATIENCE => std::thread::yield_now(),
            told => return Ok(told?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_written_once_and_a_broken_one_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let population = Population { products: 50, customers: 100 };
        let written = Written::Fixed;
        let spec = Spec { events: 1000, population, islands: 3, events_a_record: 7, written };
        let made = spec.journal(folder.path()).unwrap();
        let again = spec.journal(folder.path()).unwrap();
        assert_eq!((&made.digest, made.millis), (&again.digest, again.millis));
        let one = Spec { islands: 1, events_a_record: 1, written: Written::Serde, ..spec };
        let one = one.journal(folder.path()).unwrap();
        assert_eq!((one.digest, one.records), (made.digest.clone(), 1000));
        std::fs::write(made.path.join(WHOLE), "{").unwrap();
        assert_eq!(spec.journal(folder.path()).unwrap().digest, made.digest);
    }
}
