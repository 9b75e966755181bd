//! Worlds of the warehouse: the laws hold under every preset, and a seed is a promise.
//!
//! Rules: `ARCHIPELAGO_SEED` (a number) moves the seeds; a failure names its seed.
//!
//! It doesn't know how a world works.

use archipelago::patterns::stock::PolicyKind;
use archipelago_core::id::IslandId;
use archipelago_core::island::Limits;
use archipelago_core::link::LinkLimits;
use archipelago_sim::fault::PRESETS;
use archipelago_sim::workload::warehouse::scenario::Scenario;
use archipelago_sim::{Faults, Misfortune, Preset, Verb, Ways};
use proptest::strategy::Strategy;

/// Where the seeds begin; continuous integration moves it with every commit.
fn first_seed() -> u64 {
    let given = std::env::var("ARCHIPELAGO_SEED").ok().and_then(|seed| seed.parse().ok());
    let first = given.unwrap_or(0) % (1 << 48);
    eprintln!("seeds from {first}; repeat with ARCHIPELAGO_SEED={first}");
    first
}

#[test]
fn the_laws_hold_under_every_preset() {
    let first = first_seed();
    for name in PRESETS {
        let simulation = Scenario::default().simulation().preset(name.parse().unwrap());
        let summary = simulation.seeds(first..first + 12).unwrap_or_else(|broken| {
            panic!("{name}, {broken}");
        });
        assert!(summary.total.records > 12 * 200, "{name}: {summary:?}");
        let crashes = matches!(name, "crash_loop" | "flaky_disk" | "swarm");
        assert_eq!(summary.total.crashes > 0, crashes, "{name}");
    }
}

#[test]
fn the_laws_hold_with_the_smallest_windows_and_every_policy() {
    let first = first_seed();
    let links = LinkLimits { window: 1, held_max: 1, kept_max: 1 };
    for policy in [PolicyKind::default(), PolicyKind::Ring, PolicyKind::Isolated] {
        let scenario = Scenario { policy, islands: 5, ..Scenario::default() };
        let simulation = scenario.simulation().limits(Limits { links, ..Limits::default() });
        let summary = simulation.preset(Preset::Swarm).seeds(first..first + 12);
        summary.unwrap_or_else(|broken| panic!("{policy}, {broken}"));
    }
}

#[test]
fn two_worlds_of_one_seed_are_the_same_and_two_seeds_differ() {
    let first = first_seed();
    let world = |seed| {
        let simulation = Scenario::default().simulation().preset(Preset::Swarm);
        simulation.seed(seed).unwrap()
    };
    for seed in first..first + 6 {
        assert_eq!(world(seed), world(seed), "seed {seed}");
        let simulation = Scenario::default().simulation().preset(Preset::Swarm);
        assert_eq!(simulation.twice(seed).unwrap(), world(seed), "seed {seed}");
    }
    assert_ne!(world(first).digest, world(first + 1).digest);
}

#[test]
fn a_law_that_does_not_hold_is_named_with_its_seed() {
    let simulation = Scenario::default().simulation().faults(Faults::reorder()).finally(
        "nobody buys",
        |islands| {
            let sold: u64 = islands.iter().map(|image| image.state.counters().units_sold).sum();
            if sold == 0 { Ok(()) } else { Err(format!("{sold} units are sold")) }
        },
    );
    let broken = simulation.seeds(7..9).unwrap_err();
    assert_eq!((broken.seed, &*broken.violation.law), (7, "nobody buys"));
}

#[test]
fn a_workload_may_be_a_strategy_and_keeps_its_seed() {
    let commands = || {
        let orders = (0_u32..50, 3_u64..9).prop_map(|(key, number)| (key.to_le_bytes(), number));
        archipelago_sim::Simulation::of(|_| Fragile).islands(2).commands(30).strategy(orders)
    };
    let figures = commands().seed(4).unwrap();
    assert!(figures.records == 30 && figures == commands().twice(4).unwrap());
    assert_ne!(figures.digest, commands().seed(5).unwrap().digest);
}

#[test]
fn faults_may_know_what_messages_say_and_stories_what_is_asked() {
    let lost = |every| {
        let scenario = Scenario { commands: 40, ..Scenario::default() };
        let simulation = scenario.simulation().misfortune(Misfortune::Lost, every, |letter| {
            letter.from != letter.to && format!("{:?}", letter.command).contains("Grant")
        });
        simulation.seed(3).unwrap()
    };
    assert!(lost(1).frames_lost > lost(3).frames_lost && lost(3).frames_lost > 0);
    let story = |expected: u64| {
        archipelago_sim::Simulation::of(|_| Fragile)
            .islands(3)
            .ask_at_ms(10, "a", &5, |()| Ok(()))
            .at_ms(12, Verb::Partition(vec![IslandId(0)], Ways::Both))
            .at_ms(13, Verb::Crash)
            .at_ms(400, Verb::Corrupt)
            .at_ms(490, Verb::Pause(IslandId(1), 50))
            .at_ms(495, Verb::Heal)
            .ask_at_ms(500, "b", &6, move |()| match expected {
                0 => Err("nothing is expected".to_owned()),
                _ => Ok(()),
            })
            .seed(1)
    };
    let figures = story(1).unwrap();
    assert_eq!((figures.records, figures.crashes), (2, 2));
    let told = story(0).unwrap_err().to_string();
    assert!(told.contains("request 2: nothing is expected"), "{told}");
}

#[test]
fn what_must_be_seen_sometimes_and_is_not_breaks_a_batch() {
    let simulation = |units| {
        Scenario { commands: 20, ..Scenario::default() }
            .simulation()
            .sometimes("somebody buys much", move |islands| {
                islands.iter().any(|it| it.state.counters().units_sold > units)
            })
    };
    assert!(simulation(0).seeds(0..3).is_ok());
    let broken = simulation(1_000_000).seeds(0..3).unwrap_err().to_string();
    assert!(broken.contains("sometimes: somebody buys much: none of 3 worlds"), "{broken}");
}

#[test]
fn threads_change_nothing() {
    let simulation = || Scenario::default().simulation().preset(Preset::Swarm);
    let first = first_seed();
    let alone = simulation().seeds(first..first + 24).unwrap();
    assert_eq!(simulation().seeds_on(4, first..first + 24, |_| {}).unwrap(), alone);
}

#[test]
fn a_law_that_panics_keeps_its_seed() {
    let simulation = Scenario::default().simulation().always("sums agree", |islands| {
        assert!(islands[0].position.0 < 5, "too far");
        Ok(())
    });
    let broken = simulation.seeds(3..5).unwrap_err();
    let told = broken.to_string();
    assert!(told.starts_with("seed 3: sums agree: it panicked: too far (at "), "{told}");
    assert_eq!(format!("{broken:?}"), told);
}

#[test]
fn a_dead_letter_breaks_a_law_unless_it_is_allowed() {
    let simulation = || {
        archipelago_sim::Simulation::of(|_| Fragile)
            .islands(2)
            .commands(3)
            .workload(|_, n| (n.to_le_bytes(), n))
    };
    let broken = simulation().seed(1).unwrap_err();
    assert_eq!(&*broken.violation.law, "no command becomes a dead letter");
    assert!(broken.violation.seen.contains("the second is too much"), "{broken}");
    assert!(simulation().allow_dead_letters().seed(1).is_ok());
    let without = archipelago_sim::Simulation::of(|_| Fragile).commands(1).seed(1).unwrap_err();
    assert!(without.to_string().contains("no workload makes them"), "{without}");
}

/// Panics at the second command.
#[derive(serde::Serialize, serde::Deserialize)]
struct Fragile;

impl archipelago::Island for Fragile {
    type Command = u64;
    type Event = ();
    type Reply = ();

    fn decide(&self, number: u64, turn: &mut archipelago::Turn<Self>) {
        assert!(number != 2, "the second is too much");
        turn.reply(());
    }

    fn evolve(&mut self, (): &()) {}
}
