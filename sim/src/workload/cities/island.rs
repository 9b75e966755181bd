//! An island of stations and hours.
//!
//! Rules:
//! 1. A reading is answered in the record that sends it on: whoever hears the answer may forget it.
//! 2. The model runs in the record that ends the hour, on what was gathered.
//!
//! It doesn't know where readings come from.

use std::collections::BTreeMap;

use archipelago::patterns::aggregator::{
    Aggregator, AggregatorConfig, Deadline, Ending, Gathered, Outcome, Refusal,
};
use archipelago::{Island, Turn};
use serde::{Deserialize, Serialize};

use super::command::{Command, Event, Reading, Reply};
use super::fixed::Fixed;
use super::hour::{Hour, Station};

/// What the model made of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// How the hour ended.
    pub ending: Ending,
    /// How many stations are in it.
    pub stations: u32,
    /// The mean over them; none of nobody.
    pub mean: Option<Fixed>,
}

/// What ran on an hour, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The last result.
    pub model: Model,
    /// How often it was amended.
    pub amended: u32,
}

/// An island.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cities {
    /// Readings taken in, by station.
    readings: BTreeMap<Station, u64>,
    hours: Aggregator<Hour, Station, Fixed>,
    models: BTreeMap<Hour, Run>,
    /// Readings and announcements that no hour took in.
    turned_away: u64,
}

impl Island for Cities {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Read(reading) => {
                turn.emit(Event::Read { station: reading.station });
                turn.send_to_key(reading.hour.key().as_str(), Command::Report(reading));
                turn.reply(Reply::Taken);
            }
            Command::Report(Reading { hour, station, version, value }) => {
                let outcome = self.hours.report(hour, station, version, value, turn);
                self.follow(hour, outcome, turn);
            }
            Command::Announce { hour, version, expected } => {
                let outcome = self.hours.announce(hour, version, expected, turn);
                turn.reply(match &outcome {
                    Err(refusal) => Reply::Refused(*refusal),
                    Ok(_) => Reply::Taken,
                });
                self.follow(hour, outcome, turn);
            }
            Command::Close { hour } => {
                turn.reply(Reply::Taken);
                self.follow(hour, Ok(self.hours.close(hour, turn)), turn);
            }
            Command::Deadline(Deadline(hour)) => {
                self.follow(hour, Ok(self.hours.close(hour, turn)), turn);
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Read { station } => *self.readings.entry(*station).or_default() += 1,
            Event::Hours(event) => self.hours.evolve(event),
            Event::Modelled { hour, model } => {
                let amended = self.models.get(hour).map_or(0, |run| run.amended + 1);
                self.models.insert(*hour, Run { model: *model, amended });
            }
            Event::TurnedAway { .. } => self.turned_away += 1,
        }
    }
}

impl Cities {
    /// One that has heard nothing.
    #[must_use]
    pub fn new(config: AggregatorConfig) -> Self {
        let (readings, models) = (BTreeMap::new(), BTreeMap::new());
        Self { readings, hours: Aggregator::new(config), models, turned_away: 0 }
    }

    /// The hours.
    #[must_use]
    pub const fn hours(&self) -> &Aggregator<Hour, Station, Fixed> {
        &self.hours
    }

    /// What the model made of each hour.
    #[must_use]
    pub const fn models(&self) -> &BTreeMap<Hour, Run> {
        &self.models
    }

    /// Readings taken in of stations that live here.
    #[must_use]
    pub fn readings(&self) -> u64 {
        self.readings.values().sum()
    }

    /// Readings and announcements that no hour took in.
    #[must_use]
    pub const fn turned_away(&self) -> u64 {
        self.turned_away
    }

    /// Does what an outcome says shall be done.
    fn follow(
        &self,
        hour: Hour,
        outcome: Result<Outcome<Station, Fixed>, Refusal>,
        turn: &mut Turn<Self>,
    ) {
        match outcome {
            Ok(Outcome::Ended(gathered) | Outcome::Amended(gathered)) => {
                turn.emit(Event::Modelled { hour, model: model(&gathered) });
            }
            Err(refusal) => turn.emit(Event::TurnedAway { hour, refusal }),
            // Undo: it is not asked for in this world, so there is nothing to take back.
            Ok(Outcome::Noted | Outcome::Same | Outcome::Late | Outcome::Undo(_)) => {}
        }
    }
}

/// The model: the mean over the stations.
fn model(gathered: &Gathered<Station, Fixed>) -> Model {
    Model {
        ending: gathered.ending,
        stations: gathered.reports.len() as u32,
        mean: Fixed::mean(gathered.reports.iter().map(|(_, value)| *value)),
    }
}
