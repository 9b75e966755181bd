//! What is simulated: the same for every seed.
//!
//! It doesn't know how a world carries it out.

use std::sync::Arc;

use archipelago_core::id::{IslandId, LinkSeq};
use archipelago_core::island::{Island, Limits};

use super::dice::Dice;
use super::links::Ways;
use super::witness::DeadLetters;
use crate::check::{MakeCheck, Sight};
use crate::fault::{Faults, Preset};

/// Makes an island as it is born.
pub type Make<I> = Box<dyn Fn(IslandId) -> I + Send + Sync>;
/// The key and the command of request number n (1, 2, 3 …), drawn from the dice.
pub type Workload<I> = Box<dyn Fn(&Dice, u64) -> (Vec<u8>, <I as Island>::Command) + Send + Sync>;
/// What a reply must be.
pub type Expectation<I> = Arc<dyn Fn(&<I as Island>::Reply) -> Result<(), String> + Send + Sync>;

/// A message on a link, as a fault of one's own sees it.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a, C> {
    /// Its sender.
    pub from: IslandId,
    /// Its receiver.
    pub to: IslandId,
    /// Its number on this link.
    pub number: LinkSeq,
    /// What it says.
    pub command: &'a C,
}

/// What happens to the frame of a message that a fault of one's own is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfortune {
    /// It is lost.
    Lost,
    /// It comes later, by so many microseconds.
    Late(u64),
    /// It comes twice.
    Twice,
}

/// Which messages a fault is about.
pub type Matches<I> = Box<dyn Fn(&Letter<'_, <I as Island>::Command>) -> bool + Send + Sync>;

/// A fault that knows what messages say.
pub struct Typed<I: Island> {
    /// Every so many of them: 1 is each.
    pub every: u64,
    /// What happens.
    pub what: Misfortune,
    /// Which messages.
    pub matches: Matches<I>,
}

/// Something done to a world at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The process crashes.
    Crash,
    /// One island crashes.
    CrashIsland(IslandId),
    /// A bit of a durable commit turns; the journal must refuse it, and the bit is turned back.
    Corrupt,
    /// Some islands are cut off.
    Partition(Vec<IslandId>, Ways),
    /// All cuts made so far are mended.
    Heal,
    /// An island pauses, for so many milliseconds.
    Pause(IslandId, u64),
    /// An island's clock steps, by so many milliseconds.
    StepClock(IslandId, i64),
    /// The disk is full: the next commit that needs a segment fails, for so many milliseconds.
    FillDisk(u64),
}

/// The values of an island's levels.
pub type LevelsOf<I> = Box<dyn Fn(&I) -> Vec<i64> + Send + Sync>;

/// Numbers to draw over time, of each island.
pub struct Levels<I> {
    /// Their names.
    pub names: Vec<String>,
    /// Their values, in the same order.
    pub of: LevelsOf<I>,
}

/// A request that a story or scenario asks, beside the workload's.
pub struct Asked<I: Island> {
    /// When, in nanoseconds.
    pub at: u64,
    /// For which key.
    pub key: Vec<u8>,
    /// Makes the command.
    pub command: Box<dyn Fn() -> I::Command + Send + Sync>,
    /// What its reply must be, if anything.
    pub expectation: Option<Expectation<I>>,
}

/// What is simulated; the same for every seed.
pub struct Plan<I: Island> {
    /// How many islands.
    pub islands: u32,
    /// How many commands clients submit.
    pub commands: u64,
    /// Mean time between two commands, in microseconds.
    pub command_every_us: u64,
    /// What bounds each island.
    pub limits: Limits,
    /// What goes wrong.
    pub preset: Preset,
    /// Makes the islands.
    pub make: Make<I>,
    /// Makes the commands; there must be one if there are commands.
    pub workload: Option<Workload<I>>,
    /// Whether a command may become a dead letter.
    pub dead_letters: DeadLetters,
    /// Makes the checks of a world.
    pub checks: Vec<MakeCheck<I>>,
    /// What a batch must have seen, by name.
    pub sights: Vec<(String, Sight<I>)>,
    /// Faults that know what messages say.
    pub typed: Vec<Typed<I>>,
    /// What is done, and when (in nanoseconds).
    pub script: Vec<(u64, Verb)>,
    /// What is asked beside the workload.
    pub asked: Vec<Asked<I>>,
    /// What a trace draws over time, beside its own figures.
    pub levels: Option<Levels<I>>,
}

impl<I: Island> Plan<I> {
    /// An island in the script that there is not.
    pub(super) fn names_beyond(&self) -> Option<IslandId> {
        let named = self.script.iter().flat_map(|(_, verb)| match verb {
            Verb::CrashIsland(island) | Verb::Pause(island, _) | Verb::StepClock(island, _) => {
                std::slice::from_ref(island)
            }
            Verb::Partition(islands, _) => islands,
            Verb::Crash | Verb::Corrupt | Verb::Heal | Verb::FillDisk(_) => &[],
        });
        named.copied().find(|island| island.0 >= self.islands)
    }

    /// The faults of a seed.
    #[must_use]
    pub fn faults(&self, dice: &Dice) -> Faults {
        self.preset.faults(dice)
    }
}
