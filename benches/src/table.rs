//! Figures as a table for people.
//!
//! It doesn't know how they were measured.

use std::fmt::Write;

use crate::contest::{Runs, Told};

/// The middle of `values`, the lower one of two; 0 of none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// The table of all rings. The first contender of a ring is the one that ratios are against: the
/// median of (its rate ÷ the other's), run by run.
#[must_use]
pub fn rings(rings: &[Vec<Runs>]) -> String {
    let mut text = String::new();
    let head = ["nodes", "tokens", "deliveries", "contender", "median/CPU-s", "min", "max"];
    row(&mut text, &head.map(str::to_owned), "first ÷ it");
    for ring in rings {
        for runs in ring {
            let rates: Vec<u64> = runs.runs.iter().map(Told::rate).collect();
            let [low, high] =
                [rates.iter().min(), rates.iter().max()].map(|rate| *rate.unwrap_or(&0));
            let cells = [
                runs.size.nodes.to_string(),
                runs.size.tokens.to_string(),
                runs.size.deliveries().to_string(),
                runs.name.clone(),
                grouped(median(rates)),
                grouped(low),
                grouped(high),
            ];
            row(&mut text, &cells, &ratio(&ring[0], runs));
        }
    }
    text
}

fn ratio(first: &Runs, other: &Runs) -> String {
    let permille = first
        .runs
        .iter()
        .zip(&other.runs)
        .map(|(first, other)| first.rate().saturating_mul(1000) / other.rate().max(1));
    let permille = median(permille);
    format!("{}.{:02}", permille / 1000, permille % 1000 / 10)
}

fn row(text: &mut String, cells: &[String; 7], last: &str) {
    let [nodes, tokens, deliveries, name, median, low, high] = cells;
    writeln!(
        text,
        "{nodes:>6} {tokens:>7} {deliveries:>11}  {name:<14} {median:>12} {low:>12} {high:>12} \
         {last:>11}"
    )
    .expect("a string takes all");
}

/// 1234567 as 1 234 567.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_the_median_is_one_of_the_values() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(median([9, 1, 5]), 5);
        assert_eq!(median([4, 1]), 1);
        assert_eq!(median([]), 0);
    }
}
