//! Parcels in a simulated world: what clients ask, with small windows so that rare paths are met.
//!
//! It doesn't know what goes wrong around it.

use archipelago::{IslandId, Limits, Millis};
use archipelago_core::link::LinkLimits;

use super::command::{Command, Way};
use super::depot::Depot;
use super::laws;
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// Every request whose number is a multiple of it is asked to fail.
const FAILS_EVERY: u64 = 17;

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

/// Whether request `number` is asked to fail.
#[must_use]
pub const fn fails(number: u64) -> bool {
    number.is_multiple_of(FAILS_EVERY)
}

impl Scenario {
    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Depot> {
        // Smaller than what one request sends: messages are held, dropped, left to the journal and
        // read again.
        let links = LinkLimits { window: 5, held_max: 3, kept_max: 4 };
        Simulation::of(|_| Depot::default())
            .islands(self.islands)
            .commands(self.commands)
            .limits(Limits { links, spilled_max: 8, ..Limits::default() })
            .workload(move |dice, number| {
                let key = dice.bits(Stream::Workload, number, 0).to_le_bytes();
                (key, self.command(dice, number))
            })
            .allow_dead_letters()
            .always("parcels, timers and tasks are as they were sent and set", laws::nothing_wrong)
            .finally("every parcel arrives and every request is decided once", move |depots| {
                laws::all_done(depots, self.commands)
            })
    }

    /// Request `number`.
    fn command(self, dice: &Dice, number: u64) -> Command {
        let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
        let to = IslandId(draw(1, u64::from(self.islands)) as u32);
        let parcels = 1 + draw(2, 6) as u32;
        if fails(number) {
            let way = if draw(3, 2) == 0 { Way::Panic } else { Way::TooLarge };
            return Command::Fail { to, parcels, way };
        }
        match draw(3, 100) {
            0..10 => Command::Count,
            10..45 => {
                let bytes = draw(4, 64) as u32;
                Command::Post { to, parcels, bytes }
            }
            45..50 => {
                let bytes = draw(4, 8 << 10) as u32;
                Command::Post { to, parcels, bytes }
            }
            // More than a segment of a simulated world.
            50..51 => Command::Post { to, parcels: 1, bytes: 100 << 10 },
            51..65 => {
                // All of them in one record, which has its limit.
                let bytes = draw(4, 100_000 / u64::from(self.islands)).min(1000) as u32;
                Command::PostToAll { bytes }
            }
            65..80 => Command::Ring { hops: draw(4, 12) as u32 },
            80..92 => Command::Remind { span: Millis(draw(4, 600)) },
            _ => Command::RemindOnce { span: Millis(draw(4, 600)), later: Millis(draw(5, 300)) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::{Least, holds_on_so_many_islands, holds_under_every_preset};

    #[test]
    fn the_laws_hold_under_every_preset_and_the_world_is_rich() {
        let least = Least { records: 400, messages: 300 };
        holds_under_every_preset(|| Scenario::default().simulation(), 8, least);
    }

    #[test]
    fn a_lone_island_and_many_keep_the_laws_too() {
        holds_on_so_many_islands([1, 40], |islands| {
            Scenario { islands, ..Scenario::default() }.simulation()
        });
    }

    #[test]
    fn every_kind_of_request_is_drawn() {
        let dice = Dice::new(1);
        let scenario = Scenario { commands: 1000, ..Scenario::default() };
        let kinds = (1..=1000).map(|number| scenario.command(&dice, number));
        let mut seen: Vec<_> = kinds.map(|kind| std::mem::discriminant(&kind)).collect();
        seen.dedup();
        let unlike = |at: usize| seen[..at].iter().all(|before| *before != seen[at]);
        assert_eq!((0..seen.len()).filter(|at| unlike(*at)).count(), 7);
    }
}
