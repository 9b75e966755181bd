//! **Cities**: stations report each hour; when all of them have, a model runs on the hour.
//!
//! Rules:
//! 1. A station is a key on its own island, which takes in its readings and sends each on to the
//!    island of its hour. An hour is a key too: its [aggregate](archipelago::patterns::aggregator)
//!    lives there.
//! 2. A reading's version is its line in the file: a later line of the same station and hour
//!    overwrites, whichever comes last; a line sent again changes nothing.
//! 3. The model is the mean over the stations. It runs once, when the hour is complete or closed;
//!    what comes later amends it. So results don't depend on the order in which things came.
//! 4. Numbers are decimals of four places, in integers; no float decides anything.
//!
//! The way of a reading: [`readings`] → [`feed`] → [`island`]. The demand of a simulated world:
//! [`scenario`], and what must hold there: [`laws`].
//!
//! It doesn't know what is measured, nor how it is run.

pub mod command;
pub mod feed;
pub mod fixed;
pub mod hour;
pub mod island;
pub mod laws;
pub mod readings;
pub mod scenario;
pub mod summary;

pub use command::{Command, Event, Reply};
pub use fixed::Fixed;
pub use hour::{Hour, HourKey, Station};
pub use island::{Cities, Model};
pub use summary::Summary;
