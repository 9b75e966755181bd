//! Random runs: conserved whatever happens, nothing refused while there is enough, and claims made
//! one after the other accept what one shared pool would.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::net::*;
use crate::patterns::stock::*;

const ITEMS: u8 = 3;

/// What a client does; numbers are folded into what there is.
#[derive(Clone, Debug)]
enum Act {
    Claim { island: u32, lines: Vec<(u8, u64)> },
    Cancel { nth: usize },
    GiveBack { nth: usize },
    Restock { item: u8, units: u64 },
    Burn { item: u8, units: u64 },
    Wait { steps: u8 },
}

fn lines(most: u64) -> impl Strategy<Value = Vec<(u8, u64)>> {
    prop::collection::vec((0..ITEMS, 1..=most), 1..=3)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..9_u32, lines(30)).prop_map(|(island, lines)| Act::Claim { island, lines }),
        2 => (0..50_usize).prop_map(|nth| Act::Cancel { nth }),
        2 => (0..50_usize).prop_map(|nth| Act::GiveBack { nth }),
        1 => (0..ITEMS, 0..100_u64).prop_map(|(item, units)| Act::Restock { item, units }),
        1 => (0..ITEMS, 0..20_u64).prop_map(|(item, units)| Act::Burn { item, units }),
        6 => (0..12_u8).prop_map(|steps| Act::Wait { steps }),
    ]
}

fn any_config() -> impl Strategy<Value = StockConfig> {
    let policy = prop_oneof![
        4 => (0..20_u64).prop_map(|chunk| PolicyKind::Lease(policy::Lease { chunk: Units(chunk) })),
        1 => Just(PolicyKind::Ring),
        1 => Just(PolicyKind::Isolated),
    ];
    (policy, any::<bool>()).prop_map(|(policy, timed)| {
        let config = StockConfig { policy, deadline: None };
        if timed { with_deadline(config) } else { config }
    })
}

/// A claim that was made: its number, island and lines.
type Made = (u64, u32, Vec<(u8, u64)>);

/// Does all acts, with chance in between; returns how many of them restocked.
fn run_acts(net: &mut Net, acts: Vec<Act>) -> u64 {
    let mut made: Vec<Made> = Vec::new();
    let mut numbers = 0;
    let mut restocks = 0;
    for act in acts {
        match act {
            Act::Claim { island, lines } => {
                numbers += 1;
                let island = island % net.islands();
                net.claim(island, numbers, &lines);
                made.push((numbers, island, lines));
            }
            Act::Cancel { nth } if !made.is_empty() => {
                let (claim, island, _) = made[nth % made.len()].clone();
                net.cancel(island, claim);
            }
            Act::GiveBack { nth } if !made.is_empty() => {
                let at = nth % made.len();
                if net.accepted(made[at].0) {
                    let (_, island, lines) = made.remove(at);
                    numbers += 1;
                    net.give_back(island, numbers, &lines);
                }
            }
            Act::Restock { item, units } => {
                net.restock(item, units);
                restocks += 1;
            }
            Act::Burn { item, units } => {
                let (item, units) = (Item(item), Units(units));
                net.broker_asks(item, Command::Burn { item, units });
            }
            Act::Wait { steps } => net.steps(steps),
            Act::Cancel { .. } | Act::GiveBack { .. } => {}
        }
    }
    net.settle();
    for number in 1..=numbers {
        assert!(net.verdict(number).is_some(), "{number} was never answered");
    }
    restocks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn units_are_conserved_and_everything_is_answered_once(
        islands in 1..=6_u32,
        stocks in prop::collection::vec(0..150_u64, ITEMS as usize),
        config in any_config(),
        acts in prop::collection::vec(act(), 1..60),
        seed in any::<u64>(),
    ) {
        let lease = matches!(config.policy, PolicyKind::Lease(_));
        let mut net = Net::new(islands, ITEMS, config, seed);
        for (item, units) in stocks.iter().enumerate() {
            net.create(item as u8, *units);
        }
        let restocks = run_acts(&mut net, acts);
        net.check_quiet();
        let drains: u64 = net.shops.iter().map(|shop| shop.stock.counters().drains).sum();
        prop_assert!(!lease || drains <= u64::from(ITEMS) + restocks, "{drains} drains");
    }

    #[test]
    fn nothing_is_refused_while_there_is_enough(
        islands in 1..=9_u32,
        chunk in 0..20_u64,
        claims in prop::collection::vec((0..9_u32, lines(40), 0..8_u8), 1..40),
        spare in 0..60_u64,
        seed in any::<u64>(),
    ) {
        let mut demand = [0; ITEMS as usize];
        for (item, units) in claims.iter().flat_map(|(_, lines, _)| lines) {
            demand[*item as usize] += units;
        }
        let mut net = Net::new(islands, ITEMS, lease(chunk), seed);
        for (item, units) in demand.iter().enumerate() {
            net.create(item as u8, *units + spare);
        }
        for (number, (island, lines, steps)) in claims.iter().enumerate() {
            net.claim(island % islands, number as u64, lines);
            net.steps(*steps);
        }
        net.settle();
        net.check_quiet();
        for number in 0..claims.len() as u64 {
            prop_assert!(net.accepted(number), "{:?}", net.verdict(number));
        }
    }

    #[test]
    fn claims_one_after_the_other_accept_what_one_shared_pool_would(
        islands in 1..=9_u32,
        chunk in 0..20_u64,
        stocks in prop::collection::vec(0..200_u64, ITEMS as usize),
        acts in prop::collection::vec(act(), 1..60),
        seed in any::<u64>(),
    ) {
        let mut net = Net::new(islands, ITEMS, lease(chunk), seed);
        let mut pool: BTreeMap<u8, u64> = BTreeMap::new();
        for (item, units) in (0..ITEMS).zip(&stocks) {
            net.create(item, *units);
            pool.insert(item, *units);
        }
        let mut sold: Vec<(u32, Vec<(u8, u64)>)> = Vec::new();
        for (number, act) in (1..).zip(acts) {
            match act {
                Act::Claim { island, lines } => {
                    let island = island % islands;
                    let merged = lines_of(&lines);
                    let fits = |line: &Line<Item>| pool[&line.resource.0] >= line.units.0;
                    let expected = merged.as_slice().iter().all(fits);
                    net.claim(island, number, &lines);
                    // Only as far as the reply: whatever else is on its way stays on its way.
                    while net.verdict(number).is_none() {
                        prop_assert!(net.step(), "never answered");
                    }
                    prop_assert_eq!(net.accepted(number), expected, "{:?}", net.verdict(number));
                    if expected {
                        for line in merged.as_slice() {
                            *pool.get_mut(&line.resource.0).unwrap() -= line.units.0;
                        }
                        sold.push((island, lines));
                    }
                }
                Act::GiveBack { nth } if !sold.is_empty() => {
                    let (island, lines) = sold.remove(nth % sold.len());
                    net.give_back(island, number, &lines);
                    while net.verdict(number).is_none() {
                        prop_assert!(net.step(), "never answered");
                    }
                    lines.iter().for_each(|(item, units)| *pool.get_mut(item).unwrap() += units);
                }
                Act::Restock { item, units } => {
                    net.restock(item, units);
                    *pool.get_mut(&item).unwrap() += units;
                }
                Act::Burn { item, units } => {
                    let (item, units) = (Item(item), Units(units));
                    let burn = Command::Burn { item, units };
                    if let Reply::Stocked(_) = net.broker_asks(item, burn) {
                        *pool.get_mut(&item.0).unwrap() -= units.0;
                    }
                }
                Act::Cancel { .. } | Act::GiveBack { .. } | Act::Wait { .. } => {}
            }
        }
        net.settle();
        net.check_quiet();
        for (item, left) in pool {
            let there: u64 = net.ledgers(Item(item)).iter().map(|l| l.pool.0 + l.shelf.0).sum();
            prop_assert_eq!(there, left);
        }
    }
}
