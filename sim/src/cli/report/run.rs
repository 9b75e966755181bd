//! The report of `run warehouse`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Common, Failure, Latency, ReplayReport, Report};
use crate::cli::text::{Facts, share, thousands};

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunReport {
    /// Orders of the workload.
    pub orders: u64,
    /// Orders accepted, in this run and those before on the same data.
    pub accepted: u64,
    /// Orders refused, likewise.
    pub refused: u64,
    /// Units of all orders.
    pub units_ordered: u64,
    /// Units of accepted orders.
    pub units_sold: u64,
    /// Units still in stock, on shelves, in pools and under way.
    pub units_left: u64,
    /// Returns taken.
    pub returns_accepted: u64,
    /// Returns refused.
    pub returns_refused: u64,
    /// Orders decided without a message to another island.
    pub local_orders: u64,
    /// Messages between islands for orders and returns; setup is not among them.
    pub messages: u64,
    /// Orders answered in this run, per second.
    pub orders_per_second: f64,
    /// Admission to durable reply.
    pub latency_us: Latency,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// How many islands.
    pub islands: u32,
    /// Whether stock minted = burned + sold + what is held everywhere + in flight.
    pub conserved: bool,
    /// Digest of the state of all islands, in hexadecimal.
    pub digest: String,
    /// Threads that ran the islands.
    pub threads: u32,
    /// How long it ran, in seconds, from the first submission to the last reply.
    pub seconds: f64,
    /// Orders answered in this run; fewer than `orders` where a run was continued.
    pub answered_now: u64,
    /// Messages between islands that spread the stock at the beginning.
    pub setup_messages: u64,
    /// How often admission said Busy.
    pub busy: u64,
    /// The replay of the run's own journal, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayReport>,
}

impl Report for RunReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        facts.add("orders", thousands(self.orders), "");
        facts.add("  accepted", thousands(self.accepted), share(self.accepted, self.orders));
        facts.add("  refused", thousands(self.refused), share(self.refused, self.orders));
        let open = self.orders.saturating_sub(self.accepted + self.refused);
        if open > 0 {
            facts.add("  unanswered", thousands(open), share(open, self.orders));
        }
        facts.add("  local", thousands(self.local_orders), "needed no message");
        facts.add("units ordered", thousands(self.units_ordered), "");
        let sold = share(self.units_sold, self.units_ordered);
        facts.add("  sold", thousands(self.units_sold), sold);
        facts.add("  left in stock", thousands(self.units_left), "");
        if self.returns_accepted + self.returns_refused > 0 {
            let refused = format!("accepted, {} refused", thousands(self.returns_refused));
            facts.add("returns", thousands(self.returns_accepted), refused);
        }
        let an_order = match self.orders {
            0 => String::new(),
            orders => format!("{:.2} an order", self.messages as f64 / orders as f64),
        };
        facts.add("messages", thousands(self.messages), an_order);
        facts.add("  for setup", thousands(self.setup_messages), "");
        if self.answered_now < self.orders {
            let before = "the others in an earlier run; what follows is of this one";
            facts.add("answered now", thousands(self.answered_now), before);
        }
        let common = self.common();
        common.add(&mut facts, "orders");
        facts.write(out)?;
        let conserved = if self.conserved { "yes" } else { "NO" };
        writeln!(out, "stock conserved: {conserved}")?;
        common.write_digests(out)
    }

    fn verdict(&self) -> Result<(), Failure> {
        if !self.conserved {
            return Err(Failure::check("stock is not conserved"));
        }
        self.common().verdict()
    }
}

impl RunReport {
    /// Takes over what every run has.
    pub(in crate::cli) fn set_common(&mut self, common: Common) {
        self.messages = common.messages;
        self.orders_per_second = common.answered_per_second;
        self.latency_us = common.latency_us;
        self.journal_bytes = common.journal_bytes;
        self.islands = common.islands;
        self.digest = common.digest;
        self.threads = common.threads;
        self.seconds = common.seconds;
        self.answered_now = common.answered_now;
        self.busy = common.busy;
        self.replay = common.replay;
    }

    /// What every run has; the names and the order of the keys here are older than it.
    fn common(&self) -> Common {
        Common {
            messages: self.messages,
            answered_per_second: self.orders_per_second,
            latency_us: self.latency_us,
            journal_bytes: self.journal_bytes,
            islands: self.islands,
            digest: self.digest.clone(),
            threads: self.threads,
            seconds: self.seconds,
            answered_now: self.answered_now,
            busy: self.busy,
            replay: self.replay.clone(),
        }
    }
}
