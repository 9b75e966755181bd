//! libFuzzer on one decoder: `ARCHIPELAGO_FUZZ_TARGET` names which of the targets.
//!
//! It doesn't know the decoders: they are those of `archipelago_torture::targets`.

#![no_main]

use std::sync::OnceLock;

use archipelago_torture::targets::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

fn target() -> Target {
    let name = std::env::var("ARCHIPELAGO_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    let names = TARGETS.map(|(name, _)| name);
    found.unwrap_or_else(|| panic!("ARCHIPELAGO_FUZZ_TARGET must be one of {names:?}")).1
}

fuzz_target!(|bytes: &[u8]| TARGET.get_or_init(target)(bytes));
