//! The orders of an Online Retail file (Chen 2015, doi 10.24432/C5BW33), in file order.
//!
//! Rules:
//! 1. Order = one InvoiceNo that begins with neither C nor A: its rows with Quantity above 0, rows
//!    of the same StockCode added up. It stands where its first row stands, also when rows of
//!    other orders come between.
//! 2. Login = CustomerID; without one `guest:<InvoiceNo>`. All rows of an order agree on it.
//! 3. Return = a row with InvoiceNo C… and a CustomerID, of −Quantity units.
//! 4. Correction = Quantity below 0 and InvoiceNo not C…: counted, not submitted. So are all other
//!    rows (credit notes without a customer, A… rows, Quantity 0).
//! 5. Rows that look alike are all real: nothing is dropped for its content.
//!
//! Memory: about 8 bytes a line of an order, plus its number and login; the file is read in one
//! pass. It doesn't know stock, islands or replies.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::action::{Action, Counts, Line, Order, ProductIndex, Return};
use super::catalog::Catalog;
use super::load_error::{LoadError, RowFault};
use super::rows::{CUSTOMER, GUEST_PREFIX, QUANTITY, Row, Rows};
use crate::workload::fingerprint::{Fingerprint, Fingerprinter};

/// All that an order file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    /// The products, numbered as they appear.
    pub catalog: Catalog,
    /// Orders and returns, in file order.
    pub actions: Vec<Action>,
    /// How much there is of everything.
    pub counts: Counts,
    /// Tells this content from another.
    pub fingerprint: Fingerprint,
}

impl Orders {
    /// Reads a file, plain or gzip whatever its name says.
    ///
    /// # Errors
    /// [`LoadError`] names the file, and for a bad row its line, its column and the reason. A file
    /// is taken whole or not at all.
    pub fn load(file: &Path) -> Result<Self, LoadError> {
        let mut rows = Rows::open(file)?;
        let mut loading = Loading::default();
        while let Some(row) = rows.next()? {
            if let Err((column, fault)) = loading.add(row) {
                return Err(rows.error(column, fault));
            }
        }
        if loading.counts.orders == 0 {
            return Err(LoadError::NoOrders { file: file.into() });
        }
        Ok(loading.finish())
    }

    /// The orders alone, in file order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.actions.iter().filter_map(|action| match action {
            Action::Order(order) => Some(order),
            Action::Return(_) => None,
        })
    }

    /// The returns alone, in file order.
    pub fn returns(&self) -> impl Iterator<Item = &Return> {
        self.actions.iter().filter_map(|action| match action {
            Action::Order(_) => None,
            Action::Return(back) => Some(back),
        })
    }
}

/// An action whose lines are still growing.
enum Draft {
    Order { number: Box<str>, login: Box<str>, lines: Vec<Line> },
    Return(Return),
}

/// A file half read.
#[derive(Default)]
struct Loading {
    catalog: Catalog,
    drafts: Vec<Draft>,
    /// Where each order stands in `drafts`.
    orders: HashMap<Box<str>, usize>,
    /// Where a product stands in an order's lines: (place in `drafts`, product) → line.
    lines: HashMap<(usize, ProductIndex), usize>,
    customers: HashSet<Box<str>>,
    counts: Counts,
}

impl Loading {
    fn add(&mut self, row: Row<'_>) -> Result<(), (usize, RowFault)> {
        self.counts.rows += 1;
        let first = row.number.as_bytes()[0];
        match (first, row.quantity, row.customer) {
            (b'C', _, Some(login)) => self.add_return(row, login),
            (b'C', _, None) => {
                self.counts.other_rows += 1;
                Ok(())
            }
            (_, ..0, _) => {
                self.counts.corrections += 1;
                Ok(())
            }
            (b'A', _, _) | (_, 0, _) => {
                self.counts.other_rows += 1;
                Ok(())
            }
            (_, 1.., _) => self.add_order_row(row),
        }
    }

    fn add_return(&mut self, row: Row<'_>, login: &str) -> Result<(), (usize, RowFault)> {
        if row.quantity >= 0 {
            return Err((QUANTITY, RowFault::ReturnNotBelowZero(row.quantity)));
        }
        let units = units(row.quantity)?;
        let product = self.catalog.intern(row.code);
        self.counts.returns += 1;
        self.counts.returned_units += u64::from(units);
        let (number, login) = (row.number.into(), login.into());
        self.drafts.push(Draft::Return(Return { number, login, product, units }));
        Ok(())
    }

    fn add_order_row(&mut self, row: Row<'_>) -> Result<(), (usize, RowFault)> {
        let units = units(row.quantity)?;
        let login = login(&row);
        let place = match self.orders.get(row.number) {
            Some(&place) => place,
            None => self.begin_order(&row, &login),
        };
        let product = self.catalog.intern(row.code);
        let Draft::Order { login: first, lines, .. } = &mut self.drafts[place] else {
            unreachable!("`orders` points at orders only");
        };
        if **first != *login {
            let (number, first) = (row.number.to_owned(), first.to_string());
            return Err((CUSTOMER, RowFault::OtherCustomer { number, first, this: login }));
        }
        match self.lines.entry((place, product)) {
            Entry::Vacant(entry) => {
                entry.insert(lines.len());
                lines.push(Line { product, units });
                self.counts.lines += 1;
            }
            Entry::Occupied(entry) => {
                let line = &mut lines[*entry.get()];
                let sum = u64::from(line.units) + u64::from(units);
                line.units = u32::try_from(sum)
                    .map_err(|_| (QUANTITY, RowFault::TooManyUnits(sum.to_string())))?;
            }
        }
        self.catalog.add_ordered(product, units);
        self.counts.units += u64::from(units);
        Ok(())
    }

    /// Puts an order without lines behind what is there, and says where.
    fn begin_order(&mut self, row: &Row<'_>, login: &str) -> usize {
        let place = self.drafts.len();
        let (number, lines) = (Box::from(row.number), Vec::new());
        self.drafts.push(Draft::Order { number, login: login.into(), lines });
        self.orders.insert(row.number.into(), place);
        self.counts.orders += 1;
        match row.customer {
            None => self.counts.guest_orders += 1,
            Some(id) if self.customers.contains(id) => {}
            Some(id) => {
                self.customers.insert(id.into());
            }
        }
        place
    }

    fn finish(mut self) -> Orders {
        self.counts.customers = self.customers.len() as u64;
        self.counts.products = self.catalog.ordered().count() as u64;
        let actions: Vec<Action> = self
            .drafts
            .into_iter()
            .map(|draft| match draft {
                Draft::Order { number, login, lines } => {
                    Action::Order(Order { number, login, lines: lines.into() })
                }
                Draft::Return(back) => Action::Return(back),
            })
            .collect();
        let mut sum = Fingerprinter::new("orders v1");
        actions.iter().for_each(|action| add(&mut sum, action, &self.catalog));
        [self.counts.rows, self.counts.corrections, self.counts.other_rows]
            .into_iter()
            .for_each(|count| sum.number(count));
        let fingerprint = sum.finish();
        Orders { catalog: self.catalog, actions, counts: self.counts, fingerprint }
    }
}

/// Adds an action with all its fields.
fn add(sum: &mut Fingerprinter, action: &Action, catalog: &Catalog) {
    sum.text(action.number());
    sum.text(action.login());
    match action {
        Action::Order(order) => {
            sum.number(order.lines.len() as u64);
            for line in &order.lines {
                sum.text(&catalog.product(line.product).code);
                sum.number(u64::from(line.units));
            }
        }
        Action::Return(back) => {
            // No order has this many lines.
            sum.number(u64::MAX);
            sum.text(&catalog.product(back.product).code);
            sum.number(u64::from(back.units));
        }
    }
}

fn login(row: &Row<'_>) -> String {
    row.customer.map_or_else(|| format!("{GUEST_PREFIX}{}", row.number), str::to_owned)
}

/// The size of a quantity, whatever its sign.
fn units(quantity: i64) -> Result<u32, (usize, RowFault)> {
    let units = quantity.unsigned_abs();
    u32::try_from(units).map_err(|_| (QUANTITY, RowFault::TooManyUnits(units.to_string())))
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
