//! What threads of one core cost each other: waking one that has to wait, changing from one to the
//! other, and looking at an empty channel before sleep.
//!
//! Rules:
//! 1. Two threads bound to one core that let each other go first, in turn: that is a change. The
//!    same two waking each other and sleeping: what half a round trip takes beyond a change is the
//!    wake. No other core is woken, and nothing runs at the same time.
//! 2. Where threads cannot be bound, wake and change stay as they were.
//!
//! It doesn't know islands.

use std::time::Instant;

use crossbeam::sync::Parker;
use crossbeam::utils::Backoff;

use super::{median, nanos};
use crate::twin::costs::{Costs, Section};

/// Round trips measured.
const TRIPS: usize = 3_001;
/// Looks at an empty channel measured.
const LOOKS: usize = 301;

/// Measures the section `core`.
pub(super) fn measure(costs: &mut Costs) {
    let (spin, yields) = looks();
    let prices = &mut costs.ps[Section::Core as usize];
    (prices[2], prices[3]) = (spin, yields);
    // A thread of its own: the binding ends with it, and the numbers stay if it cannot be bound.
    let measured = std::thread::spawn(|| bind(usable().last()).then(trips)).join();
    if let Ok(Some((wake, switch))) = measured {
        (prices[0], prices[1]) = (wake, switch);
    }
}

/// The cores that this thread may use; none where that cannot be known.
#[cfg(target_os = "linux")]
pub(super) fn usable() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let Ok(allowed) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
}

/// Binds this thread, and those it makes from now on, to a core. Whether it is bound now.
#[cfg(target_os = "linux")]
pub(super) fn bind(core: Option<&usize>) -> bool {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let Some(core) = core else { return false };
    let mut one = CpuSet::new();
    one.set(*core);
    sched_setaffinity(None, &one).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn usable() -> Vec<usize> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn bind(_: Option<&usize>) -> bool {
    false
}

/// What a wake costs the waker (with the way into sleep, for whoever sleeps), and what a change of
/// threads takes, in picoseconds.
fn trips() -> (u64, u64) {
    let change = changes();
    let (here, there) = (Parker::new(), Parker::new());
    let (wake_here, wake_there) = (here.unparker().clone(), there.unparker().clone());
    let other = std::thread::spawn(move || {
        for _ in 0..TRIPS {
            there.park();
            wake_here.unpark();
        }
    });
    let mut trips = Vec::new();
    for _ in 0..TRIPS {
        let began = Instant::now();
        wake_there.unpark();
        here.park();
        trips.push(nanos(began));
    }
    // It has been woken as often as it waits, and cannot panic.
    let _ = other.join();
    let half = median(&mut trips) * 1000 / 2;
    (half.saturating_sub(change), change)
}

/// A change from one thread to another that can run, in picoseconds.
fn changes() -> u64 {
    let turns = || {
        let began = Instant::now();
        (0..TRIPS).for_each(|_| std::thread::yield_now());
        nanos(began) * 1000 / TRIPS as u64
    };
    let other = std::thread::spawn(turns);
    let here = turns();
    // It yields so often and ends, and cannot panic.
    let there = other.join().unwrap_or(here);
    // Each turn is a change to the other and one back; whoever begins is alone for a while.
    here.max(there) / 2
}

/// What a channel's receiver does before it sleeps: the spins together, and each yield, in
/// picoseconds.
fn looks() -> (u64, u64) {
    let (mut spins, mut yields) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let backoff = Backoff::new();
        let mut each = Vec::new();
        while !backoff.is_completed() {
            let began = Instant::now();
            backoff.snooze();
            each.push(nanos(began) * 1000);
        }
        let yielding = each.split_off(each.len().saturating_sub(YIELDS));
        spins.push(each.iter().sum());
        yields.extend(yielding);
    }
    (median(&mut spins), median(&mut yields))
}

/// The last so many looks of a receiver are yields.
const YIELDS: usize = 4;
