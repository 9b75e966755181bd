//! The law of the cities: record by record, each hour does what its readings say it must.
//!
//! Rules:
//! 1. A ledger of its own follows each hour by what came to its island, in the plainest way: the
//!    newest reading of each station, the newest announcement. It uses nothing of the aggregator's.
//! 2. The model runs in exactly the records where the ledger says so, on exactly what it holds: so
//!    not twice, not too early, not with an older reading, and never not at all.
//! 3. A reading is sent on by the record that takes it in, and by no other.
//! 4. What is turned away met a limit.
//!
//! It doesn't know how an hour is kept.

use std::collections::BTreeMap;

use archipelago::IslandId;
use archipelago::patterns::aggregator::{
    AggregatorEvent, Ending, Expected, Happened, Late, Refusal, Version,
};

use super::command::{Command, Event, Reading};
use super::fixed::Fixed;
use super::hour::{Hour, Station};
use super::island::{Cities, Model};
use super::scenario::config;
use crate::check::{Check, Seen, Wants};

/// Where an hour stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Ended,
    Undone,
}

/// What came of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ledger {
    phase: Phase,
    expected: Option<(Version, Expected<Station>)>,
    newest: BTreeMap<Station, (Version, Fixed)>,
}

impl Ledger {
    fn counts(&self, station: &Station) -> bool {
        match &self.expected {
            Some((_, Expected::Members(stations))) => stations.contains(station),
            Some((_, Expected::Count(_))) | None => true,
        }
    }

    fn is_met(&self) -> bool {
        match &self.expected {
            Some((_, Expected::Members(stations))) => {
                stations.iter().all(|station| self.newest.contains_key(station))
            }
            Some((_, Expected::Count(count))) => self.newest.len() >= *count as usize,
            None => false,
        }
    }

    /// What the model must make of it.
    fn model(&self, quorum: u32) -> Model {
        let counting = self.newest.iter().filter(|(station, _)| self.counts(station));
        let values: Vec<Fixed> = counting.map(|(_, (_, value))| *value).collect();
        let stations = values.len() as u32;
        let ending = match (self.is_met(), stations >= quorum) {
            (true, _) => Ending::Complete,
            (false, true) => Ending::Partial,
            (false, false) => Ending::Short,
        };
        Model { ending, stations, mean: Fixed::mean(values) }
    }

    /// The readings that count.
    fn gathered(&self) -> Vec<(Station, Fixed)> {
        let counting = self.newest.iter().filter(|(station, _)| self.counts(station));
        counting.map(|(station, (_, value))| (*station, *value)).collect()
    }
}

/// What a record does to its hour.
#[derive(Debug, Default, PartialEq, Eq)]
struct Done {
    models: Vec<Model>,
    undone: u32,
}

/// Follows the hours of all islands.
#[derive(Debug, Default)]
pub struct Protocol {
    hours: BTreeMap<(IslandId, Hour), Ledger>,
}

impl Protocol {
    /// What the ledger says that an input must do; it is applied.
    fn apply(&mut self, island: IslandId, hour: Hour, command: &Command) -> Done {
        let (late, quorum) = (config(island).late, config(island).quorum);
        let is_close = matches!(command, Command::Close { .. } | Command::Deadline(_));
        if is_close && !self.hours.contains_key(&(island, hour)) {
            return Done::default();
        }
        let ledger = self.hours.entry((island, hour)).or_default();
        let mut after = ledger.clone();
        let is_new = match command {
            Command::Report(Reading { station, version, value, .. }) => {
                let last = after.newest.get(station).map(|(last, _)| *last);
                after.newest.insert(*station, (*version, *value));
                last < Some(*version)
            }
            Command::Announce { version, expected, .. } => {
                let last = after.expected.as_ref().map(|(last, _)| *last);
                after.expected = Some((*version, expected.clone()));
                last < Some(*version)
            }
            _ => true,
        };
        if !is_new {
            return Done::default();
        }
        let changes = (after.gathered(), after.is_met()) != (ledger.gathered(), ledger.is_met());
        let run = vec![after.model(quorum)];
        match (ledger.phase, late) {
            (Phase::Open, _) if is_close || after.is_met() => {
                *ledger = Ledger { phase: Phase::Ended, ..after };
                Done { models: run, undone: 0 }
            }
            (Phase::Open, _) => {
                *ledger = after;
                Done::default()
            }
            (Phase::Ended, Late::Amend) if !is_close => {
                // A changed expectation can make it short or partial as well.
                let ending_changes = after.model(quorum) != ledger.model(quorum);
                *ledger = after;
                let models = if changes || ending_changes { run } else { Vec::new() };
                Done { models, undone: 0 }
            }
            (Phase::Ended, Late::Compensate) if !is_close && changes => {
                ledger.phase = Phase::Undone;
                Done { models: Vec::new(), undone: 1 }
            }
            (Phase::Ended | Phase::Undone, _) => Done::default(),
        }
    }

    /// Whether a limit was met.
    fn turned_away(&self, island: IslandId, hour: Hour, refusal: Refusal) -> Result<(), String> {
        let limits = config(island);
        let here = || self.hours.range((island, Hour(0))..=(island, Hour(u32::MAX)));
        let (known, all) = (self.hours.get(&(island, hour)), here().count());
        let open = here().filter(|(_, ledger)| ledger.phase == Phase::Open).count();
        let is_ahead =
            here().any(|((_, other), ledger)| *other >= hour && ledger.phase != Phase::Open);
        let is_open = known.is_some_and(|ledger| ledger.phase == Phase::Open);
        let good = match refusal {
            Refusal::TooManyGroups => known.is_none() && open >= limits.open_max as usize,
            Refusal::Forgotten => !is_open && is_ahead && all - open > limits.ended_max as usize,
            Refusal::TooManyMembers => false,
        };
        if good { Ok(()) } else { Err(format!("{hour} turns it away, but not: {refusal}")) }
    }
}

impl Check<Cities> for Protocol {
    fn name(&self) -> &str {
        "the model runs once, when and on what it must"
    }

    fn wants(&self) -> Wants {
        Wants::Records
    }

    fn record(&mut self, seen: &Seen<'_, Cities>) -> Result<(), String> {
        let command = seen.command()?;
        let sends = seen.sends()?;
        if let Command::Read(reading) = &command {
            return match &sends[..] {
                [(_, _, Command::Report(sent))] if sent == reading => Ok(()),
                other => Err(format!("{reading:?} is sent on as {other:?}")),
            };
        }
        if !sends.is_empty() {
            return Err(format!("{command:?} sends {sends:?}"));
        }
        let hour = match &command {
            Command::Read(reading) | Command::Report(reading) => reading.hour,
            Command::Announce { hour, .. } | Command::Close { hour } => *hour,
            Command::Deadline(deadline) => deadline.0,
        };
        let mut done = Done::default();
        for event in seen.events()? {
            match event {
                Event::TurnedAway { hour, refusal } => {
                    return self.turned_away(seen.island, hour, refusal);
                }
                Event::Modelled { model, .. } => done.models.push(model),
                Event::Hours(AggregatorEvent { happened: Happened::Undone, .. }) => {
                    done.undone += 1
                }
                Event::Hours(_) | Event::Read { .. } => {}
            }
        }
        let must = self.apply(seen.island, hour, &command);
        if done == must {
            return Ok(());
        }
        Err(format!("{hour}: {command:?} did {done:?}, and must have done {must:?}"))
    }
}
