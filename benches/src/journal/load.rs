//! Islands that count, and clients that keep them busy.
//!
//! Rules:
//! 1. Each client has so many requests on its way, and waits for the oldest: a closed loop, as busy
//!    as it gets.
//! 2. A latency is from asking to having the answer in hand, which was durable then.
//!
//! It doesn't know what is measured.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use archipelago::{Archipelago, Builder, Island, Turn, builder};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{Failed, histogram};

/// Clients that ask at the same time.
pub const CLIENTS: u64 = 2;
/// Requests each has on its way.
pub const ON_THEIR_WAY: usize = 512;
/// Longer than any limit is reached.
const LONG: Duration = Duration::from_secs(60);

/// Counts by slot.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tally {
    counts: Vec<u64>,
}

/// Counts so many slots up, from one on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Count {
    /// The first slot.
    pub slot: u32,
    /// How many events.
    pub events: u32,
}

/// One slot counted up by so much.
#[derive(Debug, Serialize, Deserialize)]
pub struct Counted(u32, u64);

impl Tally {
    /// One with so many slots.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self { counts: vec![0; slots] }
    }
}

impl Island for Tally {
    type Command = Count;
    type Event = Counted;
    type Reply = u64;

    fn decide(&self, Count { slot, events }: Count, turn: &mut Turn<Self>) {
        let slots = self.counts.len() as u32;
        for event in 0..events {
            turn.emit(Counted(slot.wrapping_add(event) % slots, 1));
        }
        turn.reply(self.counts[(slot % slots) as usize]);
    }

    fn evolve(&mut self, Counted(slot, by): &Counted) {
        self.counts[*slot as usize] += by;
    }
}

/// 16 islands with their journal at `data`.
#[must_use]
pub fn on(data: &Path) -> Builder {
    builder().islands(16).journal(data)
}

/// What clients measured.
pub struct Measured {
    /// Latencies in microseconds, by phase.
    pub latency_us: Vec<Histogram<u64>>,
    /// Answers by phase.
    pub answers: Vec<u64>,
}

/// In which phase clients are, and whether they go on.
#[derive(Debug, Default)]
pub struct Phase {
    now: AtomicUsize,
    over: AtomicBool,
}

impl Phase {
    /// Begins a phase.
    pub fn begin(&self, phase: usize) {
        self.now.store(phase, Ordering::Relaxed);
    }

    /// Ends the measurement.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Keeps `sea` busy until the last phase of `phases` is over, which `conduct` says, on this thread.
///
/// # Errors
/// What an island or `conduct` says.
pub fn busy<T>(
    sea: &Archipelago<Tally>,
    phases: usize,
    events: u32,
    conduct: impl FnOnce(&Phase) -> Result<T, Failed>,
) -> Result<(Measured, T), Failed> {
    let phase = Phase::default();
    std::thread::scope(|scope| {
        let phase = &phase;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || ask_on(sea, client, phases, events, phase)))
            .collect();
        let done = conduct(phase);
        phase.end();
        let mut measured = Measured {
            latency_us: (0..phases).map(|_| histogram()).collect(),
            answers: vec![0; phases],
        };
        for client in clients {
            let latencies = client.join().map_err(|_| "a client panicked")??;
            for (at, one) in latencies.iter().enumerate() {
                measured.latency_us[at].add(one)?;
                measured.answers[at] += one.len();
            }
        }
        Ok((measured, done?))
    })
}

fn ask_on(
    sea: &Archipelago<Tally>,
    client: u64,
    phases: usize,
    events: u32,
    phase: &Phase,
) -> Result<Vec<Histogram<u64>>, Failed> {
    let mut latencies: Vec<_> = (0..phases).map(|_| histogram()).collect();
    let mut waiting = VecDeque::with_capacity(ON_THEIR_WAY);
    let mut number = client << 32;
    while !phase.over.load(Ordering::Relaxed) {
        while waiting.len() < ON_THEIR_WAY {
            number += 1;
            // 64-bit multiplication spreads what follows one another.
            let slot = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32;
            let asked = sea.ask_within(LONG, number.to_le_bytes(), Count { slot, events })?;
            waiting.push_back((asked, Instant::now(), phase.now.load(Ordering::Relaxed)));
        }
        let Some((asked, at, began)) = waiting.pop_front() else { continue };
        asked.wait()?;
        // What was asked in one phase and answered in another belongs to neither.
        if began == phase.now.load(Ordering::Relaxed) {
            let micros = at.elapsed().as_micros().max(1) as u64;
            latencies[began].record(micros)?;
        }
    }
    Ok(latencies)
}

/// Makes `total` events, `each` by a command.
///
/// # Errors
/// What an island says.
pub fn make(sea: &Archipelago<Tally>, total: u64, each: u32) -> Result<(), Failed> {
    let mut waiting = VecDeque::with_capacity(ON_THEIR_WAY);
    for number in 0..total.div_ceil(u64::from(each)) {
        if waiting.len() == ON_THEIR_WAY {
            let oldest: archipelago::Pending<u64> = waiting.pop_front().ok_or("one waits")?;
            oldest.wait()?;
        }
        let count = Count { slot: number as u32, events: each };
        waiting.push_back(sea.ask_within(LONG, number.to_le_bytes(), count)?);
    }
    for asked in waiting {
        asked.wait()?;
    }
    Ok(())
}
