//! One thread reads a journal, others work on what it hands out.
//!
//! Rules:
//! 1. The islands are dealt to parts in turn: island i belongs to part i mod P and is its island i
//!    div P. A part is with one thread at a time, so blocks of an island come in order; whichever
//!    thread is free takes the next part that has something to do.
//! 2. Long stretches of a journal are worked on one island after the other: while it is an island's
//!    turn, the cache holds its state and no other. How the islands' blocks were interleaved does
//!    not matter to any of them.
//! 3. Memory: the parts; blocks of a segment or so, whose buffers wait with them; the headers of
//!    two stretches.
//! 4. After an error nothing more is begun.
//! 5. With one thread asked for there is no other, and one part.
//!
//! It doesn't know what the work is.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use archipelago_core::journal::frame::BlockHeader;
use crossbeam::channel::{Receiver, Sender, bounded};

use super::error::OpenError;
use crate::journal::{
    BlockRef, Bodies, Found, JournalSettings, Order, Recovered, ScanMode, Storage, scan_found,
};

/// Parts for each thread: so many that none waits long for the others at the end.
const PARTS_A_THREAD: usize = 8;
/// A part is handed blocks when there are so many, or so many bytes of them for each in a segment
/// (64 KiB of 16 MiB): few enough that what they stand in is used again while it is in the cache.
const BATCH_BLOCKS: usize = 128;
const BATCHES_A_SEGMENT: u64 = 256;
/// How much of the journal may wait for a thread while more is read, as a part of a segment.
const WAITING_A_SEGMENT: u64 = 16;

/// What is done with the blocks of some islands.
pub(super) trait Work: Send {
    /// Takes the next block of one of its islands.
    fn take(&mut self, block: &BlockRef) -> Result<(), OpenError>;
}

/// Deals islands to the parts that so many threads work on.
pub(super) fn share_out<S>(islands: Vec<S>, threads: usize) -> Vec<Vec<S>> {
    let parts = if threads <= 1 { 1 } else { threads.saturating_mul(PARTS_A_THREAD) };
    let parts = parts.clamp(1, islands.len().max(1));
    let mut shares: Vec<Vec<S>> = (0..parts).map(|_| Vec::new()).collect();
    for (at, island) in islands.into_iter().enumerate() {
        shares[at % parts].push(island);
    }
    shares
}

/// The reverse of [`share_out`].
pub(super) fn gather<S>(shares: Vec<Vec<S>>) -> Vec<S> {
    let islands = shares.iter().map(Vec::len).sum();
    let mut columns: Vec<_> = shares.into_iter().map(Vec::into_iter).collect();
    let parts = columns.len();
    (0..islands)
        .map(|island: usize| columns[island % parts].next().expect("they were dealt in turn"))
        .collect()
}

/// Who sees headers.
type Watch<'a> = dyn FnMut(&BlockHeader) + 'a;

/// Scans a journal, from where an earlier scan ended if there was one, and gives each block to the
/// part of its island, on so many threads; `watch` sees the header of each before.
///
/// # Errors
/// Damage, or the error of a part.
pub(super) fn spread<W: Work>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    (mode, from): (ScanMode, Option<&Recovered>),
    (threads, mut parts): (usize, Vec<W>),
    watch: &mut Watch<'_>,
) -> Result<(Recovered, Vec<W>), OpenError> {
    let order = if settings.islands == 1 { Order::AsWritten } else { Order::ByIsland };
    let bodies = || Bodies::of(storage, settings, from);
    let scan = |sink: &mut dyn FnMut(Found) -> Result<(), OpenError>| {
        scan_found(storage, settings, (mode, order), from, sink)
    };
    if let [part] = parts.as_mut_slice() {
        let mut bodies = bodies();
        let recovered = scan(&mut |found| match found {
            Found::Block(block) => {
                watch(&block.header);
                part.take(&block)
            }
            Found::Stretch(stretch) => {
                let (headers, mut behind) = stretch.into_parts();
                read(part, &mut bodies, headers, &mut |header| {
                    behind.beside(header.block_bytes(), storage);
                    watch(header);
                })?;
                behind.tell(storage);
                Ok(())
            }
            Found::End => Ok(()),
        })?;
        return Ok((recovered, parts));
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A part is once on its way at most, so nobody waits to send.
        let (tasks, to_do) = bounded(parts.len());
        let (done, results) = bounded(parts.len());
        for _ in 0..threads.min(parts.len()) {
            let (to_do, done) = (to_do.clone(), done.clone());
            let (bodies, stop) = (bodies(), &stop);
            scope.spawn(move || work(&to_do, &done, bodies, stop));
        }
        drop((to_do, done));
        let mut desk = Desk::of(parts, (tasks, results), settings.segment_bytes);
        let scanned = scan(&mut |found| desk.give(found, storage, watch));
        let done = scanned.and_then(|recovered| Ok((recovered, desk.close()?)));
        stop.store(true, Ordering::Relaxed);
        done
    })
}

/// Reads blocks, all of an island before those of the next, and works on each.
fn read<W: Work>(
    part: &mut W,
    bodies: &mut Bodies<'_>,
    mut headers: Vec<BlockHeader>,
    watch: &mut Watch<'_>,
) -> Result<(), OpenError> {
    // Stable: blocks of an island stay in order.
    headers.sort_by_key(|header| header.island);
    headers.into_iter().try_for_each(|header| {
        watch(&header);
        part.take(&bodies.read(header)?)
    })
}

/// What a part has to do.
#[derive(Default)]
struct Load {
    /// Blocks that were read and checked.
    blocks: Vec<BlockRef>,
    /// Headers of blocks behind those, for whoever works on the part to read.
    unread: Vec<BlockHeader>,
    /// How many bytes of the journal that is.
    bytes: u64,
}

/// A part on its way to a thread.
struct Task<W> {
    at: usize,
    part: W,
    load: Load,
}

/// A part on its way back; or why it does not come; or a panic.
type Done<W> = (usize, std::thread::Result<Result<W, OpenError>>);

/// What a thread does, until there is nothing more.
fn work<W: Work>(
    to_do: &Receiver<Task<W>>,
    done: &Sender<Done<W>>,
    mut bodies: Bodies<'_>,
    stop: &AtomicBool,
) {
    for Task { at, mut part, load } in to_do {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let worked = catch_unwind(AssertUnwindSafe(|| {
            load.blocks.iter().try_for_each(|block| part.take(block))?;
            read(&mut part, &mut bodies, load.unread, &mut |_| ())?;
            Ok(part)
        }));
        if !matches!(worked, Ok(Ok(_))) {
            stop.store(true, Ordering::Relaxed);
        }
        let _ = done.send((at, worked));
    }
}

/// Who knows where the parts are, and what waits for them.
struct Desk<W> {
    /// The parts that no thread has.
    parts: Vec<Option<W>>,
    /// What waits for each.
    loads: Vec<Load>,
    /// How much waits, in bytes of the journal.
    waiting: u64,
    /// How much has come in order since all parts were begun.
    gathered: u64,
    /// How much a segment holds.
    segment_bytes: u64,
    tasks: Sender<Task<W>>,
    results: Receiver<Done<W>>,
}

impl<W: Work> Desk<W> {
    fn of(
        parts: Vec<W>,
        (tasks, results): (Sender<Task<W>>, Receiver<Done<W>>),
        segment_bytes: u64,
    ) -> Self {
        let loads = parts.iter().map(|_| Load::default()).collect();
        let parts = parts.into_iter().map(Some).collect();
        Self { parts, loads, waiting: 0, gathered: 0, segment_bytes, tasks, results }
    }

    fn give(
        &mut self,
        found: Found,
        storage: &dyn Storage,
        watch: &mut Watch<'_>,
    ) -> Result<(), OpenError> {
        match found {
            Found::Block(block) => {
                watch(&block.header);
                let at = block.header.island.0 as usize % self.parts.len();
                // They come before this one.
                while !self.loads[at].unread.is_empty() {
                    self.wait()?;
                }
                self.add(&block.header);
                self.gathered += block.header.block_bytes();
                let load = &mut self.loads[at];
                load.blocks.push(block);
                let batch = self.segment_bytes / BATCHES_A_SEGMENT;
                if load.blocks.len() >= BATCH_BLOCKS || load.bytes >= batch {
                    while let Ok(done) = self.results.try_recv() {
                        self.back(done)?;
                    }
                    self.begin(at);
                }
                // A few small blocks of a part that has little to do hold large buffers.
                if self.gathered >= self.segment_bytes {
                    self.begin_all();
                }
            }
            Found::Stretch(stretch) => {
                let (headers, behind) = stretch.into_parts();
                for header in headers {
                    watch(&header);
                    let at = self.add(&header);
                    self.loads[at].unread.push(header);
                }
                self.begin_all();
                behind.tell(storage);
            }
            Found::End => return self.settle(),
        }
        self.until(self.segment_bytes / WAITING_A_SEGMENT)
    }

    /// Counts a block that waits for its part.
    fn add(&mut self, header: &BlockHeader) -> usize {
        let at = header.island.0 as usize % self.parts.len();
        let bytes = header.block_bytes();
        self.loads[at].bytes += bytes;
        self.waiting += bytes;
        at
    }

    /// Sends a part with what waits for it to a thread, if it is here.
    fn begin(&mut self, at: usize) {
        if self.loads[at].bytes == 0 {
            return;
        }
        if let Some(part) = self.parts[at].take() {
            let load = std::mem::take(&mut self.loads[at]);
            self.waiting -= load.bytes;
            let _ = self.tasks.send(Task { at, part, load });
        }
    }

    /// The longest first, so that the last to be done are short.
    fn begin_all(&mut self) {
        self.gathered = 0;
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(self.loads[*at].bytes));
        order.into_iter().for_each(|at| self.begin(at));
    }

    fn back(&mut self, (at, worked): Done<W>) -> Result<(), OpenError> {
        self.parts[at] = Some(worked.unwrap_or_else(|panic| resume_unwind(panic))?);
        self.begin(at);
        Ok(())
    }

    /// Waits until no more than so many bytes wait.
    fn until(&mut self, bytes: u64) -> Result<(), OpenError> {
        if self.waiting > bytes {
            // Or all might be here, each with less than a batch, and nobody would come back.
            self.begin_all();
        }
        while self.waiting > bytes {
            self.wait()?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), OpenError> {
        let done = self.results.recv().expect("threads live as long as there are tasks");
        self.back(done)
    }

    /// Waits until nothing waits, and no thread has a part.
    fn settle(&mut self) -> Result<(), OpenError> {
        self.begin_all();
        while self.parts.iter().any(Option::is_none) {
            self.wait()?;
        }
        Ok(())
    }

    /// All is read: waits for the parts.
    fn close(mut self) -> Result<Vec<W>, OpenError> {
        self.settle()?;
        Ok(self.parts.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests;
