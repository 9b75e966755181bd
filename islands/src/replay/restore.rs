//! Restoring all islands of a journal.
//!
//! Rules: see the [station](super).
//!
//! It doesn't know who wants the islands.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use archipelago_core::codec::{Reading, Wire};
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::BlockHeader;
use archipelago_core::replay::{Digest, Image, ReplayError};
use archipelago_core::time::Stamp;

use super::digests::{Said, compare};
use super::error::OpenError;
use super::spread::{Work, gather, share_out, spread};
use super::walk::{FOR_EVER, failed, is_after, walk_as};
use crate::journal::{BlockRef, JournalSettings, Recovered, ScanMode, Storage};

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Records applied.
    pub records: u64,
    /// Events evolved.
    pub events: u64,
    /// Messages that were not sent again.
    pub sends_suppressed: u64,
    /// Digests of states that the journal held, and that were the replay's own.
    pub digests: u64,
    /// How long it took, reading included.
    pub elapsed: Duration,
}

impl Figures {
    /// Adds those of other islands; time is not added.
    const fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.events += other.events;
        self.sends_suppressed += other.sends_suppressed;
        self.digests += other.digests;
    }
}

/// All islands of a journal, as they were.
#[derive(Debug)]
pub struct Restored<I> {
    /// The islands, by number.
    pub images: Vec<Image<I>>,
    /// What the scan found.
    pub recovered: Recovered,
    /// What it took.
    pub figures: Figures,
}

impl<I: Island> Restored<I> {
    /// How many messages were sent and not consumed: what goes out again after a start.
    #[must_use]
    pub fn sends_owed(&self) -> u64 {
        let owed = |(from, image): (usize, &Image<I>)| -> u64 {
            let from = IslandId(from as u32);
            let over = |(to, sent): (&IslandId, &archipelago_core::id::LinkSeq)| {
                let applied = self.images.get(to.0 as usize).map(|to| to.applied_from(from));
                sent.0.saturating_sub(applied.unwrap_or_default().0)
            };
            image.sent.iter().map(over).sum()
        };
        self.images.iter().enumerate().map(owed).sum()
    }

    /// The digest of all islands, in order.
    ///
    /// # Errors
    /// When a state refuses to be serialised.
    pub fn digest(&self) -> Result<Digest, archipelago_core::codec::CodecError> {
        digest_of(self.images.iter())
    }
}

/// The digest of islands, in order.
pub(crate) fn digest_of<'a, I: Island>(
    images: impl Iterator<Item = &'a Image<I>>,
) -> Result<Digest, archipelago_core::codec::CodecError> {
    let mut digest = Digest::default();
    for image in images {
        digest = digest.then(image.digest()?);
    }
    Ok(digest)
}

/// The islands of one part.
struct Share<'a, I: Island> {
    storage: &'a dyn Storage,
    until: Stamp,
    /// How many parts there are.
    parts: usize,
    images: Vec<Image<I>>,
    /// By island: see [`compare`].
    sure: Vec<JournalPosition>,
    batch: Batch<I::Event>,
    figures: Figures,
}

impl<I: Island> Work for Share<'_, I> {
    fn take(&mut self, block: &BlockRef) -> Result<(), OpenError> {
        let at = block.header.island.0 as usize / self.parts;
        let (image, sure) = (&mut self.images[at], &mut self.sure[at]);
        let place = (self.storage, self.until);
        let figures = apply_upto(image, block, place, sure, &mut self.batch)?;
        self.figures.add(&figures);
        Ok(())
    }
}

/// Applies one block to its island's image; `storage` says where it stands, for messages.
///
/// # Errors
/// [`OpenError::Record`]; the image is then half changed and must not be used.
/// [`OpenError::OtherState`].
pub fn apply_block<I: Island>(
    image: &mut Image<I>,
    block: &BlockRef,
    storage: &dyn Storage,
) -> Result<Figures, OpenError> {
    let mut sure = image.position;
    apply_upto(image, block, (storage, FOR_EVER), &mut sure, &mut Batch::default())
}

/// The same, but only the records stamped up to `until`.
fn apply_upto<I: Island>(
    image: &mut Image<I>,
    block: &BlockRef,
    (storage, until): (&dyn Storage, Stamp),
    sure: &mut JournalPosition,
    batch: &mut Batch<I::Event>,
) -> Result<Figures, OpenError> {
    let header = &block.header;
    let mut figures = Figures::default();
    if is_after(block.records(), until) {
        return Ok(figures);
    }
    follows(image, block, storage)?;
    batch.clear();
    let mut at = header.first;
    // One guard for all records: to enter one for each costs as much as a small event.
    let applied = guarded(|| {
        walk_as::<I, OpenError>(block, storage, until, |position, record| {
            at = position;
            let applied = match I::Event::READING {
                Reading::InPlace => image.apply(record),
                Reading::Making => image
                    .take_in(record, |_, event| I::Event::decode_onto(event, &mut batch.events)),
            };
            let applied = applied.map_err(|error| failed(storage, header, position, &error))?;
            if I::Event::READING == Reading::Making {
                batch.end(position, &mut image.state);
            }
            figures.records += 1;
            figures.events += applied.events;
            figures.sends_suppressed += applied.sends;
            Ok(())
        })?;
        batch.evolve(&mut image.state);
        Ok::<(), OpenError>(())
    });
    applied.map_err(|error| failed(storage, header, batch.at().unwrap_or(at), &error))??;
    match compare(image, block, storage, sure)? {
        Said::Nothing => {}
        Said::Agrees => figures.digests = 1,
        Said::Differs(other) => return Err(OpenError::OtherState(other)),
    }
    Ok(figures)
}

/// Whether `block` continues the island.
pub(super) fn follows<I: Island>(
    image: &Image<I>,
    block: &BlockRef,
    storage: &dyn Storage,
) -> Result<(), OpenError> {
    let (first, next) = (block.header.first, image.position.next());
    if first == next {
        return Ok(());
    }
    Err(failed(storage, &block.header, first, &format_args!("record {next} would be next")))
}

/// Events evolved in one go: so many that the loop pays, so few that they stay near.
const BATCH_EVENTS: usize = 256;

/// Events of one island that wait to be evolved. Where an event has to be made from its bytes, a
/// loop that only makes and one that only evolves are faster than one that does both: what evolves
/// would wait for each number that is being put together.
struct Batch<E> {
    events: Vec<E>,
    /// Each record, and how many events there are with its own.
    ends: Vec<(JournalPosition, usize)>,
    /// Events that are evolved.
    done: usize,
}

impl<E> Default for Batch<E> {
    fn default() -> Self {
        Self { events: Vec::new(), ends: Vec::new(), done: 0 }
    }
}

impl<E> Batch<E> {
    /// Forgets what an error left.
    fn clear(&mut self) {
        self.events.clear();
        self.ends.clear();
        self.done = 0;
    }

    /// All events of a record are here; when there are enough, they are evolved.
    #[inline(always)]
    fn end<I: Island<Event = E>>(&mut self, record: JournalPosition, state: &mut I) {
        self.ends.push((record, self.events.len()));
        if self.events.len() >= BATCH_EVENTS {
            self.evolve(state);
        }
    }

    /// Evolves them all.
    fn evolve<I: Island<Event = E>>(&mut self, state: &mut I) {
        for event in &self.events {
            state.evolve(event);
            self.done += 1;
        }
        self.clear();
    }

    /// The record of the event that was being evolved.
    fn at(&self) -> Option<JournalPosition> {
        let record = self.ends.partition_point(|(_, end)| *end <= self.done);
        self.ends.get(record).map(|(position, _)| *position)
    }
}

/// Applies records; a panic of the user's is an error.
#[inline]
pub(super) fn guarded<T>(apply: impl FnOnce() -> T) -> Result<T, ReplayError> {
    catch_unwind(AssertUnwindSafe(apply))
        .map_err(|_| ReplayError::Contradiction("evolve panicked on its events".to_owned()))
}

/// Replays a journal into fresh islands made by `make`, on `threads` threads.
///
/// # Errors
/// [`OpenError`]: damage, or records that this build cannot apply, with their place.
pub fn restore<I: Island>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
    threads: usize,
    make: &mut dyn FnMut(IslandId) -> I,
) -> Result<Restored<I>, OpenError> {
    let born = (0..settings.islands).map(|island| Image::new(make(IslandId(island)))).collect();
    restore_on(storage, settings, mode, threads, (born, None))
}

/// Replays what stands behind `from` into images of that moment; without it, everything.
///
/// # Errors
/// As [`restore`].
pub fn restore_on<I: Island>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: ScanMode,
    threads: usize,
    from: (Vec<Image<I>>, Option<&Recovered>),
) -> Result<Restored<I>, OpenError> {
    restore_upto(storage, settings, (mode, FOR_EVER), threads, from)
}

/// The same, but only the records stamped up to `until`.
pub(super) fn restore_upto<I: Island>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    mode: (ScanMode, Stamp),
    threads: usize,
    from: (Vec<Image<I>>, Option<&Recovered>),
) -> Result<Restored<I>, OpenError> {
    restore_watched(storage, settings, mode, threads, from, &mut |_| ())
}

/// The same; `watch` sees the header of each block before it is applied or handed out.
pub(crate) fn restore_watched<I: Island>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    (mode, until): (ScanMode, Stamp),
    threads: usize,
    (images, from): (Vec<Image<I>>, Option<&Recovered>),
    watch: &mut dyn FnMut(&BlockHeader),
) -> Result<Restored<I>, OpenError> {
    let started = Instant::now();
    let shares = share_out(images, threads);
    let parts = shares.len();
    let work = |images: Vec<Image<I>>| {
        let sure = images.iter().map(|image| image.position).collect();
        let (batch, figures) = (Batch::default(), Figures::default());
        Share { storage, until, parts, images, sure, batch, figures }
    };
    let shares = shares.into_iter().map(work).collect();
    let (recovered, shares) = spread(storage, settings, (mode, from), (threads, shares), watch)?;
    let mut figures = Figures::default();
    let mut images = Vec::with_capacity(parts);
    for share in shares {
        figures.add(&share.figures);
        images.push(share.images);
    }
    figures.elapsed = started.elapsed();
    Ok(Restored { images: gather(images), recovered, figures })
}
