//! The way of a live order: how many a second, how long each takes, and what the machine allows.
//!
//! Rules:
//! 1. Clients are users of the API: named, so that every order is deduplicated, and each order is
//!    counted only when its answer is in hand.
//! 2. The ceiling is measured in the same round: the raw disk with the same bytes in the same
//!    commits; and the kernel alone, on as many threads, without clients and journal.
//! 3. Latencies are of an open loop: from the moment an order was due, whether or not the client
//!    could ask then. So who is late is seen to be late (coordinated omission).
//!
//! It doesn't know how an order travels.

pub mod ceiling;
pub mod clients;
pub mod latency;
pub mod store;
pub mod throughput;

use std::time::Duration;

use self::throughput::Load;
use crate::rounds::Failed;
use crate::session::Session;

/// Islands of each run.
pub const ISLANDS: u32 = 16;

/// Orders a second, with one client and with two; and how long each takes at half that load.
///
/// # Errors
/// The first run that failed.
pub fn live(session: &mut Session<'_>) -> Result<(), Failed> {
    let (load, time) = match session.effort.short {
        true => (Load { orders: 20_000, ..Load::default() }, Duration::from_millis(100)),
        false => (Load::default(), Duration::from_secs(3)),
    };
    let folder = session.place();
    for clients in [1, 2] {
        let load = Load { clients, ..load };
        let Some(rate) = throughput::throughput(session, &folder, load)? else { continue };
        let rounds = latency::rounds(&folder, load, rate / 2, time, session.effort.rounds())?;
        session.say(&latency::table(&rounds))?;
        session.time(rounds);
    }
    Ok(())
}
