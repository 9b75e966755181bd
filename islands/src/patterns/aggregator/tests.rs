//! Tests of an aggregator alone: one desk, inputs in any order, events through the codec.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use archipelago_core::codec::{decode, encode};
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, JournalPosition, TimerNumber};
use archipelago_core::island::{Island, Origin, Turn};
use archipelago_core::time::{Millis, Stamp};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

type Hours = Aggregator<u32, u8, i64>;
type Said = Result<Outcome<u8, i64>, Refusal>;

/// The least island over an aggregator.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Desk {
    hours: Hours,
    records: u64,
    timers: u64,
}

impl Island for Desk {
    type Command = Deadline<u32>;
    type Event = AggregatorEvent<u32, u8, i64>;
    type Reply = ();

    fn decide(&self, deadline: Deadline<u32>, turn: &mut Turn<Self>) {
        let _ = self.hours.close(deadline.0, turn);
    }

    fn evolve(&mut self, event: &Self::Event) {
        self.hours.evolve(event);
    }
}

impl Desk {
    fn new(config: AggregatorConfig) -> Self {
        Self { hours: Aggregator::new(config), records: 0, timers: 0 }
    }

    /// Decides and applies one input.
    fn step(&mut self, decide: impl FnOnce(&Hours, &mut Turn<Self>) -> Said) -> Said {
        self.records += 1;
        let mut turn = Turn::new(IslandId(0), Arc::new(Table::modulo(1).unwrap()));
        let origin = Origin::Timer(TimerNumber(1));
        let stamp = Stamp::ZERO.next(Stamp::ZERO, Millis(self.records));
        turn.begin(origin, JournalPosition(self.records), stamp, TimerNumber(self.timers + 1));
        let outcome = decide(&self.hours, &mut turn);
        let decision = turn.decision_mut();
        self.timers += decision.timers.len() as u64;
        for event in std::mem::take(&mut decision.events) {
            let mut bytes = Vec::new();
            encode(&event, &mut bytes).unwrap();
            self.evolve(&decode(&bytes).unwrap());
        }
        outcome
    }

    fn announce(&mut self, hour: u32, version: u64, expected: Expected<u8>) -> Said {
        self.step(|hours, turn| hours.announce(hour, Version(version), expected, turn))
    }

    fn report(&mut self, hour: u32, member: u8, version: u64, report: i64) -> Said {
        self.step(|hours, turn| hours.report(hour, member, Version(version), report, turn))
    }

    fn close(&mut self, hour: u32) -> Said {
        self.step(|hours, turn| Ok(hours.close(hour, turn)))
    }
}

fn members(members: impl IntoIterator<Item = u8>) -> Expected<u8> {
    Expected::Members(members.into_iter().collect())
}

fn ended(ending: Ending, reports: &[(u8, i64)]) -> Said {
    Ok(Outcome::Ended(Gathered { ending, reports: reports.to_vec() }))
}

fn config(late: Late) -> AggregatorConfig {
    AggregatorConfig { late, ..AggregatorConfig::default() }
}

#[test]
fn a_group_completes_with_the_last_member_whenever_the_expectation_came() {
    for announced_after in 0..=2 {
        let mut desk = Desk::new(AggregatorConfig::default());
        let mut last = Ok(Outcome::Noted);
        for step in 0..3 {
            assert_eq!(last, Ok(Outcome::Noted), "announced after {announced_after} reports");
            last = match step.cmp(&announced_after) {
                std::cmp::Ordering::Less => desk.report(7, step, 1, step.into()),
                std::cmp::Ordering::Equal => desk.announce(7, 1, members([0, 1])),
                std::cmp::Ordering::Greater => desk.report(7, step - 1, 1, (step - 1).into()),
            };
        }
        assert_eq!(last, ended(Ending::Complete, &[(0, 0), (1, 1)]));
        let none = Some(members([]));
        let standing = Standing::Ended { ending: Ending::Complete, missing: none };
        assert_eq!(desk.hours.standing(&7), standing);
    }
}

#[test]
fn a_member_counts_once_and_its_newest_report_holds_whichever_comes_last() {
    let mut desk = Desk::new(AggregatorConfig::default());
    assert_eq!(desk.announce(7, 1, Expected::Count(2)), Ok(Outcome::Noted));
    assert_eq!(desk.report(7, 1, 5, 50), Ok(Outcome::Noted));
    assert_eq!(desk.report(7, 1, 5, 50), Ok(Outcome::Same));
    assert_eq!(desk.report(7, 1, 4, 40), Ok(Outcome::Same));
    assert_eq!(desk.report(7, 1, 6, 60), Ok(Outcome::Noted));
    let standing = Standing::Open { since: Millis(1), missing: Some(Expected::Count(1)) };
    assert_eq!(desk.hours.standing(&7), standing);
    // Equal values of two members are no duplicates.
    assert_eq!(desk.report(7, 2, 1, 60), ended(Ending::Complete, &[(1, 60), (2, 60)]));
    assert_eq!(desk.report(7, 2, 1, 60), Ok(Outcome::Same));
}

#[test]
fn an_expectation_changes_by_version_and_a_smaller_one_completes() {
    let mut desk = Desk::new(AggregatorConfig::default());
    let _ = desk.announce(7, 2, members([1, 2, 3]));
    assert_eq!(desk.announce(7, 1, members([1])), Ok(Outcome::Same));
    let _ = desk.report(7, 1, 1, 10);
    let _ = desk.report(7, 9, 1, 90);
    assert_eq!(desk.announce(7, 3, members([1, 4])), Ok(Outcome::Noted));
    let missing = Some(members([4]));
    assert_eq!(desk.hours.standing(&7), Standing::Open { since: Millis(1), missing });
    assert_eq!(desk.announce(7, 4, members([1])), ended(Ending::Complete, &[(1, 10)]));
    assert_eq!(desk.announce(8, 1, Expected::Count(0)), ended(Ending::Complete, &[]));
}

#[test]
fn a_deadline_ends_it_with_what_is_there_or_short_of_the_quorum() {
    let (deadline, quorum) = (Some(Millis(100)), 2);
    let mut desk = Desk::new(AggregatorConfig { deadline, quorum, ..AggregatorConfig::default() });
    let mut turn = Turn::<Desk>::new(IslandId(0), Arc::new(Table::modulo(1).unwrap()));
    let _ = desk.hours.report(7, 1, Version(1), 10, &mut turn);
    let timers = turn.decision().timers.clone();
    assert_eq!(timers, [(TimerNumber(1), Millis(100), Deadline(7))]);
    for hour in [7, 8] {
        let _ = desk.announce(hour, 1, members([1, 2, 3]));
        let _ = desk.report(hour, 1, 1, 10);
    }
    let _ = desk.report(7, 3, 1, 30);
    let partial = ended(Ending::Partial, &[(1, 10), (3, 30)]);
    assert_eq!(desk.close(7), partial);
    let missing = Some(members([2]));
    let standing = Standing::Ended { ending: Ending::Partial, missing };
    assert_eq!(desk.hours.standing(&7), standing);
    assert_eq!(desk.close(8), ended(Ending::Short, &[(1, 10)]));
    assert_eq!(desk.close(8), Ok(Outcome::Same));
    assert_eq!(desk.close(9), Ok(Outcome::Same));
    // Who completes a group takes its timer back.
    let mut turn = Turn::<Desk>::new(IslandId(0), Arc::new(Table::modulo(1).unwrap()));
    let _ = desk.announce(9, 1, members([1]));
    let _ = desk.hours.report(9, 1, Version(1), 10, &mut turn);
    assert_eq!(turn.decision().cancelled, [TimerNumber(3)]);
}

#[test]
fn late_reports_do_what_the_policy_says() {
    for late in [Late::Ignore, Late::Amend, Late::Compensate] {
        let mut desk = Desk::new(config(late));
        let _ = desk.announce(7, 1, members([1, 2]));
        let _ = desk.report(7, 1, 1, 10);
        assert_eq!(desk.close(7), ended(Ending::Partial, &[(1, 10)]));
        assert_eq!(desk.report(7, 1, 1, 10), Ok(Outcome::Same), "{late:?}: it is no news");
        let gathered = |ending, reports: &[_]| Gathered { ending, reports: reports.to_vec() };
        let first = desk.report(7, 2, 1, 20);
        let second = desk.report(7, 2, 2, 21);
        match late {
            Late::Ignore => assert_eq!((first, second), (Ok(Outcome::Late), Ok(Outcome::Late))),
            Late::Amend => {
                let full = gathered(Ending::Complete, &[(1, 10), (2, 20)]);
                assert_eq!(first, Ok(Outcome::Amended(full)));
                let newer = gathered(Ending::Complete, &[(1, 10), (2, 21)]);
                assert_eq!(second, Ok(Outcome::Amended(newer)));
                assert_eq!(desk.report(7, 9, 1, 90), Ok(Outcome::Noted), "nobody asked for it");
            }
            Late::Compensate => {
                let undo = Ok(Outcome::Undo(gathered(Ending::Partial, &[(1, 10)])));
                assert_eq!((first, second), (undo, Ok(Outcome::Late)), "undone once");
                assert_eq!(desk.hours.standing(&7), Standing::Undone);
            }
        }
    }
}

#[test]
fn limits_refuse_by_name_and_a_straggler_never_opens_a_forgotten_group() {
    let config =
        AggregatorConfig { open_max: 2, members_max: 2, ended_max: 2, ..config(Late::Ignore) };
    let mut desk = Desk::new(config);
    assert_eq!(desk.announce(1, 1, Expected::Count(3)), Err(Refusal::TooManyMembers));
    let _ = desk.report(1, 1, 1, 1);
    let _ = desk.report(1, 2, 1, 1);
    assert_eq!(desk.report(1, 3, 1, 1), Err(Refusal::TooManyMembers));
    let _ = desk.report(2, 1, 1, 1);
    assert_eq!(desk.report(3, 1, 1, 1), Err(Refusal::TooManyGroups));
    for hour in 2..6 {
        let _ = desk.report(hour, 1, 1, 1);
        let _ = desk.close(hour);
    }
    // 2 and 3 are forgotten; 1 is older and still open.
    assert_eq!(desk.hours.remembered(), 2);
    assert_eq!(desk.hours.standing(&3), Standing::Forgotten);
    assert_eq!(desk.report(2, 2, 1, 1), Err(Refusal::Forgotten));
    assert_eq!(desk.announce(0, 1, Expected::Count(1)), Err(Refusal::Forgotten));
    assert_eq!(desk.hours.open().collect::<Vec<_>>(), [&1]);
    assert_eq!(desk.close(1), ended(Ending::Partial, &[(1, 1), (2, 1)]));
}

/// An input of the property.
#[derive(Clone, Debug)]
enum Input {
    Announce { hour: u32, version: u64, expected: BTreeSet<u8> },
    Report { hour: u32, member: u8, version: u64 },
    Close { hour: u32 },
}

fn input() -> impl Strategy<Value = Input> {
    let (hour, version) = (0..3_u32, 1..4_u64);
    prop_oneof![
        2 => (hour.clone(), version.clone()).prop_map(|(hour, version)| {
            // One version says one thing.
            let expected = (0..=(hour as u8 + version as u8) % 5).collect();
            Input::Announce { hour, version, expected }
        }),
        9 => (hour.clone(), 0..5_u8, version)
            .prop_map(|(hour, member, version)| Input::Report { hour, member, version }),
        1 => hour.prop_map(|hour| Input::Close { hour }),
    ]
}

/// The report that a version is.
fn value(hour: u32, member: u8, version: u64) -> i64 {
    i64::from(hour) * 100 + i64::from(member) * 10 + version as i64
}

type Newest<K> = BTreeMap<u32, BTreeMap<K, u64>>;

proptest! {
    #[test]
    fn in_any_order_each_group_starts_once_and_with_the_newest_of_all_expected(
        inputs in prop::collection::vec(input(), 0..60),
        late in prop_oneof![Just(Late::Ignore), Just(Late::Amend), Just(Late::Compensate)],
    ) {
        let mut desk = Desk::new(config(late));
        let mut newest: Newest<u8> = BTreeMap::new();
        let mut expected: BTreeMap<u32, (u64, BTreeSet<u8>)> = BTreeMap::new();
        let (mut started, mut undone) = (BTreeMap::new(), BTreeSet::new());
        for input in inputs {
            let (hour, outcome) = match input {
                Input::Announce { hour, version, expected: who } => {
                    let open = !started.contains_key(&hour) || late == Late::Amend;
                    if open && expected.get(&hour).is_none_or(|(last, _)| *last < version) {
                        expected.insert(hour, (version, who.clone()));
                    }
                    (hour, desk.announce(hour, version, Expected::Members(who)))
                }
                Input::Report { hour, member, version } => {
                    if !started.contains_key(&hour) || late == Late::Amend {
                        let last = newest.entry(hour).or_default().entry(member).or_default();
                        *last = version.max(*last);
                    }
                    let report = value(hour, member, version);
                    (hour, desk.report(hour, member, version, report))
                }
                Input::Close { hour } => (hour, desk.close(hour)),
            };
            match outcome.map_err(|refusal| TestCaseError::fail(refusal.to_string()))? {
                Outcome::Ended(gathered) => {
                    prop_assert!(started.insert(hour, gathered).is_none(), "{hour} starts twice");
                }
                Outcome::Amended(gathered) => {
                    prop_assert_eq!(late, Late::Amend);
                    prop_assert!(started.insert(hour, gathered).is_some());
                }
                Outcome::Undo(gathered) => {
                    prop_assert_eq!(late, Late::Compensate);
                    prop_assert_eq!(started.get(&hour), Some(&gathered));
                    prop_assert!(undone.insert(hour), "{} is undone twice", hour);
                }
                Outcome::Noted | Outcome::Same | Outcome::Late => {}
            }
            // What was handed out is the newest of all that count, no more and no less; and a
            // group of which all is there has started.
            let here = newest.get(&hour).cloned().unwrap_or_default();
            let who = expected.get(&hour).map(|(_, who)| who);
            let is_met = who.is_some_and(|who| who.iter().all(|member| here.contains_key(member)));
            if let Some(gathered) = started.get(&hour) {
                let counts = |(member, _): &(&u8, _)| who.is_none_or(|who| who.contains(member));
                let should = here.iter().filter(counts);
                let should = should.map(|(member, last)| (*member, value(hour, *member, *last)));
                prop_assert_eq!(&gathered.reports, &should.collect::<Vec<_>>());
                prop_assert_eq!(gathered.ending == Ending::Complete, is_met);
            } else {
                prop_assert!(!is_met, "all of {} is there, and it has not started", hour);
            }
        }
    }
}
