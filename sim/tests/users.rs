//! What users get wrong is told with its seed, and never ends in a panic, a hang or a story about
//! something else.
//!
//! It doesn't know how a world finds out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use archipelago::{Island, IslandId, Turn};
use archipelago_sim::{Effort, Faults, Misfortune, Preset, Simulation, Verb};
use serde::{Deserialize, Serialize};

/// Counts what it is told, and tells its neighbour.
#[derive(Default, Serialize, Deserialize)]
struct Counter {
    count: u64,
    seen: HashMap<u64, u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Command {
    Count(u64),
    Pass(u64),
    Remember(u64),
    Forget,
}

impl Island for Counter {
    type Command = Command;
    type Event = Command;
    type Reply = u64;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        turn.emit(command);
        match command {
            Command::Pass(n) => {
                turn.send_to_key(n.to_le_bytes(), Command::Forget);
                turn.reply(n);
            }
            Command::Count(n) | Command::Remember(n) => turn.reply(n),
            Command::Forget => {}
        }
    }

    fn evolve(&mut self, event: &Command) {
        match event {
            Command::Count(_) => self.count += 1,
            Command::Remember(n) => drop(self.seen.insert(*n, *n)),
            Command::Pass(_) | Command::Forget => {}
        }
    }
}

fn counters(command: impl Fn(u64) -> Command + Send + Sync + 'static) -> Simulation<Counter> {
    Simulation::of(|_| Counter::default())
        .islands(3)
        .commands(40)
        .workload(move |_, number| (number.to_le_bytes(), command(number)))
        .preset(Preset::Swarm)
}

fn told(simulation: &Simulation<Counter>) -> String {
    simulation.seeds(0..20).expect_err("something is wrong on purpose").to_string()
}

#[test]
fn a_script_names_no_island_that_there_is_not() {
    let wrong = IslandId(3);
    for verb in [
        Verb::Pause(wrong, 5),
        Verb::CrashIsland(wrong),
        Verb::StepClock(wrong, 5),
        Verb::Partition(vec![wrong], archipelago_sim::Ways::Both),
    ] {
        let said = told(&counters(Command::Count).at_ms(5, verb));
        assert!(said.contains("the script names island 3; 2 is the last"), "{said}");
    }
}

#[test]
fn a_story_about_the_last_island_can_be_shrunk() {
    let simulation = counters(Command::Count)
        .at_ms(5, Verb::Pause(IslandId(2), 5))
        .at_ms(6, Verb::CrashIsland(IslandId(2)))
        .at_ms(7, Verb::StepClock(IslandId(2), -5))
        .always("nobody counts to four", |islands| {
            let most = islands.iter().map(|island| island.state.count).max();
            if most < Some(4) { Ok(()) } else { Err(format!("{most:?}")) }
        });
    let seed = simulation.seeds(0..20).unwrap_err().seed;
    let shrunk = simulation.shrink(seed, Effort::default()).unwrap();
    assert_eq!((shrunk.islands, shrunk.decisions.len()), (1, 4));
}

#[test]
fn a_law_about_how_many_requests_there_are_keeps_them() {
    let simulation = counters(Command::Count).finally("41 are counted", |islands| {
        match islands.iter().map(|island| island.state.count).sum() {
            41 => Ok(()),
            other => Err(format!("{other} are")),
        }
    });
    let shrunk = simulation.shrink(0, Effort::default()).unwrap();
    assert_eq!(shrunk.violation.seen, "40 are");
    assert_eq!((shrunk.islands, shrunk.decisions.len()), (3, 40), "only faults have gone");
}

#[test]
fn a_check_that_needs_more_islands_is_not_shrunk_to_its_panic() {
    let simulation = counters(Command::Count).always("island 2 stays below 4", |islands| {
        let count = islands[2].state.count;
        if count < 4 { Ok(()) } else { Err(format!("it counts {count}")) }
    });
    let seed = simulation.seeds(0..20).unwrap_err().seed;
    let shrunk = simulation.shrink(seed, Effort::default()).unwrap();
    assert_eq!((shrunk.islands, &*shrunk.violation.seen), (3, "it counts 4"));
}

#[test]
fn panics_of_users_closures_keep_their_seed() {
    let born = Simulation::of(|island: IslandId| {
        assert!(island.0 < 2, "no such island");
        Counter::default()
    });
    let said = told(&born.workload(|_, n| (n.to_le_bytes(), Command::Count(n))));
    assert!(said.starts_with("seed 0: an island is born: it panicked: no such"), "{said}");
    let asked = counters(Command::Pass).misfortune(Misfortune::Lost, 1, |_| panic!("mine"));
    let said = told(&asked);
    assert!(said.starts_with("seed 0: a fault of one's own can be asked: it panicked"), "{said}");
}

#[test]
fn wild_numbers_end() {
    let most = u64::MAX;
    let wild = [
        Faults { delay_us_mean: most, delay_us_min: most, ..Faults::lossy() },
        Faults { pair_delay_us_mean: most, commit_us_mean: most, ..Faults::reorder() },
        Faults { drift_ppm: u32::MAX, step_every_ms: 1, step_ms_mean: most, ..Faults::clocks() },
        Faults { down_ms_mean: most, pause_ms_mean: most, stall_ms_mean: most, ..Faults::stall() },
        Faults { clog_ms_mean: most, cut_ms_mean: most, crash_every_ms: most, ..Faults::stall() },
    ];
    for faults in wild {
        // Whether the laws hold in such a world is no matter.
        let _ = counters(Command::Pass).faults(faults).seeds(0..2);
    }
    let late = counters(Command::Count).faults(Faults::crash_loop()).command_every_us(most);
    let _ = late.seed(0);
    let _ = counters(Command::Count).faults(Faults::crash_loop()).at_ms(most, Verb::Crash).seed(0);
}

#[test]
fn the_largest_seed_is_the_last() {
    let calm = || counters(Command::Count).faults(Faults::calm());
    let summary = calm().seeds_on(4, u64::MAX - 3..u64::MAX, |_| {}).unwrap();
    assert_eq!(summary.worlds, 3);
}

#[test]
fn a_workload_that_changes_its_mind_is_found() {
    let calls = AtomicU64::new(0);
    let moody = counters(move |_| Command::Count(calls.fetch_add(1, Ordering::Relaxed)));
    let said = told(&moody.faults(Faults::crash_loop()));
    assert!(said.contains("the workload asks the same again: request "), "{said}");
}

#[test]
fn a_hash_map_in_the_state_is_found_and_hinted_at() {
    let said = told(&counters(Command::Remember).faults(Faults::crash_loop()));
    assert!(said.contains("does the state hold a hash map"), "{said}");
}
