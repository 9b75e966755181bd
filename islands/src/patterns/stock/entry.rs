//! What an island keeps of one resource: its rack, and the desk if it is the broker.
//!
//! Rules:
//! 1. Rack: shelf ─▶ held ─▶ sold, and back by release. Till: minted ─▶ pool ─▶ burned.
//! 2. A step that a term cannot take is refused with the term; nothing wraps.
//! 3. An island that was never sliced to is `Pooled`: what it releases goes to the broker. (The
//!    slice comes before any grant on the same link, so it cannot be late.) If units reach it from
//!    a peer first, it is `Spread`: where peers ship, nobody asks the pool.
//!
//! It doesn't know claims or messages.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::event::{DeskStep, Need};
use super::ledger::{Ledger, Term};
use super::units::{UNITS_MAX, Units};

/// Openings and drains of a resource, counted together by its broker.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Where an island's released units go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mode {
    /// To its shelf.
    Spread(Epoch),
    /// To the broker.
    Pooled(Epoch),
}

/// A broker's state of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Slices are out; grants bring slack.
    Open(Epoch),
    /// Shelves are being recalled; so many islands have not answered yet.
    Draining(Epoch, u32),
    /// No shelf has anything: what the pool has not got is sold out.
    Pooled(Epoch),
}

/// One resource on one island, apart from what its broker keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rack {
    pub(super) shelf: Units,
    pub(super) held: Units,
    pub(super) sold: Units,
    pub(super) sent: Units,
    pub(super) received: Units,
    pub(super) mode: Mode,
}

/// The numbers of a broker's desk; small, so that a decision can run ahead on a copy.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Till {
    pub(super) minted: Units,
    pub(super) burned: Units,
    pub(super) pool: Units,
    pub(super) sent: Units,
    pub(super) received: Units,
    pub(super) phase: Phase,
}

/// A broker's desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Desk {
    pub(super) till: Till,
    pub(super) queue: VecDeque<Need>,
}

/// All that an island keeps of one resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) rack: Rack,
    /// Boxed: one island in N has it.
    pub(super) desk: Option<Box<Desk>>,
}

/// Adds to a term, or names it.
pub(super) fn add(to: &mut Units, units: Units, term: Term) -> Result<(), Term> {
    *to = to.plus(units).ok_or(term)?;
    Ok(())
}

/// Takes from a term, or names it.
pub(super) fn take(from: &mut Units, units: Units, term: Term) -> Result<(), Term> {
    *from = from.minus(units).ok_or(term)?;
    Ok(())
}

/// Where released units went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Released {
    /// To the shelf.
    Shelf,
    /// Into a refund.
    Refund,
}

impl Rack {
    pub(super) const fn new(mode: Mode) -> Self {
        let none = Units::ZERO;
        Self { shelf: none, held: none, sold: none, sent: none, received: none, mode }
    }

    /// Where a release would go now.
    pub(super) const fn releases(&self) -> Released {
        match self.mode {
            Mode::Spread(_) => Released::Shelf,
            Mode::Pooled(_) => Released::Refund,
        }
    }

    /// Units that nobody has at the moment go to the shelf, or into a refund.
    pub(super) fn release(&mut self, units: Units) -> Result<Released, Term> {
        let way = self.releases();
        match way {
            Released::Shelf => add(&mut self.shelf, units, Term::Shelf)?,
            Released::Refund => add(&mut self.sent, units, Term::Sent)?,
        }
        Ok(way)
    }

    /// From the shelf to a claim.
    pub(super) fn hold(&mut self, units: Units) -> Result<(), Term> {
        take(&mut self.shelf, units, Term::Shelf)?;
        add(&mut self.held, units, Term::Held)
    }

    /// From a claim to sold.
    pub(super) fn sell_held(&mut self, units: Units) -> Result<(), Term> {
        take(&mut self.held, units, Term::Held)?;
        add(&mut self.sold, units, Term::Sold)
    }

    /// From the shelf to sold, at once.
    pub(super) fn sell(&mut self, units: Units) -> Result<(), Term> {
        take(&mut self.shelf, units, Term::Shelf)?;
        add(&mut self.sold, units, Term::Sold)
    }

    /// From the shelf into a message.
    pub(super) fn ship(&mut self, units: Units) -> Result<(), Term> {
        take(&mut self.shelf, units, Term::Shelf)?;
        add(&mut self.sent, units, Term::Sent)
    }
}

impl Till {
    pub(super) const fn new() -> Self {
        let none = Units::ZERO;
        let phase = Phase::Pooled(Epoch(0));
        Self { minted: none, burned: none, pool: none, sent: none, received: none, phase }
    }

    /// One step of the desk, apart from its queue.
    pub(super) fn step(&mut self, step: &DeskStep) -> Result<(), Term> {
        match *step {
            DeskStep::Minted(units) => {
                add(&mut self.minted, units, Term::Minted)?;
                if self.minted > UNITS_MAX {
                    return Err(Term::Minted);
                }
                add(&mut self.pool, units, Term::Pool)
            }
            DeskStep::Burned(units) => {
                take(&mut self.pool, units, Term::Pool)?;
                add(&mut self.burned, units, Term::Burned)
            }
            DeskStep::Credited(units) => {
                add(&mut self.received, units, Term::Received)?;
                add(&mut self.pool, units, Term::Pool)
            }
            DeskStep::Granted { units, slack } => {
                self.send(units)?;
                self.send(slack)
            }
            DeskStep::Opened(slices) => {
                let (Phase::Open(epoch) | Phase::Draining(epoch, _) | Phase::Pooled(epoch)) =
                    self.phase;
                self.phase = Phase::Open(epoch.next());
                self.send(slices)
            }
            DeskStep::DrainBegan(islands) => {
                let Phase::Open(epoch) = self.phase else { return Err(Term::Desk) };
                self.phase = Phase::Draining(epoch.next(), islands);
                Ok(())
            }
            DeskStep::Surrendered => {
                self.phase = match self.phase {
                    Phase::Draining(epoch, 1) => Phase::Pooled(epoch),
                    Phase::Draining(epoch, missing) => Phase::Draining(epoch, missing - 1),
                    Phase::Open(_) | Phase::Pooled(_) => return Err(Term::Desk),
                };
                Ok(())
            }
            DeskStep::Refunded | DeskStep::Queued(_) | DeskStep::Denied => Ok(()),
        }
    }

    fn send(&mut self, units: Units) -> Result<(), Term> {
        take(&mut self.pool, units, Term::Pool)?;
        add(&mut self.sent, units, Term::Sent)
    }
}

impl Desk {
    pub(super) const fn new() -> Self {
        Self { till: Till::new(), queue: VecDeque::new() }
    }

    /// One step, its queue included.
    pub(super) fn step(&mut self, step: &DeskStep) -> Result<(), Term> {
        match step {
            DeskStep::Queued(need) => self.queue.push_back(*need),
            DeskStep::Granted { .. } | DeskStep::Denied => {
                self.queue.pop_front().ok_or(Term::Desk)?;
            }
            _ => {}
        }
        self.till.step(step)
    }
}

impl Entry {
    pub(super) const fn new(mode: Mode) -> Self {
        Self { rack: Rack::new(mode), desk: None }
    }

    /// The books of this resource here.
    pub(super) fn ledger(&self) -> Ledger {
        let till = self.desk.as_ref().map_or(Till::new(), |desk| desk.till);
        // Neither sum can overflow: UNITS_MAX leaves both far below half of u64.
        let both = |a: Units, b: Units| Units(a.0.saturating_add(b.0));
        Ledger {
            minted: till.minted,
            burned: till.burned,
            pool: till.pool,
            shelf: self.rack.shelf,
            held: self.rack.held,
            sold: self.rack.sold,
            sent: both(self.rack.sent, till.sent),
            received: both(self.rack.received, till.received),
        }
    }
}
