//! Decimals of four places, in integers.
//!
//! Rules:
//! 1. A text is read exactly, then rounded half away from zero to four places: `-0.00005` is
//!    `-0.0001`.
//! 2. Means are rounded the same way.
//!
//! It doesn't know what is measured.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Places behind the point.
const PLACES: i32 = 4;
/// One, in units of the last place.
const ONE: i64 = 10_000;
/// The most digits that a number is read with.
const DIGITS_MAX: usize = 30;
/// The largest size of a number: 10⁹.
const SIZE_MAX: i64 = 1_000_000_000 * ONE;

/// A decimal, in units of its fourth place: 1.5 is 15,000.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fixed(pub i64);

impl Fixed {
    /// Reads `-12.5` or `1.2e-3`; `None` when it is no such number, or too large.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
            None => (text, 0),
        };
        let (sign, mantissa) = match mantissa.strip_prefix('-') {
            Some(mantissa) => (-1, mantissa),
            None => (1, mantissa),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(part.bytes());
        if whole.len() + part.len() > DIGITS_MAX || digits.clone().next().is_none() {
            return None;
        }
        let mut number: i128 = 0;
        for digit in digits {
            number = number * 10 + i128::from(digit.checked_sub(b'0').filter(|d| *d <= 9)?);
        }
        let shift = i32::from(exponent) + PLACES - part.len() as i32;
        let number = match shift {
            0.. if number == 0 => 0,
            0.. => number.checked_mul(10_i128.checked_pow(shift as u32)?)?,
            _ => match 10_i128.checked_pow(shift.unsigned_abs()) {
                Some(divisor) => rounded(number, divisor),
                None => 0,
            },
        };
        let number = i64::try_from(number).ok().filter(|number| *number <= SIZE_MAX)?;
        Some(Self(sign * number))
    }

    /// The sum of numbers divided by their count; `None` when there are none.
    #[must_use]
    pub fn mean(numbers: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (mut sum, mut count) = (0_i128, 0_i128);
        for Self(number) in numbers {
            sum += i128::from(number);
            count += 1;
        }
        let mean = (count > 0).then(|| rounded(sum.abs(), count) * sum.signum())?;
        Some(Self(i64::try_from(mean).expect("a mean is no larger than the largest number")))
    }
}

/// A number that is not negative, divided, half up.
const fn rounded(number: i128, divisor: i128) -> i128 {
    number / divisor + (number % divisor * 2 >= divisor) as i128
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0.into()))
    }
}

/// A sum of numbers, in units of the fourth place, as a decimal.
#[must_use]
pub fn decimal(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (size, one) = (units.unsigned_abs(), u128::from(ONE.unsigned_abs()));
    format!("{sign}{}.{:04}", size / one, size % one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_rounded_half_away_from_zero() {
        let read = |text| Fixed::parse(text).map(|Fixed(number)| number);
        assert_eq!(read("-0.7"), Some(-7_000));
        assert_eq!(read("1023"), Some(10_230_000));
        assert_eq!(read("0.00005"), Some(1));
        assert_eq!(read("-0.00005"), Some(-1));
        assert_eq!(read("0.00004999999999999999999"), Some(0));
        assert_eq!(read("-2.77555756156289e-17"), Some(0));
        assert_eq!(read("1.2e3"), Some(12_000_000));
        assert_eq!(read("1e-400"), Some(0));
        for bad in ["", "-", ".", "NA", "1,5", "1e", "--1", "1e99", "+1", "1 ", "1000000000.1"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(Fixed(-10_001).to_string(), "-1.0001");
    }

    #[test]
    fn a_mean_is_rounded_half_away_from_zero() {
        let mean = |numbers: &[i64]| Fixed::mean(numbers.iter().copied().map(Fixed));
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1, 2]), Some(Fixed(2)));
        assert_eq!(mean(&[-1, -2]), Some(Fixed(-2)));
        assert_eq!(mean(&[1, 1, 2]), Some(Fixed(1)));
    }
}
