//! Simulating one's own islands, in a test: say what they are, what is asked of them, what may go
//! wrong and which laws hold; run it for many seeds.
//!
//! ```
//! use archipelago::{Island, Turn};
//! use archipelago_sim::{Faults, Simulation};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Counter(u64);
//! #[derive(Debug, Serialize, Deserialize)]
//! struct Add(u64);
//!
//! impl Island for Counter {
//!     type Command = Add;
//!     type Event = Add;
//!     type Reply = u64;
//!     fn decide(&self, Add(n): Add, turn: &mut Turn<Self>) {
//!         turn.emit(Add(n));
//!         turn.reply(self.0 + n);
//!     }
//!     fn evolve(&mut self, Add(n): &Add) {
//!         self.0 += n;
//!     }
//! }
//!
//! let summary = Simulation::of(|_| Counter::default())
//!     .islands(3)
//!     .commands(50)
//!     .workload(|_, number| (number.to_le_bytes().to_vec(), Add(1)))
//!     .faults(Faults::crash_loop())
//!     .law_at_rest("each command counts once", |islands| {
//!         match islands.iter().map(|image| image.state.0).sum() {
//!             50 => Ok(()),
//!             other => Err(format!("{other} counted")),
//!         }
//!     })
//!     .seeds(0..10)
//!     .expect("the laws hold");
//! assert_eq!(summary.worlds, 10);
//! ```
//!
//! It doesn't know how a world works.

use std::fmt;
use std::ops::Range;

use archipelago_core::id::IslandId;
use archipelago_core::island::{Island, Limits};

use crate::fault::{Faults, Preset};
use crate::world::{Cut, DeadLetters, Dice, Figures, Plan, Violation, World};

/// A simulation to be run.
pub struct Simulation<I: Island> {
    plan: Plan<I>,
}

/// What all worlds together were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Worlds, one a seed.
    pub worlds: u64,
    /// Their figures, added up in the order of seeds.
    pub total: Figures,
}

impl Summary {
    /// Adds one world.
    pub fn add(&mut self, figures: &Figures) {
        self.worlds += 1;
        self.total.add(figures);
    }
}

/// A seed whose world broke a law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The seed: running it again breaks the same law at the same place.
    pub seed: u64,
    /// The law, and what was seen.
    pub violation: Violation,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.violation)
    }
}

impl std::error::Error for Broken {}

impl<I: Island> Simulation<I> {
    /// A simulation of islands made by `make`: 4 of them, no commands, no faults.
    #[must_use]
    pub fn of(make: impl Fn(IslandId) -> I + 'static) -> Self {
        Self {
            plan: Plan {
                islands: 4,
                commands: 0,
                command_every_us: 1000,
                limits: Limits::default(),
                preset: Preset::Fixed(Faults::calm()),
                make: Box::new(make),
                workload: None,
                dead_letters: DeadLetters::Refused,
                laws: Vec::new(),
                laws_at_rest: Vec::new(),
            },
        }
    }

    /// How many islands.
    #[must_use]
    pub fn islands(mut self, islands: u32) -> Self {
        self.plan.islands = islands;
        self
    }

    /// How many commands are asked; say with [`Simulation::workload`] which.
    #[must_use]
    pub fn commands(mut self, commands: u64) -> Self {
        self.plan.commands = commands;
        self
    }

    /// Mean time between two commands, in microseconds of virtual time. Default 1,000.
    #[must_use]
    pub fn command_every_us(mut self, us: u64) -> Self {
        self.plan.command_every_us = us;
        self
    }

    /// The key and the command of request number n (1, 2, 3 …): a function of the dice and n.
    #[must_use]
    pub fn workload<K: Into<Vec<u8>>>(
        mut self,
        workload: impl Fn(&Dice, u64) -> (K, I::Command) + 'static,
    ) -> Self {
        self.plan.workload = Some(Box::new(move |dice, number| {
            let (key, command) = workload(dice, number);
            (key.into(), command)
        }));
        self
    }

    /// What bounds each island: small limits reach rare paths.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.plan.limits = limits;
        self
    }

    /// The same faults for each seed.
    #[must_use]
    pub fn faults(self, faults: Faults) -> Self {
        self.preset(Preset::Fixed(faults))
    }

    /// A preset of faults, such as [`Preset::Swarm`]: other faults for each seed.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Self {
        self.plan.preset = preset;
        self
    }

    /// A law of yours that holds at every consistent cut, that is after every commit.
    #[must_use]
    pub fn law(
        mut self,
        name: &str,
        law: impl Fn(Cut<'_, I>) -> Result<(), String> + 'static,
    ) -> Self {
        self.plan.laws.push((name.to_owned(), Box::new(law)));
        self
    }

    /// A law of yours that holds when everything is answered and at rest.
    #[must_use]
    pub fn law_at_rest(
        mut self,
        name: &str,
        law: impl Fn(Cut<'_, I>) -> Result<(), String> + 'static,
    ) -> Self {
        self.plan.laws_at_rest.push((name.to_owned(), Box::new(law)));
        self
    }

    /// Lets commands become dead letters; otherwise a panic in `decide` breaks a law.
    #[must_use]
    pub fn allow_dead_letters(mut self) -> Self {
        self.plan.dead_letters = DeadLetters::Allowed;
        self
    }

    /// Runs one seed.
    ///
    /// # Errors
    /// The law that it broke.
    pub fn seed(&self, seed: u64) -> Result<Figures, Broken> {
        World::run(&self.plan, seed).map_err(|violation| Broken { seed, violation })
    }

    /// Runs all seeds, in order.
    ///
    /// # Errors
    /// The first that broke a law.
    pub fn seeds(&self, seeds: Range<u64>) -> Result<Summary, Broken> {
        let mut summary = Summary::default();
        for seed in seeds {
            summary.add(&self.seed(seed)?);
        }
        Ok(summary)
    }
}
