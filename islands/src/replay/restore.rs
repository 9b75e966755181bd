//! Restoring all islands of a journal.
//!
//! Rules: see the [station](super). Memory: the islands, and at most [`QUEUED_MAX`] batches of
//! blocks per thread.
//!
//! It doesn't know who wants the islands.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::record::RecordsView;
use archipelago_core::replay::{Digest, Image, ReplayError};
use crossbeam::channel::{Sender, bounded};

use super::error::OpenError;
use crate::journal::{BlockRef, JournalSettings, Recovered, ScanMode, Storage, scan_on};

/// Batches of blocks waiting for a thread.
const QUEUED_MAX: usize = 4;
/// Blocks in a batch.
const BATCH_BLOCKS: usize = 128;

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Records applied.
    pub records: u64,
    /// Events evolved.
    pub events: u64,
    /// Messages that were not sent again.
    pub sends_suppressed: u64,
    /// How long it took, reading included.
    pub elapsed: Duration,
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

/// One thread's islands: island `index + k × threads` stands at `k`.
struct Share<I> {
    threads: usize,
    images: Vec<Image<I>>,
    figures: Figures,
}

impl<I: Island> Share<I> {
    fn apply(&mut self, block: &BlockRef, storage: &dyn Storage) -> Result<(), OpenError> {
        let image = &mut self.images[block.header.island.0 as usize / self.threads];
        let figures = apply_block(image, block, storage)?;
        self.figures.records += figures.records;
        self.figures.events += figures.events;
        self.figures.sends_suppressed += figures.sends_suppressed;
        Ok(())
    }
}

/// Applies one block to its island's image; `storage` says where it stands, for messages.
///
/// # Errors
/// [`OpenError::Record`]; the image is then half changed and must not be used.
pub fn apply_block<I: Island>(
    image: &mut Image<I>,
    block: &BlockRef,
    storage: &dyn Storage,
) -> Result<Figures, OpenError> {
    let header = &block.header;
    let mut figures = Figures::default();
    let mut at = header.first;
    let failed = |position: JournalPosition, reason: String| OpenError::Record {
        island: header.island,
        position,
        place: format!("{}, offset {}", storage.name(header.here.segment), header.here.offset),
        reason,
    };
    if header.first != image.position.next() {
        return Err(failed(at, format!("record {} would be next", image.position.next())));
    }
    let mut records = RecordsView::new(block.body());
    loop {
        let applied = catch_unwind(AssertUnwindSafe(|| -> Result<_, ReplayError> {
            records.next_record()?.map(|record| image.apply(&record)).transpose()
        }));
        let applied = applied.unwrap_or_else(|_| {
            Err(ReplayError::Contradiction("evolve panicked on its events".to_owned()))
        });
        match applied.map_err(|error| failed(at, error.to_string()))? {
            Some(applied) => {
                figures.records += 1;
                figures.events += applied.events;
                figures.sends_suppressed += applied.sends;
                at = at.next();
            }
            None => break,
        }
    }
    let end = JournalPosition(header.first.0 + u64::from(header.records));
    if at == end { Ok(figures) } else { Err(failed(at, format!("the block ends at {end}"))) }
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
    (images, from): (Vec<Image<I>>, Option<&Recovered>),
) -> Result<Restored<I>, OpenError> {
    let started = Instant::now();
    let threads = threads.clamp(1, settings.islands as usize);
    let mut shares: Vec<Share<I>> = (0..threads)
        .map(|_| Share { threads, images: Vec::new(), figures: Figures::default() })
        .collect();
    for (island, image) in images.into_iter().enumerate() {
        shares[island % threads].images.push(image);
    }
    let (recovered, shares) = if threads == 1 {
        let share = &mut shares[0];
        let mut sink = |block: BlockRef| share.apply(&block, storage);
        (scan_on(storage, settings, mode, from, &mut sink)?, shares)
    } else {
        in_parallel(storage, settings, (mode, from), shares)?
    };
    let mut figures = Figures::default();
    let mut columns = Vec::with_capacity(threads);
    for share in shares {
        figures.records += share.figures.records;
        figures.events += share.figures.events;
        figures.sends_suppressed += share.figures.sends_suppressed;
        columns.push(share.images.into_iter());
    }
    let images = (0..settings.islands as usize)
        .map(|island| columns[island % threads].next().expect("every island has its image"))
        .collect();
    figures.elapsed = started.elapsed();
    Ok(Restored { images, recovered, figures })
}

/// One thread reads and checks, the others apply.
fn in_parallel<I: Island>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    (mode, from): (ScanMode, Option<&Recovered>),
    shares: Vec<Share<I>>,
) -> Result<(Recovered, Vec<Share<I>>), OpenError> {
    let threads = shares.len();
    std::thread::scope(|scope| {
        let mut queues: Vec<(Sender<Vec<BlockRef>>, Vec<BlockRef>)> = Vec::new();
        let mut handles = Vec::new();
        for mut share in shares {
            let (sender, receiver) = bounded::<Vec<BlockRef>>(QUEUED_MAX);
            queues.push((sender, Vec::new()));
            handles.push(scope.spawn(move || -> Result<Share<I>, OpenError> {
                for batch in receiver {
                    for block in &batch {
                        share.apply(block, storage)?;
                    }
                }
                Ok(share)
            }));
        }
        let mut sink = |block: BlockRef| -> Result<(), OpenError> {
            let (sender, batch) = &mut queues[block.header.island.0 as usize % threads];
            batch.push(block);
            if batch.len() >= BATCH_BLOCKS {
                // A thread that is gone has failed; its error is collected below.
                let _ = sender.send(std::mem::take(batch));
            }
            Ok(())
        };
        let scanned = scan_on(storage, settings, mode, from, &mut sink);
        for (sender, batch) in queues {
            let _ = sender.send(batch);
        }
        let mut shares = Vec::with_capacity(threads);
        for handle in handles {
            shares.push(handle.join().expect("a replaying thread catches panics")?);
        }
        Ok((scanned?, shares))
    })
}
