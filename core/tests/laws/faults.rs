//! Any schedule of faults: while it runs nothing leaves early, nothing is applied twice or out of
//! order, replay agrees; when it ends everything arrives, is answered, and units are conserved.
//!
//! Rules:
//! 1. No schedule here loses durable data, so no breach may be reported.
//!
//! It doesn't know panics in `evolve` or restored journals.

use archipelago_core::id::IslandId;
use archipelago_core::time::Millis;
use proptest::prelude::*;

use crate::net::ledger::Command;
use crate::net::{World, check_always, check_settled, limits};

#[derive(Clone, Debug)]
enum Op {
    Ask(u8, u8, u8),
    AskAgain(u8),
    Deliver(u8),
    Double(u8),
    Lose(u8),
    Tick(u8, u8),
    Seal(u8),
    Flush(u8),
    Commit(u8),
    Crash(u8),
    Save(u8, bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => any::<(u8, u8, u8)>().prop_map(|(at, kind, pick)| Op::Ask(at, kind, pick)),
        3 => any::<u8>().prop_map(Op::AskAgain),
        24 => any::<u8>().prop_map(Op::Deliver),
        6 => any::<u8>().prop_map(Op::Double),
        4 => any::<u8>().prop_map(Op::Lose),
        6 => any::<(u8, u8)>().prop_map(|(at, span)| Op::Tick(at, span)),
        5 => any::<u8>().prop_map(Op::Seal),
        5 => any::<u8>().prop_map(Op::Flush),
        12 => any::<u8>().prop_map(Op::Commit),
        3 => any::<u8>().prop_map(Op::Crash),
        2 => any::<(u8, bool)>().prop_map(|(at, cut)| Op::Save(at, cut)),
    ]
}

fn command(kind: u8, pick: u8, islands: u32) -> Command {
    let to = IslandId(u32::from(pick) % islands);
    let account = pick % 3;
    match kind % 16 {
        0..3 => Command::Mint { account, units: u64::from(pick) + 1 },
        3..9 => Command::Transfer { account, units: u64::from(pick % 7), to, hops: pick % 4 },
        9 => Command::Alarm { span: u64::from(pick) * 10 },
        10 => Command::SetAndCancel { span: u64::from(pick) },
        11 => Command::Flood { messages: pick % 8 },
        12 => Command::Twice,
        13 => Command::TwiceLater { span: u64::from(pick) },
        14 => Command::PanicInDecide,
        _ if pick.is_multiple_of(8) => Command::TooMuch,
        _ => Command::Flood { messages: 1 },
    }
}

fn step(world: &mut World, op: &Op) {
    let islands = world.nodes.len();
    let at = |pick: u8| usize::from(pick) % islands;
    let frame = |world: &World, pick: u8| usize::from(pick) % world.network.len().max(1);
    match *op {
        Op::Ask(pick, kind, more) => {
            world.ask(at(pick), command(kind, more, islands as u32));
        }
        Op::AskAgain(pick) if !world.asked.is_empty() => {
            let index = usize::from(pick) % world.asked.len();
            world.ask_again(index).expect("asked before");
        }
        Op::Deliver(pick) if !world.network.is_empty() => {
            let frame = world.network.remove(frame(world, pick));
            world.deliver(&frame);
        }
        Op::Double(pick) if !world.network.is_empty() => {
            let frame = world.network[frame(world, pick)].clone();
            world.deliver(&frame);
        }
        Op::Lose(pick) if !world.network.is_empty() => {
            world.network.remove(frame(world, pick));
        }
        Op::AskAgain(_) | Op::Deliver(_) | Op::Double(_) | Op::Lose(_) => {}
        Op::Tick(pick, span) => {
            world.now = world.now.plus(Millis(u64::from(span) * 4));
            world.tick(at(pick));
        }
        Op::Seal(pick) => world.seal(at(pick)),
        Op::Flush(pick) => drop(world.flush_one(at(pick))),
        Op::Commit(pick) => world.commit(at(pick)),
        Op::Crash(pick) => {
            world.crash(at(pick));
            world.start(at(pick));
        }
        Op::Save(pick, cut) => world.save(at(pick), cut),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_laws_hold_in_any_schedule(
        islands in 1_u32..=6,
        small in 0_usize..4,
        ops in prop::collection::vec(op(), 1..300),
    ) {
        let (window, held_max, kept_max) = [(1, 1, 1), (2, 3, 1), (3, 2, 4), (64, 64, 64)][small];
        let mut world = World::new(islands, limits(window, held_max, kept_max));
        ops.iter().for_each(|op| step(&mut world, op));
        check_always(&world);
        world.settle();
        check_settled(&world);
    }
}
