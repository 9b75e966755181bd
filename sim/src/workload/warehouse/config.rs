//! How a warehouse behaves; the same on all its islands.
//!
//! It is part of the state, and stands as JSON in the data directory.

use archipelago::patterns::stock::{PolicyKind, StockConfig};
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

/// A warehouse's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarehouseConfig {
    /// How units are spread and found (with the chunk of a lease).
    pub policy: PolicyKind,
    /// How long an order waits for other islands before it is refused; for ever if there is none.
    pub deadline: Option<Millis>,
    /// How many accepted orders of a customer are kept, so that they can be cancelled.
    pub orders_kept: u32,
}

impl Default for WarehouseConfig {
    fn default() -> Self {
        Self { policy: PolicyKind::default(), deadline: None, orders_kept: 16 }
    }
}

impl WarehouseConfig {
    /// What its stock needs to know.
    #[must_use]
    pub const fn stock(&self) -> StockConfig {
        StockConfig { policy: self.policy, deadline: self.deadline }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_json_and_bytes_and_unknown_settings_are_refused() {
        for policy in [PolicyKind::default(), PolicyKind::Ring, PolicyKind::Isolated] {
            let config = WarehouseConfig { policy, deadline: Some(Millis(5)), orders_kept: 3 };
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<WarehouseConfig>(&json).unwrap(), config);
            let mut bytes = Vec::new();
            archipelago_core::codec::encode(&config, &mut bytes).unwrap();
            assert_eq!(archipelago_core::codec::decode(&bytes), Ok(config));
        }
        let json = serde_json::to_string(&WarehouseConfig::default()).unwrap();
        assert_eq!(json, r#"{"policy":{"lease":{"chunk":64}},"deadline":null,"orders_kept":16}"#);
        let odd = json.replace("orders_kept", "orders");
        assert!(serde_json::from_str::<WarehouseConfig>(&odd).is_err());
    }
}
