//! The script of a scenario file: what is done to a world, and what is asked, at which moment.
//!
//! Rules:
//! 1. `do` says what; each verb has keys that it needs and keys that it may have, and no others.
//! 2. A request has a reply; `expect` says which.
//!
//! It doesn't know how a world does it.

use archipelago::patterns::stock::{Refusal, Units};
use archipelago_core::id::IslandId;

use super::form::{Line, Number, Text};
use super::wrong::{Fault, unknown};
use crate::workload::warehouse::{BadName, Change, Command, OrderLine, OrderRefusal, Reply};
use crate::world::{Verb, Ways};

/// The latest moment of a script, and the longest span: ten minutes of virtual time.
pub(super) const MILLIS_MAX: u64 = 600_000;

/// A verb: its name, the keys that it needs, and those that it may have.
type Known = (&'static str, &'static [&'static str], &'static [&'static str]);

const VERBS: [Known; 14] = [
    ("crash", &[], &[]),
    ("crash_island", &["island"], &[]),
    ("corrupt", &[], &[]),
    ("partition", &["islands"], &["ways"]),
    ("heal", &[], &[]),
    ("pause", &["island", "for_ms"], &[]),
    ("step_clock", &["island", "by_ms"], &[]),
    ("fill_disk", &["for_ms"], &[]),
    ("order", &["number", "login", "lines"], &["expect"]),
    ("cancel", &["number", "login"], &["expect"]),
    ("return", &["number", "login", "product", "units"], &["expect"]),
    ("create", &["product", "units"], &["expect"]),
    ("restock", &["product", "units"], &["expect"]),
    ("write_off", &["product", "units"], &["expect"]),
];

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Something to the world.
    Done(Verb),
    /// A request.
    Asked(Command, Option<Expected>),
}

/// What a reply must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected(&'static str);

/// Whether a reply is of some kind.
type Is = fn(&Reply) -> bool;

/// What can be expected, and which replies are that.
const EXPECTED: [(&str, Is); 7] = [
    ("accepted", |reply| {
        matches!(
            reply,
            Reply::Accepted { .. }
                | Reply::Cancelled { .. }
                | Reply::ReturnAccepted { .. }
                | Reply::ProductCreated { .. }
                | Reply::Updated { .. }
        )
    }),
    ("refused", |reply| !(EXPECTED[0].1)(reply)),
    ("sold_out", |reply| refused(reply, |refusal| matches!(refusal, Refusal::SoldOut(_)))),
    ("unknown_product", |reply| refused(reply, |refusal| matches!(refusal, Refusal::Unknown(_)))),
    ("unreachable", |reply| refused(reply, |refusal| *refusal == Refusal::Unreachable)),
    ("cancelled", |reply| refused(reply, |refusal| *refusal == Refusal::Cancelled)),
    ("number_in_use", |reply| {
        matches!(reply, Reply::Refused { reason: OrderRefusal::NumberInUse, .. })
    }),
];

fn refused(
    reply: &Reply,
    why: impl Fn(&Refusal<crate::workload::warehouse::ProductCode>) -> bool,
) -> bool {
    matches!(reply, Reply::Refused { reason: OrderRefusal::Stock(refusal), .. } if why(refusal))
}

impl Expected {
    fn read(text: &Text) -> Result<Self, Fault> {
        let word = text.get_ref();
        let found = EXPECTED.iter().find(|(name, _)| name == word);
        let names = EXPECTED.map(|(name, _)| name);
        let what = || Fault::at(text.span(), unknown("reply", word, names));
        found.map(|(name, _)| Self(name)).ok_or_else(what)
    }

    /// Whether `reply` is what was expected; otherwise what it was.
    pub(super) fn check(self, reply: &Reply) -> Result<(), String> {
        let is = EXPECTED.iter().any(|(name, is)| *name == self.0 && is(reply));
        if is { Ok(()) } else { Err(format!("{} was expected, and {reply}", self.0)) }
    }
}

impl Line {
    /// The keys that are there, with their places.
    fn keys(&self) -> impl Iterator<Item = (&'static str, std::ops::Range<usize>)> {
        let text = |key: &'static str, text: &Option<Text>| text.as_ref().map(|t| (key, t.span()));
        let number =
            |key: &'static str, number: &Option<Number>| number.as_ref().map(|n| (key, n.span()));
        let islands = self.islands.as_ref().map(|islands| {
            let first = islands.first().map_or(self.verb.span(), Number::span);
            ("islands", first)
        });
        [
            number("island", &self.island),
            islands,
            text("ways", &self.ways),
            number("for_ms", &self.for_ms),
            self.by_ms.as_ref().map(|by| ("by_ms", by.span())),
            text("number", &self.number),
            text("login", &self.login),
            text("product", &self.product),
            number("units", &self.units),
            self.lines.as_ref().map(|lines| ("lines", lines.span())),
            text("expect", &self.expect),
        ]
        .into_iter()
        .flatten()
    }

    /// Its keys fit its verb.
    fn check_keys(&self) -> Result<(), Fault> {
        let verb = self.verb.get_ref();
        let Some((name, needs, may)) = VERBS.iter().find(|(name, ..)| name == verb) else {
            let names = VERBS.map(|(name, ..)| name);
            return Err(Fault::at(self.verb.span(), unknown("verb", verb, names)));
        };
        if let Some(missing) = needs.iter().find(|need| self.keys().all(|(key, _)| key != **need)) {
            let all = needs.join(", ");
            let what = format!("{missing} is missing: {name} needs {all}");
            return Err(Fault::at(self.verb.span(), what));
        }
        let odd = self.keys().find(|(key, _)| !needs.contains(key) && !may.contains(key));
        match odd {
            None => Ok(()),
            Some((key, span)) => {
                let takes = needs.iter().chain(*may).copied().collect::<Vec<_>>();
                let takes = if takes.is_empty() { "no key".into() } else { takes.join(", ") };
                let what = format!("{name} takes {takes} beside at_ms, and no {key}");
                Err(Fault::at(span, what))
            }
        }
    }

    /// The moment, in milliseconds, and what is done then.
    pub(super) fn read(
        &self,
        island: impl Fn(&Number) -> Result<IslandId, Fault>,
    ) -> Result<(u64, Deed), Fault> {
        self.check_keys()?;
        let at = millis("at_ms", &self.at_ms)?;
        // Below, `need` finds what check_keys has seen.
        let one = || island(need(&self.island));
        let number = || name(need(&self.number));
        let login = || name(need(&self.login));
        let product = || name(need(&self.product));
        let units = || Units(*need(&self.units).get_ref());
        let verb = match self.verb.get_ref().as_str() {
            "crash" => Deed::Done(Verb::Crash),
            "crash_island" => Deed::Done(Verb::CrashIsland(one()?)),
            "corrupt" => Deed::Done(Verb::Corrupt),
            "partition" => {
                let islands = need(&self.islands).iter().map(island).collect::<Result<_, _>>()?;
                Deed::Done(Verb::Partition(islands, self.read_ways()?))
            }
            "heal" => Deed::Done(Verb::Heal),
            "pause" => Deed::Done(Verb::Pause(one()?, millis("for_ms", need(&self.for_ms))?)),
            "step_clock" => {
                let by = need(&self.by_ms);
                if by.get_ref().unsigned_abs() > MILLIS_MAX {
                    let what = format!("by_ms is from -{MILLIS_MAX} to {MILLIS_MAX}");
                    return Err(Fault::at(by.span(), what));
                }
                Deed::Done(Verb::StepClock(one()?, *by.get_ref()))
            }
            "fill_disk" => Deed::Done(Verb::FillDisk(millis("for_ms", need(&self.for_ms))?)),
            "order" => {
                let lines = need(&self.lines).get_ref().iter();
                let lines = lines.map(|(code, units)| {
                    Ok(OrderLine { resource: name(code)?, units: Units(*units.get_ref()) })
                });
                let lines = lines.collect::<Result<_, Fault>>()?;
                self.asked(Command::PlaceOrder { order: number()?, login: login()?, lines })?
            }
            "cancel" => self.asked(Command::CancelOrder { order: number()?, login: login()? })?,
            "return" => self.asked(Command::Return {
                number: number()?,
                login: login()?,
                product: product()?,
                units: units(),
            })?,
            "create" => {
                self.asked(Command::CreateProduct { product: product()?, units: units() })?
            }
            "restock" => {
                let change = Change::Add(units());
                self.asked(Command::UpdateProduct { product: product()?, change })?
            }
            _ => {
                let change = Change::WriteOff(units());
                self.asked(Command::UpdateProduct { product: product()?, change })?
            }
        };
        Ok((at, verb))
    }

    fn asked(&self, command: Command) -> Result<Deed, Fault> {
        let expected = self.expect.as_ref().map(Expected::read).transpose()?;
        Ok(Deed::Asked(command, expected))
    }

    fn read_ways(&self) -> Result<Ways, Fault> {
        let Some(ways) = &self.ways else { return Ok(Ways::Both) };
        match ways.get_ref().as_str() {
            "out" => Ok(Ways::Out),
            "in" => Ok(Ways::In),
            "both" => Ok(Ways::Both),
            other => {
                let what = unknown("way", other, ["out", "in", "both"]);
                Err(Fault::at(ways.span(), what))
            }
        }
    }
}

/// A key that its verb needs, and so has.
fn need<T>(key: &Option<T>) -> &T {
    key.as_ref().expect("a verb's keys are checked before they are read")
}

/// A time within a script.
pub(super) fn millis(what: &str, number: &Number) -> Result<u64, Fault> {
    match *number.get_ref() {
        millis @ 0..=MILLIS_MAX => Ok(millis),
        _ => Err(Fault::at(number.span(), format!("{what} is at most {MILLIS_MAX}: ten minutes"))),
    }
}

/// A product's code, a login, or an order's number.
pub(super) fn name<'a, N: TryFrom<&'a str, Error = BadName>>(text: &'a Text) -> Result<N, Fault> {
    let bad = |bad: BadName| Fault::at(text.span(), bad.to_string());
    N::try_from(text.get_ref().as_str()).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_of_two_and_perhaps_more() {
        let order = "A".try_into().unwrap();
        let number_in_use = Reply::Refused { order, reason: OrderRefusal::NumberInUse };
        for (reply, words) in [
            (Reply::Accepted { order }, &["accepted"][..]),
            (Reply::Cancelled { order }, &["accepted"]),
            (number_in_use, &["refused", "number_in_use"]),
        ] {
            let fits = EXPECTED.iter().filter(|(_, is)| is(&reply)).map(|(name, _)| *name);
            assert_eq!(fits.collect::<Vec<_>>(), words, "{reply}");
        }
        let told = Expected("sold_out").check(&Reply::Accepted { order }).unwrap_err();
        assert_eq!(told, "sold_out was expected, and order A is accepted");
    }
}
