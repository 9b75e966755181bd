//! What the tests of every simulated world ask of it: the laws hold under all presets, and on few
//! and many islands.
//!
//! It doesn't know any world.

use archipelago_core::island::Island;

use crate::fault::PRESETS;
use crate::simulation::Simulation;

/// The fewest records and messages of a world, on average: one that does little proves little.
pub(super) struct Least {
    pub(super) records: u64,
    pub(super) messages: u64,
}

/// Runs `worlds` worlds under every preset.
pub(super) fn holds_under_every_preset<I: Island>(
    make: impl Fn() -> Simulation<I>,
    worlds: u64,
    least: Least,
) {
    for name in PRESETS {
        let simulation = make().preset(name.parse().unwrap());
        let summary = simulation.seeds(0..worlds).unwrap_or_else(|broken| {
            panic!("{name}, {broken}");
        });
        let total = summary.total;
        let rich =
            total.records > worlds * least.records && total.messages > worlds * least.messages;
        assert!(rich, "{name}: {summary:?}");
    }
}

/// Runs four worlds of each number of islands under swarm.
pub(super) fn holds_on_so_many_islands<I: Island>(
    islands: impl IntoIterator<Item = u32>,
    make: impl Fn(u32) -> Simulation<I>,
) {
    for islands in islands {
        let simulation = make(islands).preset("swarm".parse().unwrap());
        simulation.seeds(0..4).unwrap_or_else(|broken| panic!("{islands}, {broken}"));
    }
}
