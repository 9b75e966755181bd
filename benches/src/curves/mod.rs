//! How restoring grows with what it restores: islands, history, state.
//!
//! Rules:
//! 1. What stands in one chart was measured in turns, in one contest, but for histories: those of
//!    different length take turns with the bare loop over the same events.
//! 2. A point is a median.
//!
//! It doesn't know how a curve is drawn.

mod history;
mod islands;
mod keys;

pub use history::history;
pub use islands::islands;
pub use keys::keys;

use crate::rounds::{Clock, Contest};
use crate::table::median;

/// The median time of one, in nanoseconds, of the contender `name`.
fn nanos(contest: &Contest, name: &str) -> Option<f64> {
    let runs = contest.contenders.iter().find(|runs| runs.name == name)?;
    let clock: Clock = contest.clock;
    Some(median(runs.runs.iter().map(|run| run.picos_each(clock))) as f64 / 1000.0)
}

/// Millions in a second, of the contender `name`.
fn millions(contest: &Contest, name: &str) -> Option<f64> {
    nanos(contest, name).map(|nanos| 1000.0 / nanos)
}
