//! **Parcels**: islands that send each other numbered parcels; a world to test the islands' own
//! machinery with, not an application.
//!
//! Rules:
//! 1. It uses all that a [`Turn`](archipelago::Turn) can do: events in order, sends to one, to all,
//!    in a ring and to itself, answers at once and later, timers set, taken back and fired, chance,
//!    large messages, and commands that become dead letters.
//! 2. Each parcel carries its sender's own count, its time and content that follows from both; the
//!    receiver checks them. So a parcel that is lost, doubled, swapped or changed shows.
//! 3. What an island sees that cannot be becomes part of its state ([`Depot::wrong`]), to be told
//!    by a law; it never panics over it.
//!
//! The island: [`command`] → [`depot`] → [`laws`]. The demand on it: [`scenario`].
//!
//! It doesn't know what goes wrong around it, nor the kernel's own link numbers, except in the
//! laws.

pub mod command;
pub mod content;
pub mod depot;
pub mod laws;
pub mod scenario;

pub use command::{Command, Event, Reply};
pub use depot::Depot;
pub use scenario::Scenario;
