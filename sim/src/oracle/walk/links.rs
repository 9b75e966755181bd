//! At each commit: what is read again, and what links send again when they are started for real.
//!
//! It doesn't know states.

use std::collections::BTreeMap;
use std::sync::Arc;

use archipelago_core::island::Island;
use archipelago_core::journal::frame::BlockPlace;
use archipelago_core::replay::Image;

use super::{Broken, Walk, broken};
use crate::oracle::Rule;
use crate::oracle::ledger::{Origin, Owed, Pair};
use crate::oracle::recovery::{Nobody, Recovery, Start};

/// What starting one link costs beside reading its messages, in bytes of journal.
const LINK_BYTES: u64 = 8 << 10;

impl<I: Island, R: Recovery<I>> Walk<I, R> {
    /// Reads what a block has sent on a link again, and compares.
    pub(super) fn reread(
        &mut self,
        pair: Pair,
        block: BlockPlace,
        origin: Origin,
    ) -> Result<(), Broken> {
        let link = &self.ledger.links[&pair];
        let here = |at: &&Origin| at.commit == origin.commit && at.behind == origin.behind;
        let count = link.origins.iter().rev().take_while(here).count();
        self.figures.messages += count as u64;
        let mut expected = link.owed.iter().skip(link.owed.len() - count);
        let mut left = count;
        let mut first = link.owed.get(link.owed.len() - count).map(|owed| owed.number);
        while let Some(number) = first.filter(|_| left > 0) {
            let storage = &self.storage;
            let tail = Some(block);
            let chunk = self.recovery.reread(storage, self.settings.life, pair, tail, number);
            let chunk = chunk.ok_or_else(|| {
                (Rule::Resent, format!("link {pair:?}: message {number} is not read again"))
            })?;
            let messages = Owed::read(chunk.first, chunk.count, &chunk.bytes)
                .or_else(|error| broken(Rule::Resent, error))?;
            let asked = expected.by_ref().take(messages.len());
            if messages.is_empty() || !messages.iter().eq(asked) {
                let seen = format!("link {pair:?}: other messages from {number} on are read again");
                return broken(Rule::Resent, seen);
            }
            left -= messages.len();
            first = Some(chunk.last().next());
        }
        Ok(())
    }

    /// The links whose turn it is, as far as they are paid for.
    pub(super) fn links_due(&mut self) -> Vec<Pair> {
        let mut due = Vec::new();
        for _ in 0..self.turns.len() {
            let pair = self.turns[0];
            let behind = self.block_bytes[pair.0.0 as usize];
            let oldest = self.ledger.links[&pair].origins.front();
            let cost = LINK_BYTES + 2 * oldest.map_or(0, |oldest| behind - oldest.behind);
            if cost > self.credit {
                return due;
            }
            self.credit -= cost;
            self.turns.rotate_left(1);
            due.push(pair);
        }
        self.figures.full_starts += 1;
        due
    }

    /// Starts links for real, and compares what they send.
    pub(super) fn start_links(&mut self, links: &[Pair]) -> Result<(), Broken> {
        self.figures.links_started += links.len() as u64;
        let mut islands = BTreeMap::new();
        let mut expected: BTreeMap<Pair, Vec<Owed>> = BTreeMap::new();
        for (from, to) in links {
            for island in [from, to] {
                let (image, tails) = (&self.images[island.0 as usize], &self.mark.islands);
                islands.entry(*island).or_insert_with(|| {
                    let (position, stamp) = (image.position, image.stamp);
                    let links_only = Image { position, stamp, ..Image::new(Nobody) };
                    (links_only, tails[island.0 as usize].place)
                });
            }
            let sent = self.images[from.0 as usize].sent_to(*to);
            let consumed = self.images[to.0 as usize].applied_from(*from);
            if let Some((image, _)) = islands.get_mut(from) {
                image.sent.insert(*to, sent);
            }
            if let Some((image, _)) = islands.get_mut(to) {
                image.applied.insert(*from, consumed);
            }
            let owed = &self.ledger.links[&(*from, *to)].owed;
            if !owed.is_empty() {
                expected.insert((*from, *to), owed.iter().cloned().collect());
            }
        }
        let storage = Arc::clone(&self.storage);
        let table = Arc::clone(&self.table);
        let start = Start { storage, life: self.settings.life, table, islands };
        let sent = self.recovery.restart(start).map_err(|what| (Rule::Resent, what))?;
        if sent == expected {
            return Ok(());
        }
        let pairs = expected.keys().chain(sent.keys());
        let wrong = pairs.copied().find(|pair| sent.get(pair) != expected.get(pair));
        let numbers = |of: &BTreeMap<Pair, Vec<Owed>>| {
            let numbers = wrong.and_then(|pair| of.get(&pair)).into_iter().flatten();
            numbers.take(8).map(|owed| owed.number.0).collect::<Vec<_>>()
        };
        let seen = format!(
            "link {wrong:?} sends {:?} again, not {:?} (the first of each)",
            numbers(&sent),
            numbers(&expected)
        );
        broken(Rule::Resent, seen)
    }
}
