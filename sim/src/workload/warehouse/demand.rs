//! Generated demand: a stream of orders and returns made from one seed, never held in memory.
//!
//! Rules:
//! 1. Same shape and seed, same demand, on every machine: only integers are drawn.
//! 2. Product k (1, 2, 3 …) is drawn with weight floor(2³² / k): Zipf's law with exponent 1.
//!    Customers are drawn evenly; one order in [`GUEST_EVERY`] is a guest's.
//! 3. An order has 1 to [`LINES_MAX`] draws of 1 to [`UNITS_MAX`] units; draws of the same product
//!    are added up, as in an order file.
//! 4. After one order in [`RETURN_EVERY`], on average, a customer gives back some or all of
//!    something bought earlier. The last [`PURCHASES_MAX`] purchases are remembered, each is given
//!    back at most once; so a return is refused only when its order was.
//! 5. The units ordered of each product come from a first run over the same seed.
//!
//! It doesn't know stock: what is bought here may be refused there.

use std::sync::Arc;

use super::action::{Action, Counts, Line, Order, ProductIndex, Return};
use super::catalog::Catalog;
use super::rows::GUEST_PREFIX;
use crate::workload::fingerprint::{Fingerprint, Fingerprinter};
use crate::workload::prng::Prng;

/// One order in this many is a guest's.
pub const GUEST_EVERY: u64 = 10;
/// One order in this many is followed by a return.
pub const RETURN_EVERY: u64 = 20;
/// The most lines of an order.
pub const LINES_MAX: u64 = 5;
/// The most units of one draw.
pub const UNITS_MAX: u64 = 12;
/// How many purchases are remembered for returns.
pub const PURCHASES_MAX: usize = 1024;
/// The most products, and the most customers.
pub const POPULATION_MAX: u32 = 1_000_000;
/// The most orders: their numbers stay within 15 bytes.
pub const ORDERS_MAX: u64 = 1_000_000_000_000;

/// What shall be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Orders; returns come on top.
    pub orders: u64,
    /// Products: `P0001`, the most wanted, to `P1000`.
    pub products: u32,
    /// Customers: `10001` and up.
    pub customers: u32,
    /// Chance.
    pub seed: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { orders: 100_000, products: 1_000, customers: 5_000, seed: 1 }
    }
}

/// A shape that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {is}, but there must be between 1 and {max}")]
pub struct BadShape {
    /// Of what.
    pub what: &'static str,
    /// How many were asked for.
    pub is: u64,
    /// How many there may be.
    pub max: u64,
}

/// Demand that can be run through again and again.
#[derive(Clone, Debug)]
pub struct Demand {
    shape: Shape,
    /// The sum of the weights of products 1..=k, for each k.
    weights_to: Arc<[u64]>,
}

impl Demand {
    /// Demand of this shape.
    ///
    /// # Errors
    /// [`BadShape`] when a number is 0 or too big.
    pub fn new(shape: Shape) -> Result<Self, BadShape> {
        let population_max = u64::from(POPULATION_MAX);
        let limits = [
            ("orders", shape.orders, ORDERS_MAX),
            ("products", u64::from(shape.products), population_max),
            ("customers", u64::from(shape.customers), population_max),
        ];
        for (what, is, max) in limits {
            if is == 0 || is > max {
                return Err(BadShape { what, is, max });
            }
        }
        let weights_to = (1..=u64::from(shape.products))
            .scan(0, |sum, rank| {
                *sum += (1 << 32) / rank;
                Some(*sum)
            })
            .collect();
        Ok(Self { shape, weights_to })
    }

    /// What was asked for.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Orders and returns, from the first.
    #[must_use]
    pub fn actions(&self) -> Actions {
        Actions { draws: Draws::new(self), lines: Vec::new(), due: None }
    }

    /// Runs through the demand once and says what it holds. [`Counts::customers`] are those who
    /// placed an order.
    #[must_use]
    pub fn survey(&self) -> (Catalog, Counts) {
        let mut catalog = Catalog::default();
        for rank in 1..=self.shape.products {
            catalog.intern(&code(rank));
        }
        let mut counts = Counts { orders: self.shape.orders, ..Counts::default() };
        let mut seen = vec![false; self.shape.customers as usize];
        let (mut draws, mut lines) = (Draws::new(self), Vec::new());
        while let Some((buyer, back)) = draws.next(&mut lines) {
            match buyer {
                Buyer::Guest => counts.guest_orders += 1,
                Buyer::Customer(customer) => seen[customer as usize] = true,
            }
            counts.lines += lines.len() as u64;
            for line in &lines {
                counts.units += u64::from(line.units);
                catalog.add_ordered(line.product, line.units);
            }
            if let Some(back) = back {
                counts.returns += 1;
                counts.returned_units += u64::from(back.line.units);
            }
        }
        counts.customers = seen.into_iter().filter(|&seen| seen).count() as u64;
        counts.products = catalog.ordered().count() as u64;
        (catalog, counts)
    }

    /// Tells this demand from another: made from its shape, which decides all the rest.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let Shape { orders, products, customers, seed } = self.shape;
        let mut sum = Fingerprinter::new("demand v1");
        [orders, u64::from(products), u64::from(customers), seed]
            .into_iter()
            .for_each(|number| sum.number(number));
        sum.finish()
    }
}

/// The stream of a [`Demand`].
#[derive(Clone, Debug)]
pub struct Actions {
    draws: Draws,
    lines: Vec<Line>,
    /// A return that follows the order given out last.
    due: Option<Return>,
}

impl Iterator for Actions {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        if let Some(back) = self.due.take() {
            return Some(Action::Return(back));
        }
        let (buyer, back) = self.draws.next(&mut self.lines)?;
        let number = self.draws.given;
        self.due = back.map(|Purchase { customer, line }| Return {
            number: format!("C{number:07}").into(),
            login: login(customer),
            product: line.product,
            units: line.units,
        });
        let number = format!("G{number:07}");
        let login = match buyer {
            Buyer::Guest => format!("{GUEST_PREFIX}{number}").into(),
            Buyer::Customer(customer) => login(customer),
        };
        let lines = self.lines.as_slice().into();
        Some(Action::Order(Order { number: number.into(), login, lines }))
    }
}

/// Who places an order.
#[derive(Clone, Copy, Debug)]
enum Buyer {
    Guest,
    Customer(u32),
}

/// Something a customer bought, or gives back.
#[derive(Clone, Copy, Debug)]
struct Purchase {
    customer: u32,
    line: Line,
}

/// The draws behind the stream, without any text: cheap enough to run twice.
#[derive(Clone, Debug)]
struct Draws {
    shape: Shape,
    weights_to: Arc<[u64]>,
    prng: Prng,
    given: u64,
    purchases: Vec<Purchase>,
}

impl Draws {
    fn new(demand: &Demand) -> Self {
        let Demand { shape, weights_to } = demand.clone();
        Self { shape, weights_to, prng: Prng::new(shape.seed), given: 0, purchases: Vec::new() }
    }

    /// Draws an order into `lines`, and the return that follows it, if one does.
    fn next(&mut self, lines: &mut Vec<Line>) -> Option<(Buyer, Option<Purchase>)> {
        if self.given == self.shape.orders {
            return None;
        }
        self.given += 1;
        let buyer = if self.prng.below(GUEST_EVERY) == 0 {
            Buyer::Guest
        } else {
            Buyer::Customer(self.prng.below(u64::from(self.shape.customers)) as u32)
        };
        lines.clear();
        for _ in 0..=self.prng.below(LINES_MAX) {
            let product = self.product();
            let units = 1 + self.prng.below(UNITS_MAX) as u32;
            match lines.iter_mut().find(|line| line.product == product) {
                Some(line) => line.units += units,
                None => lines.push(Line { product, units }),
            }
        }
        if let Buyer::Customer(customer) = buyer {
            lines.iter().for_each(|&line| self.remember(Purchase { customer, line }));
        }
        let back = if self.prng.below(RETURN_EVERY) == 0 { self.give_back() } else { None };
        Some((buyer, back))
    }

    fn product(&mut self) -> ProductIndex {
        let total = *self.weights_to.last().expect("there is at least one product");
        let drawn = self.prng.below(total);
        ProductIndex(self.weights_to.partition_point(|&to| to <= drawn) as u32)
    }

    /// Remembers a purchase; when memory is full, in the place of one drawn by chance.
    fn remember(&mut self, purchase: Purchase) {
        if self.purchases.len() < PURCHASES_MAX {
            self.purchases.push(purchase);
        } else {
            let place = self.prng.below(PURCHASES_MAX as u64) as usize;
            self.purchases[place] = purchase;
        }
    }

    fn give_back(&mut self) -> Option<Purchase> {
        if self.purchases.is_empty() {
            return None;
        }
        let place = self.prng.below(self.purchases.len() as u64) as usize;
        let mut back = self.purchases.swap_remove(place);
        back.line.units = 1 + self.prng.below(u64::from(back.line.units)) as u32;
        Some(back)
    }
}

fn code(rank: u32) -> String {
    format!("P{rank:04}")
}

fn login(customer: u32) -> Box<str> {
    (10_001 + customer).to_string().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn demand(orders: u64, seed: u64) -> Demand {
        Demand::new(Shape { orders, seed, ..Shape::default() }).unwrap()
    }

    #[test]
    fn same_seed_same_demand_and_another_seed_another() {
        let first: Vec<Action> = demand(2_000, 7).actions().collect();
        assert!(demand(2_000, 7).actions().eq(first.iter().cloned()));
        assert!(!demand(2_000, 8).actions().eq(first));
        assert_eq!(demand(5, 7).fingerprint(), demand(5, 7).fingerprint());
        assert_ne!(demand(5, 7).fingerprint(), demand(5, 8).fingerprint());
        assert_ne!(demand(5, 7).fingerprint(), demand(6, 7).fingerprint());
    }

    #[test]
    fn the_survey_tells_what_the_stream_holds() {
        let demand = demand(5_000, 3);
        let (catalog, counts) = demand.survey();
        let mut units = vec![0_u64; catalog.products().len()];
        let mut seen = Counts { customers: counts.customers, ..Counts::default() };
        for action in demand.actions() {
            match action {
                Action::Order(order) => {
                    seen.orders += 1;
                    seen.lines += order.lines.len() as u64;
                    seen.units += order.units();
                    seen.guest_orders += u64::from(order.login.starts_with(GUEST_PREFIX));
                    for line in &order.lines {
                        units[line.product.as_usize()] += u64::from(line.units);
                    }
                }
                Action::Return(back) => {
                    seen.returns += 1;
                    seen.returned_units += u64::from(back.units);
                }
            }
        }
        seen.products = units.iter().filter(|&&units| units > 0).count() as u64;
        assert_eq!(seen, counts);
        assert!(catalog.products().iter().map(|product| product.units_ordered).eq(units));
        assert!((450..550).contains(&counts.guest_orders), "{counts:?}");
        assert!((200..300).contains(&counts.returns), "{counts:?}");
    }

    #[test]
    fn nobody_gives_back_more_than_was_bought_and_guests_never_do() {
        let mut bought: HashMap<(Box<str>, ProductIndex), i64> = HashMap::new();
        for action in demand(20_000, 11).actions() {
            match action {
                Action::Order(order) => {
                    for line in &order.lines {
                        let key = (order.login.clone(), line.product);
                        *bought.entry(key).or_default() += i64::from(line.units);
                    }
                }
                Action::Return(back) => {
                    assert!(!back.login.starts_with(GUEST_PREFIX));
                    let left = bought.get_mut(&(back.login, back.product)).unwrap();
                    *left -= i64::from(back.units);
                    assert!(*left >= 0);
                }
            }
        }
    }

    #[test]
    fn products_follow_zipfs_law() {
        let (catalog, counts) = demand(50_000, 5).survey();
        let units = |rank: usize| catalog.products()[rank - 1].units_ordered;
        // Of about 150,000 draws the first product gets 1 / H(1000) = 1 / 7.485 of them.
        assert!((120..150).contains(&(units(1) * 1000 / counts.units)), "{}", units(1));
        for rank in [2_u64, 4, 8] {
            let percent = units(rank as usize) * rank * 100 / units(1);
            assert!((85..115).contains(&percent), "rank {rank}: {percent} %");
        }
    }

    #[test]
    fn the_smallest_shape_works_and_bad_ones_are_refused() {
        let small = Shape { orders: 3, products: 1, customers: 1, seed: 0 };
        let numbers: Vec<Box<str>> = Demand::new(small)
            .unwrap()
            .actions()
            .filter(|action| matches!(action, Action::Order(_)))
            .map(|action| action.number().into())
            .collect();
        assert_eq!(numbers, ["G0000001".into(), "G0000002".into(), "G0000003".into()]);
        let bad = Demand::new(Shape { products: 0, ..small }).unwrap_err();
        assert_eq!(bad.to_string(), "products: 0, but there must be between 1 and 1000000");
        assert!(Demand::new(Shape { orders: ORDERS_MAX + 1, ..small }).is_err());
    }
}
