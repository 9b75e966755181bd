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
//!     .finally("each command counts once", |islands| {
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

mod batch;

use std::fmt;
use std::sync::Arc;

use archipelago_core::codec::Wire;
use archipelago_core::id::IslandId;
use archipelago_core::island::{Island, Limits};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use batch::{Broken, Summary};

use crate::check::{Check, Cut, Simple, When};
use crate::fault::{Faults, Preset};
use crate::world::{
    Asked, DeadLetters, Dice, Letter, Levels, Misfortune, Plan, Stream, Typed, Verb,
};

/// A simulation to be run.
pub struct Simulation<I: Island> {
    pub(crate) plan: Plan<I>,
}

impl<I: Island> Simulation<I> {
    /// A simulation of islands made by `make`: 4 of them, no commands, no faults.
    #[must_use]
    pub fn of(make: impl Fn(IslandId) -> I + Send + Sync + 'static) -> Self {
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
                checks: Vec::new(),
                sights: Vec::new(),
                typed: Vec::new(),
                script: Vec::new(),
                asked: Vec::new(),
                levels: None,
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
        workload: impl Fn(&Dice, u64) -> (K, I::Command) + Send + Sync + 'static,
    ) -> Self {
        self.plan.workload = Some(Box::new(move |dice, number| {
            let (key, command) = workload(dice, number);
            (key.into(), command)
        }));
        self
    }

    /// The same from a strategy of proptest: request number n is the value that the strategy draws
    /// from (seed, n). Shrinking is the simulation's own.
    #[must_use]
    pub fn strategy<K: Into<Vec<u8>> + fmt::Debug>(
        self,
        strategy: impl Strategy<Value = (K, I::Command)> + Send + Sync + 'static,
    ) -> Self {
        self.workload(move |dice, number| {
            let mut seed = [0; 32];
            for (at, bytes) in seed.chunks_exact_mut(8).enumerate() {
                let bits = dice.bits(Stream::Workload, number, at as u64);
                bytes.copy_from_slice(&bits.to_le_bytes());
            }
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
            let mut runner = TestRunner::new_with_rng(Config::default(), rng);
            let drawn = strategy.new_tree(&mut runner).expect("the strategy draws a value");
            drawn.current()
        })
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

    /// A check of yours, made anew for each world.
    #[must_use]
    pub fn check<C: Check<I> + 'static>(
        self,
        make: impl Fn() -> C + Send + Sync + 'static,
    ) -> Self {
        self.check_of(move |_| make())
    }

    /// The same for a check that must know how many islands there are: shrinking tries fewer.
    #[must_use]
    pub fn check_of<C: Check<I> + 'static>(
        mut self,
        make: impl Fn(u32) -> C + Send + Sync + 'static,
    ) -> Self {
        self.plan.checks.push(Box::new(move |islands| Box::new(make(islands))));
        self
    }

    /// A law of yours that holds at every consistent cut, that is after every commit.
    #[must_use]
    pub fn always(
        self,
        name: &str,
        look: impl Fn(Cut<'_, I>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.simple(name, When::Always, look)
    }

    /// A law of yours that holds when everything is answered and at rest.
    #[must_use]
    pub fn finally(
        self,
        name: &str,
        look: impl Fn(Cut<'_, I>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.simple(name, When::Finally, look)
    }

    fn simple(
        mut self,
        name: &str,
        when: When,
        look: impl Fn(Cut<'_, I>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let (name, look) = (Arc::<str>::from(name), Arc::new(look));
        self.plan.checks.push(Box::new(move |_| {
            Box::new(Simple { name: Arc::clone(&name), when, look: look.clone() })
        }));
        self
    }

    /// Something that a batch of seeds must see at a cut at least once: a rare path that your
    /// workload is to reach. [`Simulation::seeds`] fails if none does.
    ///
    /// # Panics
    /// With more than 64 of them.
    #[must_use]
    pub fn sometimes(
        mut self,
        name: &str,
        sight: impl Fn(Cut<'_, I>) -> bool + Send + Sync + 'static,
    ) -> Self {
        assert!(self.plan.sights.len() < crate::check::OWN_MAX, "there is room for 64 marks");
        self.plan.sights.push((name.to_owned(), Arc::new(sight)));
        self
    }

    /// A fault that knows what messages say: every so many of those that `matches` names suffer
    /// `what`. A frame may carry several messages; it suffers for each.
    #[must_use]
    pub fn misfortune(
        mut self,
        what: Misfortune,
        every: u64,
        matches: impl Fn(&Letter<'_, I::Command>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.plan.typed.push(Typed { every, what, matches: Box::new(matches) });
        self
    }

    /// Something done to each world at a moment, in milliseconds of virtual time.
    #[must_use]
    pub fn at_ms(mut self, millis: u64, verb: Verb) -> Self {
        self.plan.script.push((millis.saturating_mul(1_000_000), verb));
        self
    }

    /// A request asked at a moment (milliseconds of virtual time), beside the workload's; its reply
    /// is held against `expectation`.
    ///
    /// # Panics
    /// When the command cannot be written: asking it would fail as well.
    #[must_use]
    pub fn ask_at_ms(
        mut self,
        millis: u64,
        key: impl Into<Vec<u8>>,
        command: &I::Command,
        expectation: impl Fn(&I::Reply) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let mut bytes = Vec::new();
        command.encode(&mut bytes).expect("a command that can be asked can be written");
        self.plan.asked.push(Asked {
            at: millis.saturating_mul(1_000_000),
            key: key.into(),
            command: Box::new(move || I::Command::decode(&bytes).expect("written just now")),
            expectation: Some(Arc::new(expectation)),
        });
        self
    }

    /// Numbers of each island that a trace draws over time, such as stock on the shelf: their names
    /// and their values.
    #[must_use]
    pub fn levels(
        mut self,
        names: &[&str],
        of: impl Fn(&I) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.plan.levels = Some(Levels { names, of: Box::new(of) });
        self
    }

    /// Lets commands become dead letters; otherwise a panic in `decide` breaks a law.
    #[must_use]
    pub fn allow_dead_letters(mut self) -> Self {
        self.plan.dead_letters = DeadLetters::Allowed;
        self
    }
}
