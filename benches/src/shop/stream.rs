//! The shop's events, made from their numbers.
//!
//! Rules:
//! 1. Whole numbers only, so that all machines make the same events.
//! 2. Which number a product has says nothing of how often it is sold.
//!
//! It doesn't know what is done with events.

use std::ops::Range;

use super::event::{Event, LINES_MAX, Line, Lines};

/// How many products and customers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Population {
    /// Products.
    pub products: u32,
    /// Customers.
    pub customers: u64,
}

impl Default for Population {
    fn default() -> Self {
        Self { products: 10_000, customers: 200_000 }
    }
}

/// The stream of events.
#[derive(Clone, Debug)]
pub struct Stream {
    population: Population,
    /// Sums of weights 1/1, 1/2, 1/3 … in units of 2^-32.
    weights: Vec<u64>,
    /// The product of each rank.
    ranked: Vec<u32>,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new(Population::default())
    }
}

impl Stream {
    /// A stream of a shop of some size; without products it has one.
    #[must_use]
    pub fn new(population: Population) -> Self {
        let products = population.products.max(1);
        let customers = population.customers.max(1);
        let mut sum = 0;
        let weigh = |rank: u32| {
            sum += (1 << 32) / u64::from(rank);
            sum
        };
        let weights = (1..=products).map(weigh).collect();
        let mut ranked: Vec<u32> = (0..products).collect();
        let mut dice = Dice(0);
        for at in (1..ranked.len()).rev() {
            ranked.swap(at, dice.below(at as u64 + 1) as usize);
        }
        Self { population: Population { products, customers }, weights, ranked }
    }

    /// How many products and customers there are.
    #[must_use]
    pub const fn population(&self) -> Population {
        self.population
    }

    /// The events of these numbers.
    pub fn events(&self, numbers: Range<u64>) -> impl Iterator<Item = Event> {
        numbers.map(|number| self.event(number))
    }

    /// One event.
    #[must_use]
    pub fn event(&self, number: u64) -> Event {
        let mut dice = Dice(number << 8);
        match dice.below(10) {
            0..6 => {
                let customer = dice.below(self.population.customers);
                let count = dice.below(LINES_MAX as u64) as usize + 1;
                let lines = [(); LINES_MAX].map(|()| self.line(&mut dice));
                Event::OrderPlaced { order: number, customer, lines: Lines::new(&lines[..count]) }
            }
            6..8 => Event::StockReceived(self.line(&mut dice)),
            _ => Event::StockSent(self.line(&mut dice)),
        }
    }

    fn line(&self, dice: &mut Dice) -> Line {
        let total = self.weights.last().copied().unwrap_or(1);
        let drawn = dice.below(total);
        let rank = self.weights.partition_point(|sum| *sum <= drawn);
        Line { product: self.ranked[rank], units: dice.below(12) as u16 + 1 }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_same_everywhere_and_shaped_as_said() {
        let stream = Stream::default();
        let events: Vec<Event> = stream.events(0..100_000).collect();
        assert_eq!(stream.event(77), events[77]);
        let orders = events.iter().filter(|event| matches!(event, Event::OrderPlaced { .. }));
        let orders = orders.count();
        assert!((59_000..61_000).contains(&orders), "{orders}");
        let mut sold = vec![0_u64; 10_000];
        for event in &events {
            let lines = match event {
                Event::OrderPlaced { lines, .. } => lines.as_slice(),
                Event::StockReceived(line) | Event::StockSent(line) => std::slice::from_ref(line),
            };
            lines.iter().for_each(|line| sold[line.product as usize] += 1);
        }
        sold.sort_unstable_by(|a, b| b.cmp(a));
        // The harmonic number of 10,000 is 9.8: the first product has a tenth of all, the second
        // half of that.
        let all: u64 = sold.iter().sum();
        assert!((9..12).contains(&(all / sold[0])), "{all} {}", sold[0]);
        assert!((17..24).contains(&(10 * sold[0] / sold[1])), "{} {}", sold[0], sold[1]);
    }
}
