//! A subscriber: it reads a world's journal in one order, page by page, over all restarts.
//!
//! Rules:
//! 1. It keeps the positions that come with the last record it read, as text, as a program of a
//!    user's would, and goes on from them.
//! 2. It gets each durable record once, each island's in order, and a message's consequence after
//!    the message. What it reads at once is ordered by (stamp, island).
//! 3. Twin: in the end it has read everything.
//! 4. It is there in one world of [`WORLDS`], while that has at most [`COMMITS_MAX`] commits: it
//!    reads the journal from the beginning each time.
//!
//! It doesn't know what records say.

use std::ops::ControlFlow;

use archipelago::drive::merged;
use archipelago::journal::JournalSettings;
use archipelago::replay::{OpenError, Positions, RecordAt};
use archipelago_core::bytes::Malformed;
use archipelago_core::id::{IslandId, JournalPosition, LinkSeq};
use archipelago_core::island::Island;
use archipelago_core::journal::record::{Entry, Source};
use archipelago_core::lookup::Lookup;
use archipelago_core::time::Stamp;

use super::dice::{Dice, Stream};
use super::disk::Disk;
use super::run::World;
use super::witness::Violation;
use crate::check::Mark;

const WORLDS: u64 = 4;
const COMMITS_MAX: u64 = 1_000;

/// How much it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// As much as is drawn.
    Drawn,
    /// All that is left, which must be all there is.
    Rest,
}

/// Somebody who reads.
#[derive(Debug)]
pub(super) struct Subscriber {
    /// Where it goes on.
    kept: Option<Positions>,
    /// How often it has read.
    pages: u64,
    read: Vec<JournalPosition>,
    /// The last message of each link that it has seen sent.
    sent: Lookup<(IslandId, IslandId), LinkSeq>,
}

impl Subscriber {
    /// The one of a world, if it has one.
    pub(super) fn of_world(dice: &Dice, islands: u32) -> Option<Self> {
        let there = dice.below(Stream::Subscriber, 0, 0, WORLDS) == 0;
        there.then(|| Self {
            kept: None,
            pages: 0,
            read: vec![JournalPosition::ZERO; islands as usize],
            sent: Lookup::new(),
        })
    }

    /// Reads at most `most` records; returns how many it got.
    fn read(
        &mut self,
        disk: &Disk,
        settings: &JournalSettings,
        most: u64,
    ) -> Result<u64, Violation> {
        let law = "a subscriber can go on from where it has got to";
        let broken = |error: &dyn std::fmt::Display| Violation::new(law, error.to_string());
        let token = self.kept.as_ref().map(Positions::to_string);
        let from: Option<Positions> =
            token.as_deref().map(str::parse).transpose().map_err(|error| broken(&error))?;
        let (mut got, mut last, mut wrong) = (0, None, None);
        let read = merged(disk, settings, from.as_ref(), |at, read| -> Result<_, OpenError> {
            wrong = self.note(&at, &mut last).err();
            got += 1;
            self.kept = Some(read.clone());
            let goes_on = wrong.is_none() && got < most;
            Ok(if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        });
        if let Some((seen, (island, position))) = wrong {
            let law = "a subscriber gets each record once, its cause first";
            return Err(Violation::new(law, seen).at_record(island, position));
        }
        let read = read.map_err(|error| broken(&error))?;
        if self.kept.as_ref().is_some_and(|kept| *kept != read) {
            return Err(broken(&format_args!("it ended at {read}, not with its last record")));
        }
        self.pages += 1;
        Ok(got)
    }

    /// Notes the next record; `last` is the one before on this page.
    fn note(
        &mut self,
        at: &RecordAt<'_>,
        last: &mut Option<(Stamp, IslandId)>,
    ) -> Result<(), (String, (IslandId, JournalPosition))> {
        let (island, position) = (at.island, at.position);
        let wrong = |seen: String| Err((seen, (island, position)));
        let before = std::mem::replace(&mut self.read[island.0 as usize], position);
        if position != before.next() {
            return wrong(format!("record {position} of island {island} comes after {before}"));
        }
        let key = (at.record.stamp, island);
        if let Some(before) = last.replace(key).filter(|before| *before >= key) {
            return wrong(format!("{key:?} comes after {before:?}"));
        }
        if let Source::Island { from, number, .. } = at.record.source {
            let sent = self.sent.get(&(from, island)).copied().unwrap_or_default();
            if sent < number {
                return wrong(format!(
                    "message {number} of island {from} is consumed, and {sent} was the last sent"
                ));
            }
        }
        let walked = at.record.walk(|entry| -> Result<(), Malformed> {
            if let Entry::Send { to, number, .. } = entry {
                self.sent.insert((island, to), number);
            }
            Ok(())
        });
        walked.map_err(|error| (error.to_string(), (island, position)))
    }
}

impl<I: Island> World<'_, I> {
    /// The subscriber reads, if there is one.
    pub(super) fn read_on(&mut self, page: Page) -> Result<(), Violation> {
        if self.commits > COMMITS_MAX {
            self.subscriber = None;
        }
        let Some(subscriber) = &mut self.subscriber else { return Ok(()) };
        let (nth, records) = (subscriber.pages, self.witness.records);
        let most = match page {
            Page::Drawn => {
                // Mostly something is left, sometimes not.
                let limit = records.saturating_sub(subscriber.total()) * 3 / 2 + 1;
                self.chance.dice.below(Stream::Subscriber, 1, nth, limit)
            }
            Page::Rest => u64::MAX,
        };
        if most > 0 {
            let before = subscriber.total();
            let got = subscriber.read(&self.disk, &self.settings, most)?;
            if before > 0 && got > 0 {
                self.figures.marks.hit(Mark::ReadOn);
            }
        }
        if page == Page::Rest && subscriber.total() != records {
            let law = "a subscriber gets every record in the end";
            let seen = format!("{} of {records} records", subscriber.total());
            return Err(Violation::new(law, seen));
        }
        Ok(())
    }
}

impl Subscriber {
    fn total(&self) -> u64 {
        self.read.iter().map(|position| position.0).sum()
    }
}
