//! Invoices in a simulated world: offices issue numbers that are lost, late, doubled or void, and
//! books have little room and different policies.
//!
//! It doesn't know what goes wrong around it.

use archipelago::patterns::resequencer::{Closing, Patience, ResequencerConfig};
use archipelago::{IslandId, Millis};

use super::command::{Command, Series};
use super::laws;
use super::ledger::Ledger;
use super::office::{Fate, OfficeCommand};
use crate::check::Cut;
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// So many requests there are for each series.
const REQUESTS_A_SERIES: u64 = 25;

/// Items that a book holds of one series.
pub(super) const HELD_MAX: u32 = 5;

/// What the books of an island do about gaps.
pub(super) const fn policy(island: IslandId) -> Option<Patience> {
    // The first series lie on islands 0, 1, 3 and 4 of 5, and on 0, 3, 4 and 5 of 8.
    Some(match island.0 % 8 {
        0 => Patience { every: Millis(30), asks: u32::MAX },
        1 | 5 => return None,
        2 | 4 | 6 => Patience { every: Millis(60), asks: 0 },
        _ => Patience { every: Millis(25), asks: 1 },
    })
}

/// Whether the books of an island close a gap by the word of its source alone.
pub(super) fn goes_by_word(island: IslandId) -> bool {
    policy(island).is_none_or(|patience| patience.asks == u32::MAX)
}

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

impl Scenario {
    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Ledger> {
        let books = |island| ResequencerConfig {
            gap: policy(island),
            held_max: HELD_MAX,
            burst_max: 3,
            ..ResequencerConfig::default()
        };
        Simulation::of(move |island| Ledger::new(books(island)))
            .islands(self.islands)
            .commands(self.commands)
            .workload(move |dice, number| self.request(dice, number))
            .always("books are gapless, in order, and hold little", laws::always)
            .finally("every invoice is booked, or known to be missing or late", laws::all_booked)
    }

    /// The same, with the rare paths that a big batch must take.
    #[must_use]
    pub fn with_marks(simulation: Simulation<Ledger>) -> Simulation<Ledger> {
        let closed = |cut: Cut<'_, Ledger>, like: fn(Closing) -> bool| {
            cut.iter().any(|ledger| {
                let inbox = ledger.state.inbox();
                inbox.sources().any(|of| inbox.closed(of).any(|gap| like(gap.closing)))
            })
        };
        simulation
            .sometimes("a book holds as much as it may", |cut| {
                cut.iter().any(|ledger| {
                    let inbox = ledger.state.inbox();
                    inbox.sources().any(|of| inbox.held(of) == HELD_MAX as usize)
                })
            })
            .sometimes("two gaps of one series are open", |cut| {
                cut.iter().any(|ledger| {
                    let inbox = ledger.state.inbox();
                    inbox.sources().any(|of| inbox.gaps(of).len() > 1)
                })
            })
            .sometimes("a gap is void", move |cut| closed(cut, |closing| closing == Closing::Void))
            .sometimes("a gap is skipped unasked", move |cut| {
                closed(cut, |closing| closing == Closing::Skipped(0))
            })
            .sometimes("a gap is asked for and then skipped", move |cut| {
                closed(cut, |closing| closing == Closing::Skipped(1))
            })
            .sometimes("a lost invoice comes because it was asked for", |cut| {
                cut.iter().any(|it| it.state.offices().iter().any(|(_, office)| office.asked > 0))
            })
            .sometimes("an invoice comes late", |cut| {
                cut.iter().any(|ledger| ledger.state.inbox().letters().ever() > 0)
            })
    }

    /// Request `number`.
    fn request(self, dice: &Dice, number: u64) -> ([u8; 4], Command) {
        let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
        let series = Series(draw(1, self.commands.div_ceil(REQUESTS_A_SERIES)) as u16);
        let span = Millis(draw(3, 150));
        let fate = match draw(2, 100) {
            0..35 => Fate::Now,
            35..45 => Fate::Twice,
            45..65 => Fate::Late(span),
            65..72 => Fate::Again(span),
            72..82 => Fate::Lost(span),
            _ => Fate::Void,
        };
        (series.office_key(), OfficeCommand::Issue(series, fate).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::{Least, holds_on_so_many_islands, holds_under_every_preset};

    #[test]
    fn the_laws_hold_under_every_preset_and_the_world_is_rich() {
        let least = Least { records: 500, messages: 300 };
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
        simulation.preset("swarm".parse().unwrap()).seeds(0..200).unwrap();
    }
}
