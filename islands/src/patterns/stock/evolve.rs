//! How events change a stock.
//!
//! Rules:
//! 1. A function of state and event: no policy, no clock, no messages.
//! 2. An event that the books cannot take leaves its first [`Breach`] behind, to be reported; debug
//!    builds stop there.
//! 3. In debug builds the books of each island balance after every step of a desk or sale.
//!
//! It doesn't decide.

use super::Resource;
use super::claim::Refusal;
use super::entry::{Desk, Entry, Epoch, Mode, Rack, Released, add, take};
use super::event::{DeskStep, Short, StockEvent, Tail, Taken};
use super::ledger::{Breach, Term};
use super::state::{Ending, Parked, Stage, Stock};
use super::units::{ClaimId, Lines, Units};

impl<R: Resource, P> Stock<R, P> {
    /// Applies an event. Call it from the island's `evolve`.
    pub fn evolve(&mut self, event: &StockEvent<R>) {
        let applied = self.apply(event);
        self.keep_breach(applied, event);
    }

    /// Applies a claim that rides in an event of the user's own.
    pub fn evolve_taken(&mut self, taken: &Taken<R>) {
        let applied = self.apply_taken(taken);
        self.keep_breach(applied, taken);
    }

    fn keep_breach(&mut self, applied: Result<(), Term>, event: &dyn std::fmt::Debug) {
        if let Err(term) = applied
            && self.breach.is_none()
        {
            let breach = Breach { term, event: format!("{event:?}") };
            debug_assert!(false, "stock: {breach}");
            self.breach = Some(breach);
        }
    }

    fn entry(&mut self, resource: R, mode: Mode) -> &mut Entry {
        self.entries.get_or_insert_with(resource, || Entry::new(mode))
    }

    /// An entry that must be there, or may come into being by a message of the broker's.
    fn rack(&mut self, resource: R) -> &mut Rack {
        &mut self.entry(resource, Mode::Pooled(Epoch(0))).rack
    }

    fn apply(&mut self, event: &StockEvent<R>) -> Result<(), Term> {
        match event {
            StockEvent::Taken(taken) => self.apply_taken(taken),
            StockEvent::RefusedHere => {
                self.counters.claims_local += 1;
                Ok(())
            }
            StockEvent::Parked { claim, lines, at, short, timer } => {
                self.counters.claims_parked += 1;
                let mut parked = Parked {
                    lines: lines.clone(),
                    at: 0,
                    gathered: Units::ZERO,
                    asked: 0,
                    stage: Stage::Waiting,
                    refunds: 0,
                    timer: *timer,
                };
                self.advance(&mut parked, *at, Some(*short))?;
                self.claims.insert(*claim, parked);
                Ok(())
            }
            StockEvent::Advanced { claim, credit, slack, at, short } => {
                let mut parked = self.claims.remove(claim).ok_or(Term::Claim)?;
                let resource = parked.waits_for().ok_or(Term::Claim)?;
                self.bring(resource, parked.asked, *credit, *slack)?;
                add(&mut parked.gathered, *credit, Term::Held)?;
                self.advance(&mut parked, *at, *short)?;
                if parked.at as usize == parked.lines.as_slice().len() {
                    for line in parked.lines.as_slice() {
                        self.rack(line.resource).sell_held(line.units)?;
                    }
                } else {
                    self.claims.insert(*claim, parked);
                }
                Ok(())
            }
            StockEvent::Refused { claim, refusal, tail } => {
                self.apply_refused(*claim, refusal, *tail)
            }
            StockEvent::Late { claim, resource, units } => {
                self.apply_late(*claim, *resource, *units)
            }
            StockEvent::RefundConfirmed { claim } => {
                let parked = self.claims.get_mut(claim).ok_or(Term::Claim)?;
                parked.refunds = parked.refunds.checked_sub(1).ok_or(Term::Claim)?;
                if parked.refunds == 0 && matches!(parked.stage, Stage::Closing(_)) {
                    self.claims.remove(claim);
                }
                Ok(())
            }
            StockEvent::GivenBack { claim, lines } => self.apply_given_back(*claim, lines),
            StockEvent::Sliced { resource, epoch, units } => {
                let rack = self.rack(*resource);
                rack.mode = Mode::Spread(*epoch);
                add(&mut rack.received, *units, Term::Received)?;
                add(&mut rack.shelf, *units, Term::Shelf)
            }
            StockEvent::Recalled { resource, epoch } => {
                let rack = self.rack(*resource);
                rack.mode = Mode::Pooled(*epoch);
                rack.ship(rack.shelf)
            }
            StockEvent::Shipped { resource, units } => self.rack(*resource).ship(*units),
            StockEvent::Desk { resource, steps } => self.apply_desk(*resource, steps),
        }
    }

    fn apply_taken(&mut self, taken: &Taken<R>) -> Result<(), Term> {
        self.counters.claims_local += 1;
        for line in taken.lines.as_slice() {
            let entry = self.entries.get_mut(&line.resource).ok_or(Term::Shelf)?;
            entry.rack.sell(line.units)?;
            debug_assert!(entry.ledger().is_balanced(), "{:?}", entry.ledger());
        }
        Ok(())
    }

    /// Completes line `parked.at` and those before `at` from the shelf, then does what `short` says
    /// for line `at`.
    fn advance(
        &mut self,
        parked: &mut Parked<R>,
        at: u32,
        short: Option<Short>,
    ) -> Result<(), Term> {
        while parked.at < at {
            let line = parked.lines.as_slice()[parked.at as usize];
            self.rack(line.resource).hold(parked.gathered.missing_to(line.units))?;
            parked.at += 1;
            parked.gathered = Units::ZERO;
            parked.asked = 0;
        }
        let Some(short) = short else { return Ok(()) };
        let resource = parked.waits_for().ok_or(Term::Claim)?;
        match short {
            Short::Broker { ship } => {
                // The shelf of a resource that is not here yet is 0, and stays unmade: its mode
                // must come from the message that brings the first units.
                let Some(entry) = self.entries.get_mut(&resource) else { return Ok(()) };
                take(&mut entry.rack.held, parked.gathered, Term::Held)?;
                add(&mut entry.rack.sent, parked.gathered, Term::Sent)?;
                entry.rack.ship(ship.minus(parked.gathered).ok_or(Term::Shelf)?)?;
                parked.gathered = Units::ZERO;
            }
            Short::Peer { take: units, .. } => {
                if units > Units::ZERO {
                    self.rack(resource).hold(units)?;
                    add(&mut parked.gathered, units, Term::Held)?;
                }
                parked.asked += 1;
            }
        }
        Ok(())
    }

    fn apply_refused(
        &mut self,
        claim: ClaimId,
        refusal: &Refusal<R>,
        tail: Tail,
    ) -> Result<(), Term> {
        let mut parked = self.claims.remove(&claim).ok_or(Term::Claim)?;
        let held: Vec<_> = parked.holding(parked.at, parked.gathered).collect();
        for (resource, units) in held {
            let rack = self.rack(resource);
            take(&mut rack.held, units, Term::Held)?;
            if rack.release(units)? == Released::Refund {
                parked.refunds += 1;
            }
        }
        parked.gathered = Units::ZERO;
        parked.stage = match tail {
            Tail::Awaited => Stage::Tombstone(refusal.clone()),
            Tail::Came => Stage::Closing(Ending::Refused(refusal.clone())),
        };
        if tail == Tail::Awaited || parked.refunds > 0 {
            self.claims.insert(claim, parked);
        }
        Ok(())
    }

    fn apply_late(&mut self, claim: ClaimId, resource: R, units: Units) -> Result<(), Term> {
        let parked = self.claims.get_mut(&claim);
        let asked = parked.as_ref().map_or(0, |parked| parked.asked);
        if let Some(parked) = parked
            && let Stage::Tombstone(refusal) = &parked.stage
        {
            parked.stage = Stage::Closing(Ending::Refused(refusal.clone()));
            if parked.refunds == 0 {
                self.claims.remove(&claim);
            }
        }
        self.bring(resource, asked, Units::ZERO, units)
    }

    /// Credits what a message brought: `credit` for the claim that waits, `free` for whoever comes.
    fn bring(&mut self, resource: R, asked: u32, credit: Units, free: Units) -> Result<(), Term> {
        if credit == Units::ZERO && free == Units::ZERO {
            return Ok(()); // An empty answer must not make an entry of an unknown resource.
        }
        let mode = if asked == 0 { Mode::Pooled(Epoch(0)) } else { Mode::Spread(Epoch(0)) };
        let rack = &mut self.entry(resource, mode).rack;
        add(&mut rack.received, credit, Term::Received)?;
        add(&mut rack.held, credit, Term::Held)?;
        add(&mut rack.received, free, Term::Received)?;
        rack.release(free)?;
        Ok(())
    }

    fn apply_given_back(&mut self, claim: ClaimId, lines: &Lines<R>) -> Result<(), Term> {
        let mut refunds = 0;
        for line in lines.as_slice() {
            let rack = self.rack(line.resource);
            take(&mut rack.sold, line.units, Term::Sold)?;
            if rack.release(line.units)? == Released::Refund {
                refunds += 1;
            }
        }
        if refunds > 0 {
            let parked = Parked {
                lines: lines.clone(),
                at: 0,
                gathered: Units::ZERO,
                asked: 0,
                stage: Stage::Closing(Ending::GivenBack),
                refunds,
                timer: None,
            };
            self.claims.insert(claim, parked);
        }
        Ok(())
    }

    fn apply_desk(&mut self, resource: R, steps: &[DeskStep]) -> Result<(), Term> {
        for step in steps {
            match step {
                DeskStep::Granted { .. } => self.counters.grants += 1,
                DeskStep::Denied => self.counters.denies += 1,
                DeskStep::Refunded => self.counters.refunds += 1,
                DeskStep::DrainBegan(_) => self.counters.drains += 1,
                _ => {}
            }
            let entry = self.entry(resource, Mode::Pooled(Epoch(0)));
            entry.desk.get_or_insert_with(|| Box::new(Desk::new())).step(step)?;
            debug_assert!(entry.ledger().is_balanced(), "{:?}", entry.ledger());
        }
        Ok(())
    }
}
