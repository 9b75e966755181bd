//! What customers do, in the order they do it: place an order, give something back.
//!
//! Rules:
//! 1. An order names a product at most once, with at least one unit.
//! 2. A login is the customer's id, or `guest:<order number>` for a guest; guests give nothing
//!    back.
//! 3. A product is a number into the [`Catalog`](super::catalog::Catalog) of the same workload.
//!
//! It doesn't know where the actions come from, nor whether they are accepted.

/// A product of one workload, by its place in the workload's catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductIndex(pub u32);

impl ProductIndex {
    /// The same as an index into a slice.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// One thing a customer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Places an order: taken whole, or refused whole.
    Order(Order),
    /// Gives something back.
    Return(Return),
}

impl Action {
    /// The number it goes by: InvoiceNo in an order file.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Order(order) => &order.number,
            Self::Return(back) => &back.number,
        }
    }

    /// Who does it: the key that says which island decides.
    #[must_use]
    pub fn login(&self) -> &str {
        match self {
            Self::Order(order) => &order.login,
            Self::Return(back) => &back.login,
        }
    }
}

/// One order with its lines, in the order in which its products were first named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The order's number, unique in the workload; without spaces, at most
    /// [`NUMBER_BYTES_MAX`](super::rows::NUMBER_BYTES_MAX) bytes.
    pub number: Box<str>,
    /// Who orders.
    pub login: Box<str>,
    /// What is ordered; never empty.
    pub lines: Box<[Line]>,
}

impl Order {
    /// The units of all lines.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.units)).sum()
    }
}

/// One line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub product: ProductIndex,
    /// How many units; at least one.
    pub units: u32,
}

/// One product given back by a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The number of the credit note. Several returns may share it.
    pub number: Box<str>,
    /// Who gives back; never a guest.
    pub login: Box<str>,
    /// What comes back.
    pub product: ProductIndex,
    /// How many units; at least one.
    pub units: u32,
}

/// How much there is of everything in a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read from the file, without the header; 0 for generated demand.
    pub rows: u64,
    /// Orders.
    pub orders: u64,
    /// Lines of all orders.
    pub lines: u64,
    /// Units of all orders.
    pub units: u64,
    /// Orders of guests.
    pub guest_orders: u64,
    /// Customers (not guests) who placed an order.
    pub customers: u64,
    /// Products that were ordered at least once.
    pub products: u64,
    /// Returns.
    pub returns: u64,
    /// Units of all returns.
    pub returned_units: u64,
    /// Rows below zero that are not returns (stock corrections); not submitted.
    pub corrections: u64,
    /// Rows that are none of these (credit notes without a customer, adjustments); not submitted.
    pub other_rows: u64,
}
