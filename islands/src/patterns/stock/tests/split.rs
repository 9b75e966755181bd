//! The split conserves, and follows its formula.

use archipelago_core::id::IslandId;
use proptest::prelude::*;

use super::net::*;
use crate::patterns::stock::policy::{Isolated, Lease, Policy, Ring, slice};
use crate::patterns::stock::*;

#[test]
fn a_stock_of_256_over_64_islands_is_4_each_and_all_of_it_is_there() {
    for policy in [PolicyKind::Isolated, PolicyKind::Ring] {
        let mut net = Net::new(64, 1, StockConfig { policy, deadline: None }, 7);
        net.create(0, 256);
        net.settle();
        assert!(net.ledgers(Item(0)).iter().all(|ledger| ledger.shelf == Units(4)));
    }
    let mut net = Net::new(64, 1, lease(64), 7);
    net.create(0, 256);
    net.settle();
    let ledgers = net.ledgers(Item(0));
    assert!(ledgers.iter().all(|ledger| ledger.shelf == Units(2)));
    assert_eq!(ledgers.iter().map(|ledger| ledger.pool.0).sum::<u64>(), 128);
}

#[test]
fn left_over_units_begin_at_the_hash_and_wrap_around() {
    let units = |island| slice(Units(11), 6, 8, IslandId(island)).0;
    assert_eq!((0..8).map(units).collect::<Vec<_>>(), [2, 1, 1, 1, 1, 1, 2, 2]);
}

#[test]
fn below_two_units_an_island_everything_stays_in_the_pool_and_no_message_is_sent() {
    let mut net = Net::new(64, 1, lease(64), 7);
    net.create(0, 127);
    assert_eq!(net.messages, 0);
    net.claim(5, 1, &[(0, 127)]);
    net.settle();
    assert!(net.accepted(1));
    assert_eq!(net.messages, 2, "a need and its grant");
    net.claim(6, 2, &[(0, 1)]);
    net.settle();
    assert!(!net.accepted(2));
    assert_eq!(net.messages, 4, "a need and its denial");
}

proptest! {
    #[test]
    fn slices_add_up_and_differ_by_one_at_most(
        units in 0..100_000_u64,
        key_hash in any::<u32>(),
        islands in 1..=4096_u32,
    ) {
        let all: Vec<_> =
            (0..islands)
                .map(|island| slice(Units(units), key_hash, islands, IslandId(island)).0)
                .collect();
        prop_assert_eq!(all.iter().sum::<u64>(), units);
        prop_assert!(all.iter().max().unwrap() - all.iter().min().unwrap() <= 1);
        let more = u64::from(islands).min(units % u64::from(islands));
        for k in 0..more {
            let island = (u64::from(key_hash) + k) % u64::from(islands);
            prop_assert_eq!(all[island as usize], units / u64::from(islands) + 1);
        }
    }

    #[test]
    fn a_policy_never_pools_more_than_there_is(units in 0..1_u64 << 40, islands in 1..=4096_u32) {
        let units = Units(units);
        prop_assert!(Lease::default().pooled(units, islands) <= units);
        prop_assert_eq!(Ring.pooled(units, islands), Units::ZERO);
        prop_assert_eq!(Isolated.pooled(units, islands), Units::ZERO);
        prop_assert!(Lease::default().slack(units, islands) <= units);
    }
}

/// A policy of a user's own, over the same books: pools three quarters.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct MostlyPooled;

impl Policy for MostlyPooled {
    fn pooled(&self, units: Units, _islands: u32) -> Units {
        Units(units.0 - units.0 / 4)
    }

    fn pool_use(&self) -> policy::PoolUse {
        policy::PoolUse::Lends
    }

    fn when_short(&self, _asked: u32, _islands: u32) -> policy::Shortage {
        policy::Shortage::AskBroker
    }

    fn slack(&self, _left: Units, _islands: u32) -> Units {
        Units::ZERO
    }
}

#[test]
fn a_user_can_write_a_policy_and_its_stock_is_plain_data_too() {
    let table = std::sync::Arc::new(archipelago_core::command::route::Table::modulo(1).unwrap());
    let mut turn = archipelago_core::island::Turn::<Shop>::new(IslandId(0), table);
    let mut stock = Stock::new(StockConfig { policy: MostlyPooled, deadline: None });
    stock.create(Item(0), Units(8), &mut turn).unwrap();
    turn.decision().events.iter().for_each(|event| stock.evolve(&event.0));
    assert_eq!((stock.ledger(&Item(0)).pool, stock.ledger(&Item(0)).sent), (Units(6), Units(2)));
    let mut bytes = Vec::new();
    archipelago_core::codec::encode(&stock, &mut bytes).unwrap();
    let back: Stock<Item, MostlyPooled> = archipelago_core::codec::decode(&bytes).unwrap();
    assert_eq!(back.ledger(&Item(0)), stock.ledger(&Item(0)));
}
