//! Bookings in a simulated world: what guests ask, with few rooms, little credit, agents that are
//! away, and little patience, so that rare paths are met.
//!
//! It doesn't know what goes wrong around it.

use archipelago::Millis;

use super::command::{Command, End, Stay};
use super::island::{Config, Hotels};
use super::laws::{self, MARKS, Steps};
use super::name::{Bank, BookingId, Cents, Day, Desk, Hotel};
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// How many days stays begin on.
const DAYS: u64 = 12;
/// How many agents have a desk.
const DESKS: u64 = 2;
/// How long a booking waits for its steps.
pub(super) const PATIENCE: Millis = Millis(60);

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
        Self { islands: 5, commands: 120 }
    }
}

impl Scenario {
    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Hotels> {
        let config = Config {
            city_rooms: Some(4),
            resort_rooms: Some(2),
            credit: Some(Cents(1_500)),
            patience: Some(PATIENCE),
        };
        Simulation::of(move |_| Hotels::new(config.clone()))
            .islands(self.islands)
            .commands(self.commands)
            .workload(|dice, number| {
                let command = command(dice, number);
                (command.key().expect("guests' commands have keys"), command)
            })
            .always("bookings and the islands of their steps agree", laws::agree)
            .always("no night is oversold, and the books add up", laws::books)
            .check(Steps::default)
            .finally("no booking is stuck, and nothing is left over", laws::at_rest)
    }

    /// Demands of a batch of worlds that it takes every rare path.
    #[must_use]
    pub fn with_marks(simulation: Simulation<Hotels>) -> Simulation<Hotels> {
        MARKS.into_iter().fold(simulation, |all, (name, sight)| all.sometimes(name, sight))
    }
}

/// Request `number`.
fn command(dice: &Dice, number: u64) -> Command {
    let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
    match draw(1, 100) {
        0..56 => {
            let hotel = if draw(2, 3) == 0 { Hotel::Resort } else { Hotel::City };
            let desk = (draw(3, 3) == 0).then(|| Desk(draw(4, DESKS) as u16));
            let stay = Stay {
                hotel,
                arrival: Day(16_000 + draw(5, DAYS) as u32),
                nights: draw(6, 5) as u16,
                bank: [Bank(*b"PRT "), Bank(*b"GBR ")][draw(7, 2) as usize],
                price: Cents(draw(8, 400)),
                desk,
            };
            Command::Book(BookingId(number as u32), stay)
        }
        56..96 => {
            let end = match draw(2, 10) {
                0..5 => End::CheckOut,
                5..8 => End::Cancel,
                _ => End::NoShow,
            };
            // Half of them soon after it was made, perhaps before it is accepted.
            let back = if draw(3, 2) == 0 { draw(4, number.min(4)) } else { draw(4, number) };
            Command::End(BookingId((number - back) as u32), end)
        }
        _ => Command::CloseDesk(Desk(draw(2, DESKS) as u16), Millis(1 + draw(3, 300))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::{Least, holds_on_so_many_islands, holds_under_every_preset};

    #[test]
    fn the_laws_hold_under_every_preset_and_the_world_is_rich() {
        let least = Least { records: 300, messages: 200 };
        holds_under_every_preset(|| Scenario::default().simulation(), 8, least);
    }

    #[test]
    fn a_lone_island_and_many_keep_the_laws_too() {
        holds_on_so_many_islands([1, 40], |islands| {
            Scenario { islands, ..Scenario::default() }.simulation()
        });
    }

    #[test]
    fn a_batch_takes_every_rare_path() {
        let simulation = Scenario::default().simulation().preset("swarm".parse().unwrap());
        let marked = Scenario::with_marks(simulation);
        marked.seeds(0..60).unwrap_or_else(|broken| panic!("{broken}"));
    }
}
