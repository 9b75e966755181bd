//! One story a law: dead letters, islands that stop, answers that come again, timers over a crash,
//! the tail after a restart, snapshots, and bounded memory.
//!
//! It doesn't know faults of the network; see [`faults`](crate::faults).

use archipelago_core::command::dedup::SPAN_MAX;
use archipelago_core::id::{Asker, ClientId, IslandId, JournalPosition, RequestNumber, Slot};
use archipelago_core::island::{Admitted, Answer, Limits, Refusal, Request};
use archipelago_core::link::frame::Frame;
use archipelago_core::time::Millis;

use crate::net::ledger::{Command, Reply};
use crate::net::{World, check_settled, limits, seq};

const HOME: IslandId = IslandId(0);
const AWAY: IslandId = IslandId(1);

fn dead(world: &World, index: usize) -> String {
    match &world.asked[index].answer {
        Some(Answer::DeadLetter(reason)) => reason.to_string(),
        other => panic!("no dead letter: {other:?}"),
    }
}

#[test]
fn a_panic_or_too_much_in_decide_is_a_dead_letter_and_takes_no_link_number() {
    let mut world = World::new(3, limits(4, 4, 4));
    world.ask(0, Command::Flood { messages: 1 });
    let sent = world.kernel(0).image().sent.clone();
    let panicked = world.ask(0, Command::PanicInDecide);
    let too_much = world.ask(0, Command::TooMuch);
    assert_eq!(world.kernel(0).image().sent, sent);
    assert_eq!(world.kernel(0).image().timers.len(), 0);
    world.commit(0);
    assert_eq!(dead(&world, panicked), "asked to panic");
    assert!(dead(&world, too_much).contains("the most is 1048576"));
    world.asked[panicked].answer = None;
    assert_eq!(world.ask_again(panicked), Ok(Admitted::Again));
    world.crash(0);
    world.start(0);
    world.asked[too_much].answer = None;
    assert_eq!(world.ask_again(too_much), Ok(Admitted::Again));
    world.settle();
    assert_eq!(dead(&world, panicked), "asked to panic");
    assert_eq!(world.kernel(0).image().position, JournalPosition(4), "one drop to itself");
    check_settled(&world);
}

#[test]
fn a_message_or_timer_as_large_as_a_record_is_the_senders_dead_letter() {
    for bytes in [(1 << 18) - 9, 1 << 18, 1 << 19, (1 << 20) - 90, (1 << 20) - 60] {
        let mut world = World::new(2, limits(4, 4, 4));
        world.ask(0, Command::Big { to: AWAY, bytes });
        world.ask(0, Command::BigTimer { bytes });
        world.ask(0, Command::Big { to: AWAY, bytes: 5 });
        world.settle();
        check_settled(&world);
    }
}

#[test]
fn a_slot_that_cannot_be_is_refused_and_answering_one_is_a_dead_letter() {
    let mut world = World::new(1, limits(4, 4, 4));
    let client = ClientId(5);
    let asker = Asker { client, slot: Slot(4096), number: RequestNumber(1) };
    let request = Request { asker, answered_below: RequestNumber(1), command: Command::Twice };
    let now = world.now;
    let refused = world.kernel_mut(0).ask(now, request);
    assert!(matches!(refused, Err(Refusal::Unwritable(_))), "{refused:?}");
    let answer = world.ask(0, Command::AnswerTo(asker));
    world.settle();
    assert!(dead(&world, answer).contains("slot 4096"));
    check_settled(&world);
}

#[test]
fn an_answer_to_somebody_who_never_asked_here_does_not_leave() {
    let mut world = World::new(1, limits(4, 4, 4));
    let asker = Asker { client: ClientId(5), slot: Slot(1), number: RequestNumber(1) };
    let answer = world.ask(0, Command::AnswerTo(asker));
    world.settle();
    assert_eq!(world.asked[answer].answer, Some(Answer::Reply(Reply::Done)));
}

#[test]
fn a_panic_in_evolve_stops_that_island_alone_and_its_journal_lacks_the_record() {
    let mut world = World::new(2, limits(4, 4, 4));
    world.ask(0, Command::Mint { account: 1, units: 3 });
    let number = RequestNumber(9);
    let asker = Asker { client: ClientId(5), slot: Slot(0), number };
    let poison = |world: &mut World| {
        let request =
            Request { asker, answered_below: RequestNumber(1), command: Command::PanicInEvolve };
        let now = world.now;
        world.kernel_mut(0).ask(now, request)
    };
    assert!(matches!(poison(&mut world), Err(Refusal::Stopped(HOME, _))));
    assert!(matches!(poison(&mut world), Err(Refusal::Stopped(HOME, _))));
    assert!(world.kernel(0).stopped().unwrap().contains("record 2: asked to panic in evolve"));
    assert!(world.kernel(0).save(&mut Vec::new()).is_err(), "half changed, never saved");
    world.commit(0);
    assert!(world.kernel(0).save(&mut Vec::new()).is_err(), "half changed, never saved");
    world.ask(1, Command::Mint { account: 1, units: 3 });
    world.ask(1, Command::Transfer { account: 1, units: 2, to: HOME, hops: 0 });
    world.commit(1);
    let frames = std::mem::take(&mut world.network);
    frames.iter().for_each(|frame| world.deliver(frame));
    assert_eq!(world.nodes[0].journal.index.position, JournalPosition(1));
    world.crash(0);
    world.start(0);
    world.settle();
    assert_eq!(world.kernel(0).image().state.accounts[&1], 5);
    check_settled(&world);
}

#[test]
fn a_request_is_decided_once_and_refused_by_name() {
    let limits = Limits { clients_max: 1, ..limits(4, 4, 4) };
    let mut world = World::new(1, limits);
    let first = world.ask(0, Command::Alarm { span: 10 });
    assert_eq!(world.ask_again(first), Ok(Admitted::Pending));
    world.commit(0);
    world.crash(0);
    world.start(0);
    assert_eq!(world.ask_again(first), Ok(Admitted::Pending));
    world.settle();
    assert_eq!(world.ask_again(first), Ok(Admitted::Again));
    let asker = world.asked[first].asker;
    let ask = |world: &mut World, client, number: u64, below: u64| {
        let asker = Asker { client, number: RequestNumber(number), ..asker };
        let answered_below = RequestNumber(below);
        let now = world.now;
        let request =
            Request { asker, answered_below, command: Command::Mint { account: 0, units: 0 } };
        world.kernel_mut(0).ask(now, request)
    };
    let (mine, other) = (asker.client, ClientId(3));
    assert_eq!(ask(&mut world, other, 1, 1), Err(Refusal::TooManyClients(HOME)));
    let far = RequestNumber(SPAN_MAX + 1);
    assert_eq!(ask(&mut world, mine, far.0, 1), Err(Refusal::TooFarAhead(far)));
    let position = world.kernel(0).image().position;
    assert_eq!(ask(&mut world, mine, 1, 1), Ok(Admitted::Again));
    assert_eq!(world.kernel(0).image().position, position, "nothing was recorded");
    assert_eq!(ask(&mut world, mine, 2, 2), Ok(Admitted::Answered));
    assert_eq!(ask(&mut world, mine, 1, 1), Err(Refusal::Forgotten(RequestNumber(1))));
}

#[test]
fn a_timer_outlives_crashes_and_fires_once() {
    let mut world = World::new(1, limits(4, 4, 4));
    let alarm = world.ask(0, Command::Alarm { span: 500 });
    world.ask(0, Command::SetAndCancel { span: 1 });
    world.commit(0);
    world.crash(0);
    world.start(0);
    assert_eq!(world.kernel(0).image().timers.len(), 1);
    world.now = world.now.plus(Millis(600));
    world.tick(0);
    world.crash(0);
    world.start(0);
    assert_eq!(world.asked[alarm].answer, None, "it fired, but that was lost");
    world.tick(0);
    world.commit(0);
    assert_eq!(world.asked[alarm].answer, Some(Answer::Reply(Reply::Rang)));
    world.crash(0);
    world.start(0);
    world.settle();
    assert!(world.kernel(0).image().state.rings.values().all(|rings| *rings == 1));
    assert_eq!(world.kernel(0).image().position, JournalPosition(3));
}

#[test]
fn a_timer_of_no_span_does_not_hold_a_tick_for_ever() {
    let mut world = World::new(1, limits(4, 4, 4));
    for _ in 0..50 {
        world.ask(0, Command::Alarm { span: 0 });
    }
    world.settle();
    check_settled(&world);
}

#[test]
fn a_restart_sends_the_unacked_tail_with_its_old_numbers_and_nothing_else() {
    let mut world = World::new(2, limits(64, 64, 64));
    world.ask(0, Command::Big { to: AWAY, bytes: 1 });
    world.ask(0, Command::Big { to: AWAY, bytes: 2 });
    world.settle();
    world.ask(0, Command::Big { to: AWAY, bytes: 3 });
    world.commit(0);
    world.ask(0, Command::Big { to: AWAY, bytes: 4 });
    world.commit(0);
    world.ask(0, Command::Big { to: AWAY, bytes: 5 });
    world.seal(0);
    world.network.clear();
    world.parcels.clear();
    world.crash(0);
    world.start(0);
    assert_eq!(world.parcels, [], "nothing before the peer has answered");
    world.asked.truncate(4);
    world.settle();
    let told: Vec<_> = world.parcels.iter().map(|p| (p.first, p.count)).collect();
    assert_eq!(told, [(seq(3), 2)]);
    check_settled(&world);
}

#[test]
fn a_snapshot_keeps_unacked_messages_and_is_only_made_of_what_is_durable() {
    let mut world = World::new(2, limits(2, 2, 64));
    world.ask(0, Command::Alarm { span: 90 });
    world.ask(0, Command::Flood { messages: 5 });
    assert!(world.kernel(0).save(&mut Vec::new()).is_err(), "not sealed");
    world.seal(0);
    assert!(world.kernel(0).save(&mut Vec::new()).is_err(), "not durable");
    world.commit(0);
    world.save(0, true);
    assert!(world.nodes[0].journal.durable.is_empty(), "all of it stands in the snapshot");
    world.ask(0, Command::Flood { messages: 3 });
    world.commit(0);
    let digest = world.kernel(0).image().digest().unwrap();
    world.network.clear();
    world.crash(0);
    world.start(0);
    assert_eq!(world.kernel(0).image().digest().unwrap(), digest);
    world.settle();
    check_settled(&world);
}

#[test]
fn a_peer_that_is_away_costs_bounded_memory_and_gets_everything_later() {
    for (window, held_max, kept_max) in [(1, 1, 1), (8, 4, 2), (3, 9, 7)] {
        let mut world = World::new(2, limits(window, held_max, kept_max));
        for _ in 0..40 {
            world.ask(0, Command::Flood { messages: 1 });
            world.commit(0);
            let links = world.kernel(0).links();
            let in_memory = links.unacked() - links.spilled();
            assert!(in_memory <= 2 * u64::from(kept_max), "{in_memory} of {kept_max}");
        }
        assert!(world.kernel(0).links().spilled() >= 80 - 2 * u64::from(kept_max));
        world.settle();
        check_settled(&world);
    }
}

#[test]
fn messages_that_come_early_are_held_up_to_the_limit() {
    let mut world = World::new(2, limits(64, 3, 64));
    for _ in 0..9 {
        world.ask(0, Command::Big { to: AWAY, bytes: 1 });
    }
    world.commit(0);
    // Hellos first; then the parcel is opened into single messages.
    while !world.network.iter().any(|frame| matches!(frame, Frame::Data(_))) {
        let frames = std::mem::take(&mut world.network);
        frames.iter().for_each(|frame| world.deliver(frame));
    }
    let Some(Frame::Data(all)) = world.network.pop() else { panic!("a parcel") };
    assert_eq!((all.first, all.count), (seq(1), 9));
    let single = all.range.len() / 9;
    let one = |number: u64| {
        let start = all.range.start + (number as usize - 1) * single;
        let range = start..start + single;
        Frame::Data(archipelago_core::link::frame::Parcel {
            first: seq(number),
            count: 1,
            range,
            ..all.clone()
        })
    };
    for number in [9, 8, 7, 6, 5, 4, 3, 2] {
        world.deliver(&one(number));
        assert_eq!(world.kernel(1).image().applied_from(HOME), seq(0));
    }
    world.deliver(&one(1));
    assert_eq!(world.kernel(1).image().applied_from(HOME), seq(3), "2 and 3 were held");
    world.settle();
    check_settled(&world);
}

#[test]
fn a_lost_frame_comes_again_though_stamps_run_ahead_of_the_clock() {
    let mut world = World::new(2, limits(4, 4, 4));
    world.now = Millis(1 << 40);
    world.ask(0, Command::Big { to: AWAY, bytes: 1 });
    world.settle();
    world.now = Millis(5_000);
    world.ask(0, Command::Big { to: AWAY, bytes: 1 });
    world.commit(0);
    world.network.clear();
    let next = world.kernel(0).next_tick().expect("something is on its way");
    assert!(next <= Millis(5_250), "looks at its links only at {next}");
    world.now = Millis(1_000);
    world.tick(0);
    let next = world.kernel(0).next_tick().expect("something is on its way");
    assert!(next <= Millis(1_250), "looks at its links only at {next}");
    world.settle();
    check_settled(&world);
}

#[test]
fn a_message_that_comes_twice_is_acked_twice() {
    let mut world = World::new(2, limits(4, 4, 4));
    world.ask(0, Command::Big { to: AWAY, bytes: 1 });
    world.settle();
    let again = Frame::Data(world.parcels[0].clone());
    world.deliver(&again);
    let acked = world
        .network
        .iter()
        .any(|frame| matches!(frame, Frame::Control(control) if control.acked == seq(1)));
    assert!(acked, "{:?}", world.network);
}
