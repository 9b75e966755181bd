//! What only a real machine gives: the time of day, and chance. Nothing else in this crate asks for
//! either, so that a simulator can put its own in their place.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use archipelago_core::time::Millis;

/// The wall clock now.
pub(crate) fn wall_clock() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A number nobody can guess, from the standard library's per-process keys.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
