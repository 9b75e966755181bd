//! What it costs to find a key's island.
//!
//! It doesn't know who asks.

use std::io::Cursor;

use archipelago_core::command::route::{self, Table};

use crate::rounds::{Contender, Failed, Took};
use crate::session::Session;

/// Keys that are routed in a run, and in a short one.
const KEYS: [u64; 2] = [20_000_000, 100_000];
/// Islands.
const ISLANDS: u32 = 16;

/// Keys of 8 and of 16 bytes: the product's way beside the murmur3 crate's own reader.
///
/// # Errors
/// When it cannot be told.
pub fn routing(session: &mut Session<'_>) -> Result<(), Failed> {
    let keys = KEYS[usize::from(session.effort.short)];
    let table = Table::modulo(ISLANDS)?;
    let cursor =
        |key: &[u8]| u64::from(murmur3::murmur3_32(&mut Cursor::new(key), 0).unwrap_or_default());
    let slot = |key: &[u8]| u64::from(route::slot(key).0);
    let island = |key: &[u8]| u64::from(table.island_of(key).0);
    let read = |key: &[u8]| u64::from(key[0]);
    session.hold(
        "Routing of keys of 8 bytes",
        "keys",
        vec![
            each::<8>("bare loop: a key read", keys, read),
            each::<8>("the murmur3 crate through io::Cursor", keys, cursor),
            each::<8>("its slot", keys, slot),
            each::<8>("its island", keys, island),
        ],
    )?;
    session.hold(
        "Routing of keys of 16 bytes",
        "keys",
        vec![
            each::<16>("bare loop: a key read", keys, read),
            each::<16>("the murmur3 crate through io::Cursor", keys, cursor),
            each::<16>("its slot", keys, slot),
            each::<16>("its island", keys, island),
        ],
    )?;
    Ok(())
}

fn each<'a, const BYTES: usize>(
    name: &str,
    keys: u64,
    find: impl Fn(&[u8]) -> u64 + 'a,
) -> Contender<'a> {
    Contender::new(name, move || {
        let (_, took) = Took::time(keys, || {
            let mut key = [0; BYTES];
            for number in 0..keys {
                key[..8].copy_from_slice(&number.to_le_bytes());
                std::hint::black_box(find(std::hint::black_box(&key)));
            }
        });
        Ok(took)
    })
}
