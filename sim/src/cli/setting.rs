//! What must not change under a warehouse's journal, and opening one for reading.
//!
//! Rules:
//! 1. The setting stands as JSON in the data directory; running again with another one is refused
//!    with the first thing that differs.
//! 2. A journal of another application is refused by name.

use std::path::Path;

use archipelago::journal::DESCRIPTION_FILE;
use archipelago::replay::Log;
use archipelago_core::id::IslandId;
use serde::{Deserialize, Serialize};

use super::args::{Policy, Returns, RunArgs};
use super::failure::Failure;
use crate::workload::warehouse::fingerprint::Fingerprint;
use crate::workload::warehouse::{Warehouse, WarehouseConfig};
use archipelago::patterns::stock::PolicyKind;
use archipelago::patterns::stock::policy::Lease;

/// The application's name in a data directory.
pub const APPLICATION: &str = "warehouse";

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

    /// The setting of a journal.
    ///
    /// # Errors
    /// When it is another application's, or written by another version.
    pub fn of(log: &Log) -> Result<Self, Failure> {
        let description = log.description();
        if description.application != APPLICATION {
            return Err(Failure::input(format!(
                "the journal was made by the application {:?}; this program knows \"{APPLICATION}\"",
                description.application
            )));
        }
        serde_json::from_str(&description.configuration).map_err(|error| {
            Failure::input(format!(
                "the journal's configuration cannot be read ({error}); was it made by another version?"
            ))
        })
    }

    /// As the text that stands in the data directory.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a setting is plain data")
    }

    /// An island as it is born.
    pub fn island(&self) -> impl Fn(IslandId) -> Warehouse + use<> {
        let config = self.warehouse.clone();
        move |_| Warehouse::new(config.clone())
    }

    /// Refuses to go on with another setting than the stored one.
    fn agrees_with(&self, stored: &Self) -> Result<(), Failure> {
        let differs =
            |what: &str, stored: &dyn std::fmt::Display, asked: &dyn std::fmt::Display| {
                Err(Failure::input(format!(
                    "the data directory was made with {what} {stored}, not {asked}: \
                 use the same again, or another --data"
                )))
            };
        let returns = |submitted| match submitted {
            Submitted::Yes => "submitted",
            Submitted::No => "passed over",
        };
        if self.warehouse.policy != stored.warehouse.policy {
            return differs("--policy", &stored.warehouse.policy, &self.warehouse.policy);
        }
        if self.stock_percent != stored.stock_percent {
            return differs("--stock", &stored.stock_percent, &self.stock_percent);
        }
        if self.workload != stored.workload {
            return Err(Failure::input(
                "the data directory was made with another order file, or another --commands or \
                 --seed: use the same again, or another --data",
            ));
        }
        if self.returns != stored.returns {
            return differs("returns", &returns(stored.returns), &returns(self.returns));
        }
        if self != stored {
            return differs("the configuration", &stored.text(), &self.text());
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

/// Opens the journal of an earlier run on `data` with the same setting; `None` when there is none.
///
/// # Errors
/// When there is one, but it is in use, damaged, or made with another setting.
pub fn earlier(data: &Path, asked: &Setting, islands: u32) -> Result<Option<Log>, Failure> {
    if !data.join(DESCRIPTION_FILE).exists() {
        return Ok(None);
    }
    let log = Log::open(data)?;
    asked.agrees_with(&Setting::of(&log)?)?;
    let stored = log.description().islands;
    if stored != islands {
        return Err(Failure::input(format!(
            "the data directory was made with --islands {stored}, not {islands}: \
             use the same again, or another --data"
        )));
    }
    Ok(Some(log))
}
