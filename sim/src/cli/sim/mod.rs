//! `sim`: a workload in a hostile world, from one seed or from many; and what to do with a failure.
//!
//! ```text
//! seeds ─▶ a law breaks ─▶ the command that repeats it ─▶ --shrink ─▶ capsule ─▶ replay
//! ```
//! It doesn't know how a world works.

mod batch;
mod bookings;
mod capsule;
mod cities;
mod parcels;
mod warehouse;

#[cfg(test)]
mod tests;

pub use bookings::bookings;
pub use capsule::replay;
pub use cities::cities;
pub use parcels::parcels;
pub use warehouse::{MARKED_SEEDS, warehouse};
