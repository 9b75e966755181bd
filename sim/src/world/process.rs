//! The process under test: the runtime's drivers and the journal's bookkeeping, on a fake disk.
//!
//! Rules:
//! 1. One commit is on its way at a time; what is decided meanwhile gathers into the next.
//! 2. A commit is written when it begins and safe when it ends; a crash in between finds it written
//!    and not safe. What fails fails on the disk: the journal itself decides what then.
//! 3. A part that has crashed is not there: its driver is gone, its frames are dropped.
//!
//! It doesn't know when anything happens: the world calls it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use archipelago::drive::{Driver, GroupJournal, Rereader};
use archipelago::journal::{Commit, Durable, JournalSettings, Recovered, Storage};
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{Block, HEADER_BYTES};
use archipelago_core::link::frame::Frame;

use super::disk::lie::Written;
use super::disk::{Disk, Trap};
use super::witness::{Violation, Witness};

/// A block on its way to the disk, as the witness will see it: where its records stand in the
/// commit.
type Seen = (IslandId, JournalPosition, Range<usize>);

/// A boundary of a commit: where a crash is worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    /// Sealed, and nothing written.
    BeforeWrite,
    /// As a segment is to be made; a commit that needs none goes on.
    AtCreate,
    /// The segment is made, and nothing written.
    AfterCreate,
    /// Written in part.
    MidWrite,
    /// Written, and not flushed.
    BeforeFlush,
    /// Flushed, and nobody knows.
    AfterFlush,
    /// Told to the islands; nothing has left.
    BeforeLeaving,
}

impl Boundary {
    pub(super) const COUNT: u64 = 6;

    /// The boundary of a decision's value, from 1 on.
    pub(super) const fn of(value: u64) -> Self {
        match value {
            1 => Self::BeforeWrite,
            2 => Self::AfterCreate,
            3 => Self::MidWrite,
            4 => Self::BeforeFlush,
            5 => Self::AfterFlush,
            _ => Self::BeforeLeaving,
        }
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeWrite => "before the write of",
            Self::AtCreate => "before making the segment of",
            Self::AfterCreate => "after making the segment of",
            Self::MidWrite => "in the middle of the write of",
            Self::BeforeFlush => "before the flush of",
            Self::AfterFlush => "right after the flush of",
            Self::BeforeLeaving => "before anything leaves after",
        })
    }
}

/// What came of beginning a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// Nothing is to be written.
    Nothing,
    /// It is on its way.
    Written {
        /// Whether a segment was made for it.
        rolls: bool,
    },
    /// The boundary was reached: the process is to go down.
    GoesDown,
}

/// What the disk does with a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    Works,
    Fails,
}

/// What came of ending a commit.
pub(super) enum Ended {
    /// None was on its way.
    Nothing,
    /// It is durable: where it stands, and what the islands are to be told.
    Durable(Written, Vec<Durable>),
    /// The journal is finished: the process is to go down.
    GoesDown,
}

/// The process under test.
pub(super) struct Process<I: Island> {
    /// By island; none while it is down.
    pub(super) drivers: Vec<Option<Driver<I>>>,
    journal: GroupJournal,
    rereader: Rereader,
    disk: Arc<Disk>,
    writing: Option<Writing>,
    /// Islands with something to seal, in the order in which they got it.
    unsealed: Vec<IslandId>,
    listed: Vec<bool>,
}

/// A commit on its way.
struct Writing {
    commit: Commit,
    seen: Vec<Seen>,
    written: Written,
}

/// The journal does not do what it must.
fn broken(error: &dyn fmt::Display) -> Violation {
    Violation::new("the journal writes", error.to_string())
}

impl<I: Island> Process<I> {
    /// A process with these drivers, which continues a journal.
    pub(super) fn new(
        disk: &Arc<Disk>,
        settings: &JournalSettings,
        recovered: &Recovered,
        drivers: Vec<Option<Driver<I>>>,
    ) -> Result<Self, Violation> {
        let storage: Arc<dyn Storage> = Arc::<Disk>::clone(disk);
        let journal = GroupJournal::resume_without_threads(storage.clone(), *settings, recovered);
        let journal = journal.map_err(|error| broken(&error))?;
        Ok(Self {
            listed: vec![false; drivers.len()],
            drivers,
            journal,
            rereader: Rereader::new::<I>(storage, settings.life),
            disk: Arc::clone(disk),
            writing: None,
            unsealed: Vec::new(),
        })
    }

    pub(super) fn driver(&mut self, island: IslandId) -> Option<&mut Driver<I>> {
        self.drivers[island.0 as usize].as_mut()
    }

    /// Lets what may leave an island leave; notes whether it has something to seal.
    pub(super) fn drain(&mut self, island: IslandId, nanos: u64, carry: &mut Vec<Frame>) {
        let (rereader, at) = (&mut self.rereader, island.0 as usize);
        let Some(driver) = &mut self.drivers[at] else { return };
        driver.drain(
            nanos,
            |frame| carry.push(frame),
            |from, tail, to, first| rereader.reread(from, tail, to, first),
            |_| {},
        );
        if driver.kernel().has_unsealed() && !self.listed[at] {
            self.listed[at] = true;
            self.unsealed.push(island);
        }
    }

    /// Whether a commit could begin.
    pub(super) fn could_begin(&self) -> bool {
        self.writing.is_none() && !self.unsealed.is_empty()
    }

    /// Begins a commit of what islands that are `awake` have decided, and goes as far as
    /// `boundary`. Shows `sealed` each block; adds to `again` islands that have only answers given
    /// again, which may leave now.
    pub(super) fn begin_commit(
        &mut self,
        awake: impl Fn(IslandId) -> bool,
        boundary: Option<Boundary>,
        mut sealed: impl FnMut(&Block),
        again: &mut Vec<IslandId>,
    ) -> Result<Begun, Violation> {
        let mut blocks = Vec::new();
        let mut asleep = Vec::new();
        for island in self.unsealed.drain(..) {
            let Some(driver) = &mut self.drivers[island.0 as usize] else { continue };
            if !awake(island) {
                asleep.push(island);
                continue;
            }
            self.listed[island.0 as usize] = false;
            match driver.seal() {
                Some(block) => blocks.push(block),
                None => again.push(island),
            }
        }
        self.unsealed = asleep;
        let mut bytes = 0;
        let seen = blocks.iter().map(|block| {
            sealed(block);
            let start = bytes + HEADER_BYTES;
            bytes = start + block.body_bytes();
            (block.island, block.first, start..start + block.body.len())
        });
        let seen: Vec<Seen> = seen.collect();
        if boundary == Some(Boundary::BeforeWrite) && !blocks.is_empty() {
            return Ok(Begun::GoesDown);
        }
        let trap = match boundary {
            Some(Boundary::AtCreate) => Some(Trap::Create),
            Some(Boundary::AfterCreate) => Some(Trap::WriteNothing),
            Some(Boundary::MidWrite) => Some(Trap::WriteHalf),
            _ => None,
        };
        self.disk.set_trap(trap);
        let begun = self.journal.begin(&mut blocks);
        self.disk.set_trap(None);
        match begun {
            Ok(None) => Ok(Begun::Nothing),
            Ok(Some(_)) if boundary == Some(Boundary::BeforeFlush) => Ok(Begun::GoesDown),
            Ok(Some(commit)) => {
                let written = Written { place: commit.place(), bytes: bytes as u32 };
                let rolls = commit.create().is_some();
                self.writing = Some(Writing { commit, seen, written });
                Ok(Begun::Written { rolls })
            }
            Err(_) if trap.is_some() => Ok(Begun::GoesDown),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Flushes the commit on its way and shows it to the witness; says where it stands and what the
    /// islands are to be told. When the disk fails the flush, the journal must say so.
    pub(super) fn end_commit(
        &mut self,
        flush: Flush,
        witness: &mut Witness<I>,
    ) -> Result<Ended, Violation> {
        let Some(Writing { commit, seen, written }) = self.writing.take() else {
            return Ok(Ended::Nothing);
        };
        let mut show = |image: &[u8]| {
            witness.begin_commit();
            seen.iter().try_for_each(|(island, first, body)| {
                witness.see(*island, *first, &image[body.clone()])
            })
        };
        if flush == Flush::Works {
            // Nothing can hinder the flush: the witness reads the commit where it stands.
            show(commit.image())?;
            let durable = self.journal.finish(commit).map_err(|error| broken(&error))?;
            return Ok(Ended::Durable(written, durable));
        }
        let image = commit.image().to_vec();
        self.disk.set_trap(Some(Trap::Flush));
        let finished = self.journal.finish(commit);
        self.disk.set_trap(None);
        // A journal that goes on all the same says that it is durable: then it must be.
        let Ok(durable) = finished else { return Ok(Ended::GoesDown) };
        show(&image)?;
        Ok(Ended::Durable(written, durable))
    }

    /// Flushes the commit on its way and tells nobody.
    pub(super) fn flush(&self) -> Result<(), Violation> {
        let Some(writing) = &self.writing else { return Ok(()) };
        self.disk.sync(writing.commit.place().segment).map_err(|error| broken(&error))
    }

    /// The number and the size of the commit on its way, for a trace.
    pub(super) fn writing(&self) -> Option<(u64, u64)> {
        let Writing { commit, .. } = self.writing.as_ref()?;
        Some((commit.number().0, commit.image().len() as u64))
    }

    /// Whether the commit on its way holds a block of `island`.
    pub(super) fn is_writing_of(&self, island: IslandId) -> bool {
        let writing = self.writing.as_ref();
        writing.is_some_and(|writing| writing.seen.iter().any(|(of, _, _)| *of == island))
    }

    /// An island goes down: what it had not sealed is gone.
    pub(super) fn fall(&mut self, island: IslandId) {
        self.drivers[island.0 as usize] = None;
        if std::mem::take(&mut self.listed[island.0 as usize]) {
            self.unsealed.retain(|listed| *listed != island);
        }
    }

    /// Whether everything is at rest.
    pub(super) fn is_settled(&self) -> bool {
        let settled = |driver: &Option<Driver<I>>| driver.as_ref().is_some_and(Driver::is_settled);
        self.writing.is_none() && self.drivers.iter().all(settled)
    }
}
