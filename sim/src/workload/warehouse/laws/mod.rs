//! The laws of the warehouse, held against every consistent cut of a simulated world.
//!
//! Rules:
//! 1. A law looks again only at islands that have changed; at the end it looks at all.
//! 2. Each has a name, by which a scenario file asks for it and a failure tells it.
//! 3. Each safety law has its twin at rest: nothing held, on its way, queued or waited for.
//!
//! It doesn't know what goes wrong around the warehouse.

mod bounds;
mod conservation;
mod marks;
mod refusals;
mod steps;

use archipelago::patterns::stock::PolicyKind;

pub use bounds::Bounds;
pub use conservation::Conservation;
pub use marks::{MARKS, Sight};
pub use refusals::Refusals;
pub use steps::Steps;

use super::scenario::Shop;
use super::{ProductCode, Warehouse};
use crate::simulation::Simulation;

/// A law of the warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// At every cut all books add up, no term is negative; at rest nothing is held or on its way.
    Conservation,
    /// Only a drained broker refuses, and no need waits that could be served.
    Refusals,
    /// Record by record: denials, grants in a drain, and refusals keep the protocol.
    Steps,
    /// What an island keeps is bounded; at rest nothing waits.
    Bounds,
}

impl Law {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Conservation, "conservation"),
        (Self::Refusals, "refusals"),
        (Self::Steps, "steps"),
        (Self::Bounds, "bounds"),
    ];

    /// The law of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(law, _)| law)
    }

    /// Adds it to a simulation of `shop`. Refusals and steps are promises of the lease alone.
    pub(super) fn hold(
        self,
        simulation: Simulation<Warehouse>,
        shop: &Shop,
    ) -> Simulation<Warehouse> {
        match self {
            Self::Conservation => simulation.check(Conservation::default),
            Self::Refusals if matches!(shop.config.policy, PolicyKind::Lease(_)) => {
                let shop = shop.clone();
                simulation.check_of(move |islands| Refusals::new(shop.by_broker(islands)))
            }
            Self::Steps if matches!(shop.config.policy, PolicyKind::Lease(_)) => {
                simulation.check_of(Steps::new)
            }
            Self::Refusals | Self::Steps => simulation,
            Self::Bounds => {
                let (shop, keys, orders_kept) =
                    (shop.clone(), shop.keys_max(), shop.config.orders_kept);
                simulation.check_of(move |islands| {
                    Bounds::new(shop.by_broker(islands), keys, orders_kept)
                })
            }
        }
    }
}

/// The products by their broker: those of island 0, those of island 1, and so on.
pub type ByBroker = std::sync::Arc<[Vec<ProductCode>]>;
