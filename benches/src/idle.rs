//! How much faster than real time the warehouse passes in a world where little happens: commands
//! far apart, so that idle time must be skipped.
//!
//! It doesn't know how idle time is skipped.

use std::time::Duration;

use archipelago_sim::workload::warehouse::scenario::Scenario;
use archipelago_sim::{Broken, Preset};
use serde::Serialize;

use crate::cpu;

/// A warehouse with much idle time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Idle {
    /// Islands.
    pub islands: u32,
    /// Commands, beside those that create the products.
    pub commands: u64,
    /// Mean virtual time between two commands, in microseconds.
    pub command_every_us: u64,
}

/// What a run was.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Passed {
    /// Virtual time that passed, in nanoseconds.
    pub virtual_nanos: u64,
    /// CPU time that it took, in nanoseconds.
    pub cpu_nanos: u64,
    /// Durable records.
    pub records: u64,
    /// Crashes of the process.
    pub crashes: u64,
}

impl Passed {
    /// Virtual seconds per CPU second.
    #[must_use]
    pub const fn factor(&self) -> u64 {
        let cpu = if self.cpu_nanos == 0 { 1 } else { self.cpu_nanos };
        self.virtual_nanos / cpu
    }
}

/// Runs `idle` for one seed under `preset`.
///
/// # Errors
/// The law that it broke.
pub fn run(idle: Idle, preset: Preset, seed: u64) -> Result<Passed, Broken> {
    let scenario =
        Scenario { islands: idle.islands, commands: idle.commands, ..Scenario::default() };
    let simulation = scenario.simulation().command_every_us(idle.command_every_us).preset(preset);
    let (figures, cpu) = cpu::time(|| simulation.seed(seed));
    let figures = figures?;
    Ok(Passed {
        virtual_nanos: figures.nanos,
        cpu_nanos: nanos(cpu),
        records: figures.records,
        crashes: figures.crashes,
    })
}

/// A duration in nanoseconds.
#[must_use]
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_passes_as_commands_say() {
        let idle = Idle { islands: 3, commands: 20, command_every_us: 60_000_000 };
        let passed = run(idle, "calm".parse().unwrap(), 1).unwrap();
        // 20 commands and more, a minute apart in the mean.
        assert!(passed.virtual_nanos > 10 * 60 * 1_000_000_000, "{passed:?}");
        assert!(passed.factor() > 0);
    }
}
