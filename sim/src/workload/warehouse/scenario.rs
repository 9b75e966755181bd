//! The warehouse in a simulated world: generated orders, and the laws of stock.
//!
//! Rules:
//! 1. Products are created first; then customers order, cancel, give back, and stock is changed,
//!    as the dice say.
//! 2. At every consistent cut all books add up, and no term is negative; at rest nothing is held or
//!    on its way.
//! 3. While a broker says "drained", so that it may refuse, no shelf has a unit of that product.
//!
//! It doesn't know what goes wrong around it.

use std::collections::BTreeMap;

use archipelago::patterns::stock::{Ledger, Phase, PolicyKind, Units, audit};
use archipelago_core::replay::Image;

use super::{
    Change, Command, Login, OrderLine, OrderNumber, ProductCode, Warehouse, WarehouseConfig,
};
use crate::check::Cut;
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// How many islands.
    pub islands: u32,
    /// Orders, returns and the like; products come on top.
    pub commands: u64,
    /// How many products.
    pub products: u64,
    /// How many customers.
    pub customers: u64,
    /// The most units a product begins with.
    pub units_max: u64,
    /// How islands get stock that they lack.
    pub policy: PolicyKind,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            islands: 8,
            commands: 200,
            products: 6,
            customers: 12,
            units_max: 60,
            policy: PolicyKind::default(),
        }
    }
}

impl Scenario {
    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Warehouse> {
        let config = WarehouseConfig { policy: self.policy, ..WarehouseConfig::default() };
        Simulation::of(move |_| Warehouse::new(config.clone()))
            .islands(self.islands)
            .commands(self.products + self.commands)
            .workload(move |dice, number| {
                let command = self.command(dice, number);
                let key = command.key().expect("clients' commands have keys").as_bytes().to_vec();
                (key, command)
            })
            .always("stock is conserved at every cut", |islands| books(islands).map(|_| ()))
            .always("a drained product lies on no shelf", drained)
            .finally("at rest nothing is held or on its way", |islands| {
                let (held, flying) = books(islands)?;
                match u128::from(held) + flying {
                    0 => Ok(()),
                    _ => Err(format!("{held} units are held, {flying} on their way")),
                }
            })
    }

    /// Request `number`: the first ones create the products.
    fn command(self, dice: &Dice, number: u64) -> Command {
        let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
        if number <= self.products {
            let units = Units(draw(1, self.units_max + 1));
            return Command::CreateProduct { product: product(number - 1), units };
        }
        let login: Login = name(&format!("{}", 10_000 + draw(1, self.customers)));
        match draw(2, 100) {
            0..75 => {
                let line = |at| OrderLine {
                    resource: product(draw(10 + at, self.products)),
                    units: Units(1 + draw(20 + at, 8)),
                };
                let lines = (0..1 + draw(3, 4)).map(line).collect();
                Command::PlaceOrder { order: order(number), login, lines }
            }
            75..83 => {
                let before = number - self.products;
                let cancelled = self.products + 1 + draw(4, before);
                // Whoever placed it may cancel it.
                let by = dice.below(Stream::Workload, cancelled, 1, self.customers);
                let login = name(&format!("{}", 10_000 + by));
                Command::CancelOrder { order: order(cancelled), login }
            }
            83..93 => Command::Return {
                number: order(number),
                login,
                product: product(draw(5, self.products)),
                units: Units(1 + draw(6, 4)),
            },
            _ => {
                let units = Units(1 + draw(7, 20));
                let add = draw(8, 2) == 0;
                let change = if add { Change::Add(units) } else { Change::WriteOff(units) };
                Command::UpdateProduct { product: product(draw(5, self.products)), change }
            }
        }
    }
}

fn product(index: u64) -> ProductCode {
    name(&format!("P{index:03}"))
}

fn order(number: u64) -> OrderNumber {
    name(&format!("S{number:07}"))
}

/// A name of this file's own making, which always fits.
fn name<'a, N: TryFrom<&'a str, Error = super::BadName>>(text: &'a str) -> N {
    N::try_from(text).expect("these names are short")
}

/// Checks all books; returns the units held and on their way.
fn books(islands: Cut<'_, Warehouse>) -> Result<(u64, u128), String> {
    let mut ledgers: BTreeMap<ProductCode, Vec<Ledger>> = BTreeMap::new();
    for (island, Image { state, .. }) in islands.iter().enumerate() {
        state.stock().check().map_err(|breach| format!("island {island}: {breach}"))?;
        for (product, ledger) in state.ledgers() {
            ledgers.entry(product).or_default().push(ledger);
        }
    }
    let (mut held, mut flying) = (0, 0);
    for (product, ledgers) in &ledgers {
        flying += audit(ledgers).map_err(|wrong| format!("product {product}: {wrong}"))?;
        held += ledgers.iter().map(|ledger| ledger.held.0).sum::<u64>();
    }
    Ok((held, flying))
}

/// Checks that no shelf has what a broker may refuse as sold out. In a consistent cut a shelf that
/// was surrendered is empty, and the next slice is not sent.
fn drained(islands: Cut<'_, Warehouse>) -> Result<(), String> {
    for Image { state, .. } in islands {
        for (product, _) in state.ledgers() {
            if !matches!(state.stock().phase(&product), Some(Phase::Pooled(_))) {
                continue;
            }
            for (island, Image { state, .. }) in islands.iter().enumerate() {
                let shelf = state.stock().ledger(&product).shelf;
                if shelf > Units::ZERO {
                    return Err(format!("product {product}: {shelf} on the shelf of {island}"));
                }
            }
        }
    }
    Ok(())
}
