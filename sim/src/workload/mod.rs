//! Workloads: what real or generated users ask of the islands.
//!
//! They don't know threads, journals or the command line: a workload is a stream of actions.
//! [`table`], [`name`], [`fingerprint`] and [`prng`] are what several of them are made from.

pub mod bookings;
pub mod cities;
pub mod fingerprint;
pub mod invoices;
pub mod items;
pub mod name;
pub mod parcels;
pub mod prng;
pub mod table;
#[cfg(test)]
mod testing;
pub mod warehouse;
