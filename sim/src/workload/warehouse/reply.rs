//! What a client of a warehouse hears: each reply is one clear sentence.
//!
//! It doesn't know how a reply travels.

use std::fmt;

use archipelago::patterns::stock::{BadLines, Refusal, UNITS_MAX, Units};
use archipelago_core::id::IslandId;
use serde::{Deserialize, Serialize};

use super::name::{OrderNumber, ProductCode};

/// Why an order was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderRefusal {
    /// Its lines cannot be claimed.
    Lines(BadLines),
    /// The stock refused it.
    Stock(Refusal<ProductCode>),
    /// The customer has an order of that number, waiting or among the last ones kept.
    NumberInUse,
}

impl fmt::Display for OrderRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines(bad) => bad.fmt(f),
            Self::Stock(refusal) => refusal.fmt(f),
            Self::NumberInUse => f.write_str("the customer has an order of that number"),
        }
    }
}

/// Why an order cannot be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotCancellable {
    /// The customer has no order of that number: never had, it was refused, or it is too old.
    NotKept,
    /// Its outcome is decided, or it is being cancelled already.
    BeingSettled,
    /// Units of it were given back.
    PartlyReturned,
}

impl fmt::Display for NotCancellable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotKept => "it is unknown, was refused, or is too old: return its lines instead",
            Self::BeingSettled => "it is being settled",
            Self::PartlyReturned => "units of it were returned: return the rest instead",
        })
    }
}

/// An answer of a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The product exists now.
    ProductCreated {
        /// Its code.
        product: ProductCode,
        /// Its units.
        units: Units,
    },
    /// The product existed before; nothing was changed.
    ProductExists {
        /// Its code.
        product: ProductCode,
    },
    /// The product was never created.
    ProductUnknown {
        /// Its code.
        product: ProductCode,
    },
    /// The product's stock was changed.
    Updated {
        /// Its code.
        product: ProductCode,
        /// Its units now, the sold ones included.
        total: Units,
    },
    /// Too little lies in the pool to write off so much.
    PoolTooSmall {
        /// The product's code.
        product: ProductCode,
        /// What lies in the pool.
        pool: Units,
    },
    /// There can never be so many units of a product.
    TooManyUnits {
        /// The product's code.
        product: ProductCode,
    },
    /// The order is taken.
    Accepted {
        /// Its number.
        order: OrderNumber,
    },
    /// The order is refused, whole.
    Refused {
        /// Its number.
        order: OrderNumber,
        /// Why.
        reason: OrderRefusal,
    },
    /// The order is taken back, whole.
    Cancelled {
        /// Its number.
        order: OrderNumber,
    },
    /// The order stays as it is.
    NotCancellable {
        /// Its number.
        order: OrderNumber,
        /// Why.
        reason: NotCancellable,
    },
    /// The units are taken back.
    ReturnAccepted {
        /// The return's number.
        number: OrderNumber,
    },
    /// The units are not taken back.
    ReturnRefused {
        /// The return's number.
        number: OrderNumber,
        /// Of what.
        product: ProductCode,
        /// How many were to be given back.
        units: Units,
        /// How many the customer has from accepted orders.
        had: Units,
    },
    /// The command came to an island that doesn't own its key.
    Misrouted {
        /// The island that does.
        owner: IslandId,
    },
    /// Only islands say that to each other.
    NotForClients,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProductCreated { product, units } => {
                write!(f, "product {product} is created with {units} units")
            }
            Self::ProductExists { product } => write!(f, "product {product} exists already"),
            Self::ProductUnknown { product } => write!(f, "product {product} is not known"),
            Self::Updated { product, total } => {
                write!(f, "product {product} has {total} units now, sold ones included")
            }
            Self::PoolTooSmall { product, pool } => {
                write!(f, "product {product} has only {pool} units in its pool to write off")
            }
            Self::TooManyUnits { product } => {
                write!(f, "product {product} can never have more than {UNITS_MAX} units")
            }
            Self::Accepted { order } => write!(f, "order {order} is accepted"),
            Self::Refused { order, reason } => write!(f, "order {order} is refused: {reason}"),
            Self::Cancelled { order } => write!(f, "order {order} is cancelled"),
            Self::NotCancellable { order, reason } => {
                write!(f, "order {order} cannot be cancelled: {reason}")
            }
            Self::ReturnAccepted { number } => write!(f, "return {number} is accepted"),
            Self::ReturnRefused { number, product, units, had } => write!(
                f,
                "return {number} is refused: {units} units of {product} are given back, but the \
                 customer has {had}"
            ),
            Self::Misrouted { owner } => write!(f, "the key belongs to island {owner}"),
            Self::NotForClients => f.write_str("only islands say that to each other"),
        }
    }
}
