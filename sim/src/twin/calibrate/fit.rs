//! Least squares with no number below 0, for a few numbers and many rows.
//!
//! It doesn't know what the numbers mean. Floats are fine here: what is measured is never exact,
//! and what comes out is whole picoseconds.

use crate::twin::costs::{Counts, NUMBERS};

/// The numbers (in picoseconds each) that explain best how long calls took: rows of counts and
/// nanoseconds.
pub(super) fn fit(rows: &[(Counts, u64)]) -> Counts {
    let mut active: Vec<usize> =
        (0..NUMBERS).filter(|at| rows.iter().any(|(counts, _)| counts[*at] > 0)).collect();
    loop {
        let solved = solve(rows, &active);
        let worst = (0..active.len()).min_by(|a, b| solved[*a].total_cmp(&solved[*b]));
        match worst {
            Some(worst) if solved[worst] < 0.0 => drop(active.remove(worst)),
            _ => {
                let mut prices = [0; NUMBERS];
                for (at, price) in active.iter().zip(solved) {
                    prices[*at] = (price * 1000.0).round() as u64;
                }
                return prices;
            }
        }
    }
}

/// The line through points (x, y): its height at 0 and its slope, none below 0, in thousandths.
#[must_use]
pub fn line(points: &[(u64, u64)]) -> (u64, u64) {
    let rows: Vec<(Counts, u64)> = points.iter().map(|(x, y)| ([1, *x, 0, 0, 0], *y)).collect();
    let [height, slope, ..] = fit(&rows);
    (height, slope)
}

/// Solves the normal equations for the active columns by elimination.
fn solve(rows: &[(Counts, u64)], active: &[usize]) -> Vec<f64> {
    let n = active.len();
    let mut matrix = vec![vec![0.0; n + 1]; n];
    for (counts, nanos) in rows {
        let value = |at: usize| counts[active[at]] as f64;
        for (i, line) in matrix.iter_mut().enumerate() {
            (0..n).for_each(|j| line[j] += value(i) * value(j));
            line[n] += value(i) * *nanos as f64;
        }
    }
    for (i, line) in matrix.iter_mut().enumerate() {
        // Where two columns always go together, they share what there is.
        line[i] *= 1.0 + 1e-9;
    }
    for pivot in 0..n {
        let best =
            (pivot..n).max_by(|a, b| matrix[*a][pivot].abs().total_cmp(&matrix[*b][pivot].abs()));
        matrix.swap(pivot, best.unwrap_or(pivot));
        let lead = matrix[pivot].clone();
        if lead[pivot] == 0.0 {
            continue;
        }
        for (at, line) in matrix.iter_mut().enumerate() {
            if at != pivot {
                let factor = line[pivot] / lead[pivot];
                line.iter_mut().zip(&lead).for_each(|(cell, lead)| *cell -= factor * lead);
            }
        }
    }
    (0..n)
        .map(|at| if matrix[at][at] == 0.0 { 0.0 } else { matrix[at][n] / matrix[at][at] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_made_the_rows() {
        let row = |a: u64, b: u64| ([1, a, b, 0, 0], 700 + 30 * a + 2 * b);
        let rows: Vec<_> = (0..50).map(|at| row(at % 7, at * at % 31)).collect();
        assert_eq!(fit(&rows), [700_000, 30_000, 2_000, 0, 0]);
        assert_eq!(line(&[(0, 10), (10, 30), (20, 50)]), (10_000, 2_000));
    }

    #[test]
    fn nothing_costs_less_than_nothing() {
        let rows = [([1, 0, 0, 0, 0], 100), ([1, 10, 0, 0, 0], 80), ([1, 20, 0, 0, 0], 60)];
        let [base, slope, ..] = fit(&rows);
        assert_eq!((base, slope), (80_000, 0), "the mean is the best without a slope");
        assert_eq!(fit(&[]), [0; NUMBERS]);
    }
}
