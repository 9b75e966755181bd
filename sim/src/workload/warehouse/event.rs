//! What happened in a warehouse; the only thing that changes it.
//!
//! Rules:
//! 1. An order whose lines all lie on the shelf is one event, with what left the shelf inside.
//! 2. An order that waits is parked with its asker, and settled once.
//!
//! It doesn't know how events are applied.

use archipelago::patterns::stock::{ClaimId, Lines, StockEvent, Taken, Verdict};
use archipelago_core::id::Asker;
use serde::{Deserialize, Serialize};

use super::name::{Login, OrderNumber, ProductCode};

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// The outcome of an order.
    Order {
        /// Its number.
        order: OrderNumber,
        /// Who ordered.
        login: Login,
    },
    /// The end of an accepted order's cancellation.
    Cancel {
        /// Its number.
        order: OrderNumber,
    },
    /// The end of a return.
    Return {
        /// Its number.
        number: OrderNumber,
    },
}

/// Whether units given back are free already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Free {
    /// They are.
    Now,
    /// Their broker has yet to confirm them.
    Later,
}

/// Something that happened in a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Something happened to the stock.
    Stock(StockEvent<ProductCode>),
    /// An order was taken from the shelf.
    OrderAccepted {
        /// Its number.
        order: OrderNumber,
        /// Who ordered.
        login: Login,
        /// What left the shelf.
        taken: Taken<ProductCode>,
    },
    /// An order was refused at once.
    OrderRefused,
    /// An order waits for other islands.
    OrderParked {
        /// Its number.
        order: OrderNumber,
        /// Who ordered.
        login: Login,
        /// Its claim.
        claim: ClaimId,
        /// Who waits for the answer.
        asker: Option<Asker>,
    },
    /// A waiting order's customer takes it back, and waits for that.
    CancelAsked {
        /// Its claim.
        claim: ClaimId,
        /// Who waits for the answer.
        asker: Option<Asker>,
    },
    /// What was waited for has ended.
    Settled {
        /// Its claim.
        claim: ClaimId,
        /// How.
        verdict: Verdict<ProductCode>,
    },
    /// Units left a customer's balance: by a return, or an accepted order's cancellation.
    GivenBack {
        /// Whose.
        login: Login,
        /// Which.
        lines: Lines<ProductCode>,
        /// By what.
        errand: Errand,
        /// The number under which the confirmation is awaited.
        claim: ClaimId,
        /// Who waits for the answer.
        asker: Option<Asker>,
        /// Whether there is anything to wait for.
        free: Free,
    },
    /// A return was refused.
    ReturnRefused,
}

impl From<StockEvent<ProductCode>> for Event {
    fn from(event: StockEvent<ProductCode>) -> Self {
        Self::Stock(event)
    }
}
