//! What events fold to: twice, in hash maps and in vectors by dense number, with one digest.
//!
//! Rules:
//! 1. The digest is over what is not zero, sorted: it does not tell how a state is kept, nor over
//!    how many islands it is spread.
//!
//! It doesn't know where events come from.

use std::collections::BTreeMap;

use archipelago_core::codec::CodecError;
use archipelago_core::dense::Dense as ByNumber;
use archipelago_core::lookup::Lookup;
use archipelago_core::replay::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::event::{Form, Line, Told};

/// What is known of a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Orders.
    pub orders: u64,
    /// Units in them.
    pub units: u64,
}

impl Customer {
    #[inline(always)]
    const fn add(&mut self, units: u64) {
        self.orders += 1;
        self.units += units;
    }
}

/// A state that events fold to.
pub trait State: Default + Serialize + DeserializeOwned + Send + 'static {
    /// The version of its own form. Journals are written with the version of [`Hashed`]: for the
    /// others the digests in them are of another state, and are passed over.
    const VERSION: u32;

    /// Applies one event.
    fn fold(&mut self, event: &impl Form);

    /// Adds all that is in it to `totals`.
    fn add_to(&self, totals: &mut Totals);
}

/// A state, or the states of several islands, whatever they are kept in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    stock: BTreeMap<u32, i64>,
    customers: BTreeMap<u64, (u64, u64)>,
}

impl Totals {
    /// The sum of `states`.
    pub fn of<'a, S: State>(states: impl IntoIterator<Item = &'a S>) -> Self {
        let mut totals = Self::default();
        states.into_iter().for_each(|state| state.add_to(&mut totals));
        totals
    }

    /// The digest that all contenders must show.
    ///
    /// # Errors
    /// [`CodecError`]: never, for this type.
    pub fn digest(mut self) -> Result<Digest, CodecError> {
        self.stock.retain(|_, units| *units != 0);
        self.customers.retain(|_, customer| *customer != (0, 0));
        Digest::of(&self)
    }

    fn add(&mut self, number: u64, customer: &Customer) {
        let (orders, units) = self.customers.entry(number).or_default();
        *orders += customer.orders;
        *units += customer.units;
    }
}

/// Stock and customers in hash maps (hashbrown with foldhash).
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hashed {
    stock: Lookup<u32, i64>,
    customers: Lookup<u64, Customer>,
}

impl Told for Hashed {
    #[inline(always)]
    fn ordered(&mut self, customer: u64, lines: impl Iterator<Item = Line>) {
        let mut units = 0;
        for line in lines {
            units += u64::from(line.units);
            *self.stock.get_or_insert_with(line.product, || 0) -= i64::from(line.units);
        }
        self.customers.get_or_insert_with(customer, Customer::default).add(units);
    }

    #[inline(always)]
    fn moved(&mut self, product: u32, units: i64) {
        *self.stock.get_or_insert_with(product, || 0) += units;
    }
}

impl State for Hashed {
    const VERSION: u32 = 0;

    #[inline(always)]
    fn fold(&mut self, event: &impl Form) {
        event.tell(self);
    }

    fn add_to(&self, totals: &mut Totals) {
        for (product, units) in self.stock.sorted() {
            *totals.stock.entry(*product).or_default() += units;
        }
        for (number, customer) in self.customers.sorted() {
            totals.add(*number, customer);
        }
    }
}

/// Stock and customers in vectors, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dense {
    stock: ByNumber<u32, i64>,
    customers: ByNumber<u32, Customer>,
}

impl Told for Dense {
    #[inline(always)]
    fn ordered(&mut self, customer: u64, lines: impl Iterator<Item = Line>) {
        let mut units = 0;
        for line in lines {
            units += u64::from(line.units);
            *self.stock.get_mut(line.product) -= i64::from(line.units);
        }
        // A shop has fewer customers than there are 32-bit numbers.
        self.customers.get_mut(customer as u32).add(units);
    }

    #[inline(always)]
    fn moved(&mut self, product: u32, units: i64) {
        *self.stock.get_mut(product) += units;
    }
}

impl State for Dense {
    const VERSION: u32 = 1;

    #[inline(always)]
    fn fold(&mut self, event: &impl Form) {
        event.tell(self);
    }

    fn add_to(&self, totals: &mut Totals) {
        for (product, units) in self.stock.iter() {
            *totals.stock.entry(product).or_default() += units;
        }
        for (number, customer) in self.customers.iter() {
            totals.add(number.into(), customer);
        }
    }
}

/// Looks at every event and keeps nothing but a count: what is left of a replay is our own share.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Nothing {
    events: u64,
}

impl State for Nothing {
    const VERSION: u32 = 2;

    #[inline(always)]
    fn fold(&mut self, event: &impl Form) {
        std::hint::black_box(event);
        self.events += 1;
    }

    fn add_to(&self, _totals: &mut Totals) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::event::{Event, Fixed};
    use crate::shop::stream::Stream;

    #[test]
    fn both_states_have_one_digest_also_when_spread_and_it_sees_each_event() {
        let events: Vec<Event> = Stream::default().events(0..20_000).collect();
        let (mut hashed, mut dense) = (Hashed::default(), Dense::default());
        let mut fixed = Hashed::default();
        let mut spread: [Hashed; 3] = Default::default();
        for (at, event) in events.iter().enumerate() {
            hashed.fold(event);
            dense.fold(event);
            fixed.fold(&Fixed::from(*event));
            spread[at % 3].fold(event);
        }
        let digest = Totals::of([&hashed]).digest().unwrap();
        assert_eq!(digest, Totals::of([&dense]).digest().unwrap());
        assert_eq!(digest, Totals::of([&fixed]).digest().unwrap());
        assert_eq!(digest, Totals::of(&spread).digest().unwrap());
        dense.fold(&events[0]);
        assert_ne!(digest, Totals::of([&dense]).digest().unwrap());
    }
}
