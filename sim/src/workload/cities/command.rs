//! The words of the cities: what is asked, what islands send each other, what happened.
//!
//! It doesn't know what is done about them.

use archipelago::patterns::aggregator::{AggregatorEvent, Deadline, Expected, Refusal, Version};
use serde::{Deserialize, Serialize};

use super::fixed::Fixed;
use super::hour::{Hour, Station};
use super::island::Model;

/// What an island is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A client, to the station's island: the station measured.
    Read(Reading),
    /// A client, to the hour's island: so many stations are expected, or these.
    Announce {
        /// In which hour.
        hour: Hour,
        /// Which announcement.
        version: Version,
        /// Who.
        expected: Expected<Station>,
    },
    /// A client, to the hour's island: nothing more will come.
    Close {
        /// Of which hour.
        hour: Hour,
    },
    /// The station's island, to the hour's.
    Report(Reading),
    /// A timer of the hour's island.
    Deadline(Deadline<Hour>),
}

/// What a station measured in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// In which hour.
    pub hour: Hour,
    /// Who.
    pub station: Station,
    /// Which of its readings of the hour: its line in the file.
    pub version: Version,
    /// What.
    pub value: Fixed,
}

impl From<Deadline<Hour>> for Command {
    fn from(deadline: Deadline<Hour>) -> Self {
        Self::Deadline(deadline)
    }
}

/// What happened on an island.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A station's reading was taken in and sent on.
    Read {
        /// Whose.
        station: Station,
    },
    /// What happened to the hours.
    Hours(AggregatorEvent<Hour, Station, Fixed>),
    /// The model ran.
    Modelled {
        /// On which hour.
        hour: Hour,
        /// What came of it.
        model: Model,
    },
    /// A reading was not taken in by its hour.
    TurnedAway {
        /// The hour.
        hour: Hour,
        /// Why.
        refusal: Refusal,
    },
}

impl From<AggregatorEvent<Hour, Station, Fixed>> for Event {
    fn from(event: AggregatorEvent<Hour, Station, Fixed>) -> Self {
        Self::Hours(event)
    }
}

/// What a client hears, when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It is taken in: it will not be lost, and need not be sent again.
    Taken,
    /// A limit is reached.
    Refused(Refusal),
}
