//! `sim`: a workload in a hostile world, from one seed or from many; and what to do with a failure.
//!
//! ```text
//! seeds ─▶ a law breaks ─▶ the command that repeats it ─▶ --shrink ─▶ capsule ─▶ replay
//! ```
//! It doesn't know how a world works.

mod batch;
mod capsule;
mod small;
mod warehouse;

#[cfg(test)]
mod tests;

pub use capsule::replay;
pub use small::{bookings, cities, invoices, items, parcels};
pub use warehouse::{MARKED_SEEDS, warehouse};
