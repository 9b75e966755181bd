//! Claims, as the island that makes them decides them.
//!
//! Rules:
//! 1. Lines ascend; a claim holds the lines before the one it waits for, and asks for one at a
//!    time.
//! 2. Nobody waits for held units: a broker refuses over them.
//! 3. A claim has exactly one outcome. It is told when nothing it gave up is on its way to a
//!    broker.
//! 4. After a cancel or a deadline the answer still comes; its units are credited and released.
//! 5. A message that no claim here waits for is booked, never dropped.
//!
//! It doesn't know who asked, nor what the outcome is good for.

use std::fmt;

use archipelago_core::id::IslandId;
use archipelago_core::island::{Origin, Turn};
use serde::{Deserialize, Serialize};

use super::entry::Released;
use super::event::{Need, Short, StockEvent, Tail, Taken};
use super::message::{DenyReason, StockMessage};
use super::policy::{Policy, Shortage};
use super::state::{Ending, Parked, Stage, Stock};
use super::units::{ClaimId, Line, Lines, Units};
use super::{Resource, StockIsland};

/// Why a claim was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub enum Refusal<R> {
    /// So many units of that line cannot be had.
    SoldOut(Line<R>),
    /// The resource was never created.
    Unknown(R),
    /// No answer came before the deadline.
    Unreachable,
    /// It was cancelled while it waited.
    Cancelled,
}

impl<R: fmt::Display> fmt::Display for Refusal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoldOut(line) => {
                write!(f, "{} units of {} cannot be had", line.units, line.resource)
            }
            Self::Unknown(resource) => write!(f, "{resource} is not known"),
            Self::Unreachable => f.write_str("no answer came in time"),
            Self::Cancelled => f.write_str("it was cancelled"),
        }
    }
}

/// What [`Stock::claim`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Claimed<R> {
    /// All lines lie on the shelf: emit it, alone or inside an event of yours.
    Now(Taken<R>),
    /// It waits; the outcome comes from [`Stock::decide`] with the claim's number.
    Later,
    /// It was refused at once.
    Refused(Refusal<R>),
    /// A claim of that number waits already.
    InUse,
}

/// What [`Stock::cancel`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Cancel<R> {
    /// It is refused as cancelled; this is its one outcome.
    Now(Outcome<R>),
    /// It is refused as cancelled; its outcome comes from [`Stock::decide`].
    Later,
    /// It doesn't wait (any more).
    TooLate,
}

/// What [`Stock::give_back`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum GaveBack<R> {
    /// The units are free again.
    Now,
    /// They are on their way to the broker; the outcome comes from [`Stock::decide`].
    Later,
    /// This island never sold so many.
    NotSold(Line<R>),
    /// A claim of that number waits already.
    InUse,
}

/// How a claim ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub enum Verdict<R> {
    /// These lines are sold.
    Accepted(Lines<R>),
    /// Nothing is sold.
    Refused(Refusal<R>),
    /// What was given back is free again.
    GivenBack,
}

/// The end of a claim, or of a give-back, that could not be settled at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Resource")]
pub struct Outcome<R> {
    /// Which one.
    pub claim: ClaimId,
    /// How it ended.
    pub verdict: Verdict<R>,
}

/// How far a claim gets with what lies on the shelves.
enum Walk {
    /// To its end.
    All,
    /// To line `at`, for which it asks.
    Short { at: u32, short: Short },
    /// To line `at`, and no further.
    Refuse { at: u32 },
}

impl<R: Resource, P: Policy> Stock<R, P> {
    /// Claims `lines`, whole or not at all, under a number no other claim ever had.
    pub fn claim<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        lines: Lines<R>,
        turn: &mut Turn<I>,
    ) -> Claimed<R> {
        if self.claims.contains_key(&claim) {
            return Claimed::InUse;
        }
        match self.walk(&lines, 0, Units::ZERO, 0, turn.islands()) {
            Walk::All => Claimed::Now(Taken { lines }),
            Walk::Refuse { at } => {
                turn.emit(StockEvent::RefusedHere);
                Claimed::Refused(Refusal::SoldOut(lines.as_slice()[at as usize]))
            }
            Walk::Short { at, short } => {
                ask(claim, lines.as_slice()[at as usize], short, turn);
                let deadline = self.config.deadline;
                let timer = deadline.map(|span| turn.timer(span, StockMessage::Deadline { claim }));
                turn.emit(StockEvent::Parked { claim, lines, at, short, timer });
                Claimed::Later
            }
        }
    }

    /// Refuses a claim that waits; a later answer is credited and released.
    pub fn cancel<I: StockIsland<R>>(&self, claim: ClaimId, turn: &mut Turn<I>) -> Cancel<R> {
        match self.claims.get(&claim) {
            Some(parked) if parked.stage == Stage::Waiting => {
                let (at, gathered) = (parked.at, parked.gathered);
                self.refuse(claim, at, gathered, Refusal::Cancelled, Tail::Awaited, turn)
                    .map_or(Cancel::Later, Cancel::Now)
            }
            _ => Cancel::TooLate,
        }
    }

    /// Takes sold units back and releases them.
    pub fn give_back<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        lines: Lines<R>,
        turn: &mut Turn<I>,
    ) -> GaveBack<R> {
        if self.claims.contains_key(&claim) {
            return GaveBack::InUse;
        }
        let sold = |resource| self.entries.get(resource).map_or(Units::ZERO, |e| e.rack.sold);
        if let Some(line) = lines.as_slice().iter().find(|line| sold(&line.resource) < line.units) {
            return GaveBack::NotSold(*line);
        }
        let released = lines.as_slice().iter().map(|line| (line.resource, line.units));
        let refunds = self.send_refunds(claim, released, turn);
        turn.emit(StockEvent::GivenBack { claim, lines });
        if refunds == 0 { GaveBack::Now } else { GaveBack::Later }
    }

    /// Decides a message of another island, or of a timer. One that a client forged is passed over.
    #[must_use = "an outcome comes once; whoever claimed waits for it"]
    pub fn decide<I: StockIsland<R>>(
        &self,
        message: StockMessage<R>,
        turn: &mut Turn<I>,
    ) -> Option<Outcome<R>> {
        let from = match (turn.origin(), &message) {
            (Origin::Island { from, .. }, _) => from,
            (Origin::Timer(_), StockMessage::Deadline { .. }) => turn.island(),
            (Origin::Timer(_) | Origin::Client(_), _) => return None,
        };
        match message {
            StockMessage::Slice { resource, epoch, units } => {
                turn.emit(StockEvent::Sliced { resource, epoch, units });
            }
            StockMessage::Need { claim, resource, wanted, ship } => {
                self.on_need(resource, Need { island: from, claim, wanted }, ship, turn);
            }
            StockMessage::Grant { claim, resource, units, slack } => {
                return self.on_units(claim, resource, units, slack, turn);
            }
            StockMessage::Ship { claim, resource, units } => {
                return self.on_units(claim, resource, units, Units::ZERO, turn);
            }
            StockMessage::Deny { claim, resource, reason } => {
                return self.on_deny(claim, resource, reason, turn);
            }
            StockMessage::Recall { resource, epoch } => {
                let units = self.shelf(&resource);
                turn.send_to_key(
                    resource.key(),
                    StockMessage::Surrender { resource, epoch, units },
                );
                turn.emit(StockEvent::Recalled { resource, epoch });
            }
            StockMessage::Surrender { resource, epoch, units } => {
                self.on_surrender(resource, epoch, units, turn);
            }
            StockMessage::Refund { resource, units, confirm } => {
                self.on_refund(resource, units, confirm.map(|claim| (from, claim)), turn);
            }
            StockMessage::Refunded { claim, .. } => return self.on_refunded(claim, turn),
            StockMessage::Ask { claim, resource, missing } => {
                let units = self.shelf(&resource).min(missing);
                if units > Units::ZERO {
                    turn.emit(StockEvent::Shipped { resource, units });
                }
                turn.send(from, StockMessage::Ship { claim, resource, units });
            }
            StockMessage::Deadline { claim } => {
                let parked =
                    self.claims.get(&claim).filter(|parked| parked.stage == Stage::Waiting)?;
                let (at, gathered) = (parked.at, parked.gathered);
                return self.refuse(claim, at, gathered, Refusal::Unreachable, Tail::Awaited, turn);
            }
        }
        None
    }

    /// Walks the lines from `at` on, of which `gathered` is held already and `asked` peers were
    /// asked, as far as the shelves go.
    fn walk(
        &self,
        lines: &Lines<R>,
        mut at: u32,
        mut gathered: Units,
        mut asked: u32,
        islands: u32,
    ) -> Walk {
        while let Some(line) = lines.as_slice().get(at as usize) {
            let (shelf, missing) = (self.shelf(&line.resource), gathered.missing_to(line.units));
            if let Some(missing) = missing.minus(shelf).filter(|left| *left > Units::ZERO) {
                let short = match self.config.policy.when_short(asked, islands) {
                    Shortage::AskBroker => {
                        // All of it goes: units kept here while waiting could starve another.
                        Short::Broker { ship: Units(shelf.0 + gathered.0) }
                    }
                    Shortage::AskPeer(offset) => Short::Peer { offset, take: shelf, missing },
                    Shortage::Refuse => return Walk::Refuse { at },
                };
                return Walk::Short { at, short };
            }
            (at, gathered, asked) = (at + 1, Units::ZERO, 0);
        }
        Walk::All
    }

    /// Units came for a claim.
    fn on_units<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        resource: R,
        credit: Units,
        slack: Units,
        turn: &mut Turn<I>,
    ) -> Option<Outcome<R>> {
        let parked = self.waiting(claim, resource, Stage::Waiting);
        let Some(parked) = parked.filter(|parked| {
            credit <= parked.gathered.missing_to(parked.lines.as_slice()[parked.at as usize].units)
        }) else {
            return self.on_late(claim, resource, Units(credit.0.saturating_add(slack.0)), turn);
        };
        if slack > Units::ZERO && self.releases_after(&resource, parked) == Released::Refund {
            // Cannot be while links keep their order: slack is sent while open, before a recall.
            let refund = StockMessage::Refund { resource, units: slack, confirm: None };
            turn.send_to_key(resource.key(), refund);
        }
        let gathered = Units(parked.gathered.0 + credit.0);
        match self.walk(&parked.lines, parked.at, gathered, parked.asked, turn.islands()) {
            Walk::All => {
                let at = parked.lines.as_slice().len() as u32;
                turn.emit(StockEvent::Advanced { claim, credit, slack, at, short: None });
                parked.timer.into_iter().for_each(|timer| turn.cancel_timer(timer));
                Some(Outcome { claim, verdict: Verdict::Accepted(parked.lines.clone()) })
            }
            Walk::Short { at, short } => {
                ask(claim, parked.lines.as_slice()[at as usize], short, turn);
                turn.emit(StockEvent::Advanced { claim, credit, slack, at, short: Some(short) });
                None
            }
            Walk::Refuse { at } => {
                turn.emit(StockEvent::Advanced { claim, credit, slack, at, short: None });
                let gathered = if at == parked.at { gathered } else { Units::ZERO };
                let refusal = Refusal::SoldOut(parked.lines.as_slice()[at as usize]);
                self.refuse(claim, at, gathered, refusal, Tail::Came, turn)
            }
        }
    }

    fn on_deny<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        resource: R,
        reason: DenyReason,
        turn: &mut Turn<I>,
    ) -> Option<Outcome<R>> {
        let Some(parked) = self.waiting(claim, resource, Stage::Waiting) else {
            return self.on_late(claim, resource, Units::ZERO, turn);
        };
        let refusal = match reason {
            DenyReason::SoldOut => Refusal::SoldOut(parked.lines.as_slice()[parked.at as usize]),
            DenyReason::Unknown => Refusal::Unknown(resource),
        };
        self.refuse(claim, parked.at, parked.gathered, refusal, Tail::Came, turn)
    }

    /// An answer that no claim waits for any more: its units are released, its tombstone goes.
    fn on_late<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        resource: R,
        units: Units,
        turn: &mut Turn<I>,
    ) -> Option<Outcome<R>> {
        let released = match self.claims.get(&claim) {
            Some(parked) => self.releases_after(&resource, parked),
            None => self.releases(&resource),
        };
        if units > Units::ZERO && released == Released::Refund {
            // Nobody waits for the confirmation: the claim's outcome was due before.
            let refund = StockMessage::Refund { resource, units, confirm: None };
            turn.send_to_key(resource.key(), refund);
        }
        turn.emit(StockEvent::Late { claim, resource, units });
        None
    }

    fn on_refunded<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        turn: &mut Turn<I>,
    ) -> Option<Outcome<R>> {
        let parked = self.claims.get(&claim).filter(|parked| parked.refunds > 0)?;
        turn.emit(StockEvent::RefundConfirmed { claim });
        if parked.refunds > 1 {
            return None;
        }
        let verdict = match &parked.stage {
            Stage::Tombstone(refusal) | Stage::Closing(Ending::Refused(refusal)) => {
                Verdict::Refused(refusal.clone())
            }
            Stage::Closing(Ending::GivenBack) => Verdict::GivenBack,
            Stage::Waiting => return None,
        };
        Some(Outcome { claim, verdict })
    }

    /// Refuses a waiting claim that holds the lines before `at`, and `gathered` of line `at`.
    fn refuse<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        at: u32,
        gathered: Units,
        refusal: Refusal<R>,
        tail: Tail,
        turn: &mut Turn<I>,
    ) -> Option<Outcome<R>> {
        let parked = self.claims.get(&claim)?;
        parked.timer.into_iter().for_each(|timer| turn.cancel_timer(timer));
        let refunds = self.send_refunds(claim, parked.holding(at, gathered), turn);
        turn.emit(StockEvent::Refused { claim, refusal: refusal.clone(), tail });
        (refunds == 0).then_some(Outcome { claim, verdict: Verdict::Refused(refusal) })
    }

    /// Sends what cannot go to a shelf to its broker, to be confirmed; returns how many refunds.
    fn send_refunds<I: StockIsland<R>>(
        &self,
        claim: ClaimId,
        released: impl Iterator<Item = (R, Units)>,
        turn: &mut Turn<I>,
    ) -> u32 {
        let mut refunds = 0;
        for (resource, units) in released {
            if self.releases(&resource) == Released::Refund {
                let refund = StockMessage::Refund { resource, units, confirm: Some(claim) };
                turn.send_to_key(resource.key(), refund);
                refunds += 1;
            }
        }
        refunds
    }

    /// The claim, if it is in that stage and its answer is about `resource`.
    fn waiting(&self, claim: ClaimId, resource: R, stage: Stage<R>) -> Option<&Parked<R>> {
        let parked = self.claims.get(&claim)?;
        (parked.stage == stage && parked.waits_for() == Some(resource)).then_some(parked)
    }

    /// Where units that come for `parked` would be released: an entry that they bring into being
    /// keeps them if a peer shipped them (see rule 3 of [`super::entry`]).
    fn releases_after(&self, resource: &R, parked: &Parked<R>) -> Released {
        match self.entries.get(resource) {
            Some(entry) => entry.rack.releases(),
            None if parked.asked == 0 => Released::Refund,
            None => Released::Shelf,
        }
    }
}

/// Asks for the line a claim is short of.
fn ask<R: Resource, I: StockIsland<R>>(
    claim: ClaimId,
    line: Line<R>,
    short: Short,
    turn: &mut Turn<I>,
) {
    let resource = line.resource;
    match short {
        Short::Broker { ship } => {
            let need = StockMessage::Need { claim, resource, wanted: line.units, ship };
            turn.send_to_key(resource.key(), need);
        }
        Short::Peer { offset, missing, .. } => {
            let peer = (u64::from(turn.island().0) + u64::from(offset)) % u64::from(turn.islands());
            let ask = StockMessage::Ask { claim, resource, missing };
            turn.send(IslandId(peer as u32), ask);
        }
    }
}
