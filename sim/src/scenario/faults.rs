//! The faults of a scenario file: a preset and single numbers on top, and faults about messages.
//!
//! Rules:
//! 1. `[faults]` takes `preset` and the names of [`Faults`]; without a preset all is calm.
//! 2. `swarm` draws each number from the seed, so it takes none beside it.
//! 3. A message is named by its last word, such as `Grant`.
//!
//! It doesn't know how faults are carried out.

use archipelago::patterns::stock::StockMessage;
use archipelago_core::id::IslandId;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::form::{Message, Number, Words};
use super::wrong::{Fault, unknown};
use crate::fault::{Faults, PRESETS, Preset};
use crate::kind;
use crate::simulation::Simulation;
use crate::workload::warehouse::{ProductCode, Warehouse};
use crate::world::Misfortune;

/// The largest number of each unit, so that no sum of times can wrap.
const UNITS: [(&str, u64, &str); 3] = [
    ("ppm", 1_000_000, "in a million"),
    ("us", 60_000_000, "microseconds: a minute"),
    ("ms", 3_600_000, "milliseconds: an hour"),
];

/// Reads `[faults]`.
pub(super) fn faults(words: &Words) -> Result<Preset, Fault> {
    let mut base = Preset::Fixed(Faults::calm());
    let mut swarm = None;
    if let Some(value) = words.get("preset") {
        let name = value.get_ref().as_str();
        let name = name.ok_or_else(|| Fault::at(value.span(), "a preset is a text"))?;
        base =
            name.parse().map_err(|_| Fault::at(value.span(), unknown("preset", name, PRESETS)))?;
        swarm = (base == Preset::Swarm).then_some(name);
    }
    let Preset::Fixed(faults) = base else {
        return match words.keys().find(|key| key.get_ref() != "preset") {
            None => Ok(Preset::Swarm),
            Some(key) => {
                let swarm = swarm.unwrap_or_default();
                let what = format!("{swarm} draws every number from the seed; take another preset");
                Err(Fault::at(key.span(), what))
            }
        };
    };
    let mut table = toml::Table::try_from(faults).expect("faults are plain numbers");
    for (key, value) in words.iter().filter(|(key, _)| key.get_ref() != "preset") {
        let name = key.get_ref();
        if !table.contains_key(name) {
            let known = table.keys().map(String::as_str).chain(["preset"]);
            let known = known.collect::<Vec<_>>();
            return Err(Fault::at(key.span(), unknown("fault", name, known.iter().copied())));
        }
        table.insert(name.clone(), Value::Integer(number(name, value)?));
    }
    // Each name is one of theirs, and each number fits.
    let faults =
        Faults::deserialize(table).map_err(|error| Fault { at: None, ..Fault::of(&error) });
    Ok(Preset::Fixed(faults?))
}

/// A fault's number within the limit of its unit.
fn number(name: &str, value: &Spanned<Value>) -> Result<i64, Fault> {
    let unit = UNITS.iter().find(|(unit, ..)| name.split('_').any(|part| part == *unit));
    let (_, most, of) = unit.expect("each fault's name says its unit");
    match value.get_ref().as_integer() {
        Some(number) if (0..=*most as i64).contains(&number) => Ok(number),
        _ => {
            let what = format!("{name} is a whole number from 0 to {most} ({of})");
            Err(Fault::at(value.span(), what))
        }
    }
}

/// A fault about messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AboutMessages {
    message: String,
    from: Option<IslandId>,
    to: Option<IslandId>,
    every: u64,
    what: Misfortune,
}

/// What a table of messages is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    Lost,
    Late,
    Twice,
}

impl AboutMessages {
    /// Reads one of `[[drop]]`, `[[late]]`, `[[twice]]`.
    pub(super) fn read(
        form: &Message,
        becomes: Becomes,
        island: impl Fn(&Number) -> Result<IslandId, Fault>,
    ) -> Result<Self, Fault> {
        let word = form.message.get_ref();
        let known = kind::variants_of::<StockMessage<ProductCode>>();
        if !known.iter().any(|name| kind::names(word, &["Stock", name])) {
            let what = unknown("message", word, known.iter().copied());
            return Err(Fault::at(form.message.span(), what));
        }
        let what = match (becomes, &form.by_us) {
            (Becomes::Lost, None) => Misfortune::Lost,
            (Becomes::Twice, None) => Misfortune::Twice,
            (Becomes::Late, Some(by)) if *by.get_ref() <= UNITS[1].1 => {
                Misfortune::Late(*by.get_ref())
            }
            (Becomes::Late, None) => {
                let what = "by_us is missing: a late message is late by so many microseconds";
                return Err(Fault::at(form.message.span(), what));
            }
            (Becomes::Late, Some(by)) => {
                let what = format!("by_us is at most {} ({})", UNITS[1].1, UNITS[1].2);
                return Err(Fault::at(by.span(), what));
            }
            (_, Some(by)) => return Err(Fault::at(by.span(), "by_us is for [[late]] alone")),
        };
        let every = match &form.every {
            Some(zero) if *zero.get_ref() == 0 => {
                return Err(Fault::at(zero.span(), "every is at least 1, which is each"));
            }
            every => every.as_ref().map_or(1, |every| *every.get_ref()),
        };
        let end = |end: &Option<Number>| end.as_ref().map(&island).transpose();
        let (from, to) = (end(&form.from)?, end(&form.to)?);
        Ok(Self { message: word.clone(), from, to, every, what })
    }

    /// Adds it to a simulation.
    pub(super) fn happen(&self, simulation: Simulation<Warehouse>) -> Simulation<Warehouse> {
        let Self { message, from, to, every, what } = self.clone();
        simulation.misfortune(what, every, move |letter| {
            from.is_none_or(|from| from == letter.from)
                && to.is_none_or(|to| to == letter.to)
                && kind::names(&message, &kind::path_of(letter.command))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_unit_with_a_limit() {
        let table = toml::Table::try_from(Faults::calm()).unwrap();
        for name in table.keys() {
            let units = UNITS.iter().filter(|(unit, ..)| name.split('_').any(|part| part == *unit));
            assert_eq!(units.count(), 1, "{name}");
        }
        assert!(table.len() > 20, "{table:?}");
    }
}
