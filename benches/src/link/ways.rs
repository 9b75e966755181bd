//! One way, many at a time; and round trips, one after the other.
//!
//! It doesn't know what a message is.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use archipelago::{Archipelago, IslandId, builder};
use hdrhistogram::Histogram;

use super::island::{Command, Peer};
use crate::live::latency::Quantiles;
use crate::rounds::{Contender, Failed, Took};
use crate::session::Session;

/// Messages that one command sends.
const TOGETHER: u32 = 500;
/// Such commands on their way.
const COMMANDS: usize = 8;
/// Round trips of a chain.
const CHAIN: u32 = 100;
/// How long a close may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Messages one way in a run, and in a short one; a twentieth of that in round trips.
const MESSAGES: [u64; 2] = [5_000_000, 20_000];

/// Messages one way, and there and back.
///
/// # Errors
/// The first run that failed.
pub fn links(session: &mut Session<'_>) -> Result<(), Failed> {
    let messages = MESSAGES[usize::from(session.effort.short)];
    let chains = RefCell::new(Histogram::new(3)?);
    let one_way = Contender::new("one way", || one_way(messages));
    let round_trips = Contender::new("round trips, one after the other", || {
        let (took, times) = round_trips(messages / 20)?;
        chains.borrow_mut().add(times)?;
        Ok(took)
    });
    let title = "Messages between islands on two threads, in memory";
    session.hold(title, "messages", vec![one_way, round_trips])?;
    let round_trip = Quantiles::of(&chains.borrow());
    let Quantiles { p50, p99, p999, max } = round_trip;
    session.say(&format!(
        "a round trip, in chains of {CHAIN}: p50 {p50} ns, p99 {p99}, p99.9 {p999}, max {max}\n"
    ))?;
    session.time_round_trip(round_trip);
    Ok(())
}

fn open() -> Result<(Archipelago<Peer>, u64), Failed> {
    let sea = builder().islands(2).threads(2).in_memory().open(|_| Peer::default())?;
    let key = (0_u64..).find(|key| sea.island_of(key.to_le_bytes()) == IslandId(0));
    Ok((sea, key.ok_or("no key of island 0")?))
}

fn one_way(messages: u64) -> Result<Took, Failed> {
    let (sea, key) = open()?;
    let commands = messages.div_ceil(u64::from(TOGETHER));
    let run = || -> Result<(), Failed> {
        let mut asked = VecDeque::new();
        for _ in 0..commands {
            if asked.len() == COMMANDS {
                let oldest: archipelago::Pending<u64> = asked.pop_front().ok_or("one waits")?;
                oldest.wait()?;
            }
            asked.push_back(sea.ask(key.to_le_bytes(), Command::Send(TOGETHER))?);
        }
        asked.into_iter().try_for_each(|asked| Ok(asked.wait().map(|_| ())?))
    };
    let count = commands * u64::from(TOGETHER);
    let (done, took) = Took::time(count, run);
    done?;
    check(sea, count)?;
    Ok(took)
}

fn round_trips(trips: u64) -> Result<(Took, Histogram<u64>), Failed> {
    let (sea, key) = open()?;
    let mut times = Histogram::new(3)?;
    let chains = trips.div_ceil(u64::from(CHAIN));
    let run = || -> Result<(), Failed> {
        for _ in 0..chains {
            let began = Instant::now();
            sea.ask(key.to_le_bytes(), Command::Trips(CHAIN))?.wait()?;
            times.record(began.elapsed().as_nanos() as u64 / u64::from(CHAIN))?;
        }
        Ok(())
    };
    let count = chains * u64::from(CHAIN);
    let (done, took) = Took::time(2 * count, run);
    done?;
    check(sea, 2 * count)?;
    Ok((took, times))
}

/// All messages were consumed, each once.
fn check(sea: Archipelago<Peer>, messages: u64) -> Result<(), Failed> {
    let closed = sea.close(PATIENCE)?;
    let consumed: u64 = closed.stats.iter().map(|island| island.counters.events).sum();
    match consumed == messages {
        true => Ok(()),
        false => Err(format!("{consumed} messages were consumed, not {messages}").into()),
    }
}
