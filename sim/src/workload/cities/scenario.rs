//! Cities in a simulated world: hours that are announced early, late, anew or never, stations that
//! report again and otherwise, deadlines, and limits small enough to be met.
//!
//! Rule: the islands take turns in what they do with late readings, so one world has all three.
//!
//! It doesn't know what goes wrong around it.

use archipelago::patterns::aggregator::{
    AggregatorConfig, Ending, Expected, Late, Standing, Version,
};
use archipelago::{IslandId, Millis};

use super::command::{Command, Reading};
use super::fixed::Fixed;
use super::hour::{Hour, Station};
use super::island::{Cities, Run};
use super::laws::Protocol;
use crate::check::Cut;
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// Stations in all.
const STATIONS: u64 = 5;
/// Requests that are about one hour, on average.
const REQUESTS_AN_HOUR: u64 = 12;
/// One request in so many is about an hour of long ago, of so many hours at most.
const STRAGGLER_EVERY: u64 = 12;
const STRAGGLES_MAX: u64 = 40;
/// How many hours one request may be ahead of the time.
const HOURS_AHEAD: u64 = 3;

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// How many islands.
    pub islands: u32,
    /// How many requests.
    pub commands: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self { islands: 5, commands: 200 }
    }
}

/// How the hours of an island behave.
#[must_use]
pub const fn config(island: IslandId) -> AggregatorConfig {
    let late = match island.0 % 3 {
        0 => Late::Amend,
        1 => Late::Ignore,
        _ => Late::Compensate,
    };
    AggregatorConfig {
        deadline: Some(Millis(40)),
        quorum: 2,
        late,
        open_max: 2,
        members_max: STATIONS as u32,
        ended_max: 3,
    }
}

impl Scenario {
    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Cities> {
        Simulation::of(|island| Cities::new(config(island)))
            .islands(self.islands)
            .commands(self.commands)
            .workload(|dice, number| {
                let command = command(dice, number);
                (key(&command), command)
            })
            .check(Protocol::default)
            .always("what an island keeps of its hours is bounded", bounded)
            .finally("an hour that waits has its deadline ahead", waiting)
    }

    /// The same, which must take the rare paths that have a mark.
    #[must_use]
    pub fn with_marks(simulation: Simulation<Cities>) -> Simulation<Cities> {
        MARKS.into_iter().fold(simulation, |simulation, (name, sight)| {
            simulation.sometimes(name, move |cut| {
                cut.changed().iter().any(|island| sight(&cut[island.0 as usize].state))
            })
        })
    }
}

/// Where a request goes.
fn key(command: &Command) -> Vec<u8> {
    match command {
        Command::Read(reading) => reading.station.as_str().into(),
        Command::Announce { hour, .. } | Command::Close { hour } => hour.key().as_str().into(),
        Command::Report(_) | Command::Deadline(_) => unreachable!("no client says it"),
    }
}

/// Request `number`.
fn command(dice: &Dice, number: u64) -> Command {
    let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
    // Now and then a straggler of long ago.
    let ago = if draw(4, STRAGGLER_EVERY) == 0 { draw(5, STRAGGLES_MAX) } else { 0 };
    let hour = number / REQUESTS_AN_HOUR + draw(0, HOURS_AHEAD);
    let hour = Hour(hour.saturating_sub(ago) as u32);
    let version = 1 + draw(1, 3);
    match draw(2, 100) {
        0..16 => {
            // One version of an hour's announcement says one thing.
            let last = (u64::from(hour.0) + version) % STATIONS;
            let expected = match version % 2 {
                0 => Expected::Count(last as u32 + 1),
                _ => Expected::Members((0..=last).map(station).collect()),
            };
            Command::Announce { hour, version: Version(version), expected }
        }
        16..19 => Command::Close { hour },
        _ => {
            let at = draw(3, STATIONS);
            let value = Fixed((u64::from(hour.0) * 1000 + at * 10 + version).cast_signed());
            let (station, version) = (station(at), Version(version));
            Command::Read(Reading { hour, station, version, value })
        }
    }
}

fn station(at: u64) -> Station {
    Station::try_from(&*format!("S{at}")).expect("two bytes")
}

fn bounded(cut: Cut<'_, Cities>) -> Result<(), String> {
    for island in cut.changed() {
        let (hours, limits) = (cut[island.0 as usize].state.hours(), config(*island));
        let (open, ended) = (hours.open().count(), hours.remembered());
        if open > limits.open_max as usize || ended > limits.ended_max as usize {
            return Err(format!("island {island}: {open} hours are open, {ended} remembered"));
        }
    }
    Ok(())
}

/// At rest each hour that is open has a timer that will end it, and no other timer is set.
fn waiting(cut: Cut<'_, Cities>) -> Result<(), String> {
    for (island, image) in cut.iter().enumerate() {
        let (open, timers) = (image.state.hours().open().count(), image.timers.len());
        if open != timers {
            return Err(format!("island {island}: {open} hours wait, and {timers} timers are set"));
        }
    }
    Ok(())
}

/// Whether an island shows something.
type Sight = fn(&Cities) -> bool;

/// Rare paths, which a big batch must take.
const MARKS: [(&str, Sight); 8] = [
    ("an hour is complete", |one| any(one, |run| run.model.ending == Ending::Complete)),
    ("an hour is partial", |one| any(one, |run| run.model.ending == Ending::Partial)),
    ("an hour is short of its quorum", |one| any(one, |run| run.model.ending == Ending::Short)),
    ("an hour of nobody's ends", |one| any(one, |run| run.model.stations == 0)),
    ("an hour is amended", |one| any(one, |run| run.amended > 0)),
    ("an hour is amended until it is complete", |one| {
        any(one, |run| run.amended > 0 && run.model.ending == Ending::Complete)
    }),
    ("an hour is undone", |one| {
        one.models().keys().any(|hour| one.hours().standing(hour) == Standing::Undone)
    }),
    ("something is turned away", |one| one.turned_away() > 0),
];

fn any(one: &Cities, sight: impl Fn(&Run) -> bool) -> bool {
    one.models().values().any(sight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::{Least, holds_under_every_preset};

    #[test]
    fn the_laws_hold_under_every_preset() {
        let least = Least { records: 0, messages: 0 };
        holds_under_every_preset(|| Scenario::default().simulation(), 4, least);
    }

    #[test]
    fn few_islands_and_many_keep_the_laws_and_take_the_rare_paths() {
        for islands in [3, 40] {
            let scenario = Scenario { islands, commands: 600 };
            let simulation = match islands {
                3 => Scenario::with_marks(scenario.simulation()),
                _ => scenario.simulation(),
            };
            let simulation = simulation.preset("swarm".parse().unwrap());
            simulation.seeds(0..30).unwrap_or_else(|broken| panic!("{islands}, {broken}"));
        }
    }
}
