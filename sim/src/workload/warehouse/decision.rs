//! What a warehouse decides about orders and returns.
//!
//! Rules:
//! 1. Whoever waits is kept with the claim it waits for, and answered once, when that has ended.
//! 2. A number of a waiting or kept order is not taken twice by the same customer.
//! 3. Units leave a customer's balance in the record that gives them back, before the broker has
//!    confirmed them: two returns never give the same units.
//!
//! It doesn't change anything: see `island`.

use archipelago::patterns::stock::{
    BrokerRefusal, Cancel, ClaimId, Claimed, GaveBack, Line, Lines, Outcome, Units, Verdict,
};
use archipelago_core::island::Turn;

use super::command::OrderLine;
use super::event::{Errand, Event, Free};
use super::island::Warehouse;
use super::name::{Login, OrderNumber, ProductCode};
use super::reply::{NotCancellable, OrderRefusal, Reply};

impl Warehouse {
    /// The number of the next claim that has to wait; one that need not wait uses none up.
    fn next_claim(&self, turn: &Turn<Self>) -> ClaimId {
        ClaimId::new(turn.island(), self.claims_made + 1)
    }

    /// Takes an order whole, parks it, or refuses it.
    pub(super) fn place_order(
        &self,
        order: OrderNumber,
        login: Login,
        lines: Vec<OrderLine>,
        turn: &mut Turn<Self>,
    ) {
        let refused = |reason| Reply::Refused { order, reason };
        let lines = match Lines::new(lines) {
            Ok(lines) => lines,
            Err(bad) => return answer(turn, refused(OrderRefusal::Lines(bad))),
        };
        let kept = self.customers.get(&login).and_then(|customer| customer.order(&order));
        if kept.is_some() || self.orders.contains(&(login, order)) {
            return answer(turn, refused(OrderRefusal::NumberInUse));
        }
        let claim = self.next_claim(turn);
        match self.stock.claim(claim, lines, turn) {
            Claimed::Now(taken) => {
                turn.emit(Event::OrderAccepted { order, login, taken });
                answer(turn, Reply::Accepted { order });
            }
            Claimed::Later => {
                let asker = turn.asker();
                turn.emit(Event::OrderParked { order, login, claim, asker });
            }
            Claimed::Refused(refusal) => {
                turn.emit(Event::OrderRefused);
                answer(turn, refused(OrderRefusal::Stock(refusal)));
            }
            // Claims are numbered by this island, so none is in use.
            Claimed::InUse => answer(turn, refused(OrderRefusal::NumberInUse)),
        }
    }

    /// Takes back an order that waits, or that is kept and untouched.
    pub(super) fn cancel_order(&self, order: OrderNumber, login: Login, turn: &mut Turn<Self>) {
        let refused = |reason| Reply::NotCancellable { order, reason };
        if let Some(claim) = self.orders.get(&(login, order)) {
            let asker = turn.asker();
            match self.stock.cancel(*claim, turn) {
                Cancel::Now(outcome) => {
                    self.settle(outcome, turn);
                    answer(turn, Reply::Cancelled { order });
                }
                Cancel::Later => turn.emit(Event::CancelAsked { claim: *claim, asker }),
                Cancel::TooLate => answer(turn, refused(NotCancellable::BeingSettled)),
            }
            return;
        }
        let kept = self.customers.get(&login).and_then(|customer| {
            customer.order(&order).map(|lines| (lines.clone(), customer.has(lines)))
        });
        match kept {
            Some((lines, true)) => {
                self.give_back(login, lines, Errand::Cancel { order }, turn);
            }
            Some((_, false)) => answer(turn, refused(NotCancellable::PartlyReturned)),
            None => answer(turn, refused(NotCancellable::NotKept)),
        }
    }

    /// Takes back what the customer's balance covers.
    pub(super) fn take_return(
        &self,
        number: OrderNumber,
        login: Login,
        line: OrderLine,
        turn: &mut Turn<Self>,
    ) {
        let had = self.customers.get(&login).map_or(Units::ZERO, |c| c.had(&line.resource));
        match Lines::new(vec![line]) {
            Ok(lines) if had >= line.units => {
                self.give_back(login, lines, Errand::Return { number }, turn);
            }
            _ => {
                turn.emit(Event::ReturnRefused);
                let Line { resource: product, units } = line;
                answer(turn, Reply::ReturnRefused { number, product, units, had });
            }
        }
    }

    /// Gives units of a customer's balance back to the stock.
    fn give_back(
        &self,
        login: Login,
        lines: Lines<ProductCode>,
        errand: Errand,
        turn: &mut Turn<Self>,
    ) {
        let (claim, asker) = (self.next_claim(turn), turn.asker());
        let free = match self.stock.give_back(claim, lines.clone(), turn) {
            GaveBack::Now => Free::Now,
            GaveBack::Later => Free::Later,
            // Balances never exceed what was sold here, and claims are numbered here.
            impossible @ (GaveBack::NotSold(_) | GaveBack::InUse) => {
                panic!("{login} cannot give back what was sold to it: {impossible:?}")
            }
        };
        turn.emit(Event::GivenBack { login, lines, errand, claim, asker, free });
        if let (Free::Now, Some(asker)) = (free, asker) {
            turn.reply_to(asker, given_back(errand));
        }
    }

    /// What somebody waited for has ended.
    pub(super) fn settle(&self, outcome: Outcome<ProductCode>, turn: &mut Turn<Self>) {
        let Outcome { claim, verdict } = outcome;
        let Some(waiting) = self.waiting.get(&claim) else { return };
        let reply = match (&verdict, waiting.errand) {
            (Verdict::Accepted(_), Errand::Order { order, .. }) => Reply::Accepted { order },
            (Verdict::Refused(refusal), Errand::Order { order, .. }) => {
                if let Some(canceller) = waiting.canceller {
                    turn.reply_to(canceller, Reply::Cancelled { order });
                }
                Reply::Refused { order, reason: OrderRefusal::Stock(refusal.clone()) }
            }
            (_, errand) => given_back(errand),
        };
        if let Some(asker) = waiting.asker {
            turn.reply_to(asker, reply);
        }
        turn.emit(Event::Settled { claim, verdict });
    }
}

/// Answers the client that asked, if one did.
pub(super) fn answer(turn: &mut Turn<Warehouse>, reply: Reply) {
    if let Some(asker) = turn.asker() {
        turn.reply_to(asker, reply);
    }
}

/// Units given back are free.
fn given_back(errand: Errand) -> Reply {
    match errand {
        Errand::Return { number } => Reply::ReturnAccepted { number },
        Errand::Cancel { order } | Errand::Order { order, .. } => Reply::Cancelled { order },
    }
}

/// Why a product's stock was not changed.
pub(super) fn not_stocked(product: ProductCode, refusal: BrokerRefusal) -> Reply {
    match refusal {
        BrokerRefusal::NotBroker(owner) => Reply::Misrouted { owner },
        BrokerRefusal::Exists => Reply::ProductExists { product },
        BrokerRefusal::Unknown => Reply::ProductUnknown { product },
        BrokerRefusal::TooMany => Reply::TooManyUnits { product },
        BrokerRefusal::TooLittle(pool) => Reply::PoolTooSmall { product, pool },
    }
}
