//! One thread reads and checks a journal, others work on what it hands out.
//!
//! Rules:
//! 1. Island i belongs to worker i mod W and is its island i div W; blocks of an island come in
//!    order.
//! 2. Memory: the workers, and at most [`QUEUED_MAX`] batches of blocks for each.
//! 3. With one worker there is no other thread.
//!
//! It doesn't know what the work is.

use crossbeam::channel::{Sender, bounded};

use super::error::OpenError;
use crate::journal::{BlockRef, JournalSettings, Recovered, ScanMode, Storage, scan_on};

/// Batches of blocks waiting for a worker.
const QUEUED_MAX: usize = 4;
/// A batch is handed over with so many blocks, or so many bytes of them: few enough that what they
/// stand in is used again while it is in the cache.
const BATCH_BLOCKS: usize = 128;
const BATCH_BYTES: u64 = 256 << 10;

/// What is on its way to one worker.
struct Queue {
    sender: Sender<Vec<BlockRef>>,
    batch: Vec<BlockRef>,
    bytes: u64,
}

impl Queue {
    fn push(&mut self, block: BlockRef) {
        self.bytes += block.header.block_bytes();
        self.batch.push(block);
        if self.batch.len() >= BATCH_BLOCKS || self.bytes >= BATCH_BYTES {
            self.send();
        }
    }

    /// A worker that is gone has failed; its error is collected when it is joined.
    fn send(&mut self) {
        let _ = self.sender.send(std::mem::take(&mut self.batch));
        self.bytes = 0;
    }
}

/// What is done with the blocks of some islands.
pub(super) trait Work: Send {
    /// Takes the next block of one of its islands.
    fn take(&mut self, block: &BlockRef) -> Result<(), OpenError>;
}

/// Gives each of `workers` workers, at most one an island, its islands.
pub(super) fn share_out<S>(islands: Vec<S>, workers: usize) -> Vec<Vec<S>> {
    let workers = workers.clamp(1, islands.len().max(1));
    let mut shares: Vec<Vec<S>> = (0..workers).map(|_| Vec::new()).collect();
    for (at, island) in islands.into_iter().enumerate() {
        shares[at % workers].push(island);
    }
    shares
}

/// The reverse of [`share_out`].
pub(super) fn gather<S>(shares: Vec<Vec<S>>) -> Vec<S> {
    let islands = shares.iter().map(Vec::len).sum();
    let mut columns: Vec<_> = shares.into_iter().map(Vec::into_iter).collect();
    let workers = columns.len();
    (0..islands)
        .map(|island: usize| columns[island % workers].next().expect("they were dealt in turn"))
        .collect()
}

/// Scans a journal, from where an earlier scan ended if there was one, and gives each block to the
/// worker of its island; `watch` sees each before.
///
/// # Errors
/// Damage, or the error of a worker.
pub(super) fn spread<W: Work>(
    storage: &dyn Storage,
    settings: &JournalSettings,
    (mode, from): (ScanMode, Option<&Recovered>),
    mut workers: Vec<W>,
    watch: &mut dyn FnMut(&BlockRef),
) -> Result<(Recovered, Vec<W>), OpenError> {
    if let [worker] = workers.as_mut_slice() {
        let mut sink = |block: BlockRef| {
            watch(&block);
            worker.take(&block)
        };
        return Ok((scan_on(storage, settings, mode, from, &mut sink)?, workers));
    }
    let count = workers.len();
    std::thread::scope(|scope| {
        let mut queues = Vec::with_capacity(count);
        let mut handles = Vec::new();
        for mut worker in workers {
            let (sender, receiver) = bounded::<Vec<BlockRef>>(QUEUED_MAX);
            queues.push(Queue { sender, batch: Vec::new(), bytes: 0 });
            handles.push(scope.spawn(move || -> Result<W, OpenError> {
                for batch in receiver {
                    for block in &batch {
                        worker.take(block)?;
                    }
                }
                Ok(worker)
            }));
        }
        let mut sink = |block: BlockRef| -> Result<(), OpenError> {
            watch(&block);
            queues[block.header.island.0 as usize % count].push(block);
            Ok(())
        };
        let scanned = scan_on(storage, settings, mode, from, &mut sink);
        queues.iter_mut().for_each(Queue::send);
        drop(queues);
        let mut workers = Vec::with_capacity(count);
        for handle in handles {
            workers.push(handle.join().expect("a replaying thread catches panics")?);
        }
        Ok((scanned?, workers))
    })
}
