//! CPU time of this process.
//!
//! It doesn't know what it is spent on.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time, user and system, that all threads of this process have used.
#[must_use]
pub fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |value: i64| u64::try_from(value).expect("CPU time is not negative");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Runs `work`; says what it returned and the CPU time it took.
pub fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = spent();
    let done = work();
    (done, spent() - before)
}
