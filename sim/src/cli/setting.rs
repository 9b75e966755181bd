//! What must not change under a warehouse's journal, and its islands as they are born.
//!
//! It doesn't know how a journal is opened.

use archipelago::patterns::stock::PolicyKind;
use archipelago::patterns::stock::policy::Lease;
use serde::{Deserialize, Serialize};

use super::args::{Policy, Returns, RunArgs};
use super::failure::Failure;
use super::harness::{World, differs};
use crate::workload::fingerprint::Fingerprint;
use crate::workload::warehouse::{Warehouse, WarehouseConfig};

/// What must not change under a warehouse's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// How the islands behave.
    pub warehouse: WarehouseConfig,
    /// Stock in percent of the units ordered.
    pub stock_percent: u32,
    /// The workload.
    pub workload: Fingerprint,
    /// Whether its returns are submitted.
    pub returns: Submitted,
}

/// Whether returns are submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Submitted {
    /// They are.
    Yes,
    /// They are passed over.
    No,
}

impl Setting {
    /// The setting that the arguments ask for.
    #[must_use]
    pub fn asked(args: &RunArgs, workload: Fingerprint) -> Self {
        let returns = match args.returns() {
            Returns::Submit => Submitted::Yes,
            Returns::Skip => Submitted::No,
        };
        let warehouse =
            WarehouseConfig { policy: policy(args.policy), ..WarehouseConfig::default() };
        Self { warehouse, stock_percent: args.stock.get(), workload, returns }
    }
}

impl World for Warehouse {
    const APPLICATION: &'static str = "warehouse";
    type Setting = Setting;

    fn born(setting: &Setting) -> Self {
        Self::new(setting.warehouse.clone())
    }

    fn agree(asked: &Setting, stored: &Setting) -> Result<(), Failure> {
        let returns = |submitted| match submitted {
            Submitted::Yes => "submitted",
            Submitted::No => "passed over",
        };
        if asked.warehouse.policy != stored.warehouse.policy {
            return differs("--policy", &stored.warehouse.policy, &asked.warehouse.policy);
        }
        if asked.stock_percent != stored.stock_percent {
            return differs("--stock", &stored.stock_percent, &asked.stock_percent);
        }
        if asked.workload != stored.workload {
            return Err(Failure::input(
                "the data directory was made with another order file, or another --commands or \
                 --seed: use the same again, or another --data",
            ));
        }
        if asked.returns != stored.returns {
            return differs("returns", &returns(stored.returns), &returns(asked.returns));
        }
        Ok(())
    }
}

/// The policy of that name, with its defaults.
#[must_use]
pub fn policy(policy: Policy) -> PolicyKind {
    match policy {
        Policy::Lease => PolicyKind::Lease(Lease::default()),
        Policy::Ring => PolicyKind::Ring,
        Policy::Isolated => PolicyKind::Isolated,
    }
}
