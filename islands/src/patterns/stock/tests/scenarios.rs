//! Stories: one situation each, in the order it happens.

use super::net::*;
use crate::patterns::stock::*;

/// A net of four with 40 units of item 0: 20 pooled, 5 on each shelf.
fn four_by_five() -> Net {
    let mut net = Net::new(4, 1, lease(0), 3);
    net.create(0, 40);
    net.settle();
    net.messages = 0;
    net
}

/// The island after the broker: never the broker itself.
fn neighbour(net: &Net) -> u32 {
    (net.broker(Item(0)) + 1) % net.islands()
}

#[test]
fn what_lies_on_the_shelf_is_one_event_and_no_message_and_no_timer() {
    let mut net = Net::new(4, 1, with_deadline(lease(0)), 3);
    net.create(0, 40);
    net.settle();
    net.messages = 0;
    net.claim(2, 1, &[(0, 5)]);
    assert!(net.accepted(1));
    assert_eq!((net.last.len(), net.messages, net.timers.len()), (1, 0, 0));
    assert_eq!(net.shops[2].stock.counters().claims_local, 1);
}

#[test]
fn a_short_shelf_costs_one_need_and_one_grant() {
    let mut net = four_by_five();
    let island = neighbour(&net);
    net.claim(island, 1, &[(0, 6)]);
    net.settle();
    assert!(net.accepted(1));
    assert_eq!(net.messages, 2);
    net.check_quiet();
}

#[test]
fn a_drain_costs_two_messages_an_island_and_happens_once() {
    let mut net = four_by_five();
    let island = neighbour(&net);
    net.claim(island, 1, &[(0, 41)]);
    net.settle();
    assert!(!net.accepted(1));
    assert_eq!(net.messages, 2 + 2 * 4);
    net.claim(island, 2, &[(0, 41)]);
    net.claim(island, 3, &[(0, 40)]);
    net.settle();
    assert!(!net.accepted(2) && net.accepted(3));
    assert_eq!(net.messages, 2 + 2 * 4 + 4);
    net.check_quiet();
}

#[test]
fn a_restock_opens_a_drained_resource_again() {
    let mut net = four_by_five();
    net.claim(0, 1, &[(0, 40)]);
    net.settle();
    net.restock(0, 40);
    net.settle();
    assert!(net.ledgers(Item(0)).iter().all(|ledger| ledger.shelf == Units(5)));
    net.claim(1, 2, &[(0, 5)]);
    assert!(net.accepted(2), "from the shelf, at once");
}

#[test]
fn an_island_whose_slice_is_still_on_its_way_asks_instead_of_refusing() {
    let mut net = Net::new(4, 1, lease(0), 3);
    net.create(0, 40);
    let island = neighbour(&net);
    net.claim(island, 1, &[(0, 40)]);
    net.settle();
    assert!(net.accepted(1));
}

#[test]
fn an_unknown_resource_is_refused_as_unknown_and_leaves_nothing_behind() {
    for policy in [PolicyKind::default(), PolicyKind::Ring, PolicyKind::Isolated] {
        let mut net = Net::new(4, 1, StockConfig { policy, deadline: None }, 3);
        net.claim(0, 1, &[(0, 1)]);
        net.settle();
        let Some(Verdict::Refused(refusal)) = net.verdict(1) else { panic!("accepted") };
        let lease = matches!(policy, PolicyKind::Lease(_));
        assert_eq!(matches!(refusal, Refusal::Unknown(Item(0))), lease, "{refusal:?}");
        assert!(net.shops.iter().all(|shop| shop.stock.ledgers().is_empty()));
    }
}

#[test]
fn creating_twice_or_beside_the_broker_or_beyond_the_limit_is_refused() {
    let mut net = Net::new(4, 2, lease(0), 3);
    assert_eq!(net.create(0, 10), Reply::Stocked(10));
    assert_eq!(net.create(0, 10), Reply::Refused("it exists".to_owned()));
    assert!(matches!(net.create(1, UNITS_MAX.0 + 1), Reply::Refused(_)));
    assert_eq!(net.create(1, UNITS_MAX.0), Reply::Stocked(UNITS_MAX.0));
    assert!(matches!(net.restock(1, u64::MAX), Reply::Refused(_)));
    let burn = Command::Burn { item: Item(0), units: Units(6) };
    assert_eq!(net.broker_asks(Item(0), burn), Reply::Refused("the pool has only 5".to_owned()));
}

/// Delivers what the island sent to the broker, so that the answer is on its way.
fn reach_broker(net: &mut Net, island: u32) {
    let broker = net.broker(Item(0));
    net.deliver(island, broker);
}

#[test]
fn a_grant_that_comes_after_a_cancel_is_credited_and_released() {
    let mut net = four_by_five();
    let island = neighbour(&net);
    net.claim(island, 1, &[(0, 6)]);
    reach_broker(&mut net, island);
    net.cancel(island, 1);
    assert_eq!(net.verdict(1), Some(&Verdict::Refused(Refusal::Cancelled)));
    assert_eq!(net.shops[island as usize].stock.parked(), 1, "a tombstone");
    net.settle();
    net.check_quiet();
    assert_eq!(net.ledgers(Item(0))[island as usize].shelf, Units(6));
}

#[test]
fn a_grant_that_comes_after_the_deadline_of_a_drained_resource_goes_back_to_the_broker() {
    let mut net = Net::new(4, 1, with_deadline(lease(0)), 3);
    net.create(0, 7);
    let island = neighbour(&net);
    net.claim(island, 1, &[(0, 6)]);
    let ((_, number), deadline) = net.timers.pop_first().unwrap();
    net.fire(island, number, deadline);
    assert_eq!(net.verdict(1), Some(&Verdict::Refused(Refusal::Unreachable)));
    net.settle();
    net.check_quiet();
    assert_eq!(net.ledgers(Item(0))[net.broker(Item(0)) as usize].pool, Units(7));
}

#[test]
fn a_deadline_is_taken_back_once_the_claim_is_decided() {
    let mut net = Net::new(4, 1, with_deadline(lease(0)), 3);
    net.create(0, 7);
    let (island, broker) = (neighbour(&net), net.broker(Item(0)));
    for (claim, units) in [(1, 7), (2, 1)] {
        net.claim(island, claim, &[(0, units)]);
        assert_eq!(net.timers.len(), 1);
        reach_broker(&mut net, island);
        net.deliver(broker, island);
        assert_eq!(net.accepted(claim), claim == 1);
        assert!(net.timers.is_empty(), "claim {claim} left its timer");
    }
}

#[test]
fn a_grant_belongs_to_its_claim_and_no_other_takes_it() {
    let mut net = four_by_five();
    let island = neighbour(&net);
    // Waits for item 0 after the shelf's 5 were shipped; another claim must not find any.
    net.claim(island, 1, &[(0, 25)]);
    reach_broker(&mut net, island);
    net.deliver(net.broker(Item(0)), island);
    assert!(net.accepted(1));
    net.claim(island, 2, &[(0, 1)]);
    assert!(net.verdict(2).is_none(), "the shelf is empty, so it has to ask");
    net.settle();
    net.check_quiet();
}

#[test]
fn the_outcome_of_a_refused_claim_waits_until_its_refund_is_confirmed() {
    let mut net = Net::new(4, 2, lease(0), 3);
    net.create(0, 7);
    net.create(1, 3);
    net.claim(2, 1, &[(0, 7), (1, 4)]);
    let mut told = 0;
    while net.verdict(1).is_none() {
        told = net.ledgers(Item(0)).iter().map(|ledger| ledger.pool.0).sum();
        assert!(net.step());
    }
    assert_eq!(told, 7, "the pool had it back before the client heard");
    net.settle();
    net.check_quiet();
}

#[test]
fn a_ring_asks_its_peers_from_the_next_one_on() {
    let mut net = Net::new(4, 1, StockConfig { policy: PolicyKind::Ring, deadline: None }, 3);
    net.create(0, 40);
    net.settle();
    net.claim(2, 1, &[(0, 25)]);
    net.settle();
    let shelves: Vec<_> = net.ledgers(Item(0)).iter().map(|ledger| ledger.shelf.0).collect();
    assert_eq!(shelves, [5, 10, 0, 0], "all of 2 and 3, half of 0, none of 1");
    net.claim(2, 2, &[(0, 16)]);
    net.settle();
    assert!(net.accepted(1) && !net.accepted(2));
    net.claim(2, 3, &[(0, 15)]);
    net.settle();
    assert!(net.accepted(3), "all N - 1 peers are asked, the last one too");
    net.check_quiet();
}

#[test]
fn an_isolated_island_refuses_what_its_slice_cannot_cover() {
    let mut net = Net::new(4, 1, StockConfig { policy: PolicyKind::Isolated, deadline: None }, 3);
    net.create(0, 40);
    net.settle();
    net.messages = 0;
    net.claim(2, 1, &[(0, 11)]);
    assert!(net.verdict(1).is_some() && !net.accepted(1));
    net.claim(2, 2, &[(0, 10)]);
    assert!(net.accepted(2));
    assert_eq!(net.messages, 0);
    net.restock(0, 4);
    net.settle();
    assert_eq!(net.ledgers(Item(0))[2].shelf, Units(1));
}

#[test]
fn lines_are_merged_and_sorted_and_bad_ones_are_refused() {
    assert_eq!(lines_of(&[(2, 1), (1, 4), (2, 5)]), lines_of(&[(1, 4), (2, 6)]));
    let line = |item, units| Line { resource: Item(item), units: Units(units) };
    assert_eq!(Lines::<Item>::new(vec![]), Err(BadLines::Empty));
    assert_eq!(Lines::new(vec![line(1, 0)]), Err(BadLines::ZeroUnits));
    let huge = vec![line(1, u64::MAX), line(1, 2), line(2, 1)];
    assert_eq!(Lines::new(huge), Err(BadLines::TooManyUnits));
    assert_eq!(Lines::new(vec![line(1, 1); LINES_MAX + 1]), Err(BadLines::TooManyLines));
}

#[test]
fn books_that_do_not_add_up_are_told() {
    let good = Ledger { minted: Units(5), pool: Units(5), ..Ledger::default() };
    assert_eq!(audit(&[good]), Ok(0));
    let lost = Ledger { pool: Units(4), ..good };
    assert_eq!(audit(&[lost]), Err(Imbalance::Island(lost)));
    let from_nowhere = Ledger { shelf: Units(1), received: Units(1), ..Ledger::default() };
    assert_eq!(audit(&[good, from_nowhere]), Err(Imbalance::Appeared { sent: 0, received: 1 }));
}
