//! One shape for real and generated demand: what there is, and a stream of what to do.
//!
//! It doesn't know how the stream is submitted.

use super::action::{Action, Counts};
use super::catalog::Catalog;
use super::demand::Demand;
use super::orders::Orders;
use crate::workload::fingerprint::Fingerprint;

/// A workload, ready to be run once.
pub struct Work {
    /// The products with the units ordered of each.
    pub catalog: Catalog,
    /// How much there is of everything.
    pub counts: Counts,
    /// Tells this workload from another.
    pub fingerprint: Fingerprint,
    /// Orders and returns, in order.
    pub actions: Box<dyn Iterator<Item = Action> + Send>,
}

impl From<Orders> for Work {
    fn from(orders: Orders) -> Self {
        let Orders { catalog, actions, counts, fingerprint } = orders;
        Self { catalog, counts, fingerprint, actions: Box::new(actions.into_iter()) }
    }
}

impl From<&Demand> for Work {
    /// Runs through the demand once to count it; nothing of it is kept.
    fn from(demand: &Demand) -> Self {
        let (catalog, counts) = demand.survey();
        let actions = Box::new(demand.actions());
        Self { catalog, counts, fingerprint: demand.fingerprint(), actions }
    }
}
