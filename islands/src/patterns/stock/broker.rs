//! The broker's desk: creating, restocking, burning, and serving needs in order of arrival.
//!
//! Rules:
//! 1. Head of the queue: granted if the pool has it; else, open: recall every island, this one too;
//!    draining: wait; pooled: deny. Nobody behind the head is served before it.
//! 2. Slack is given while open only: during a drain it would put units back on shelves that were
//!    counted empty.
//! 3. A refund is confirmed in the record that credits it.
//! 4. A split that would slice nothing is not made: the resource is then drained from the start.
//!
//! It doesn't know claims beyond their number and island.

use archipelago_core::id::IslandId;
use archipelago_core::island::Turn;

use super::entry::{Epoch, Phase, Till};
use super::event::{DeskStep, Need, StockEvent};
use super::message::{DenyReason, StockMessage};
use super::policy::{self, Policy, PoolUse};
use super::state::Stock;
use super::units::{ClaimId, UNITS_MAX, Units};
use super::{Resource, StockIsland};

/// What creating, restocking or burning did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// Units in being after it: minted less burned.
    pub total: Units,
}

/// Why a broker will not create, restock or burn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerRefusal {
    /// Another island is the broker of this resource.
    #[error("island {0} is its broker")]
    NotBroker(IslandId),
    /// It was created before.
    #[error("it exists")]
    Exists,
    /// It was never created.
    #[error("it was never created")]
    Unknown,
    /// More units than can ever be minted.
    #[error("more than {UNITS_MAX} units can never be made of it")]
    TooMany,
    /// The pool has too little to burn.
    #[error("the pool has only {0}")]
    TooLittle(Units),
}

impl<R: Resource, P: Policy> Stock<R, P> {
    /// Creates a resource with `units` (perhaps none) and slices them out as the policy says.
    ///
    /// # Errors
    /// When this island is not its broker, or it exists, or the units are too many.
    pub fn create<I: StockIsland<R>>(
        &self,
        resource: R,
        units: Units,
        turn: &mut Turn<I>,
    ) -> Result<Stocked, BrokerRefusal> {
        match self.till(resource, turn) {
            Ok(_) => Err(BrokerRefusal::Exists),
            Err(BrokerRefusal::Unknown) => self.mint(resource, Till::new(), units, turn),
            Err(other) => Err(other),
        }
    }

    /// Adds units. A drained resource opens again if its pool is worth slicing.
    ///
    /// # Errors
    /// When this island is not its broker, or it doesn't exist, or the units are too many.
    pub fn restock<I: StockIsland<R>>(
        &self,
        resource: R,
        units: Units,
        turn: &mut Turn<I>,
    ) -> Result<Stocked, BrokerRefusal> {
        let till = self.till(resource, turn)?;
        self.mint(resource, till, units, turn)
    }

    /// Takes units of the pool out of being. Units on shelves are not recalled for it.
    ///
    /// # Errors
    /// When this island is not its broker, or it doesn't exist, or its pool has too little.
    pub fn burn<I: StockIsland<R>>(
        &self,
        resource: R,
        units: Units,
        turn: &mut Turn<I>,
    ) -> Result<Stocked, BrokerRefusal> {
        let mut till = self.till(resource, turn)?;
        let step = DeskStep::Burned(units);
        let pool = till.pool;
        till.step(&step).map_err(|_| BrokerRefusal::TooLittle(pool))?;
        turn.emit(StockEvent::Desk { resource, steps: vec![step] });
        Ok(stocked(&till))
    }

    fn till<I: StockIsland<R>>(&self, resource: R, turn: &Turn<I>) -> Result<Till, BrokerRefusal> {
        let broker = turn.island_of(resource.key());
        if broker != turn.island() {
            return Err(BrokerRefusal::NotBroker(broker));
        }
        self.desk(&resource).map(|desk| desk.till).ok_or(BrokerRefusal::Unknown)
    }

    /// Mints into the pool, then opens or serves.
    fn mint<I: StockIsland<R>>(
        &self,
        resource: R,
        mut till: Till,
        units: Units,
        turn: &mut Turn<I>,
    ) -> Result<Stocked, BrokerRefusal> {
        let minted = DeskStep::Minted(units);
        till.step(&minted).map_err(|_| BrokerRefusal::TooMany)?;
        let mut steps = vec![minted];
        let opens = match till.phase {
            Phase::Pooled(_) => true,
            Phase::Open(_) => self.config.policy.pool_use() == PoolUse::Unused,
            Phase::Draining(..) => false,
        };
        let pooled = self.config.policy.pooled(till.pool, turn.islands());
        let slices = till.pool.minus(pooled).unwrap_or(Units::ZERO);
        if opens && slices > Units::ZERO {
            steps.push(self.open(resource, &mut till, slices, turn));
        }
        self.serve(resource, &mut till, steps, None, turn);
        Ok(stocked(&till))
    }

    /// Sends every island its slice, this one too.
    fn open<I: StockIsland<R>>(
        &self,
        resource: R,
        till: &mut Till,
        slices: Units,
        turn: &mut Turn<I>,
    ) -> DeskStep {
        let step = DeskStep::Opened(slices);
        till.step(&step).expect("slices are part of the pool");
        let (Phase::Open(epoch) | Phase::Draining(epoch, _) | Phase::Pooled(epoch)) = till.phase;
        let first = self.config.policy.first_leftover(resource.key_hash());
        for island in (0..turn.islands()).map(IslandId) {
            let units = policy::slice(slices, first, turn.islands(), island);
            turn.send(island, StockMessage::Slice { resource, epoch, units });
        }
        step
    }

    /// A need joins the queue, its shipped units the pool.
    pub(super) fn on_need<I: StockIsland<R>>(
        &self,
        resource: R,
        need: Need,
        ship: Units,
        turn: &mut Turn<I>,
    ) {
        if self.desk(&resource).is_none() {
            let deny =
                StockMessage::Deny { claim: need.claim, resource, reason: DenyReason::Unknown };
            turn.send(need.island, deny);
            if ship > Units::ZERO {
                // Cannot be (only a broker makes units), but units are never dropped.
                turn.emit(StockEvent::Sliced { resource, epoch: Epoch(0), units: ship });
            }
            return;
        }
        let mut steps = Vec::with_capacity(3);
        if ship > Units::ZERO {
            steps.push(DeskStep::Credited(ship));
        }
        steps.push(DeskStep::Queued(need));
        self.credit(resource, steps, Some(need), turn);
    }

    /// Refunded units join the pool; their island hears of it if it waits for that.
    pub(super) fn on_refund<I: StockIsland<R>>(
        &self,
        resource: R,
        units: Units,
        confirm: Option<(IslandId, ClaimId)>,
        turn: &mut Turn<I>,
    ) {
        if let Some((island, claim)) = confirm {
            turn.send(island, StockMessage::Refunded { claim, resource });
        }
        self.credit(resource, vec![DeskStep::Credited(units), DeskStep::Refunded], None, turn);
    }

    /// Surrendered units join the pool; the last island's end the drain.
    pub(super) fn on_surrender<I: StockIsland<R>>(
        &self,
        resource: R,
        epoch: Epoch,
        units: Units,
        turn: &mut Turn<I>,
    ) {
        let mut steps = vec![DeskStep::Credited(units)];
        if self
            .phase(&resource)
            .is_some_and(|phase| matches!(phase, Phase::Draining(drain, _) if drain == epoch))
        {
            steps.push(DeskStep::Surrendered);
        }
        self.credit(resource, steps, None, turn);
    }

    /// Takes what a message brought, and serves.
    fn credit<I: StockIsland<R>>(
        &self,
        resource: R,
        steps: Vec<DeskStep>,
        arrived: Option<Need>,
        turn: &mut Turn<I>,
    ) {
        let mut till = self.desk(&resource).map_or(Till::new(), |desk| desk.till);
        if steps.iter().all(|step| till.step(step).is_ok()) {
            self.serve(resource, &mut till, steps, arrived, turn);
        } else {
            // evolve will refuse it, and keep the breach to be reported.
            turn.emit(StockEvent::Desk { resource, steps });
        }
    }

    /// Serves the queue (and `arrived`, its newest) as far as the till allows, and emits all steps.
    fn serve<I: StockIsland<R>>(
        &self,
        resource: R,
        till: &mut Till,
        mut steps: Vec<DeskStep>,
        arrived: Option<Need>,
        turn: &mut Turn<I>,
    ) {
        let waiting = self.desk(&resource).into_iter().flat_map(|desk| desk.queue.iter().copied());
        for Need { island, claim, wanted } in waiting.chain(arrived) {
            let (step, answer) = match (till.pool.minus(wanted), till.phase) {
                (Some(left), phase) => {
                    let slack = match phase {
                        Phase::Open(_) => self.config.policy.slack(left, turn.islands()).min(left),
                        Phase::Draining(..) | Phase::Pooled(_) => Units::ZERO,
                    };
                    let grant = StockMessage::Grant { claim, resource, units: wanted, slack };
                    (DeskStep::Granted { units: wanted, slack }, grant)
                }
                (None, Phase::Pooled(_)) => {
                    let reason = DenyReason::SoldOut;
                    (DeskStep::Denied, StockMessage::Deny { claim, resource, reason })
                }
                (None, Phase::Draining(..)) => break,
                (None, Phase::Open(epoch)) => {
                    let recall = StockMessage::Recall { resource, epoch: epoch.next() };
                    (0..turn.islands()).for_each(|to| turn.send(IslandId(to), recall.clone()));
                    steps.push(DeskStep::DrainBegan(turn.islands()));
                    break;
                }
            };
            till.step(&step).expect("the pool has what is granted");
            steps.push(step);
            turn.send(island, answer);
        }
        turn.emit(StockEvent::Desk { resource, steps });
    }
}

fn stocked(till: &Till) -> Stocked {
    Stocked { total: till.minted.minus(till.burned).unwrap_or(Units::ZERO) }
}
