//! The lease's protocol, record by record.
//!
//! Rules:
//! 1. A broker denies only from a drained pool: no shelf is on its way back to it.
//! 2. While shelves are recalled, and from a drained pool, a grant brings nothing on top.
//! 3. A refusal is told only when all its refunds are confirmed; until then they are on their way
//!    to a broker, and somebody else might be refused for want of them.
//!
//! It doesn't know why a broker takes a step.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{
    ClaimId, DeskStep, Phase, StockEvent, StockMessage, Units, Verdict,
};
use archipelago_core::id::IslandId;

use crate::check::{Check, Seen, Wants};
use crate::workload::warehouse::{Command, Event, ProductCode, Warehouse};

/// Holds single records to the protocol.
#[derive(Debug, Default)]
pub struct Steps {
    /// Refunds on their way, by the claim whose outcome waits for them.
    refunds: BTreeMap<(IslandId, ClaimId), u32>,
}

impl Steps {
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
        for (_, _, command) in seen.sends()? {
            if let Command::Stock(StockMessage::Refund { confirm: Some(claim), .. }) = command {
                *self.refunds.entry((seen.island, claim)).or_default() += 1;
            }
        }
        for event in seen.events()? {
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
