//! Single stories of sagas.

use archipelago_core::time::Millis;

use super::net::{Command, NONE, Net, PATIENCE, Reply, SILENT, Shop, direct, plan};
use crate::patterns::saga::*;
use crate::patterns::testing::Bench;

fn undone(net: &Net, saga: u16) -> Vec<u32> {
    let of = |act: &&(u16, StepNumber, Verb)| act.0 == saga && act.2 == Verb::Undo;
    net.acts.iter().filter(of).map(|(_, step, _)| step.0).collect()
}

#[test]
fn all_steps_are_done_stage_by_stage_and_then_held() {
    let mut net = Net::new(4, 1);
    assert_eq!(net.begin(1, direct(&[&[0, 1, 2], &[], &[3]])), Reply::Begun);
    assert_eq!(net.phase(1), Some(Phase::Forward(Stage(0))));
    net.settle();
    assert_eq!(net.phase(1), Some(Phase::Held));
    let acts: Vec<_> = net.acts.iter().map(|(_, step, verb)| (step.0, *verb)).collect();
    assert_eq!(acts.len(), 4);
    assert_eq!(acts[3], (3, Verb::Do), "the second stage comes last: {acts:?}");
    assert_eq!(net.messages, 8, "2 messages a step");
    assert_eq!(net.check_quiet(), [1]);
}

#[test]
fn a_held_saga_that_is_closed_keeps_its_steps_and_is_forgotten() {
    let mut net = Net::new(4, 1);
    net.begin(1, direct(&[&[0], &[1]]));
    assert_eq!(net.ask(1, Command::Close(1)), Reply::Stood(Some(Phase::Forward(Stage(0)))));
    net.settle();
    assert_eq!(net.ask(1, Command::Close(1)), Reply::Stood(Some(Phase::Held)));
    net.settle();
    assert_eq!(net.ended[&1], Ending::Kept);
    assert!(net.check_quiet().is_empty());
    assert!(net.shops.iter().all(|shop| shop.sagas.steps_held() == 0));
    assert_eq!(net.shops.iter().flat_map(|shop| shop.taken.values()).sum::<u32>(), 2);
    assert_eq!(net.ask(1, Command::Cancel(1)), Reply::Stood(None), "it is too late");
}

#[test]
fn a_refusal_undoes_what_was_done_the_last_stage_first() {
    let mut net = Net::new(4, 1);
    net.begin(1, direct(&[&[0], &[1], &[2], &[NONE]]));
    net.settle();
    assert_eq!(net.ended[&1], Ending::Undone(Why::Refused(StepNumber(3))));
    assert_eq!(undone(&net, 1), [2, 1, 0]);
    net.check_quiet();
}

#[test]
fn a_step_that_is_done_after_the_turn_is_undone_as_well() {
    let mut net = Net::new(5, 1);
    let (home, slow) = (net.home(1_u16.to_le_bytes()), net.home([0]));
    let quick = (1..).find(|item| net.home([*item]) != slow).unwrap();
    net.begin(1, direct(&[&[quick], &[0, NONE]]));
    net.deliver(home, net.home([quick]));
    net.deliver(net.home([quick]), home);
    // The second stage is asked for; NONE refuses at once, and 0 has not heard of it yet.
    net.deliver(home, net.home([NONE]));
    net.deliver(net.home([NONE]), home);
    assert!(matches!(net.phase(1), Some(Phase::Back(Stage(1), Why::Refused(_)))));
    net.settle();
    assert_eq!(undone(&net, 1), [1, 0], "done late, undone first");
    net.check_quiet();
}

#[test]
fn a_saga_that_is_cancelled_in_mid_flight_ends_undone() {
    for steps in 0..12 {
        let mut net = Net::new(4, 7);
        net.begin(1, direct(&[&[0, 1], &[2, 3]]));
        net.steps(steps);
        let Reply::Stood(Some(stood)) = net.ask(1, Command::Cancel(1)) else {
            panic!("it is open")
        };
        assert!(!matches!(stood, Phase::Back(..)));
        let again = net.ask(1, Command::Cancel(1));
        assert!(matches!(again, Reply::Stood(Some(Phase::Back(_, Why::Cancelled)))));
        net.settle();
        assert_eq!(net.ended[&1], Ending::Undone(Why::Cancelled), "after {steps} steps");
        assert!(net.check_quiet().is_empty());
    }
}

#[test]
fn a_silent_step_ends_patience_and_its_undo_is_answered() {
    let mut net = Net::new(4, 1);
    net.begin(1, direct(&[&[0], &[SILENT, 1]]).patience(PATIENCE));
    net.deliver_all();
    assert_eq!(net.phase(1), Some(Phase::Forward(Stage(1))));
    let home = net.home(1_u16.to_le_bytes()) as usize;
    let waiting = net.shops[home].sagas.waiting(Millis(u64::MAX));
    let [Waiting { since, saga: 1, step: StepNumber(1), phase: Phase::Forward(Stage(1)) }] =
        *waiting
    else {
        panic!("{waiting:?}");
    };
    assert!(since > Millis(0));
    assert_eq!(net.shops[home].sagas.waiting(since), [], "not longer than since then");
    net.fire_all();
    net.settle();
    assert_eq!(net.ended[&1], Ending::Undone(Why::Overdue));
    assert_eq!(undone(&net, 1), [2, 0], "the silent one has nothing to undo");
    assert!(net.timers.is_empty());
}

#[test]
fn an_undo_that_is_asked_for_again_is_done_once() {
    let mut net = Net::new(4, 1);
    net.begin(1, direct(&[&[0, 1]]).patience(PATIENCE));
    net.deliver_all();
    net.ask(1, Command::Cancel(1));
    let home = net.home(1_u16.to_le_bytes()) as usize;
    let since = net.shops[home].sagas.waiting(Millis(u64::MAX))[0].since;
    for _ in 0..3 {
        net.fire_all();
    }
    let waiting = net.shops[home].sagas.waiting(Millis(u64::MAX));
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|waiting| waiting.since == since), "since it was first asked for");
    net.deliver_all();
    assert_eq!(undone(&net, 1).len(), 2);
    assert_eq!(net.ended[&1], Ending::Undone(Why::Cancelled));
    assert!(net.timers.is_empty());
}

#[test]
fn an_answer_finds_its_saga_by_key_whoever_passed_the_work_on() {
    // Each relay is on another island than the saga and the item.
    let mut net = Net::new(7, 3);
    let relay = |net: &Net, saga: u16, item: u8| {
        let taken = [net.home(saga.to_le_bytes()), net.home([item])];
        (0..=u8::MAX).find(|key| !taken.contains(&net.home([*key])))
    };
    let (by, other) = (relay(&net, 1, 0), relay(&net, 1, 1));
    net.begin(1, plan(AtEnd::Hold, &[&[(0, by)], &[(1, other)]]));
    net.deliver_all();
    assert_eq!(net.phase(1), Some(Phase::Held));
    net.ask(1, Command::Cancel(1));
    net.deliver_all();
    assert_eq!(undone(&net, 1), [1, 0]);
}

#[test]
fn what_cannot_begin_is_refused_with_its_reason_and_changes_nothing() {
    let mut net = Net::new(1, 1);
    let bad = |reply| matches!(reply, Reply::Bad(_));
    assert_eq!(net.begin(1, direct(&[&[]])), Reply::Bad(BadSaga::Steps(0).to_string()));
    let long = vec![0; STEPS_MAX + 1];
    assert_eq!(net.begin(1, direct(&[&long])), Reply::Bad(BadSaga::Steps(1025).to_string()));
    for saga in 1..=8 {
        assert_eq!(net.begin(saga, direct(&[&[0]])), Reply::Begun);
    }
    assert_eq!(net.begin(8, direct(&[&[0]])), Reply::Bad(BadSaga::InUse.to_string()));
    assert!(bad(net.begin(9, direct(&[&[0]]))), "8 may live on an island");
    net.settle();
    // 3 of the item, and what is refused makes room.
    assert_eq!(net.check_quiet().len(), 3);
    assert_eq!(net.begin(9, direct(&[&[1]])), Reply::Begun);
}

#[test]
fn what_a_client_forges_is_passed_over() {
    let mut net = Net::new(4, 1);
    net.begin(1, direct(&[&[0, 1]]));
    net.deliver_all();
    let work = super::net::Take { item: 0, relay: None };
    let job = Job { saga: 1, step: StepNumber(0), verb: Verb::Undo, work };
    net.forge([0], SagaMessage::Job(job));
    let work = super::net::Take { item: 1, relay: Some(9) };
    let job = Job { saga: 2, step: StepNumber(0), verb: Verb::Do, work };
    net.forge([9], SagaMessage::Job(job));
    net.forge(1_u16.to_le_bytes(), SagaMessage::Answer(1, StepNumber(0), Answer::Undone));
    net.forge(1_u16.to_le_bytes(), SagaMessage::Overdue(1));
    net.deliver_all();
    assert_eq!(net.check_quiet(), [1]);
    assert_eq!(net.acts.len(), 2, "nothing is done for a saga that nobody began");
}

#[test]
fn without_any_patience_an_undo_is_not_asked_for_again_at_once() {
    let mut bench = Bench::new(Shop { sagas: Sagas::new(8), taken: Default::default() });
    bench.ask(Command::Begin(1, direct(&[&[0]]).patience(Millis(0))));
    bench.ask(Command::Cancel(1));
    let ((due, _), _) = bench.timers.first_key_value().expect("it is patient for so long");
    assert!(due.0 > bench.now, "or it would ask for ever in one instant");
    bench.wait(100);
    assert!(bench.sent.len() < 10, "{} messages", bench.sent.len());
}
