//! What the twin must hold whatever things cost.
//!
//! It doesn't know the runtime: that the twin is near it is shown by `archipelago sim validate`.

use archipelago::patterns::stock::PolicyKind;

use super::calibrate::small_orders;
use super::{Costs, Delivery, Media, Outcome, Pace, Plan, run};
use crate::workload::warehouse::{Warehouse, WarehouseConfig};

fn plan(islands: u32) -> Plan {
    Plan {
        islands,
        threads: 2,
        costs: Costs::default(),
        delivery: Delivery::default(),
        media: Media::Disk,
        pace: Pace::FullSpeed,
        seed: 1,
    }
}

fn ran(plan: &Plan, policy: PolicyKind) -> Outcome<Warehouse> {
    let (setup, asks) = small_orders();
    let asked = asks.len() as u64;
    let config = WarehouseConfig { policy, ..WarehouseConfig::default() };
    let outcome = run(plan, setup, asks.into_iter(), |_| Warehouse::new(config.clone())).unwrap();
    assert_eq!(outcome.answered, asked, "everything is answered");
    assert_eq!(outcome.latency_us.len(), asked, "and timed once");
    outcome
}

fn lease(plan: &Plan) -> Outcome<Warehouse> {
    ran(plan, PolicyKind::default())
}

fn accepted(outcome: &Outcome<Warehouse>) -> u64 {
    outcome.images.iter().map(|image| image.state.counters().orders_accepted).sum()
}

#[test]
fn the_same_plan_gives_the_same_outcome_to_the_nanosecond() {
    let all = |outcome: Outcome<Warehouse>| {
        (outcome.nanos, outcome.messages, outcome.commits, outcome.commit_bytes)
    };
    for islands in [1, 5] {
        let delivery = Delivery { delay_us: 30, reorder: 3 };
        let plan = Plan { delivery, ..plan(islands) };
        assert_eq!(all(lease(&plan)), all(lease(&plan)));
    }
}

#[test]
fn isolated_islands_send_nothing_and_others_do() {
    assert_eq!(ran(&plan(1), PolicyKind::Isolated).messages, 0);
    assert_eq!(ran(&plan(4), PolicyKind::Isolated).messages, 0);
    assert!(lease(&plan(4)).messages > 0);
}

#[test]
fn one_by_one_the_same_orders_are_accepted_for_any_number_of_islands() {
    let serial = |islands| accepted(&lease(&Plan { pace: Pace::Serial, ..plan(islands) }));
    let alone = serial(1);
    assert!(alone > 0);
    assert_eq!((serial(3), serial(8)), (alone, alone));
}

#[test]
fn slow_flushes_slow_wakes_and_delays_cost_what_they_must() {
    let quick = lease(&plan(4));
    let mut slow = plan(4);
    slow.costs.set_flushes(vec![5_000_000; 10]);
    let slow = lease(&slow);
    assert!(slow.nanos > quick.nanos, "{} {}", slow.nanos, quick.nanos);
    assert!(slow.latency_us.min() >= 5_000, "no reply before a flush");
    let delivery = Delivery { delay_us: 2_000, reorder: 0 };
    let late = lease(&Plan { delivery, ..plan(4) });
    assert!(late.latency_us.max() >= quick.latency_us.max() + 4_000, "there and back");
    assert!(late.nanos > quick.nanos);
    let memory = lease(&Plan { media: Media::Memory, ..plan(4) });
    assert!(memory.nanos < quick.nanos);
}

#[test]
fn a_core_more_is_no_slower_where_work_is_the_limit() {
    let on = |cores| {
        let mut plan = Plan { media: Media::Memory, threads: 4, ..plan(8) };
        plan.costs.cores = cores;
        lease(&plan).nanos
    };
    let (one, four) = (on(1), on(4));
    assert!(four < one, "{four} {one}");
}

#[test]
fn serial_requests_take_one_flush_each_on_one_island() {
    let outcome = ran(&Plan { pace: Pace::Serial, ..plan(1) }, PolicyKind::Isolated);
    assert_eq!(outcome.commits, outcome.answered);
    // Default flushes take a millisecond.
    assert!(outcome.nanos >= outcome.answered * 1_000_000);
    assert!(outcome.nanos < outcome.answered * 1_300_000, "{}", outcome.nanos / outcome.answered);
}

#[test]
fn a_setting_that_cannot_be_is_refused() {
    let (setup, asks) = small_orders();
    let refused = run(&plan(0), setup, asks.into_iter(), |_| Warehouse::default());
    assert!(refused.unwrap_err().to_string().starts_with("the twin cannot go on"));
}
