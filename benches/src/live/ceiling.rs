//! What the machine allows: the raw disk, and the kernels without clients and journal.
//!
//! It doesn't know what the product reaches.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use archipelago::core::command::route::{self, Table};
use archipelago::core::id::{ClientId, IslandId, Life, Session};
use archipelago::core::island::{Kernel, Request};
use archipelago::core::journal::frame::SECTOR;
use archipelago::core::replay::Image;
use archipelago::{Asker, Limits, Millis, RequestNumber};

use super::ISLANDS;
use super::store::{Order, Store};
use crate::rounds::Failed;

/// Size of the file that is written over and over; it is filled before.
const FILE_BYTES: u64 = 64 << 20;
/// Orders that the kernel decides between two blocks.
const BLOCK: u64 = 256;

/// Commits of a journal, as the disk sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// How many.
    pub count: u64,
    /// Bytes of all together.
    pub bytes: u64,
}

impl Commits {
    /// Bytes of each, whole sectors.
    fn each(&self) -> u64 {
        (self.bytes / self.count.max(1)).next_multiple_of(SECTOR as u64).min(FILE_BYTES)
    }
}

/// A file that is full size, every block written.
pub struct Filled(File);

impl Filled {
    /// Makes one in `folder`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn new(folder: &Path) -> Result<Self, Failed> {
        let file = tempfile::tempfile_in(folder)?;
        let zeros = vec![0; 1 << 20];
        for at in (0..FILE_BYTES).step_by(zeros.len()) {
            file.write_all_at(&zeros, at)?;
        }
        file.sync_all()?;
        Ok(Self(file))
    }

    /// Writes commits of as many bytes as each of `commits`, each flushed before the next, for as
    /// long as they are asked for.
    ///
    /// # Errors
    /// What the disk says of one.
    pub fn flushes(&self, commits: Commits) -> impl Iterator<Item = Result<Flush, Failed>> {
        let bytes = vec![0x5a; commits.each() as usize];
        let (first, mut at) = (Instant::now(), 0);
        std::iter::repeat_with(move || {
            if at + commits.each() > FILE_BYTES {
                at = 0;
            }
            let began = first.elapsed();
            self.0.write_all_at(&bytes, at)?;
            let written = first.elapsed();
            self.0.sync_data()?;
            let ended = first.elapsed();
            at += commits.each();
            Ok(Flush { began, flush: ended - written, ended })
        })
    }
}

/// When a commit began to be written and when its flush ended, since the first one began.
#[derive(Clone, Copy, Debug)]
pub struct Flush {
    /// From here on it takes no more orders.
    pub began: Duration,
    /// How long the flush alone took.
    pub flush: Duration,
    /// Its orders are durable.
    pub ended: Duration,
}

/// Decides `orders` on [`ISLANDS`] kernels spread over `threads` threads, each with orders of its
/// own: routed, deduplicated, decided, encoded and evolved, in blocks that are durable at once.
///
/// # Errors
/// An order that was not taken.
pub fn kernels_alone(orders: u64, threads: u64) -> Result<(), Failed> {
    let table = Arc::new(Table::modulo(ISLANDS / threads as u32)?);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|thread| {
                let table = Arc::clone(&table);
                let numbers = orders * thread / threads..orders * (thread + 1) / threads;
                scope.spawn(move || decide(&table, numbers))
            })
            .collect();
        all.into_iter()
            .try_for_each(|one| one.join().map_err(|_| "a kernel panicked")?.map_err(Into::into))
    })
}

fn decide(table: &Arc<Table>, numbers: std::ops::Range<u64>) -> Result<(), String> {
    let kernel = |island| {
        let image = Image::new(Store::default());
        let (island, table) = (IslandId(island), Arc::clone(table));
        Kernel::start(island, table, Life(1), Session(1), Limits::default(), image)
    };
    let mut kernels: Vec<Kernel<Store>> = (0..table.islands()).map(kernel).collect();
    let first = numbers.start;
    let (mut answers, mut spare) = (0, vec![Vec::new(); kernels.len()]);
    let count = numbers.end - first;
    for number in numbers {
        let order = Order::numbered(number);
        let number = number - first + 1;
        let slot = route::slot(&order.key());
        let asker = Asker { client: ClientId(1), slot, number: RequestNumber(number) };
        let answered_below = RequestNumber(number.saturating_sub(8192).max(1));
        let request = Request { asker, answered_below, command: order };
        let kernel = &mut kernels[table.owner(slot).0 as usize];
        kernel.ask(Millis(number / 1000), request).map_err(|why| why.to_string())?;
        if number.is_multiple_of(BLOCK) || number == count {
            for (kernel, spare) in kernels.iter_mut().zip(&mut spare) {
                let Some(block) = kernel.seal() else { continue };
                kernel.durable(block.upto());
                kernel.recycle(std::mem::replace(spare, block.body));
                kernel.drain(|_| answers += 1);
            }
        }
    }
    if answers == count { Ok(()) } else { Err(format!("{answers} answers, not {count}")) }
}
