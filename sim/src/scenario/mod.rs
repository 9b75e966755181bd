//! **Scenario files**: a world of the warehouse written down in TOML, to be run and learnt from.
//!
//! ```toml
//! islands = 4
//! seeds = 20
//! [workload]
//! commands = 0                # nothing but what the script asks
//! [[product]]
//! code = "lamp"
//! units = 1
//! [[script]]
//! at_ms = 20
//! do = "order"
//! number = "A1"
//! login = "ann"
//! lines = { lamp = 1 }
//! expect = "accepted"
//! [expect]
//! units_sold = 1
//! ```
//!
//! Rules:
//! 1. What is wrong is told with file, line and column, and what is possible instead.
//! 2. All laws are held unless `checks` names fewer. `sometimes` names marks that the seeds must
//!    hit together, `[expect]` figures that each world must end with.
//! 3. Paths in a file are seen from the file.
//!
//! It doesn't know how worlds work, nor the command line.

mod expect;
mod faults;
mod form;

pub mod orders;
mod read;
mod script;
#[cfg(test)]
mod tests;
mod wrong;

use std::path::Path;

use archipelago_core::island::Limits;

pub use wrong::Wrong;

use crate::check::Mark;
use crate::fault::Preset;
use crate::simulation::{Simulation, Summary};
use crate::workload::warehouse::Warehouse;
use crate::workload::warehouse::laws::MARKS;
use crate::workload::warehouse::scenario::{Scenario, Shop};
use expect::Expect;
use faults::AboutMessages;
use script::Deed;

/// Seeds without a word about them.
pub const SEEDS: u64 = 100;
/// The most commands of a world.
pub const COMMANDS_MAX: u64 = 100_000;

/// A scenario, ready to be run.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    /// What is simulated.
    pub shop: Shop,
    /// What bounds each island.
    pub limits: Limits,
    /// What goes wrong.
    pub preset: Preset,
    /// Mean time between two commands, in microseconds.
    pub every_us: u64,
    /// The first seed.
    pub from: u64,
    /// How many seeds.
    pub seeds: u64,
    messages: Vec<AboutMessages>,
    /// Moments in milliseconds.
    script: Vec<(u64, Deed)>,
    expect: Vec<Expect>,
    sometimes: Vec<Wanted>,
    /// One more than the highest number of an island in it.
    islands_named: u32,
}

/// A mark that must be hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// One of the machinery's.
    BuiltIn(Mark, &'static str),
    /// One of [`MARKS`], by its place.
    Own(usize),
}

impl Default for ScenarioFile {
    /// The default demand, without faults.
    fn default() -> Self {
        Self {
            shop: Scenario::default().shop(),
            limits: Limits::default(),
            preset: Preset::Fixed(crate::fault::Faults::calm()),
            every_us: 1000,
            from: 0,
            seeds: SEEDS,
            messages: Vec::new(),
            script: Vec::new(),
            expect: Vec::new(),
            sometimes: Vec::new(),
            islands_named: 0,
        }
    }
}

impl ScenarioFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Wrong`] says where and what.
    pub fn open(file: &Path) -> Result<Self, Wrong> {
        Self::of_text(&Self::text(file)?, file)
    }

    /// The text of a file, for [`ScenarioFile::of_text`].
    ///
    /// # Errors
    /// [`Wrong`], when it cannot be read.
    pub fn text(file: &Path) -> Result<String, Wrong> {
        std::fs::read_to_string(file).map_err(|error| {
            let what = format!("cannot be read: {error}; check the path given with --scenario");
            Wrong { file: file.display().to_string(), place: None, what }
        })
    }

    /// The text of `file`, read before.
    ///
    /// # Errors
    /// [`Wrong`] says where and what.
    pub fn of_text(text: &str, file: &Path) -> Result<Self, Wrong> {
        let folder = file.parent().unwrap_or(Path::new(""));
        Self::parse(text, &file.display().to_string(), folder)
    }

    /// Reads a file's text; `name` is told when something is wrong, and paths in it are seen from
    /// `folder`.
    ///
    /// # Errors
    /// [`Wrong`] says where and what.
    pub fn parse(text: &str, name: &str, folder: &Path) -> Result<Self, Wrong> {
        read::read(text, folder).map_err(|fault| fault.placed(name, text))
    }

    /// The least number of islands that it can be run with: the script and the faults name islands.
    #[must_use]
    pub const fn islands_min(&self) -> u32 {
        if self.islands_named == 0 { 1 } else { self.islands_named }
    }

    /// The simulation of it.
    #[must_use]
    pub fn simulation(&self) -> Simulation<Warehouse> {
        let mut simulation = self
            .shop
            .simulation()
            .limits(self.limits)
            .preset(self.preset)
            .command_every_us(self.every_us);
        for messages in &self.messages {
            simulation = messages.happen(simulation);
        }
        for (at, deed) in &self.script {
            simulation = match deed {
                Deed::Done(verb) => simulation.at_ms(*at, verb.clone()),
                Deed::Asked(command, expected) => {
                    let key = command.key().expect("clients' commands have keys").to_owned();
                    let expected = *expected;
                    simulation.ask_at_ms(*at, key, command, move |reply| {
                        expected.map_or(Ok(()), |expected| expected.check(reply))
                    })
                }
            };
        }
        for wanted in &self.sometimes {
            if let Wanted::Own(at) = wanted {
                let (name, sight) = MARKS[*at];
                simulation = simulation.sometimes(name, sight);
            }
        }
        if self.expect.is_empty() {
            return simulation;
        }
        let expect = self.expect.clone();
        simulation.finally("the figures are those expected", move |islands| {
            expect.iter().try_for_each(|expect| expect.check(&islands))
        })
    }

    /// The machinery's marks that it wants and no world hit. (Those of the warehouse are a
    /// simulation's own: [`Simulation::seeds`] demands them.)
    #[must_use]
    pub fn missed(&self, summary: &Summary) -> Vec<&'static str> {
        let missed = self.sometimes.iter().filter_map(|wanted| match wanted {
            Wanted::BuiltIn(mark, name) => (!summary.total.marks.has(*mark)).then_some(*name),
            Wanted::Own(_) => None,
        });
        missed.collect()
    }
}
