//! How much faster than real time the warehouse passes in a world where little happens: commands
//! far apart, so that idle time must be skipped.
//!
//! It doesn't know how idle time is skipped.

use archipelago_benches::rounds::{Failed, Took};
use archipelago_benches::table::median;

use crate::workload::warehouse::scenario::Scenario;
use crate::{Broken, Preset};

/// A warehouse with much idle time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle {
    /// Islands.
    pub(super) islands: u32,
    /// Commands, beside those that create the products.
    pub(super) commands: u64,
    /// Mean virtual time between two commands, in microseconds.
    pub(super) command_every_us: u64,
}

/// Virtual seconds per CPU second under `preset`, the median of so many seeds.
///
/// # Errors
/// The law that one of them broke.
pub(super) fn factor(idle: Idle, preset: Preset, seeds: u32) -> Result<u64, Failed> {
    let factors = (1..=u64::from(seeds)).map(|seed| {
        let (nanos, took) = run(idle, preset, seed)?;
        Ok(nanos / took.cpu_nanos.max(1))
    });
    Ok(median(factors.collect::<Result<Vec<u64>, Broken>>()?))
}

/// Virtual time that passed in the world of `seed`, in nanoseconds, and what it took.
fn run(idle: Idle, preset: Preset, seed: u64) -> Result<(u64, Took), Broken> {
    let Idle { islands, commands, command_every_us } = idle;
    let scenario = Scenario { islands, commands, ..Scenario::default() };
    let simulation = scenario.simulation().command_every_us(command_every_us).preset(preset);
    let (figures, took) = Took::time(1, || simulation.seed(seed));
    Ok((figures?.nanos, took))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_passes_as_commands_say() {
        let idle = Idle { islands: 3, commands: 20, command_every_us: 60_000_000 };
        let (nanos, _) = run(idle, "calm".parse().unwrap(), 1).unwrap();
        // 20 commands and more, a minute apart in the mean.
        assert!(nanos > 10 * 60 * 1_000_000_000, "{nanos}");
    }
}
