//! Cores that runnable threads share evenly: the model of the operating system's scheduler.
//!
//! Rules:
//! 1. With at most as many threads as cores each runs at full speed; with more, each gets an even
//!    part, at every moment.
//! 2. Whoever is done first is next; of two at once, the lower number.
//!
//! It doesn't know what threads do.

use std::collections::BTreeSet;

/// Service is counted in parts of a nanosecond, so that uneven shares round off little.
const PARTS: u64 = 1024;

/// The cores, and who runs on them.
#[derive(Debug)]
pub(super) struct Cores {
    cores: u64,
    /// The virtual time of the last change, in nanoseconds.
    at: u64,
    /// What each thread that runs all the time would have got so far.
    served: u64,
    /// By the service at which its step is done.
    running: BTreeSet<(u64, usize)>,
}

impl Cores {
    /// So many cores (at least one), all idle.
    pub(super) fn new(cores: u32) -> Self {
        let cores = u64::from(cores.max(1));
        Self { cores, at: 0, served: 0, running: BTreeSet::new() }
    }

    /// How much of `PARTS` each runnable thread gets.
    fn share(&self) -> u64 {
        let threads = self.running.len() as u64;
        if threads <= self.cores { PARTS } else { (PARTS * self.cores / threads).max(1) }
    }

    fn advance(&mut self, now: u64) {
        if !self.running.is_empty() {
            self.served += (now - self.at) * self.share();
        }
        self.at = now;
    }

    /// `thread` begins a step of so many nanoseconds of a core.
    pub(super) fn begin(&mut self, now: u64, thread: usize, nanos: u64) {
        self.advance(now);
        self.running.insert((self.served + nanos * PARTS, thread));
    }

    /// When the next step is done, in nanoseconds.
    pub(super) fn next(&self) -> Option<u64> {
        let (done, _) = self.running.first()?;
        Some(self.at + done.saturating_sub(self.served).div_ceil(self.share()))
    }

    /// The thread whose step is done at `now`.
    pub(super) fn end(&mut self, now: u64) -> usize {
        self.advance(now);
        let (_, thread) = self.running.pop_first().expect("a step was on its way");
        thread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(cores: u32, steps: &[u64]) -> Vec<(u64, usize)> {
        let mut all = Cores::new(cores);
        steps.iter().enumerate().for_each(|(thread, nanos)| all.begin(0, thread, *nanos));
        let mut ended = Vec::new();
        while let Some(at) = all.next() {
            ended.push((at, all.end(at)));
        }
        ended
    }

    #[test]
    fn threads_share_cores_evenly() {
        assert_eq!(ends(2, &[100, 50]), [(50, 1), (100, 0)], "each has a core");
        assert_eq!(ends(1, &[100, 50]), [(100, 1), (150, 0)], "half a core each, then a whole");
        assert_eq!(ends(2, &[100, 100, 100, 100]), [(200, 0), (200, 1), (200, 2), (200, 3)]);
    }

    #[test]
    fn idle_time_serves_nobody() {
        let mut cores = Cores::new(1);
        cores.begin(1_000, 0, 10);
        assert_eq!(cores.next(), Some(1_010));
        assert_eq!(cores.end(1_010), 0);
        assert_eq!(cores.next(), None);
        cores.begin(2_000, 1, 10);
        assert_eq!(cores.next(), Some(2_010));
    }
}
