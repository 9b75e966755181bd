//! Deciding a journal's recorded inputs again: **verify**, that the code that wrote it would write
//! it again; **what-if**, in what another decider would differ.
//!
//! Rules:
//! 1. Every recorded input is decided once more, in order on its island, at its recorded time, by
//!    the code that decides live; what comes of it is compared byte for byte with what was recorded
//!    (events; sends with receiver and link number; replies; timers) and thrown away.
//! 2. The state goes on by the *recorded* events. So each record is judged by itself: exactly those
//!    are reported whose decision differs from the one recorded, given the past as recorded. What
//!    would have become of the world after a different decision is not told: other messages would
//!    have been sent, and other inputs would have come.
//! 3. Verifying also compares the state with the digests in the journal, and tells the first that
//!    differs. Another decider's islands may be born otherwise, so for what-if they say nothing.
//! 4. Where the journal's beginning is archived, it starts from the newest snapshot, and says so.
//! 5. Nothing is sent, written or changed.
//!
//! It doesn't know what a command means.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockHeader, SECTOR};
use archipelago_core::journal::record::RecordView;
use archipelago_core::replay::Again as Decider;

use super::difference::{Difference, Times, compare as compare_parts};
use super::digests::{OtherState, Said, compare};
use super::error::OpenError;
use super::log::Log;
use super::restore::{follows, guarded};
use super::spread::{Work, share_out, spread};
use super::walk::{failed, in_words, is_after, walk_as};
use super::what_if::{Decided, Kind, KindDiffers, Verified, WhatIf, note};
use super::words::{input, kind};
use crate::journal::{BlockRef, ScanMode};

/// Examples of each kind of difference, unless said otherwise.
const EXAMPLES: usize = 3;

/// How a journal shall be decided again; see [`Log::again`].
pub struct Again<'a> {
    log: &'a Log,
    threads: usize,
    examples: usize,
    watch: Box<dyn FnMut(u64) + 'a>,
}

impl std::fmt::Debug for Again<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { log, threads, examples, .. } = self;
        let mut text = f.debug_struct("Again");
        text.field("log", log).field("threads", threads).field("examples", examples);
        text.finish_non_exhaustive()
    }
}

impl<'a> Again<'a> {
    pub(super) fn new(log: &'a Log) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { log, threads, examples: EXAMPLES, watch: Box::new(|_| ()) }
    }

    /// On how many threads islands decide; without it, as many as there are cores.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// How many differences of each kind are kept, the first ones; without it, 3.
    #[must_use]
    pub fn examples(self, examples: usize) -> Self {
        Self { examples, ..self }
    }

    /// Who hears about how many bytes of the journal have been handed out, at most
    /// [`Log::bytes_max`].
    #[must_use]
    pub fn watch(self, watch: impl FnMut(u64) + 'a) -> Self {
        Self { watch: Box::new(watch), ..self }
    }

    /// Decides every recorded input again and compares; `make` makes each island as it was born.
    ///
    /// # Errors
    /// [`OpenError`]: damage, or records that this build cannot apply. That decisions differ is no
    /// error: see [`Verified::first`].
    pub fn verify<I: Island>(self, make: impl FnMut(IslandId) -> I) -> Result<Verified, OpenError> {
        let (what_if, other_state) = self.examples(1).decide(make, Digests::Compared)?;
        Ok(Verified::of(what_if, other_state.map(|other| *other)))
    }

    /// The same, for a decider that is meant to differ: all differences, counted by kind.
    ///
    /// A rule changed, and a test says on yesterday's journal what that would have meant:
    ///
    /// ```
    /// # use archipelago::{Island, Turn, builder};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Tickets { seats_max: u32 }
    /// # #[derive(Debug, Serialize, Deserialize)]
    /// # struct Buy(u32);
    /// # impl Island for Tickets {
    /// #     type Command = Buy;
    /// #     type Event = ();
    /// #     type Reply = bool;
    /// #     fn decide(&self, Buy(seats): Buy, turn: &mut Turn<Self>) {
    /// #         turn.reply(seats <= self.seats_max);
    /// #     }
    /// #     fn evolve(&mut self, (): &()) {}
    /// # }
    /// # let data = tempfile::tempdir()?;
    /// # let sea = builder().islands(2).journal(data.path()).open(|_| Tickets { seats_max: 9 })?;
    /// # sea.ask("a", Buy(3))?.wait()?;
    /// # sea.ask("b", Buy(7))?.wait()?;
    /// # drop(sea);
    /// use archipelago::replay::Log;
    ///
    /// let log = Log::open(data.path())?;
    /// let what_if = log.again().what_if(|_| Tickets { seats_max: 4 })?;
    /// assert_eq!(what_if.differing(), 1, "{what_if}");
    /// # assert_eq!(what_if.kinds.keys().next().unwrap().to_string(), "Buy → replies");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Again::verify`].
    pub fn what_if<I: Island>(self, make: impl FnMut(IslandId) -> I) -> Result<WhatIf, OpenError> {
        Ok(self.decide(make, Digests::PassedOver)?.0)
    }

    fn decide<I: Island>(
        mut self,
        mut make: impl FnMut(IslandId) -> I,
        digests: Digests,
    ) -> Result<(WhatIf, Option<Box<OtherState>>), OpenError> {
        let started = Instant::now();
        let Log { storage, settings, .. } = self.log;
        let table = Arc::new(Table::modulo(settings.islands)?);
        let (images, from) = self.log.beginning(&mut make)?;
        let decider =
            |(island, image)| Decider::new(IslandId(island as u32), Arc::clone(&table), image);
        let deciders = images.into_iter().enumerate().map(decider).collect();
        let shares = share_out(deciders, self.threads);
        let parts = shares.len();
        let share = |islands: Vec<Decider<I>>| Share {
            log: self.log,
            parts,
            digests,
            sure: islands.iter().map(|island| island.image().position).collect(),
            islands,
            examples: self.examples,
            decided: Decided::default(),
            kinds: BTreeMap::new(),
            other_state: None,
        };
        let shares = shares.into_iter().map(share).collect();
        let mut read = 0;
        let mut watch = |header: &BlockHeader| {
            // A commit of one block takes whole sectors; of many, nearly.
            let bytes = header.block_bytes();
            read += if header.blocks == 1 { bytes.next_multiple_of(SECTOR as u64) } else { bytes };
            (self.watch)(read);
        };
        let mode = (ScanMode::ReadOnly, from.as_ref());
        let (_, shares) = spread(storage, settings, mode, (self.threads, shares), &mut watch)?;
        let mut all = WhatIf::default();
        all.decided.after = from.map(|from| from.last);
        let mut other_state = None;
        for share in shares {
            all.add(share.decided, share.kinds, self.examples);
            other_state = earlier(other_state, share.other_state);
        }
        all.decided.elapsed = started.elapsed();
        Ok((all, other_state))
    }
}

/// The one that stands first in the journal.
fn earlier(
    one: Option<Box<OtherState>>,
    other: Option<Box<OtherState>>,
) -> Option<Box<OtherState>> {
    one.into_iter().chain(other).min_by_key(|state| state.place)
}

/// What becomes of the digests in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digests {
    Compared,
    PassedOver,
}

/// The islands of one part.
struct Share<'a, I: Island> {
    log: &'a Log,
    /// How many parts there are.
    parts: usize,
    digests: Digests,
    /// By island: the last record up to which the state is not in doubt.
    sure: Vec<JournalPosition>,
    islands: Vec<Decider<I>>,
    examples: usize,
    decided: Decided,
    kinds: BTreeMap<Kind, KindDiffers>,
    other_state: Option<Box<OtherState>>,
}

impl<I: Island> Work for Share<'_, I> {
    fn take(&mut self, block: &BlockRef) -> Result<(), OpenError> {
        let Log { storage, until, .. } = self.log;
        let header = &block.header;
        if is_after(block.records(), *until) {
            return Ok(());
        }
        let at = header.island.0 as usize / self.parts;
        follows(self.islands[at].image(), block, storage)?;
        walk_as::<I, _>(block, storage, *until, |position, record| {
            let wrong = |error: &dyn std::fmt::Display| failed(storage, header, position, error);
            let island = &mut self.islands[at];
            let again = island.decide(record).map_err(|error| wrong(&error))?;
            self.decided.records += 1;
            if again != record.bytes() {
                let again = RecordView::parse(again).expect("written just now");
                let parts = compare_parts::<I>(record, &again, Times::Compared);
                let parts = parts.map_err(|error| wrong(&error))?;
                let difference = Difference {
                    island: header.island,
                    position,
                    stamp: record.stamp,
                    place: header.here,
                    place_words: in_words(storage, header.here),
                    input: input::<I::Command>(record),
                    kind: kind::<I::Command>(record.input),
                    parts,
                };
                note(&mut self.kinds, difference, self.examples);
            }
            let applied = guarded(|| self.islands[at].apply(record)).and_then(|applied| applied);
            self.decided.events += applied.map_err(|error| wrong(&error))?.events;
            Ok::<(), OpenError>(())
        })?;
        if self.digests == Digests::Compared {
            let image = self.islands[at].image();
            match compare(image, block, storage, &mut self.sure[at])? {
                Said::Nothing => {}
                Said::Agrees => self.decided.digests += 1,
                Said::Differs(found) => {
                    self.other_state = earlier(self.other_state.take(), Some(found));
                }
            }
        }
        Ok(())
    }
}
