//! The lease's protocol, record by record.
//!
//! Rules:
//! 1. A broker denies only from a drained pool: no shelf is on its way back to it.
//! 2. While shelves are recalled, and from a drained pool, a grant brings nothing on top.
//! 3. A refusal is told only when all its refunds are confirmed; until then they are on their way
//!    to a broker, and somebody else might be refused for want of them.
//! 4. A split's left-over units go to the islands hash(product), hash(product) + 1, … (mod N): over
//!    many products no island is better off.
//!
//! It doesn't know why a broker takes a step.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{
    ClaimId, DeskStep, Phase, Resource, StockEvent, StockMessage, Units, Verdict,
};
use archipelago_core::id::IslandId;

use crate::check::{Check, Seen, Wants};
use crate::workload::warehouse::{Command, Event, ProductCode, Warehouse};

/// Holds single records to the protocol.
#[derive(Debug)]
pub struct Steps {
    islands: u32,
    /// Refunds on their way, by the claim whose outcome waits for them.
    refunds: BTreeMap<(IslandId, ClaimId), u32>,
}

impl Steps {
    /// For a world of so many islands.
    #[must_use]
    pub const fn new(islands: u32) -> Self {
        Self { islands, refunds: BTreeMap::new() }
    }

    /// The split that a record sends out, in whichever order.
    fn fair(&self, slices: &[(ProductCode, IslandId, Units)], event: &Event) -> Result<(), String> {
        let Event::Stock(StockEvent::Desk { resource, steps }) = event else { return Ok(()) };
        let split = steps.iter().find_map(|step| match step {
            DeskStep::Opened(units) => Some(*units),
            _ => None,
        });
        let Some(split) = split else { return Ok(()) };
        let (count, left_over) = (u64::from(self.islands), split.0 % u64::from(self.islands));
        for (_, to, units) in slices.iter().filter(|(product, ..)| product == resource) {
            let behind = (u64::from(to.0) + count - u64::from(resource.key_hash()) % count) % count;
            let fair = Units(split.0 / count + u64::from(behind < left_over));
            if *units != fair {
                return Err(format!(
                    "product {resource}: of {split} units island {to} is sent {units} for {fair}"
                ));
            }
        }
        Ok(())
    }

    fn desk(
        &self,
        seen: &Seen<'_, Warehouse>,
        product: &ProductCode,
        steps: &[DeskStep],
    ) -> Result<(), String> {
        let before = seen.before.state.stock().phase(product);
        // A product begins as a drained one, with nothing.
        let mut open = matches!(before, Some(Phase::Open(_)));
        let mut to_answer = match before {
            Some(Phase::Draining(_, left)) => left,
            _ => 0,
        };
        for step in steps {
            match step {
                DeskStep::Opened(_) => open = true,
                DeskStep::DrainBegan(islands) => (open, to_answer) = (false, *islands),
                DeskStep::Surrendered => to_answer = to_answer.saturating_sub(1),
                DeskStep::Denied if open || to_answer > 0 => {
                    return Err(format!(
                        "product {product}: a need is denied while {to_answer} shelves are out"
                    ));
                }
                DeskStep::Granted { slack, .. } if !open && *slack > Units::ZERO => {
                    return Err(format!("product {product}: {slack} units on top in a drain"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts the refunds that this record sends, and the one that it hears of.
    fn count_refunds(&mut self, seen: &Seen<'_, Warehouse>, event: &Event) -> Result<(), String> {
        if let Event::Stock(StockEvent::RefundConfirmed { claim }) = event {
            let left = self.refunds.entry((seen.island, *claim)).or_default();
            *left = left.checked_sub(1).ok_or(format!("claim {claim:?} had no refund out"))?;
        }
        Ok(())
    }
}

impl Check<Warehouse> for Steps {
    fn name(&self) -> &str {
        "the stock keeps its protocol"
    }

    fn wants(&self) -> Wants {
        Wants::Records
    }

    fn record(&mut self, seen: &Seen<'_, Warehouse>) -> Result<(), String> {
        let mut slices = Vec::new();
        for (to, _, command) in seen.sends()? {
            match command {
                Command::Stock(StockMessage::Refund { confirm: Some(claim), .. }) => {
                    *self.refunds.entry((seen.island, claim)).or_default() += 1;
                }
                Command::Stock(StockMessage::Slice { resource, units, .. }) => {
                    slices.push((resource, to, units));
                }
                _ => {}
            }
        }
        for event in seen.events()? {
            self.fair(&slices, &event)?;
            self.count_refunds(seen, &event)?;
            match event {
                Event::Stock(StockEvent::Desk { resource, steps }) => {
                    self.desk(seen, &resource, &steps)?;
                }
                Event::Settled { claim, verdict: Verdict::Refused(_) } => {
                    let left = self.refunds.remove(&(seen.island, claim)).unwrap_or(0);
                    if left > 0 {
                        return Err(format!(
                            "claim {claim:?} is refused with {left} refunds on their way"
                        ));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
