//! Items in a simulated world: what clients ask, with little room, so that rare paths are met.
//!
//! It doesn't know what goes wrong around it.

use archipelago::Millis;
use archipelago::patterns::stash::{Expired, FAILED, StashConfig};

use super::command::{Command, Deed, Task};
use super::laws::{self, InOrder};
use super::shop::{End, Shop};
use crate::check::Cut;
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// So many requests there are for each order.
const REQUESTS_AN_ORDER: u64 = 8;

/// What bounds the stash.
pub(super) const CONFIG: StashConfig = StashConfig {
    entity_max: 4,
    island_max: 12,
    deadline: Some(Millis(250)),
    letters_max: u32::MAX,
};

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
        Self { islands: 4, commands: 200 }
    }
}

impl Scenario {
    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Shop> {
        Simulation::of(|_| Shop::new(CONFIG))
            .islands(self.islands)
            .commands(self.commands)
            // The laws know which.
            .allow_dead_letters()
            .workload(move |dice, number| self.request(dice, number))
            .always("tasks end once, and what waits is not ready and has room", laws::always)
            .check(InOrder::default)
            .finally("every task has ended or is a dead letter, and nothing waits", move |shops| {
                laws::all_ended(shops, self.tasks())
            })
    }

    /// The same, with the rare paths that a big batch must take.
    #[must_use]
    pub fn with_marks(simulation: Simulation<Shop>) -> Simulation<Shop> {
        let ended = |cut: Cut<'_, Shop>, end| {
            cut.iter().any(|shop| shop.state.ended().values().any(|it| *it == end))
        };
        let letters = |shop: &Shop| shop.stash().letters().ever();
        simulation
            .sometimes("a task waits", |cut| cut.iter().any(|it| !it.state.stash().is_empty()))
            .sometimes("a release is under way, and more than one waits", |cut| {
                cut.iter().any(|it| {
                    let stash = it.state.stash();
                    stash
                        .keys()
                        .any(|key| stash.is_releasing(key) && stash.waiting(key).count() > 1)
                })
            })
            .sometimes("a task finds no room", move |cut| ended(cut, End::NoRoom))
            .sometimes("a task is refused", move |cut| ended(cut, End::Refused))
            .sometimes("a task waits too long", move |cut| {
                cut.iter().any(|it| letters(&it.state) > 0)
            })
            .sometimes("a task that waited fails in its turn", |cut| {
                let failed = |letter: &Expired<u32, Task>| {
                    spoils(letter.deferred.command.number) && letter.why == FAILED
                };
                let mut shops = cut.iter().map(|it| it.state.stash().letters());
                shops.any(|letters| letters.iter().any(|(_, letter)| failed(&letter.content)))
            })
            .sometimes("a dead letter is put back", |cut| {
                cut.iter().any(|it| it.state.put_back() > 0)
            })
    }

    /// The numbers of the requests that are tasks.
    fn tasks(self) -> impl Iterator<Item = u64> {
        (1..=self.commands).filter(|number| !puts_back(*number))
    }

    /// Request `number`.
    fn request(self, dice: &Dice, number: u64) -> (Vec<u8>, Command) {
        let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
        if puts_back(number) {
            return (draw(1, u64::MAX).to_le_bytes().to_vec(), Command::PutBack);
        }
        let order = draw(1, self.commands.div_ceil(REQUESTS_AN_ORDER)) as u32;
        let deed = match draw(2, 100) {
            _ if spoils(number) => Deed::Spoil,
            0..20 => Deed::Open,
            20..70 => Deed::Add,
            70..83 => Deed::Pay,
            83..95 => Deed::Ship,
            _ => Deed::Cancel,
        };
        let task = Task { deed, number };
        // Nobody would hear how one fails elsewhere.
        if deed != Deed::Spoil && draw(3, 3) == 0 {
            let key = draw(4, u64::MAX).to_le_bytes().to_vec();
            return (key, Command::HandOn { order, task });
        }
        (order.to_le_bytes().to_vec(), Command::Do { order, task })
    }
}

/// Every so often somebody puts a dead letter back.
const fn puts_back(number: u64) -> bool {
    number.is_multiple_of(11)
}

/// Every so often a task cannot be done.
pub(super) const fn spoils(number: u64) -> bool {
    number.is_multiple_of(23) && !puts_back(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::{Least, holds_on_so_many_islands, holds_under_every_preset};

    #[test]
    fn the_laws_hold_under_every_preset_and_the_world_is_rich() {
        let least = Least { records: 200, messages: 0 };
        holds_under_every_preset(|| Scenario::default().simulation(), 8, least);
    }

    #[test]
    fn a_lone_island_and_many_keep_the_laws_too() {
        holds_on_so_many_islands([1, 30], |islands| {
            Scenario { islands, ..Scenario::default() }.simulation()
        });
    }

    #[test]
    fn a_batch_takes_the_rare_paths() {
        let simulation = Scenario::with_marks(Scenario::default().simulation());
        simulation.preset("swarm".parse().unwrap()).seeds(0..30).unwrap();
    }
}
