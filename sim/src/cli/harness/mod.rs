//! The **harness** of all worlds that `run` knows: a data directory, numbered requests, one report.
//!
//! To add a world (an island with words and a demand of its own, in `workload/NAME`):
//! 1. Implement [`World`] for its island: the application's name, the setting that must not change
//!    under a journal, an island as it is born. Name it in `for_world`: all commands that look at
//!    a journal (`replay`, `verify`, `inspect` …) know it now.
//! 2. Its arguments flatten [`SeaArgs`](super::args::SeaArgs) and have a variant in `RunWorkload`.
//! 3. Its run: [`Place::of`], [`Place::history`], [`Place::open`]; [`Sea::feeder`] with a
//!    [`Listener`], [`Feeder::submit`] of requests numbered 1, 2, 3 … the same in every run,
//!    [`Feeder::drain`]; [`Sea::finish`].
//! 4. Its report flattens [`Common`](super::report::Common).
//!
//! Rules:
//! 1. What an earlier process on the same data had answered is not asked again: its answers are
//!    read from the journal before the islands start.
//! 2. A directory of another application, or made with other settings, is refused by name.
//! 3. At the end the run replays its own journal; both digests are in the report.
//!
//! It doesn't know what any island decides.

mod feeder;
mod history;
mod place;
mod sea;
mod world;

pub use feeder::{Feeder, Listener, Request, Turn};
pub use history::{History, Status};
pub use place::Place;
pub use sea::{Ran, Sea};
pub use world::{World, differs, setting};
pub(super) use world::{for_world, unknown};
