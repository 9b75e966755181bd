//! Any sagas in any schedule: none is taken in part for ever, none is undone twice, none is stuck.

use proptest::collection::vec;
use proptest::prelude::*;

use super::net::{Command, NONE, Net, PATIENCE, SILENT, plan};
use crate::patterns::saga::*;

#[derive(Clone, Debug)]
enum Deed {
    Begin { stages: Vec<Vec<(u8, Option<u8>)>>, at_end: AtEnd, patience: bool },
    Cancel(u16),
    Close(u16),
    Steps(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let item = prop_oneof![20 => 0..6_u8, 1 => Just(NONE), 1 => Just(SILENT)];
    let work = (item, proptest::option::weighted(0.2, 0..9_u8));
    let at_end = prop_oneof![Just(AtEnd::Hold), Just(AtEnd::Keep)];
    let begin = (vec(vec(work, 0..4), 1..4), at_end, any::<bool>());
    let deed = prop_oneof![
        4 => begin.prop_map(|(stages, at_end, patience)| Deed::Begin { stages, at_end, patience }),
        2 => (1..12_u16).prop_map(Deed::Cancel),
        2 => (1..12_u16).prop_map(Deed::Close),
        6 => (1..20_u8).prop_map(Deed::Steps),
    ];
    vec(deed, 1..40)
}

/// Does it all, and then what is silent is cancelled, so that everything can come to rest.
fn run(islands: u32, seed: u64, deeds: &[Deed]) -> Net {
    let mut net = Net::new(islands, seed);
    let mut sagas = 0;
    for deed in deeds {
        match deed {
            Deed::Begin { stages, at_end, patience } => {
                let silent = stages.iter().flatten().any(|(item, _)| *item == SILENT);
                let stages: Vec<&[_]> = stages.iter().map(Vec::as_slice).collect();
                let plan = plan(*at_end, &stages);
                sagas += 1;
                // A silent step without patience would wait for ever, as it should.
                let plan = if *patience || silent { plan.patience(PATIENCE) } else { plan };
                net.begin(sagas, plan);
            }
            Deed::Cancel(saga) => drop(net.ask(*saga, Command::Cancel(*saga))),
            Deed::Close(saga) => drop(net.ask(*saga, Command::Close(*saga))),
            Deed::Steps(steps) => net.steps(*steps),
        }
    }
    net.settle();
    net
}

proptest! {
    #[test]
    fn in_any_schedule_a_saga_is_done_in_all_its_steps_or_in_none(
        islands in 1..6_u32,
        seed: u64,
        deeds in deeds(),
    ) {
        let mut net = run(islands, seed, &deeds);
        for saga in net.check_quiet() {
            net.ask(saga, Command::Cancel(saga));
        }
        net.settle();
        prop_assert_eq!(net.check_quiet(), Vec::<u16>::new());
        prop_assert!(net.shops.iter().all(|shop| shop.sagas.steps_held() == 0));
        prop_assert!(net.timers.is_empty());
    }
}

/// The twin: the schedules above do take the rare paths.
#[test]
fn the_schedules_are_rich() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = [0_u32; 6];
    for seed in 0..200 {
        let deeds = deeds().new_tree(&mut runner).unwrap().current();
        let net = run(4, seed, &deeds);
        for ending in net.ended.values() {
            seen[match ending {
                Ending::Kept => 0,
                Ending::Undone(Why::Refused(_)) => 1,
                Ending::Undone(Why::Overdue) => 2,
                Ending::Undone(Why::Cancelled) => 3,
            }] += 1;
        }
        seen[4] += net.acts.iter().filter(|(_, _, verb)| *verb == Verb::Undo).count() as u32;
        seen[5] += net.check_quiet().len() as u32;
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}
