//! The warehouse in a simulated world: what there is, what is asked of it, and which laws hold.
//!
//! Rules:
//! 1. Products are created first; then customers order, cancel, give back, and stock is changed: as
//!    the dice say ([`Scenario`]), or as a list says ([`Source::Listed`]).
//! 2. All [`Law`]s are held against every consistent cut, unless fewer are asked for.
//!
//! It doesn't know what goes wrong around it.

use std::sync::Arc;

use archipelago::patterns::stock::{PolicyKind, Units};
use archipelago_core::command::route::{Table, slot};

use super::laws::{ByBroker, Law, MARKS};
use super::{
    Change, Command, Login, OrderLine, OrderNumber, ProductCode, Warehouse, WarehouseConfig,
};
use crate::simulation::Simulation;
use crate::world::{Dice, Stream};

/// A generated demand on a warehouse.
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
    /// The shop with this demand.
    #[must_use]
    pub fn shop(self) -> Shop {
        let upto = |at| (product(at), Opening::Upto(self.units_max));
        Shop {
            islands: self.islands,
            config: WarehouseConfig { policy: self.policy, ..WarehouseConfig::default() },
            stock: (0..self.products).map(upto).collect(),
            source: Source::Drawn { commands: self.commands, customers: self.customers },
            named: Vec::new(),
            laws: Law::ALL.map(|(law, _)| law).to_vec(),
        }
    }

    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(self) -> Simulation<Warehouse> {
        self.shop().simulation()
    }
}

/// What a product begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// So many units.
    Units(Units),
    /// As many as the dice say, at most so many.
    Upto(u64),
}

/// Where commands come from, after the products are created.
#[derive(Clone, Debug)]
pub enum Source {
    /// Drawn from the dice.
    Drawn {
        /// How many.
        commands: u64,
        /// By how many customers.
        customers: u64,
    },
    /// These, in order. None of them is an island's own word.
    Listed(Arc<[Command]>),
}

/// A warehouse with its stock and its customers.
#[derive(Clone, Debug)]
pub struct Shop {
    /// How many islands.
    pub islands: u32,
    /// How the warehouse behaves.
    pub config: WarehouseConfig,
    /// Its products: they are created first, in this order.
    pub stock: Vec<(ProductCode, Opening)>,
    /// What is asked then.
    pub source: Source,
    /// What is asked beside it at moments of its own: its products and keys are known to the laws.
    pub named: Vec<Command>,
    /// The laws that are held against it.
    pub laws: Vec<Law>,
}

impl Shop {
    /// Requests in all, beside those asked at moments of their own.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let more = match &self.source {
            Source::Drawn { commands, .. } => *commands,
            Source::Listed(commands) => commands.len() as u64,
        };
        self.stock.len() as u64 + more
    }

    /// The simulation of it, without faults.
    #[must_use]
    pub fn simulation(&self) -> Simulation<Warehouse> {
        let (config, asked) = (self.config.clone(), self.clone());
        let simulation = Simulation::of(move |_| Warehouse::new(config.clone()))
            .islands(self.islands)
            .commands(self.requests())
            .workload(move |dice, number| {
                let command = asked.command(dice, number);
                let key = command.key().expect("clients' commands have keys").as_bytes().to_vec();
                (key, command)
            });
        self.laws.iter().fold(simulation, |simulation, law| law.hold(simulation, self))
    }

    /// Demands of a batch of worlds that it takes every rare path of the stock protocol.
    #[must_use]
    pub fn with_marks(simulation: Simulation<Warehouse>) -> Simulation<Warehouse> {
        MARKS.into_iter().fold(simulation, |all, (name, sight)| all.sometimes(name, sight))
    }

    /// Whether a thousand worlds of it take every path of [`MARKS`]: smaller ones may not.
    #[must_use]
    pub fn can_take_every_path(&self) -> bool {
        let enough = matches!(self.source, Source::Drawn { commands: 100.., .. });
        enough && self.islands > 2 && matches!(self.config.policy, PolicyKind::Lease(_))
    }

    /// All products ever created, by broker, in a world of so many islands.
    pub(super) fn by_broker(&self, count: u32) -> ByBroker {
        let mut products: Vec<_> = self.stock.iter().map(|(product, _)| *product).collect();
        let listed = match &self.source {
            Source::Drawn { .. } => &[][..],
            Source::Listed(commands) => commands,
        };
        products.extend(listed.iter().chain(&self.named).filter_map(|command| match command {
            Command::CreateProduct { product, .. } => Some(*product),
            _ => None,
        }));
        products.sort_unstable();
        products.dedup();
        let mut islands = vec![Vec::new(); count as usize];
        // A number of islands that is none is refused by name when the world is made.
        if let Ok(table) = Table::modulo(count) {
            for product in products {
                let broker = table.owner(slot(product.as_str().as_bytes()));
                islands[broker.0 as usize].push(product);
            }
        }
        islands.into()
    }

    /// At most so many keys do requests have.
    pub(super) fn keys_max(&self) -> usize {
        let others = match &self.source {
            Source::Drawn { customers, .. } => *customers as usize,
            Source::Listed(commands) => commands.len(),
        };
        self.stock.len() + others + self.named.len()
    }

    /// Request `number`: the first ones create the products.
    fn command(&self, dice: &Dice, number: u64) -> Command {
        let nth = number - 1;
        if let Some((product, opening)) = self.stock.get(nth as usize) {
            let units = match opening {
                Opening::Units(units) => *units,
                Opening::Upto(most) => Units(dice.below(Stream::Workload, number, 1, most + 1)),
            };
            return Command::CreateProduct { product: *product, units };
        }
        match &self.source {
            Source::Drawn { customers, .. } => self.drawn(*customers, dice, number),
            Source::Listed(commands) => commands[nth as usize - self.stock.len()].clone(),
        }
    }

    /// What a customer does, or whoever looks after the stock.
    fn drawn(&self, customers: u64, dice: &Dice, number: u64) -> Command {
        let products = self.stock.len() as u64;
        let draw = |what, limit| dice.below(Stream::Workload, number, what, limit);
        let product = |at: u64| self.stock[at as usize].0;
        let login: Login = name(&format!("{}", 10_000 + draw(1, customers)));
        match draw(2, 100) {
            0..75 => {
                let line = |at| OrderLine {
                    resource: product(draw(10 + at, products)),
                    units: Units(1 + draw(20 + at, 8)),
                };
                let lines = (0..1 + draw(3, 4)).map(line).collect();
                Command::PlaceOrder { order: order(number), login, lines }
            }
            75..83 => {
                let before = number - products;
                let cancelled = products + 1 + draw(4, before);
                // Whoever placed it may cancel it.
                let by = dice.below(Stream::Workload, cancelled, 1, customers);
                let login = name(&format!("{}", 10_000 + by));
                Command::CancelOrder { order: order(cancelled), login }
            }
            83..93 => Command::Return {
                number: order(number),
                login,
                product: product(draw(5, products)),
                units: Units(1 + draw(6, 4)),
            },
            _ => {
                let units = Units(1 + draw(7, 20));
                let add = draw(8, 2) == 0;
                let change = if add { Change::Add(units) } else { Change::WriteOff(units) };
                Command::UpdateProduct { product: product(draw(5, products)), change }
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
