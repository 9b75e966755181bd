//! Cores, and who runs on them: the model of the operating system's scheduler.
//!
//! Rules:
//! 1. A thread stays on its core, which is drawn at the beginning and again at one wake in
//!    [`STAYS`]: others may be idle. Woken while its core is idle, it runs after the latency; else
//!    it waits there behind those that wait already. Nobody is interrupted for it.
//! 2. A thread that has run for [`SLICE`] goes behind those that wait, as does one that yields.
//! 3. A core that changes from one thread to another takes a while for it.
//! 4. Whoever is done first is next; of two at once, the one on the lower core.
//!
//! It doesn't know what threads do.

use std::collections::{BTreeSet, VecDeque};

use super::network::mix;

/// How long a thread runs while others wait, in nanoseconds: as Linux's, for two cores.
const SLICE: u64 = 1_400_000;

/// Of so many wakes one takes the thread to another core. Of the runtime's threads on two cores it
/// was one in 500 to 900.
const STAYS: u64 = 512;

/// Whether a woken thread found its core idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Idle,
    Busy,
}

#[derive(Clone, Debug, Default)]
struct Core {
    running: Option<usize>,
    waiting: VecDeque<usize>,
    /// Nanoseconds since it was given to the one that runs, or since nobody else waited then.
    ran: u64,
    /// How long it runs until the next look.
    piece: u64,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    core: usize,
    /// Nanoseconds left of its step.
    left: u64,
}

/// The cores, and who runs on them.
#[derive(Debug)]
pub(super) struct Cores {
    cores: Vec<Core>,
    seats: Vec<Seat>,
    switch: u64,
    seed: u64,
    wakes: u64,
    /// When the cores that run are to be looked at.
    looks: BTreeSet<(u64, usize)>,
}

impl Cores {
    /// So many cores (at least one), all idle, for so many threads, all asleep; a change of
    /// threads takes `switch` nanoseconds.
    pub(super) fn new(cores: u32, switch: u64, threads: usize, seed: u64) -> Self {
        let cores = cores.max(1) as usize;
        let seat = |thread| Seat { core: draw(seed, thread as u64, cores), left: 0 };
        Self {
            cores: vec![Core::default(); cores],
            seats: (0..threads).map(seat).collect(),
            switch,
            seed,
            wakes: 0,
            looks: BTreeSet::new(),
        }
    }

    /// `thread` can run: its first step begins when it has had a core for `cold` nanoseconds, and
    /// after `latency` more if that is idle.
    pub(super) fn wake(&mut self, now: u64, thread: usize, latency: u64, cold: u64) -> Found {
        self.wakes += 1;
        if mix(!self.seed, self.wakes).is_multiple_of(STAYS) {
            self.seats[thread].core = draw(!self.seed, !self.wakes, self.cores.len());
        }
        let at = self.seats[thread].core;
        self.seats[thread].left = cold;
        if self.cores[at].running.is_some() {
            self.cores[at].waiting.push_back(thread);
            return Found::Busy;
        }
        self.give(now, at, thread, latency);
        Found::Idle
    }

    fn give(&mut self, now: u64, at: usize, thread: usize, after: u64) {
        let core = &mut self.cores[at];
        (core.running, core.ran) = (Some(thread), 0);
        self.seats[thread].left += after;
        self.go_on(now, at, thread);
    }

    fn go_on(&mut self, now: u64, at: usize, thread: usize) {
        let core = &mut self.cores[at];
        core.piece = self.seats[thread].left.min(SLICE.saturating_sub(core.ran));
        self.looks.insert((now + core.piece, at));
    }

    /// `thread`, whose step is done, begins one of so many nanoseconds.
    pub(super) fn begin(&mut self, now: u64, thread: usize, nanos: u64) {
        let at = self.seats[thread].core;
        self.seats[thread].left = nanos;
        let core = &mut self.cores[at];
        if core.ran < SLICE {
            self.go_on(now, at, thread);
        } else if core.waiting.is_empty() {
            core.ran = 0;
            self.go_on(now, at, thread);
        } else {
            self.back(now, at, thread);
        }
    }

    /// As [`Cores::begin`], but lets those that wait go first.
    pub(super) fn let_others(&mut self, now: u64, thread: usize, nanos: u64) {
        let at = self.seats[thread].core;
        self.seats[thread].left = nanos;
        if self.cores[at].waiting.is_empty() {
            self.begin(now, thread, nanos);
        } else {
            self.back(now, at, thread);
        }
    }

    fn back(&mut self, now: u64, at: usize, thread: usize) {
        self.cores[at].waiting.push_back(thread);
        self.change(now, at);
    }

    /// `thread`, whose step is done, sleeps.
    pub(super) fn leave(&mut self, now: u64, thread: usize) {
        self.change(now, self.seats[thread].core);
    }

    fn change(&mut self, now: u64, at: usize) {
        self.cores[at].running = None;
        if let Some(next) = self.cores[at].waiting.pop_front() {
            self.give(now, at, next, self.switch);
        }
    }

    /// When to call [`Cores::end`], in nanoseconds.
    pub(super) fn next(&self) -> Option<u64> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// The thread whose step is done at `now`, if one is: it begins another one or leaves.
    pub(super) fn end(&mut self, now: u64) -> Option<usize> {
        let (_, at) = self.looks.pop_first()?;
        let core = &mut self.cores[at];
        let thread = core.running?;
        core.ran += core.piece;
        let left = self.seats[thread].left - core.piece;
        if left == 0 {
            self.seats[thread].left = 0;
            return Some(thread);
        }
        self.begin(now, thread, left);
        None
    }
}

/// A core drawn for `about`.
const fn draw(seed: u64, about: u64, cores: usize) -> usize {
    (mix(seed, about) % cores as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threads that run one step each: when each is done.
    fn ends(cores: u32, steps: &[u64]) -> Vec<(u64, usize)> {
        let mut all = Cores::new(cores, 5, steps.len(), 0);
        all.seats.iter_mut().enumerate().for_each(|(at, seat)| seat.core = at % cores as usize);
        let mut begun = vec![false; steps.len()];
        steps.iter().enumerate().for_each(|(thread, _)| {
            assert!(all.wake(0, thread, 20, 0) == Found::Idle || cores == 1)
        });
        let mut ended = Vec::new();
        while let Some(at) = all.next() {
            let Some(thread) = all.end(at) else { continue };
            if std::mem::replace(&mut begun[thread], true) {
                ended.push((at, thread));
                all.leave(at, thread);
            } else {
                all.begin(at, thread, steps[thread]);
            }
        }
        ended
    }

    #[test]
    fn threads_of_one_core_take_turns_and_changes_cost() {
        assert_eq!(ends(2, &[100, 50]), [(70, 1), (120, 0)], "each has a core");
        assert_eq!(ends(1, &[100, 50]), [(120, 0), (175, 1)], "one after the other");
        let long = SLICE + 100;
        assert_eq!(ends(1, &[long, 50]), [(SLICE + 55, 1), (SLICE + 180, 0)]);
    }

    #[test]
    fn who_yields_lets_others_go_first() {
        let mut cores = Cores::new(1, 5, 2, 0);
        assert_eq!((cores.wake(0, 0, 0, 0), cores.wake(0, 1, 0, 0)), (Found::Idle, Found::Busy));
        assert_eq!(cores.end(0), Some(0));
        cores.let_others(0, 0, 10);
        assert_eq!((cores.next(), cores.end(5)), (Some(5), Some(1)));
        cores.leave(5, 1);
        assert_eq!((cores.next(), cores.end(20)), (Some(20), Some(0)));
        cores.let_others(20, 0, 10);
        assert_eq!(cores.next(), Some(30), "nobody waits");
    }
}
