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

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use archipelago_core::codec;
use archipelago_core::id::IslandId;
use archipelago_core::island::{Island, Limits};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::check::{Check, Cut, Mark, Simple, When};
use crate::fault::{Faults, Preset};
use crate::shrink::{Capsule, Effort, Shrunk, Told};
use crate::trace::Trace;
use crate::world::{
    Ask, Asked, Choices, DeadLetters, Dice, Figures, Keep, Letter, Levels, Misfortune, Plan,
    Stream, Tracing, Typed, Verb, Violation, World,
};

/// A simulation to be run.
pub struct Simulation<I: Island> {
    pub(crate) plan: Plan<I>,
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

    /// The rare paths of the machinery that no world took.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        let missed = Mark::ALL.iter().filter(|(mark, _)| !self.total.marks.has(*mark));
        missed.map(|(_, name)| *name).collect()
    }
}

/// A seed whose world broke a law.
#[derive(Clone, PartialEq, Eq)]
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

/// As it is displayed: `expect` in a test shows this.
impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}

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
        self.plan.script.push((millis * 1_000_000, verb));
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
        codec::encode(command, &mut bytes).expect("a command that can be asked can be written");
        self.plan.asked.push(Asked {
            at: millis * 1_000_000,
            key: key.into(),
            command: Box::new(move || codec::decode(&bytes).expect("written just now")),
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
    /// The first that broke a law; or something that was to be seen sometimes and never was.
    pub fn seeds(&self, seeds: Range<u64>) -> Result<Summary, Broken> {
        self.seeds_on(1, seeds, |_| {})
    }

    /// Runs all seeds on so many threads; `progress` hears of each world that has ended. The result
    /// does not depend on the number of threads.
    ///
    /// # Errors
    /// The lowest seed that broke a law; or something that was to be seen sometimes and never was.
    pub fn seeds_on(
        &self,
        threads: usize,
        seeds: Range<u64>,
        progress: impl Fn(u64) + Sync,
    ) -> Result<Summary, Broken> {
        let first = seeds.start;
        let summary = self.batch_on(threads, seeds, progress)?;
        match self.unseen(&summary).as_slice() {
            [] => Ok(summary),
            unseen => {
                let law = format!("sometimes: {}", unseen.join(", "));
                let seen = format!("none of {} worlds showed it", summary.worlds);
                Err(Broken { seed: first, violation: Violation::new(law, seen) })
            }
        }
    }

    /// As [`Simulation::seeds_on`], whatever was seen sometimes.
    ///
    /// # Errors
    /// The lowest seed that broke a law.
    pub fn batch_on(
        &self,
        threads: usize,
        seeds: Range<u64>,
        progress: impl Fn(u64) + Sync,
    ) -> Result<Summary, Broken> {
        let next = AtomicU64::new(seeds.start);
        // Seeds above one that broke a law need not be run.
        let broken_below = AtomicU64::new(u64::MAX);
        let work = || {
            let mut results = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end || seed > broken_below.load(Ordering::Relaxed) {
                    return results;
                }
                let result = self.seed(seed);
                if result.is_err() {
                    broken_below.fetch_min(seed, Ordering::Relaxed);
                }
                results.push((seed, result));
                progress(1);
            }
        };
        let mut results: Vec<_> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut results = work();
            for other in others {
                results.extend(other.join().expect("worlds catch panics of users' code"));
            }
            results
        });
        results.sort_unstable_by_key(|(seed, _)| *seed);
        let mut summary = Summary::default();
        for (_, result) in results {
            summary.add(&result?);
        }
        Ok(summary)
    }

    /// What was to be seen sometimes and was not.
    #[must_use]
    pub fn unseen(&self, summary: &Summary) -> Vec<&str> {
        let sights = self.plan.sights.iter().enumerate();
        let unseen = sights.filter(|(at, _)| !summary.total.marks.has_own(*at));
        unseen.map(|(_, (name, _))| name.as_str()).collect()
    }

    /// How many things are to be seen sometimes.
    #[must_use]
    pub fn sights(&self) -> usize {
        self.plan.sights.len()
    }

    /// Shrinks a seed that breaks a law: fewer requests, faults and islands, the same law. `None`
    /// when it breaks none.
    #[must_use]
    pub fn shrink(&self, seed: u64, effort: Effort) -> Option<Shrunk> {
        crate::shrink::shrink(&self.plan, seed, effort)
    }

    /// Runs a seed and writes down all that happened, for a reader; see [`crate::report`].
    #[must_use]
    pub fn trace(&self, seed: u64) -> Trace {
        let ask = Ask { trace: Tracing::Wanted, ..Ask::default() };
        Trace { seed, ..World::ask_for(&self.plan, seed, ask).trace }
    }

    /// The trace of a capsule's world.
    #[must_use]
    pub fn trace_of(&self, capsule: &Capsule) -> Trace {
        let ask = Ask { trace: Tracing::Wanted, ..Self::ask_of(capsule) };
        Trace { seed: capsule.seed, ..World::ask_for(&self.plan, capsule.seed, ask).trace }
    }

    fn ask_of(capsule: &Capsule) -> Ask {
        Ask {
            choices: Choices::Listed(capsule.decisions.clone()),
            islands: Some(capsule.islands),
            weather: Some(capsule.weather),
            ..Ask::default()
        }
    }

    /// A shrunk failure in words: its choices in order, each request with its command, and the law.
    #[must_use]
    pub fn story(&self, seed: u64, shrunk: &Shrunk) -> String {
        crate::shrink::story(&self.plan, seed, shrunk)
    }

    /// Replays a capsule made of this simulation.
    #[must_use]
    pub fn replay(&self, capsule: &Capsule) -> Told {
        let broken = World::ask_for(&self.plan, capsule.seed, Self::ask_of(capsule)).broken;
        Told::of(capsule, broken)
    }

    /// Runs a seed twice and compares the two worlds, record by record.
    ///
    /// # Errors
    /// The law that it broke; or the first record that differs.
    pub fn twice(&self, seed: u64) -> Result<Figures, Broken> {
        let run = || {
            let ask = Ask { keep: Keep::Digests, ..Ask::default() };
            World::ask_for(&self.plan, seed, ask)
        };
        let (first, second) = (run(), run());
        let records = first.history.len().min(second.history.len());
        let law = "two worlds of one seed are the same";
        let broken = |seen: String| Broken { seed, violation: Violation::new(law, seen) };
        if let Some((a, b)) = first.history.iter().zip(&second.history).find(|(a, b)| a != b) {
            let seen = if (a.island, a.position) == (b.island, b.position) {
                format!("record {} of island {} differs", a.position, a.island)
            } else {
                format!(
                    "record {} of island {} comes in one, record {} of island {} in the other",
                    a.position, a.island, b.position, b.island
                )
            };
            return Err(broken(seen));
        }
        if (&first.broken, first.figures) != (&second.broken, second.figures) {
            return Err(broken(format!("they differ after {records} records, not in a record")));
        }
        match first.broken {
            None => Ok(first.figures),
            Some(violation) => Err(Broken { seed, violation }),
        }
    }
}
