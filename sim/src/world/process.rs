//! The process under test: the runtime's drivers and the journal's bookkeeping, on a fake disk.
//!
//! Rules:
//! 1. One commit is on its way at a time; what is decided meanwhile gathers into the next.
//! 2. A commit is written when it begins and safe when it ends; a crash in between finds it written
//!    and not safe.
//!
//! It doesn't know when anything happens: the world calls it.

use std::sync::Arc;

use archipelago::drive::{Book, Driver, Rereader, restore};
use archipelago::journal::{Durable, JournalSettings, ScanMode, Storage, scan};
use archipelago::replay::OpenError;
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, JournalPosition, Session};
use archipelago_core::island::{Island, Kernel, Limits};
use archipelago_core::link::frame::Frame;

use super::disk::Disk;
use super::witness::{Violation, Witness};

/// A block on its way to the disk, as the witness will see it.
pub(super) type Seen = (IslandId, JournalPosition, Vec<u8>);

/// The process under test.
pub(super) struct Process<I: Island> {
    pub(super) drivers: Vec<Driver<I>>,
    book: Book,
    rereader: Rereader,
    disk: Arc<Disk>,
    writing: Option<(archipelago::journal::Commit, Vec<Seen>)>,
}

impl<I: Island> Process<I> {
    /// Starts from what is on the disk; shows the witness what it had not seen durable.
    pub(super) fn start(
        disk: &Arc<Disk>,
        settings: &JournalSettings,
        table: &Arc<Table>,
        limits: Limits,
        session: Session,
        make: &mut dyn FnMut(IslandId) -> I,
        witness: &mut Witness<I>,
    ) -> Result<Self, Violation> {
        let refused = |error: &dyn std::fmt::Display| {
            Violation::new("a crash leaves a journal that opens", error.to_string())
        };
        let restored = restore(&**disk, settings, ScanMode::Repair, 1, make)
            .map_err(|error| refused(&error))?;
        let mut seen = Ok(());
        scan::<OpenError>(&**disk, settings, ScanMode::ReadOnly, &mut |block| {
            if seen.is_ok() {
                seen = witness.see(block.header.island, block.header.first, block.body());
            }
            Ok(())
        })
        .map_err(|error| refused(&error))?;
        seen?;
        witness.compare(&restored.images)?;
        let book = Book::resume(*settings, &restored.recovered).map_err(|error| refused(&error))?;
        let tails = restored.recovered.islands;
        let drivers = restored.images.into_iter().enumerate().map(|(at, image)| {
            let island = IslandId(at as u32);
            let table = Arc::clone(table);
            let kernel = Kernel::start(island, table, settings.life, session, limits, image);
            Driver::new(island, kernel, tails.get(at).and_then(|tail| tail.place))
        });
        let storage: Arc<dyn Storage> = Arc::<Disk>::clone(disk);
        Ok(Self {
            drivers: drivers.collect(),
            book,
            rereader: Rereader::new(storage, settings.life),
            disk: Arc::clone(disk),
            writing: None,
        })
    }

    /// Lets what may leave an island leave.
    pub(super) fn drain(&mut self, island: IslandId, nanos: u64, carry: &mut Vec<Frame>) {
        let rereader = &mut self.rereader;
        self.drivers[island.0 as usize].drain(
            nanos,
            |frame| carry.push(frame),
            |from, tail, to, first| rereader.reread(from, tail, to, first),
            |_| {},
        );
    }

    /// Begins a commit if none is on its way and something was decided. Says whether it did, and
    /// which islands have only answers given again, which may leave now.
    pub(super) fn begin_commit(&mut self) -> Result<(bool, Vec<IslandId>), Violation> {
        let mut again = Vec::new();
        if self.writing.is_some() {
            return Ok((false, again));
        }
        let mut blocks = Vec::new();
        for driver in &mut self.drivers {
            if driver.kernel().has_unsealed() {
                match driver.seal() {
                    Some(block) => blocks.push(block),
                    None => again.push(driver.island()),
                }
            }
        }
        let seen = blocks.iter().map(|block| (block.island, block.first, block.body.clone()));
        let seen: Vec<Seen> = seen.collect();
        let broken =
            |error: &dyn std::fmt::Display| Violation::new("the journal writes", error.to_string());
        let Some(commit) = self.book.prepare(&mut blocks).map_err(|error| broken(&error))? else {
            return Ok((false, again));
        };
        if let Some(segment) = commit.create() {
            self.disk.create(segment).map_err(|error| broken(&error))?;
        }
        let place = commit.place();
        self.disk
            .write_at(place.segment, u64::from(place.offset), commit.image())
            .map_err(|error| broken(&error))?;
        self.writing = Some((commit, seen));
        Ok((true, again))
    }

    /// The commit on its way is safe: shows it to the witness and tells the islands; returns which.
    pub(super) fn end_commit(
        &mut self,
        witness: &mut Witness<I>,
    ) -> Result<Vec<IslandId>, Violation> {
        let Some((commit, seen)) = self.writing.take() else { return Ok(Vec::new()) };
        let synced = self.disk.sync(commit.place().segment);
        synced.map_err(|error| Violation::new("the journal writes", error.to_string()))?;
        for (island, first, body) in seen {
            witness.see(island, first, &body)?;
        }
        let durable: Vec<Durable> = self.book.complete(commit);
        let islands = durable.iter().map(|durable| durable.island).collect();
        for durable in durable {
            self.drivers[durable.island.0 as usize].durable(durable);
        }
        Ok(islands)
    }

    /// Whether everything is at rest.
    pub(super) fn is_settled(&self) -> bool {
        self.writing.is_none() && self.drivers.iter().all(Driver::is_settled)
    }

    /// The first island that has stopped, and why.
    pub(super) fn stopped(&self) -> Option<(IslandId, String)> {
        let stopped = |driver: &Driver<I>| {
            driver.kernel().stopped().map(|why| (driver.island(), why.to_owned()))
        };
        self.drivers.iter().find_map(stopped)
    }
}
