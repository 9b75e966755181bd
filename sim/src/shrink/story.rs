//! A shrunk failure as a story.
//!
//! It doesn't know how it was found.

use std::fmt::Write;

use archipelago_core::island::Island;

use super::Shrunk;
use crate::world::{Dice, Kind, Plan};

/// The choices in order, each request with its command, and the law that broke.
pub(crate) fn story<I: Island>(plan: &Plan<I>, seed: u64, shrunk: &Shrunk) -> String {
    let mut out = String::new();
    let (islands, count) = (shrunk.islands, shrunk.decisions.len());
    let mut say = |line: std::fmt::Arguments<'_>| {
        writeln!(out, "{line}").expect("a string takes everything");
    };
    say(format_args!("{islands} islands, {count} choices (of {})", shrunk.from));
    for (at, decision) in shrunk.decisions.iter().enumerate() {
        let command = match decision.kind {
            Kind::Ask => command::<I>(plan, seed, decision.a),
            _ => None,
        };
        let command = command.map_or(String::new(), |command| format!(": {command}"));
        say(format_args!("{:>3}. {decision}{command}", at + 1));
    }
    say(format_args!("Then it breaks: {}", shrunk.violation));
    out
}

/// A request's command, for a reader.
fn command<I: Island>(plan: &Plan<I>, seed: u64, number: u64) -> Option<String> {
    let own = number.checked_sub(plan.commands + 1).and_then(|at| plan.asked.get(at as usize));
    let command = match own {
        Some(asked) => (asked.command)(),
        None => (plan.workload.as_ref()?)(&Dice::new(seed), number).1,
    };
    Some(format!("{command:?}"))
}
