//! What passing things between threads costs: waking one that sleeps, and handing things over.
//!
//! Rules:
//! 1. A sleeper is woken after it has slept for a while, so that it really sleeps.
//! 2. The two threads are bound to a core each, where that can be done: else the operating system
//!    sometimes puts both on one, and none is woken.
//! 3. A thing handed over is allocated here and freed there, as frames and requests are. It is
//!    taken when all are there: nobody in the runtime looks at an empty queue again and again.
//!
//! It doesn't know islands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam::queue::SegQueue;
use crossbeam::sync::Parker;

use super::core::{bind, usable};
use super::{median, nanos};
use crate::twin::costs::{Costs, Section};

/// Wake-ups measured.
const WAKES: usize = 301;
/// How long a sleeper sleeps before it is woken.
const SLEEP: Duration = Duration::from_micros(300);
/// Things handed over per measurement, and measurements.
const HANDED: u64 = 20_000;
const ROUNDS: usize = 9;
/// Bytes of each thing.
const BYTES: usize = 160;

/// Measures the section `thread`.
pub(super) fn measure(costs: &mut Costs) {
    let round = round();
    // A thread of its own: the binding ends with it.
    let apart = std::thread::spawn(|| {
        let cores = usable();
        bind(cores.first());
        (wake(cores.last()), hop(cores.last()))
    });
    if let Ok(((wake, latency), hop)) = apart.join() {
        costs.ps[Section::Thread as usize] = [round, hop, wake * 1000, latency * 1000, 0];
    }
}

/// What waking costs the waker, and how long it takes until the sleeper runs, in nanoseconds.
fn wake(there: Option<&usize>) -> (u64, u64) {
    let there = there.copied();
    let parker = Parker::new();
    let unparker = parker.unparker().clone();
    let base = Instant::now();
    let woken = Arc::new(AtomicU64::new(0));
    let woken_there = Arc::clone(&woken);
    let sleeper = std::thread::spawn(move || {
        bind(there.as_ref());
        for _ in 0..WAKES {
            parker.park();
            woken_there.store(nanos(base), Ordering::SeqCst);
        }
    });
    let (mut costs, mut latencies) = (Vec::new(), Vec::new());
    for _ in 0..WAKES {
        let began = Instant::now();
        while began.elapsed() < SLEEP {
            std::thread::yield_now();
        }
        let before = nanos(base);
        unparker.unpark();
        costs.push(nanos(base) - before);
        let mut at = 0;
        while at == 0 {
            std::thread::yield_now();
            at = woken.swap(0, Ordering::SeqCst);
        }
        latencies.push(at.saturating_sub(before));
    }
    // It has nothing left to wait for, and cannot panic.
    let _ = sleeper.join();
    (median(&mut costs), median(&mut latencies))
}

/// What putting something into another thread's queue costs, or taking it from there, in
/// picoseconds: half of both.
fn hop(core: Option<&usize>) -> u64 {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let queue = Arc::new(SegQueue::new());
        let (incoming, there) = (Arc::clone(&queue), core.copied());
        let pushed = Arc::new(AtomicBool::new(false));
        let all_there = Arc::clone(&pushed);
        let taker = std::thread::spawn(move || {
            bind(there.as_ref());
            while !all_there.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            let (began, mut sum) = (Instant::now(), 0_u64);
            while let Some(thing) = incoming.pop() {
                let thing: Box<[u8; BYTES]> = thing;
                sum += u64::from(thing[sum as usize % BYTES]);
            }
            (nanos(began), sum)
        });
        let began = Instant::now();
        for at in 0..HANDED {
            queue.push(Box::new([at as u8; BYTES]));
        }
        let pushing = nanos(began);
        pushed.store(true, Ordering::Release);
        let taking = taker.join().map_or(0, |(taking, _)| taking);
        times.push((pushing + taking) * 1000 / (2 * HANDED));
    }
    median(&mut times)
}

/// What a worker's round costs besides what is done in it: looks at the clock and at empty queues,
/// in picoseconds.
fn round() -> u64 {
    let queues: [SegQueue<u64>; 4] = Default::default();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let (began, mut seen) = (Instant::now(), 0);
        for _ in 0..HANDED {
            seen += nanos(began) & 1;
            seen += queues.iter().filter_map(SegQueue::pop).sum::<u64>();
        }
        let took = nanos(began) + std::hint::black_box(seen & 1);
        times.push(took * 1000 / HANDED);
    }
    median(&mut times)
}
