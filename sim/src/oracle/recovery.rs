//! What is judged: recovering a journal, reading messages again, starting again. [`Product`] is the
//! runtime's own code; the oracle's tests put wrong ones in its place.
//!
//! It doesn't know what is right.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use archipelago::drive::{Driver, Rereader, apply_block};
use archipelago::journal::{BlockRef, JournalSettings, Recovered, ScanMode, Storage, scan_on};
use archipelago::replay::OpenError;
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, Life, LinkSeq, Session};
use archipelago_core::island::{Island, Kernel, Limits, Turn};
use archipelago_core::journal::frame::BlockPlace;
use archipelago_core::link::LinkLimits;
use archipelago_core::link::chunk::Chunk;
use archipelago_core::link::frame::Frame;
use archipelago_core::replay::Image;
use archipelago_core::time::Millis;

use super::ledger::{Owed, Pair};

/// Islands that start again: what they are restored to, and where each one's last block stands.
pub struct Start<J> {
    /// The journal; nothing behind the boundary is to be read.
    pub storage: Arc<dyn Storage>,
    /// Its life.
    pub life: Life,
    /// Which island owns which slot.
    pub table: Arc<Table>,
    /// The islands.
    pub islands: BTreeMap<IslandId, (Image<J>, Option<BlockPlace>)>,
}

/// An island of which only the links are looked at: links know no state.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Nobody;

impl Island for Nobody {
    type Command = ();
    type Event = ();
    type Reply = ();

    fn decide(&self, (): (), _: &mut Turn<Self>) {}

    fn evolve(&mut self, (): &()) {}
}

/// A way to recover.
pub trait Recovery<I: Island> {
    /// Recovers what stands behind `from` into `images`, which are as `from` left them.
    ///
    /// # Errors
    /// The refusal.
    fn go_on(
        &mut self,
        storage: &dyn Storage,
        settings: &JournalSettings,
        mode: ScanMode,
        from: &Recovered,
        images: &mut [Image<I>],
    ) -> Result<Recovered, OpenError>;

    /// Messages read again, from number `first` on; `tail` is the place of `from`'s last block.
    fn reread(
        &mut self,
        storage: &Arc<dyn Storage>,
        life: Life,
        pair: Pair,
        tail: Option<BlockPlace>,
        first: LinkSeq,
    ) -> Option<Chunk>;

    /// Everything that islands send again when they start, by link, in the order it leaves.
    ///
    /// # Errors
    /// What is wrong with a frame.
    fn restart(&mut self, start: Start<Nobody>) -> Result<BTreeMap<Pair, Vec<Owed>>, String>;
}

/// The runtime's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Product;

impl<I: Island> Recovery<I> for Product {
    fn go_on(
        &mut self,
        storage: &dyn Storage,
        settings: &JournalSettings,
        mode: ScanMode,
        from: &Recovered,
        images: &mut [Image<I>],
    ) -> Result<Recovered, OpenError> {
        let mut sink = |block: BlockRef| -> Result<(), OpenError> {
            apply_block(&mut images[block.header.island.0 as usize], &block, storage).map(|_| ())
        };
        scan_on(storage, settings, mode, Some(from), &mut sink)
    }

    fn reread(
        &mut self,
        storage: &Arc<dyn Storage>,
        life: Life,
        (from, to): Pair,
        tail: Option<BlockPlace>,
        first: LinkSeq,
    ) -> Option<Chunk> {
        Rereader::new::<I>(Arc::clone(storage), life).reread(from, tail, to, first)
    }

    fn restart(&mut self, start: Start<Nobody>) -> Result<BTreeMap<Pair, Vec<Owed>>, String> {
        restart::<I, Nobody>(start)
    }
}

/// Starts islands of a journal of `I`s with the runtime's kernels and drivers, carries their hellos
/// and answers, and returns the messages they send, by link; no message is delivered.
///
/// # Errors
/// What is wrong with a frame.
pub fn restart<I: Island, J: Island>(start: Start<J>) -> Result<BTreeMap<Pair, Vec<Owed>>, String> {
    const NOW: Millis = Millis(1);
    // No limit holds back a message: all that would leave in the end leaves now.
    let links = LinkLimits { window: u32::MAX, held_max: 1, kept_max: u32::MAX };
    let limits = Limits { links, ..Limits::default() };
    let mut rereader = Rereader::new::<I>(start.storage, start.life);
    let (life, table) = (start.life, start.table);
    let mut drivers: BTreeMap<IslandId, Driver<J>> = BTreeMap::new();
    for (island, (image, tail)) in start.islands {
        let kernel = Kernel::start(island, Arc::clone(&table), life, Session(1), limits, image);
        drivers.insert(island, Driver::new(island, kernel, tail));
    }
    let mut sent: BTreeMap<Pair, Vec<Owed>> = BTreeMap::new();
    loop {
        let mut frames = VecDeque::new();
        for driver in drivers.values_mut() {
            driver.drain(
                0,
                |frame| frames.push_back(frame),
                |from, tail, to, first| rereader.reread(from, tail, to, first),
                |_| {},
            );
        }
        if frames.is_empty() {
            return Ok(sent);
        }
        for frame in frames {
            let (from, to) = (frame.envelope().from, frame.envelope().to);
            match &frame {
                Frame::Control(_) => {
                    if let Some(driver) = drivers.get_mut(&to) {
                        driver.receive(NOW, &frame);
                    }
                }
                Frame::Data(parcel) => {
                    let bytes = &parcel.bytes[parcel.range.clone()];
                    let messages = Owed::read(parcel.first, parcel.count, bytes)
                        .map_err(|malformed| format!("a frame on {from} to {to}: {malformed}"))?;
                    sent.entry((from, to)).or_default().extend(messages);
                }
            }
        }
    }
}
