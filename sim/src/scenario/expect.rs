//! Figures that each world of a scenario must end with.
//!
//! Rules:
//! 1. A figure is added up over all islands, when everything is answered and at rest. A world that
//!    ends with a part broken for ever has no such moment.
//! 2. `name = 7` is exact; `name = { min = 1, max = 9 }` is a range, either end may be missing.
//!
//! It doesn't know when it is looked at.

use archipelago_core::replay::Image;
use toml::Value;

use super::form::Words;
use super::wrong::{Fault, unknown};
use crate::workload::warehouse::Warehouse;

/// A figure of one island.
type Figure = fn(&Warehouse) -> u64;

/// All figures, with their names.
const FIGURES: [(&str, Figure); 13] = [
    ("accepted", |one| one.counters().orders_accepted),
    ("refused", |one| one.counters().orders_refused),
    ("local", |one| one.counters().orders_local),
    ("cancelled", |one| one.counters().orders_cancelled),
    ("units_sold", |one| one.counters().units_sold),
    ("units_back", |one| one.counters().units_back),
    ("returns_accepted", |one| one.counters().returns_accepted),
    ("returns_refused", |one| one.counters().returns_refused),
    ("waited", |one| one.stock().counters().claims_parked),
    ("grants", |one| one.stock().counters().grants),
    ("denials", |one| one.stock().counters().denies),
    ("refunds", |one| one.stock().counters().refunds),
    ("drains", |one| one.stock().counters().drains),
];

/// What a figure must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expect {
    name: &'static str,
    figure: Figure,
    min: u64,
    max: u64,
}

/// Reads `[expect]`.
pub(super) fn expect(words: &Words) -> Result<Vec<Expect>, Fault> {
    let read = |(key, value): (&toml::Spanned<String>, &toml::Spanned<Value>)| {
        let Some((name, figure)) = FIGURES.iter().find(|(name, _)| name == key.get_ref()) else {
            let names = FIGURES.map(|(name, _)| name);
            return Err(Fault::at(key.span(), unknown("figure", key.get_ref(), names)));
        };
        let form = "it is a whole number, or { min = …, max = … } with at least one of them";
        let wrong = || Fault::at(value.span(), format!("{name}: {form}"));
        let whole = |value: &Value| {
            value.as_integer().and_then(|number| u64::try_from(number).ok()).ok_or_else(wrong)
        };
        let (min, max) = match value.get_ref() {
            Value::Table(table) => {
                let end = |key| table.get(key).map(whole).transpose();
                let (min, max) = (end("min")?, end("max")?);
                let known = usize::from(min.is_some()) + usize::from(max.is_some());
                if known == 0 || known < table.len() {
                    return Err(wrong());
                }
                (min.unwrap_or(0), max.unwrap_or(u64::MAX))
            }
            exact => whole(exact).map(|exact| (exact, exact))?,
        };
        if min > max {
            return Err(Fault::at(value.span(), format!("{name}: min is above max")));
        }
        Ok(Expect { name, figure: *figure, min, max })
    };
    words.iter().map(read).collect()
}

impl Expect {
    /// Holds it against the islands at rest.
    pub(super) fn check(&self, islands: &[Image<Warehouse>]) -> Result<(), String> {
        let is: u64 = islands.iter().map(|image| (self.figure)(&image.state)).sum();
        if (self.min..=self.max).contains(&is) {
            return Ok(());
        }
        let Self { name, min, max, .. } = self;
        match (*min, *max) {
            (min, max) if min == max => Err(format!("{name} is {is}, and {min} was expected")),
            (min, u64::MAX) => Err(format!("{name} is {is}, and at least {min} was expected")),
            (min, max) => Err(format!("{name} is {is}, and {min} to {max} was expected")),
        }
    }
}
