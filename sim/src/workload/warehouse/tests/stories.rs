//! Stories: what clients do, and the sentences they hear.

use archipelago::patterns::stock::{PolicyKind, StockMessage, UNITS_MAX, Units};
use archipelago_core::time::Millis;

use super::net::*;
use crate::workload::warehouse::*;

fn four_islands() -> Net {
    let mut net = Net::new(4, WarehouseConfig::default(), 5);
    net.ask(create("mug", 40));
    net.ask(create("lamp", 7));
    net.settle();
    net
}

fn says(net: &mut Net, command: Command) -> String {
    net.answer(command).to_string()
}

#[test]
fn an_order_from_the_shelf_is_one_event_and_no_message() {
    let mut net = four_islands();
    let (island, before) = (net.owner("17850") as usize, net.messages);
    let events = net.events[island].len();
    assert_eq!(says(&mut net, place("1", "17850", &[("mug", 5)])), "order 1 is accepted");
    assert_eq!((net.events[island].len() - events, net.messages - before), (1, 0));
    assert_eq!(net.islands[island].counters().orders_local, 1);
}

#[test]
fn an_order_is_taken_whole_or_refused_whole() {
    let mut net = four_islands();
    let refused = says(&mut net, place("1", "17850", &[("mug", 40), ("lamp", 8)]));
    assert_eq!(refused, "order 1 is refused: 8 units of lamp cannot be had");
    assert_eq!(
        says(&mut net, place("2", "12346", &[("mug", 40), ("lamp", 7)])),
        "order 2 is accepted"
    );
    let nothing_left = says(&mut net, place("3", "guest:3", &[("mug", 1)]));
    assert_eq!(nothing_left, "order 3 is refused: 1 units of mug cannot be had");
    net.settle();
    net.check_quiet(&[code("mug"), code("lamp")]);
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let mut net = four_islands();
    for (lines, reason) in [
        (vec![], "there are no lines"),
        (vec![("mug", 0)], "a line asks for 0 units"),
        (vec![("mug", u64::MAX), ("mug", 1)], "ask for more than 1099511627776 units"),
        (vec![("cup", 1)], "cup is not known"),
    ] {
        let said = says(&mut net, place("1", "17850", &lines));
        assert!(said.starts_with("order 1 is refused: ") && said.contains(reason), "{said}");
    }
    assert_eq!(says(&mut net, create("mug", 1)), "product mug exists already");
    let said = says(&mut net, create("cup", UNITS_MAX.0 + 1));
    assert_eq!(said, "product cup can never have more than 1099511627776 units");
    let zero = says(&mut net, give_back("C1", "17850", "mug", 0));
    assert!(zero.starts_with("return C1 is refused"), "{zero}");
    net.settle();
    net.check_quiet(&[code("mug"), code("lamp")]);
}

#[test]
fn a_product_is_restocked_and_written_off_at_its_broker() {
    let mut net = four_islands();
    let change = |change| Command::UpdateProduct { product: code("lamp"), change };
    let added = says(&mut net, change(Change::Add(Units(3))));
    assert_eq!(added, "product lamp has 10 units now, sold ones included");
    net.settle();
    let too_much = says(&mut net, change(Change::WriteOff(Units(11))));
    assert!(too_much.contains("units in its pool to write off"), "{too_much}");
    let unknown = Command::UpdateProduct { product: code("cup"), change: Change::Add(Units(1)) };
    assert_eq!(says(&mut net, unknown), "product cup is not known");
}

#[test]
fn a_command_at_a_wrong_island_and_a_forged_message_are_refused() {
    let mut net = four_islands();
    let owner = net.owner("17850");
    let wrong = net.ask_at((owner + 1) % 4, place("1", "17850", &[("mug", 1)]));
    assert_eq!(net.replies[&wrong].to_string(), format!("the key belongs to island {owner}"));
    let refund = StockMessage::Refund { resource: code("mug"), units: Units(9), confirm: None };
    let forged = net.ask_at(0, Command::Stock(refund));
    assert_eq!(net.replies[&forged], Reply::NotForClients);
    net.settle();
    net.check_quiet(&[code("mug")]);
    assert_eq!(net.free(&code("mug")), 40);
}

#[test]
fn a_return_needs_units_from_accepted_orders_not_given_back_before() {
    let mut net = four_islands();
    net.answer(place("1", "17850", &[("lamp", 4)]));
    assert_eq!(says(&mut net, give_back("C1", "17850", "lamp", 3)), "return C1 is accepted");
    let again = says(&mut net, give_back("C2", "17850", "lamp", 3));
    assert_eq!(
        again,
        "return C2 is refused: 3 units of lamp are given back, but the customer has 1"
    );
    let other = says(&mut net, give_back("C3", "12346", "lamp", 1));
    assert!(other.ends_with("but the customer has 0"), "{other}");
    net.answer(place("2", "guest:2", &[("lamp", 2)]));
    let guest = says(&mut net, give_back("C4", "guest:2", "lamp", 1));
    assert!(guest.ends_with("but the customer has 0"), "{guest}");
    net.settle();
    assert_eq!(net.free(&code("lamp")), 7 - 4 + 3 - 2);
}

#[test]
fn two_returns_at_once_never_give_the_same_units() {
    let mut net = four_islands();
    net.answer(place("1", "17850", &[("lamp", 4)]));
    let first = net.ask(give_back("C1", "17850", "lamp", 3));
    let second = net.ask(give_back("C2", "17850", "lamp", 3));
    assert!(!net.replies.contains_key(&first), "its refund is not confirmed yet");
    net.settle();
    assert!(matches!(net.replies[&first], Reply::ReturnAccepted { .. }));
    assert!(matches!(net.replies[&second], Reply::ReturnRefused { had: Units(1), .. }));
}

#[test]
fn a_waiting_order_is_cancelled_and_both_hear_of_it() {
    let mut net = four_islands();
    let order = net.ask(place("1", "17850", &[("lamp", 4)]));
    let cancelled = net.ask(cancel("1", "17850"));
    net.settle();
    assert_eq!(net.replies[&order].to_string(), "order 1 is refused: it was cancelled");
    assert_eq!(net.replies[&cancelled].to_string(), "order 1 is cancelled");
    net.check_quiet(&[code("mug"), code("lamp")]);
    assert_eq!(net.free(&code("lamp")), 7);
}

#[test]
fn a_cancel_that_frees_units_of_a_drained_product_waits_for_its_broker() {
    let mut net = four_islands();
    // Lines ascend: lamps are held when the mugs are asked for.
    let order = net.ask(place("1", "17850", &[("lamp", 7), ("mug", 40)]));
    while net.islands[net.owner("17850") as usize].ledger(&code("lamp")).held == Units::ZERO {
        assert!(net.step());
    }
    let first = net.ask(cancel("1", "17850"));
    let second = net.ask(cancel("1", "17850"));
    assert!(!net.replies.contains_key(&first));
    assert_eq!(
        net.replies[&second].to_string(),
        "order 1 cannot be cancelled: it is being settled"
    );
    net.settle();
    assert!(matches!(net.replies[&order], Reply::Refused { .. }));
    assert!(matches!(net.replies[&first], Reply::Cancelled { .. }));
    net.check_quiet(&[code("mug"), code("lamp")]);
}

#[test]
fn an_accepted_order_is_cancelled_only_while_kept_and_untouched() {
    let mut net = Net::new(4, WarehouseConfig { orders_kept: 2, ..Default::default() }, 5);
    net.ask(create("mug", 40));
    net.settle();
    for order in ["1", "2", "3"] {
        net.answer(place(order, "17850", &[("mug", 5)]));
    }
    let old = says(&mut net, cancel("1", "17850"));
    assert!(old.contains("return its lines instead"), "{old}");
    assert_eq!(says(&mut net, cancel("3", "17850")), "order 3 is cancelled");
    assert!(says(&mut net, cancel("3", "17850")).starts_with("order 3 cannot be cancelled"));
    net.answer(give_back("C1", "17850", "mug", 6));
    let touched = says(&mut net, cancel("2", "17850"));
    assert!(touched.contains("units of it were returned"), "{touched}");
    net.settle();
    assert_eq!(net.free(&code("mug")), 40 - 10 + 6);
}

#[test]
fn an_order_number_is_taken_once_while_it_is_known() {
    let mut net = four_islands();
    let first = net.ask(place("1", "17850", &[("lamp", 4)]));
    let twin = net.ask(place("1", "17850", &[("lamp", 1)]));
    let in_use = "order 1 is refused: the customer has an order of that number";
    assert_eq!(net.replies[&twin].to_string(), in_use);
    net.settle();
    assert!(matches!(net.replies[&first], Reply::Accepted { .. }));
    assert_eq!(says(&mut net, place("1", "17850", &[("mug", 1)])), in_use);
    assert!(says(&mut net, place("1", "12346", &[("mug", 1)])).ends_with("accepted"));
}

#[test]
fn a_deadline_refuses_and_late_units_are_not_lost() {
    let config = WarehouseConfig { deadline: Some(Millis(9)), ..Default::default() };
    for seed in 0..50 {
        let mut net = Net::new(4, config.clone(), seed);
        net.ask(create("mug", 40));
        net.settle();
        for (order, login) in [("1", "17850"), ("2", "12346"), ("3", "13047")] {
            net.ask(place(order, login, &[("mug", 12)]));
        }
        net.settle();
        net.check_quiet(&[code("mug")]);
        let accepted =
            net.replies.values().filter(|reply| matches!(reply, Reply::Accepted { .. })).count();
        assert_eq!(net.free(&code("mug")), 40 - 12 * accepted as u64);
    }
}

#[test]
fn isolated_islands_refuse_what_others_have() {
    let mut net =
        Net::new(4, WarehouseConfig { policy: PolicyKind::Isolated, ..Default::default() }, 5);
    net.ask(create("mug", 40));
    net.settle();
    let refused = says(&mut net, place("1", "17850", &[("mug", 11)]));
    assert_eq!(refused, "order 1 is refused: 11 units of mug cannot be had");
    let counters = net.islands[net.owner("17850") as usize].counters();
    assert_eq!((counters.orders_local, counters.orders_refused), (1, 1));
}
