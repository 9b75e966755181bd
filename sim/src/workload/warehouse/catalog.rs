//! The products of one workload, and how many units of each its orders ask for.
//!
//! Rules:
//! 1. Products are numbered 0, 1, 2 … in the order in which they are first named.
//! 2. Stock of a product at X % = floor(X × units ordered / 100), in integers.
//! 3. A product that is only given back and never ordered is listed with 0 units ordered.
//!
//! It doesn't know who orders, nor where the stock is kept.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::action::ProductIndex;

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its code: StockCode in an order file.
    pub code: Box<str>,
    /// The units of it in all orders of the workload.
    pub units_ordered: u64,
}

impl Product {
    /// The units to mint at `percent` (rule 2).
    #[must_use]
    pub fn stock(&self, percent: Percent) -> u64 {
        let units = u128::from(self.units_ordered) * u128::from(percent.0) / 100;
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

/// All products of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    products: Vec<Product>,
    by_code: HashMap<Box<str>, ProductIndex>,
}

impl Catalog {
    /// All products, by [`ProductIndex`]; also those never ordered (rule 3).
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The products that were ordered at least once.
    pub fn ordered(&self) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(|product| product.units_ordered > 0)
    }

    /// The product with this number.
    ///
    /// # Panics
    /// When the number is of another catalog.
    #[must_use]
    pub fn product(&self, index: ProductIndex) -> &Product {
        &self.products[index.as_usize()]
    }

    /// The product with this code.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<ProductIndex> {
        self.by_code.get(code).copied()
    }

    /// The number of the product with this code; a new code gets the next number.
    pub(super) fn intern(&mut self, code: &str) -> ProductIndex {
        if let Some(&index) = self.by_code.get(code) {
            return index;
        }
        // Memory ends long before four billion products do.
        let index = ProductIndex(self.products.len() as u32);
        self.products.push(Product { code: code.into(), units_ordered: 0 });
        self.by_code.insert(code.into(), index);
        index
    }

    /// Counts units as ordered.
    pub(super) fn add_ordered(&mut self, index: ProductIndex, units: u32) {
        self.products[index.as_usize()].units_ordered += u64::from(units);
    }
}

/// A share of the ordered units, in whole percent: 0 to [`Percent::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// The most that can be asked for: a hundred times the units ordered.
    pub const MAX: u32 = 10_000;

    /// A percentage.
    ///
    /// # Errors
    /// [`BadPercent`] above [`Percent::MAX`].
    pub const fn new(percent: u32) -> Result<Self, BadPercent> {
        if percent > Self::MAX { Err(BadPercent) } else { Ok(Self(percent)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Percent {
    type Err = BadPercent;

    fn from_str(text: &str) -> Result<Self, BadPercent> {
        text.parse().map_err(|_| BadPercent).and_then(Self::new)
    }
}

/// A percentage that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be a whole number of percent between 0 and {}", Percent::MAX)]
pub struct BadPercent;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_rounded_down_in_integers() {
        let product = |units_ordered| Product { code: "A".into(), units_ordered };
        let percent = |number| Percent::new(number).unwrap();
        assert_eq!(product(7).stock(percent(50)), 3);
        assert_eq!(product(3).stock(percent(25)), 0);
        assert_eq!(product(80_995).stock(percent(100)), 80_995);
        assert_eq!(product(u64::MAX).stock(percent(100)), u64::MAX);
        assert_eq!(product(10).stock(percent(0)), 0);
    }

    #[test]
    fn percentages_are_whole_and_within_limits() {
        assert_eq!("75".parse::<Percent>().map(Percent::get), Ok(75));
        for bad in ["", "-1", "2.5", "10001", "x", "99999999999"] {
            assert_eq!(bad.parse::<Percent>(), Err(BadPercent), "{bad:?}");
        }
    }
}
