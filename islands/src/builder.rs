//! Building a system: what can be chosen, and how it opens.
//!
//! It doesn't know how the parts work; it puts them together.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use archipelago_core::codec;
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, Life, Session};
use archipelago_core::island::{DigestPolicy, Island, Kernel, Limits};
use archipelago_core::journal::frame::SchemaVersion;
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;
use crossbeam::sync::Parker;

use crate::archipelago::{Archipelago, Parts};
use crate::island::{Driver, Keeping, Mailbox, Notice, Shared, Worker};
use crate::journal::{
    DataDirectory, Description, Durability, Durable, GroupJournal, IdleSeal, JournalError,
    JournalSettings, Journaler, Memory, SEGMENT_BYTES, ScanMode, Storage,
};
use crate::link::Rereader;
use crate::machine::{random, wall_clock};
use crate::replay::OpenError;
use crate::snapshot::{
    Archive, Folder, Keeper, Passed, Snapshot, SnapshotPolicy, Source, newest, replay_on,
};

/// Where the journal is.
#[derive(Clone)]
enum Place {
    /// Nowhere: all is gone with the process.
    Memory,
    /// In a data directory.
    Directory(PathBuf),
    /// On a storage of the caller's.
    Storage(Arc<dyn Storage>, Life),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("Memory"),
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
            Self::Storage(_, life) => f.debug_tuple("Storage").field(life).finish(),
        }
    }
}

/// Chooses how a system is made; [`Builder::open`] makes it.
#[derive(Clone, Debug)]
pub struct Builder {
    islands: u32,
    threads: Option<usize>,
    place: Place,
    durability: Durability,
    idle_seal: IdleSeal,
    application: String,
    configuration: String,
    segment_bytes: u64,
    unanswered_max: u32,
    queue_max: usize,
    limits: Limits,
    snapshots: SnapshotPolicy,
    archive: Archive,
}

/// A builder: 16 islands, a thread per core (at most one an island), no journal.
#[must_use]
pub fn builder() -> Builder {
    Builder {
        islands: 16,
        threads: None,
        place: Place::Memory,
        durability: Durability::Disk,
        idle_seal: IdleSeal::default(),
        application: "application".to_owned(),
        configuration: String::new(),
        segment_bytes: SEGMENT_BYTES,
        unanswered_max: 1024,
        queue_max: 16_384,
        limits: Limits::default(),
        snapshots: SnapshotPolicy::default(),
        archive: Archive::default(),
    }
}

impl Builder {
    /// How many islands: 1 to 4,096, the same for the life of a data directory.
    #[must_use]
    pub const fn islands(mut self, islands: u32) -> Self {
        self.islands = islands;
        self
    }

    /// How many threads drive them. Default: one a core.
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Keeps the journal in the data directory `path`, made when it is not there.
    #[must_use]
    pub fn journal(mut self, path: impl AsRef<Path>) -> Self {
        self.place = Place::Directory(path.as_ref().to_owned());
        self
    }

    /// Keeps no journal: a record counts as durable when it is made, and all is gone with the
    /// process. What islands say to each other waits in memory until it is taken.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.place = Place::Memory;
        self
    }

    /// Keeps the journal on `storage`: the seam for simulators and tests, whose disks fail on
    /// purpose. What a data directory's description keeps is the caller's to keep the same: `life`,
    /// islands, application and segment size.
    #[must_use]
    pub fn storage(mut self, storage: Arc<dyn Storage>, life: Life) -> Self {
        self.place = Place::Storage(storage, life);
        self
    }

    /// When a record counts as durable. Default: when the disk has it.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// When a journal that nobody writes to is sealed, so that damage to its last commit can be
    /// told from a torn write. Default: after 10 ms.
    #[must_use]
    pub const fn idle_seal(mut self, idle: IdleSeal) -> Self {
        self.idle_seal = idle;
        self
    }

    /// The application's name and what else must not change under a journal (free text). A data
    /// directory made with others is refused.
    #[must_use]
    pub fn application(mut self, name: &str, configuration: &str) -> Self {
        name.clone_into(&mut self.application);
        configuration.clone_into(&mut self.configuration);
        self
    }

    /// Bytes of a journal segment: a multiple of 4,096. Default 16 MiB; the stored one counts.
    #[must_use]
    pub const fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// Unanswered requests per island; above, asks are `Busy`. Default 1,024.
    #[must_use]
    pub const fn unanswered_max(mut self, requests: u32) -> Self {
        self.unanswered_max = requests;
        self
    }

    /// Asks and queries queued per thread; above, asks are `Busy`. Default 16,384.
    #[must_use]
    pub const fn queue_max(mut self, deliveries: usize) -> Self {
        self.queue_max = deliveries;
        self
    }

    /// What bounds each island's memory.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// When snapshots are made; only a data directory has any. Default: one for each 256 MiB of
    /// journal.
    #[must_use]
    pub const fn snapshots(mut self, policy: SnapshotPolicy) -> Self {
        self.snapshots = policy;
        self
    }

    /// What becomes of the segments before the older of two snapshots, as soon as the second one
    /// counts; only a data directory has any. Default: they stay.
    #[must_use]
    pub fn archive(mut self, archive: Archive) -> Self {
        self.archive = archive;
        self
    }

    /// Opens the system: replays the journal, from the newest snapshot on, into islands made by
    /// `make`, sends what was never acknowledged again, and starts.
    ///
    /// # Errors
    /// [`OpenError`]: a setting that cannot be, a directory in use or of another application, a
    /// damaged journal, records that this build cannot apply, or that lead to another state than
    /// when they were decided ([`OpenError::OtherState`]).
    pub fn open<I: Island>(
        self,
        mut make: impl FnMut(IslandId) -> I,
    ) -> Result<Archipelago<I>, OpenError> {
        let span = tracing::info_span!("open", islands = self.islands);
        let _entered = span.enter();
        let table = Arc::new(Table::modulo(self.islands)?);
        let threads = self.thread_count()?;
        let now = wall_clock();
        let (data, storage, settings) = self.open_storage(SchemaVersion(I::SCHEMA_VERSION))?;
        let born: Vec<Image<I>> =
            (0..self.islands).map(|island| Image::new(make(IslandId(island)))).collect();
        let folder = data.as_ref().map(|data| Folder::of(data.path()));
        let born_bytes = folder.as_ref().map(|_| encoded(&born)).transpose()?;
        let base = match &folder {
            Some(folder) => newest_told(folder, &*storage, &settings)?,
            None => None,
        };
        let started_from = base.as_ref().map(|base| base.taken.recovered().last);
        let mode = ScanMode::Repair;
        let (restored, unacked) =
            replay_on(&*storage, &settings, mode, threads, base, move || born)?;
        let figures = restored.figures;
        tracing::info!(figures.records, figures.events, ?figures.elapsed, "replayed");
        if let Some(torn) = &restored.recovered.torn {
            tracing::warn!(?torn, "the last commit was torn and has been cut off");
        }
        let journal = match self.place {
            Place::Memory => None,
            _ => Some(GroupJournal::resume(Arc::clone(&storage), settings, &restored.recovered)?),
        };

        let mut parkers = Vec::new();
        let mut mailboxes = Vec::new();
        for _ in 0..threads {
            let parker = Parker::new();
            mailboxes.push(Mailbox::new(self.queue_max, parker.unparker().clone()));
            parkers.push(parker);
        }
        // All records of this run are stamped after all of those before: who has read the whole
        // journal has read the beginning of its one order.
        let latest = restored.images.iter().map(|image| image.stamp.millis()).max();
        let started = now.max(latest.unwrap_or_default().plus(Millis(1)));
        let stats = journal.as_ref().map(GroupJournal::stats).unwrap_or_default();
        let (routes, told, most) = (Arc::clone(&table), Arc::clone(&stats), self.unanswered_max);
        let shared = Arc::new(Shared::new(routes, mailboxes, told, most, started));
        let spawn = |journal| {
            Journaler::spawn(journal, self.idle_seal, notifier(Arc::clone(&shared)))
                .map_err(OpenError::Thread)
        };
        let journaler = journal.map(spawn).transpose()?;
        let recovery = (restored.figures, restored.recovered.clone());

        let mut limits = self.limits;
        if journaler.is_none() {
            // There is no journal to read messages again from, nor to keep digests.
            limits.links.kept_max = u32::MAX;
            limits.digests = DigestPolicy::NEVER;
        }
        let mut columns: Vec<Vec<Driver<I>>> = (0..threads).map(|_| Vec::new()).collect();
        for (at, (image, unacked)) in restored.images.into_iter().zip(unacked).enumerate() {
            let island = IslandId(at as u32);
            let tail = restored.recovered.islands.get(at).and_then(|tail| tail.place);
            let session = Session(started.0);
            let table = Arc::clone(&table);
            let life = settings.life;
            let mut kernel = Kernel::start(island, table, life, session, limits, image);
            kernel.adopt(unacked);
            columns[at % threads].push(Driver::new(island, kernel, tail));
        }
        let mut workers = Vec::new();
        for (index, (drivers, parker)) in columns.into_iter().zip(parkers).enumerate() {
            let rereader = Rereader::new::<I>(Arc::clone(&storage), settings.life);
            let keeping = match &journaler {
                Some(journaler) => Keeping::Journal(journaler.handle()),
                None => Keeping::Memory,
            };
            let worker =
                Worker::new(index, Arc::clone(&shared), parker, drivers, keeping, rereader);
            let thread = std::thread::Builder::new().name(format!("islands-{index}"));
            workers.push(thread.spawn(move || worker.run()).map_err(|error| {
                shared.end();
                OpenError::Thread(error)
            })?);
        }
        let (figures, recovered) = recovery;
        let source = folder.zip(born_bytes);
        let keeper = source.map(|(folder, born)| {
            let (storage, archive) = (Arc::clone(&storage), self.archive);
            let source = Source::new(folder, storage, settings, stats, born, archive);
            Keeper::spawn::<I>(source, self.snapshots)
        });
        let keeper = keeper.transpose().map_err(OpenError::Thread)?;
        let parts =
            Parts { shared, workers, journaler, keeper, data, figures, recovered, started_from };
        Ok(Archipelago::new(parts))
    }

    fn thread_count(&self) -> Result<usize, OpenError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or(cores);
        if threads == 0 || threads > 1024 {
            let told = format!("{threads} threads: there must be between 1 and 1024");
            return Err(OpenError::Setting(told));
        }
        if self.unanswered_max == 0 || self.queue_max == 0 {
            let told = "unanswered_max and queue_max must be at least 1".to_owned();
            return Err(OpenError::Setting(told));
        }
        Ok(threads.min(self.islands as usize))
    }

    fn open_storage(&self, schema: SchemaVersion) -> Result<Opened, OpenError> {
        let mut asked =
            Description::new(Life(random()), self.islands, &self.application, &self.configuration);
        asked.segment_bytes = self.segment_bytes;
        match &self.place {
            Place::Memory => {
                let settings = asked.settings(schema, Durability::Os);
                Ok((None, Arc::new(Memory::new()), settings))
            }
            Place::Storage(storage, life) => {
                asked.life = *life;
                let settings = asked.settings(schema, self.durability);
                Ok((None, Arc::clone(storage), settings))
            }
            Place::Directory(path) => {
                let data = DataDirectory::create_or_open(path, &asked)?;
                let settings = data.description().settings(schema, self.durability);
                let storage = Arc::new(data.storage()?);
                Ok((Some(data), storage, settings))
            }
        }
    }
}

/// A journal's place, opened: the locked directory if there is one, the segments, the settings.
type Opened = (Option<DataDirectory>, Arc<dyn Storage>, JournalSettings);

/// Islands as bytes, for the thread that makes snapshots.
fn encoded<I: Island>(images: &[Image<I>]) -> Result<Vec<Vec<u8>>, OpenError> {
    let encode = |image| {
        let mut bytes = Vec::new();
        codec::encode(image, &mut bytes).map(|()| bytes)
    };
    let all = images.iter().map(encode).collect::<Result<_, _>>();
    all.map_err(|error| OpenError::Setting(error.to_string()))
}

/// The newest snapshot that can be used; those passed over are told.
fn newest_told<I: Island>(
    folder: &Folder,
    storage: &dyn Storage,
    settings: &JournalSettings,
) -> Result<Option<Snapshot<I>>, OpenError> {
    let (found, passed) = newest(folder, storage, settings)?;
    for Passed { file, reason } in passed {
        tracing::warn!(file = %file.display(), reason, "a snapshot is passed over");
    }
    Ok(found)
}

/// Tells workers what became durable.
fn notifier<I: Island>(
    shared: Arc<Shared<I>>,
) -> impl FnMut(Result<Vec<Durable>, Arc<JournalError>>) + Send + 'static {
    let workers = shared.mailboxes.len();
    let mut columns: Vec<Vec<Durable>> = (0..workers).map(|_| Vec::new()).collect();
    move |outcome| match outcome {
        Ok(all) => {
            for durable in all {
                columns[durable.island.0 as usize % workers].push(durable);
            }
            for (mailbox, column) in shared.mailboxes.iter().zip(&mut columns) {
                if !column.is_empty() {
                    mailbox.notices.push(Notice::Durable(std::mem::take(column)));
                    mailbox.wake();
                }
            }
        }
        Err(error) => {
            tracing::error!(%error, "the journal failed; nothing becomes durable any more");
            for mailbox in &shared.mailboxes {
                mailbox.notices.push(Notice::Failed(Arc::clone(&error)));
                mailbox.wake();
            }
        }
    }
}
