//! How the invoices of a file are sent: shuffled, some of them twice, and now and then the word
//! that all below a number has been sent.
//!
//! Rules:
//! 1. An invoice comes at most K places away from where its number puts it among those sent once; a
//!    copy likewise.
//! 2. After each [`WORD_EVERY`] invoices, and at the end, each series hears "you have all below b":
//!    b is its first invoice that has not been sent. It is to be said when all before it is
//!    answered.
//! 3. So of one series a book holds [`held_max`] invoices at most.
//! 4. Everything follows from the file, the plan and its seed.
//!
//! It doesn't know how requests are carried.

use std::collections::BTreeMap;

use archipelago::patterns::resequencer::SerialNumber;

use super::command::Series;
use super::file::Numbered;
use crate::workload::prng::Prng;

/// So many invoices are sent from one word to the next.
pub const WORD_EVERY: usize = 256;

/// How invoices are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// How many places away an invoice may come.
    pub shuffle: u32,
    /// How many of a million are sent twice.
    pub resend_ppm: u32,
    /// Chance: the same seed makes the same order.
    pub seed: u64,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The invoice at this place of the file.
    Invoice(usize),
    /// The word that all below is sent.
    AllBelow(Series, SerialNumber),
}

/// The most that a book holds of one series: what may overtake an invoice that is missing, and what
/// is sent until the next word closes a gap.
#[must_use]
pub const fn held_max(plan: Plan) -> u32 {
    plan.shuffle + WORD_EVERY as u32 + 1
}

/// Everything that is sent, in order, with copies and words.
#[must_use]
pub fn sent(all: &[Numbered], plan: Plan) -> Vec<Sent> {
    let order = order(all.len(), plan);
    let mut words = Words::new(all);
    let mut sent = Vec::with_capacity(order.len() + order.len() / WORD_EVERY + 1);
    for (count, place) in (1..).zip(&order) {
        words.sent[*place] = true;
        sent.push(Sent::Invoice(*place));
        if count % WORD_EVERY == 0 || count == order.len() {
            sent.extend(words.say());
        }
    }
    sent
}

/// The places 0, 1, 2 … of `count`, shuffled and some of them twice.
fn order(count: usize, plan: Plan) -> Vec<usize> {
    let mut chance = Prng::new(plan.seed);
    let mut order = Vec::with_capacity(count + count / 8);
    for place in 0..count {
        let mut somewhere = || place as u64 + chance.below(u64::from(plan.shuffle) + 1);
        let (first, second) = (somewhere(), somewhere());
        order.push((first, place));
        if chance.below(1_000_000) < u64::from(plan.resend_ppm) {
            order.push((second, place));
        }
    }
    order.sort_by_key(|(at, place)| (*at, *place));
    order.into_iter().map(|(_, place)| place).collect()
}

/// What has been sent, and what was said of it.
struct Words<'a> {
    all: &'a [Numbered],
    sent: Vec<bool>,
    /// Of each series: its places, and how many of them from the first on are sent.
    series: BTreeMap<Series, (Vec<usize>, usize)>,
}

impl<'a> Words<'a> {
    fn new(all: &'a [Numbered]) -> Self {
        let mut series: BTreeMap<Series, (Vec<usize>, usize)> = BTreeMap::new();
        for (place, one) in all.iter().enumerate() {
            series.entry(one.series).or_default().0.push(place);
        }
        Self { all, sent: vec![false; all.len()], series }
    }

    fn say(&mut self) -> Vec<Sent> {
        let (all, sent) = (self.all, &self.sent);
        let word = |(series, (places, done)): (&Series, &mut (Vec<usize>, usize))| {
            *done += places[*done..].iter().take_while(|place| sent[**place]).count();
            let bound = match places.get(*done) {
                Some(place) => all[*place].number,
                None => all[*places.last().expect("a series has an invoice")].number.next(),
            };
            Sent::AllBelow(*series, bound)
        };
        self.series.iter_mut().map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::Invoice;
    use super::*;

    fn plan(shuffle: u32, resend_ppm: u32) -> Plan {
        Plan { shuffle, resend_ppm, seed: 1 }
    }

    #[test]
    fn everything_is_sent_some_of_it_twice_and_nothing_too_far_from_its_place() {
        assert_eq!(order(5, plan(0, 0)), [0, 1, 2, 3, 4]);
        assert_eq!(order(3, plan(0, 1_000_000)), [0, 0, 1, 1, 2, 2]);
        let once = order(10_000, plan(50, 0));
        let far = once.iter().enumerate().map(|(at, place)| at.abs_diff(*place)).max();
        assert!(far.is_some_and(|far| (25..=50).contains(&far)), "{far:?}");
        let twice = order(10_000, plan(50, 100_000));
        assert!((10_900..11_100).contains(&twice.len()), "{}", twice.len());
        let mut all = twice.clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, (0..10_000).collect::<Vec<_>>());
        assert_ne!(order(100, plan(9, 0)), order(100, Plan { seed: 2, ..plan(9, 0) }));
    }

    #[test]
    fn a_word_is_true_when_it_is_said_and_the_last_ones_close_everything() {
        let number = |at: u64| SerialNumber(10 + 3 * at);
        let one = |at: u64| {
            let series = Series(at.is_multiple_of(7).into());
            Numbered { series, number: number(at), invoice: Invoice::of(series, number(at)) }
        };
        let all: Vec<Numbered> = (0..2_000).map(one).collect();
        let sent = sent(&all, plan(300, 100_000));
        let mut seen = vec![false; all.len()];
        let mut last = BTreeMap::new();
        for one in sent {
            match one {
                Sent::Invoice(place) => seen[place] = true,
                Sent::AllBelow(series, bound) => {
                    let below = |one: &Numbered| one.series == series && one.number < bound;
                    assert!(all.iter().zip(&seen).all(|(one, seen)| !below(one) || *seen));
                    last.insert(series, bound);
                }
            }
        }
        assert_eq!(last[&Series(0)], number(1_999).next());
        assert_eq!(last[&Series(1)], number(1_995).next());
    }
}
