//! Memory and queues are bounded.
//!
//! Rules:
//! 1. Whoever waits on an island waits for a claim of it; timers are set for claims alone.
//! 2. All needs in all brokers' queues together are at most the claims parked: one need each.
//! 3. An island remembers requests of at most as many keys as there are, and as many customers.
//! 4. Twin: at rest no claim is parked, nobody waits, no timer is set, no queue has a need; no
//!    customer keeps more orders than allowed, and no island knows a product that was never made.
//!
//! It doesn't know what links keep and hold: the runtime bounds that, and a cut does not show it.

use super::ByBroker;
use crate::check::{Check, Cut};
use crate::workload::warehouse::Warehouse;

/// Holds islands to their bounds.
#[derive(Debug)]
pub struct Bounds {
    products: ByBroker,
    keys: usize,
    orders_kept: u32,
    /// Per island as last seen: needs in its queues, and claims it parked.
    seen: Vec<(usize, usize)>,
    queued: usize,
    parked: usize,
}

impl Bounds {
    /// For these products, and at most so many keys of requests.
    #[must_use]
    pub fn new(products: ByBroker, keys: usize, orders_kept: u32) -> Self {
        let seen = vec![(0, 0); products.len()];
        Self { products, keys, orders_kept, seen, queued: 0, parked: 0 }
    }

    fn take(&mut self, cut: Cut<'_, Warehouse>, at: usize) -> Result<(), String> {
        let image = &cut[at];
        let (state, stock) = (&image.state, image.state.stock());
        let parked = stock.parked();
        let atmost = |what: &str, count: usize, most: usize, of: &str| {
            if count <= most {
                return Ok(());
            }
            Err(format!("island {at} has {count} {what}, and only {most} {of}"))
        };
        atmost("who wait", state.waiting.len(), parked, "claims parked")?;
        atmost("orders waiting", state.orders_waiting(), state.waiting.len(), "who wait")?;
        atmost("timers", image.timers.len(), parked, "claims parked")?;
        atmost("sessions", image.sessions.len(), self.keys, "keys")?;
        atmost("customers", state.customers(), self.keys, "keys")?;
        let queued = self.products[at].iter().map(|product| stock.queue_len(product)).sum();
        let (old_queued, old_parked) = std::mem::replace(&mut self.seen[at], (queued, parked));
        self.queued = self.queued - old_queued + queued;
        self.parked = self.parked - old_parked + parked;
        Ok(())
    }

    /// An island at rest.
    fn at_rest(&self, cut: Cut<'_, Warehouse>, at: usize) -> Result<(), String> {
        let image = &cut[at];
        let state = &image.state;
        let counts = [
            (state.stock().parked(), "claims are parked"),
            (state.waiting.len(), "wait"),
            (state.orders_waiting(), "orders wait"),
            (image.timers.len(), "timers are set"),
            (self.seen[at].0, "needs are queued"),
        ];
        if let Some((count, what)) = counts.into_iter().find(|(count, _)| *count > 0) {
            return Err(format!("at rest {count} {what} on island {at}"));
        }
        let kept = self.orders_kept as usize;
        let customers = state.customers.sorted();
        let mut greedy = customers.iter().filter(|(_, customer)| customer.orders_kept() > kept);
        if let Some((login, customer)) = greedy.next() {
            let orders = customer.orders_kept();
            return Err(format!("{orders} orders of {login} are kept, {kept} are allowed"));
        }
        let products: usize = self.products.iter().map(Vec::len).sum();
        let known = state.ledgers().len();
        if known > products {
            return Err(format!("island {at} knows {known} products, {products} were ever made"));
        }
        Ok(())
    }
}

impl Check<Warehouse> for Bounds {
    fn name(&self) -> &str {
        "memory and queues are bounded"
    }

    fn always(&mut self, cut: Cut<'_, Warehouse>) -> Result<(), String> {
        for island in cut.changed() {
            self.take(cut, island.0 as usize)?;
        }
        if self.queued > self.parked {
            let (queued, parked) = (self.queued, self.parked);
            return Err(format!("{queued} needs are queued at brokers for {parked} claims"));
        }
        Ok(())
    }

    fn finally(&mut self, cut: Cut<'_, Warehouse>) -> Result<(), String> {
        for at in 0..cut.len() {
            self.take(cut, at)?;
            self.at_rest(cut, at)?;
        }
        Ok(())
    }
}
