//! Random days, one command after the other, against a warehouse of one shelf; and the same day
//! replayed from its events, and lived through snapshots.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{PolicyKind, Units};
use archipelago_core::island::Island;
use archipelago_core::time::Millis;
use proptest::prelude::*;

use super::net::*;
use crate::workload::warehouse::*;

const PRODUCTS: [&str; 4] = ["22139", "85123A", "POST", "m"];
const LOGINS: [&str; 5] = ["17850", "12346", "13047", "guest:1", "guest:2"];

#[derive(Clone, Debug)]
enum Act {
    Order { login: usize, lines: Vec<(usize, u64)> },
    Return { login: usize, product: usize, units: u64 },
    Cancel { nth: usize },
    Restock { product: usize, units: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let (login, product) = (0..LOGINS.len(), 0..PRODUCTS.len());
    let lines = prop::collection::vec((product.clone(), 1..30_u64), 1..4);
    prop_oneof![
        6 => (login.clone(), lines).prop_map(|(login, lines)| Act::Order { login, lines }),
        2 => (login, product.clone(), 1..20_u64)
            .prop_map(|(login, product, units)| Act::Return { login, product, units }),
        1 => (0..60_usize).prop_map(|nth| Act::Cancel { nth }),
        1 => (product, 0..90_u64).prop_map(|(product, units)| Act::Restock { product, units }),
    ]
}

/// One shelf, no islands: the truth.
#[derive(Default)]
struct Truth {
    free: BTreeMap<&'static str, u64>,
    balance: BTreeMap<(&'static str, &'static str), u64>,
    orders: Vec<(String, &'static str, BTreeMap<&'static str, u64>)>,
}

impl Truth {
    fn order(&mut self, number: &str, login: &'static str, lines: &[(&'static str, u64)]) -> bool {
        let mut merged: BTreeMap<&'static str, u64> = BTreeMap::new();
        lines.iter().for_each(|(product, units)| *merged.entry(product).or_default() += units);
        if merged.iter().any(|(product, units)| self.free[product] < *units) {
            return false;
        }
        for (product, units) in &merged {
            *self.free.get_mut(product).unwrap() -= units;
            if !login.starts_with("guest:") {
                *self.balance.entry((login, product)).or_default() += units;
            }
        }
        self.orders.push((number.to_owned(), login, merged));
        true
    }

    fn give_back(&mut self, login: &'static str, product: &'static str, units: u64) -> bool {
        let had = self.balance.entry((login, product)).or_default();
        if *had < units {
            return false;
        }
        *had -= units;
        *self.free.get_mut(product).unwrap() += units;
        true
    }

    fn cancel(&mut self, nth: usize) -> bool {
        let (_, login, lines) = &self.orders[nth];
        let (login, lines) = (*login, lines.clone());
        let had = |product| self.balance.get(&(login, product)).copied().unwrap_or(0);
        if lines.iter().any(|(product, units)| had(*product) < *units) {
            return false;
        }
        self.orders.remove(nth);
        lines.iter().for_each(|(product, units)| assert!(self.give_back(login, product, *units)));
        true
    }
}

/// Lives through a day and checks every reply.
fn live(mut net: Net, stocks: &[u64], acts: &[Act]) -> Net {
    let mut truth = Truth::default();
    for (product, units) in PRODUCTS.into_iter().zip(stocks) {
        net.answer(create(product, *units));
        truth.free.insert(product, *units);
    }
    for (number, act) in acts.iter().enumerate() {
        let number = number.to_string();
        match act {
            Act::Order { login, lines } => {
                let lines: Vec<_> = lines.iter().map(|(p, units)| (PRODUCTS[*p], *units)).collect();
                let expected = truth.order(&number, LOGINS[*login], &lines);
                let reply = net.answer(place(&number, LOGINS[*login], &lines));
                assert_eq!(matches!(reply, Reply::Accepted { .. }), expected, "{reply}");
            }
            Act::Return { login, product, units } => {
                let (login, product) = (LOGINS[*login], PRODUCTS[*product]);
                let expected = truth.give_back(login, product, *units);
                let reply = net.answer(give_back(&number, login, product, *units));
                assert_eq!(matches!(reply, Reply::ReturnAccepted { .. }), expected, "{reply}");
            }
            Act::Cancel { nth } if !truth.orders.is_empty() => {
                let nth = nth % truth.orders.len();
                let (order, login, _) = truth.orders[nth].clone();
                let expected = truth.cancel(nth);
                let reply = net.answer(cancel(&order, login));
                assert_eq!(matches!(reply, Reply::Cancelled { .. }), expected, "{reply}");
            }
            Act::Cancel { .. } => {}
            Act::Restock { product, units } => {
                let product = PRODUCTS[*product];
                let change = Change::Add(Units(*units));
                net.answer(Command::UpdateProduct { product: code(product), change });
                *truth.free.get_mut(product).unwrap() += units;
            }
        }
    }
    net.settle();
    net.check_quiet(&PRODUCTS.map(code));
    for product in PRODUCTS {
        assert_eq!(net.free(&code(product)), truth.free[product], "{product}");
    }
    net
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_day_gives_the_same_answers_for_every_number_of_islands(
        islands in 1..=9_u32,
        stocks in prop::collection::vec(0..150_u64, PRODUCTS.len()),
        acts in prop::collection::vec(act(), 1..50),
        seed in any::<u64>(),
    ) {
        let config = WarehouseConfig { orders_kept: 1000, ..Default::default() };
        let lived = live(Net::new(islands, config.clone(), seed), &stocks, &acts);
        let again = live(Net::new(islands, config.clone(), seed).with_snapshots(), &stocks, &acts);
        for (number, island) in lived.islands.iter().enumerate() {
            prop_assert_eq!(bytes_of(island), bytes_of(&again.islands[number]), "snapshots");
            let mut replayed = Warehouse::new(config.clone());
            lived.events[number].iter().for_each(|event| replayed.evolve(event));
            prop_assert_eq!(bytes_of(island), bytes_of(&replayed), "replay");
        }
    }

    #[test]
    fn a_busy_day_ends_quiet_and_conserved_under_every_policy(
        islands in 1..=6_u32,
        policy in prop_oneof![
            Just(PolicyKind::default()),
            Just(PolicyKind::Ring),
            Just(PolicyKind::Isolated),
        ],
        timed in any::<bool>(),
        acts in prop::collection::vec((act(), 0..6_u8), 1..50),
        seed in any::<u64>(),
    ) {
        let deadline = timed.then_some(Millis(5));
        let mut net = Net::new(islands, WarehouseConfig { policy, deadline, orders_kept: 4 }, seed);
        for product in PRODUCTS {
            net.ask(create(product, 60));
        }
        let mut placed = Vec::new();
        for (number, (act, steps)) in acts.into_iter().enumerate() {
            let number = number.to_string();
            match act {
                Act::Order { login, lines } => {
                    let lines: Vec<_> = lines.iter().map(|(p, u)| (PRODUCTS[*p], *u)).collect();
                    net.ask(place(&number, LOGINS[login], &lines));
                    placed.push((number, LOGINS[login]));
                }
                Act::Return { login, product, units } => {
                    net.ask(give_back(&number, LOGINS[login], PRODUCTS[product], units));
                }
                Act::Cancel { nth } if !placed.is_empty() => {
                    let (order, login) = &placed[nth % placed.len()];
                    net.ask(cancel(order, login));
                }
                Act::Cancel { .. } => {}
                Act::Restock { product, units } => {
                    let change = Change::Add(Units(units));
                    net.ask(Command::UpdateProduct { product: code(PRODUCTS[product]), change });
                }
            }
            for _ in 0..steps {
                net.step();
            }
        }
        net.settle();
        net.check_quiet(&PRODUCTS.map(code));
    }
}
