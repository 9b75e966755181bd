//! What a warehouse is asked to do.
//!
//! Rules:
//! 1. Clients ask for everything but `Stock`; that one is between islands.
//! 2. A command's key says where it belongs.
//!
//! It doesn't know how commands are decided.

use archipelago::patterns::stock::{Line, StockMessage, Units};
use serde::{Deserialize, Serialize};

use super::name::{Login, OrderNumber, ProductCode};

/// So many units of one product.
pub type OrderLine = Line<ProductCode>;

/// A change of a product's stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// So many units came in.
    Add(Units),
    /// So many units of the pool are written off.
    WriteOff(Units),
}

/// A command to a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A product comes into being, with its first units.
    CreateProduct {
        /// Its code; also the key.
        product: ProductCode,
        /// How many; perhaps none.
        units: Units,
    },
    /// A product's stock changes.
    UpdateProduct {
        /// Its code; also the key.
        product: ProductCode,
        /// How.
        change: Change,
    },
    /// A customer orders.
    PlaceOrder {
        /// The order's number.
        order: OrderNumber,
        /// Who orders; also the key.
        login: Login,
        /// What, in any order; lines of one product add up.
        lines: Vec<OrderLine>,
    },
    /// A customer takes an order back.
    CancelOrder {
        /// The order's number.
        order: OrderNumber,
        /// Who ordered; also the key.
        login: Login,
    },
    /// A customer gives units back.
    Return {
        /// The return's number.
        number: OrderNumber,
        /// Who bought them; also the key.
        login: Login,
        /// Of what.
        product: ProductCode,
        /// How many.
        units: Units,
    },
    /// Islands among themselves. The seed's `SendProductToMyPartition` is a `Need` here, and its
    /// `ProductSentToYourPartition` a `Grant` (or a `Deny`).
    Stock(StockMessage<ProductCode>),
}

impl Command {
    /// The key it is routed by; islands' messages have none.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::CreateProduct { product, .. } | Self::UpdateProduct { product, .. } => {
                Some(product.as_str())
            }
            Self::PlaceOrder { login, .. }
            | Self::CancelOrder { login, .. }
            | Self::Return { login, .. } => Some(login.as_str()),
            Self::Stock(_) => None,
        }
    }
}

impl From<StockMessage<ProductCode>> for Command {
    fn from(message: StockMessage<ProductCode>) -> Self {
        Self::Stock(message)
    }
}
