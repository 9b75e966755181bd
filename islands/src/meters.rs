//! What the runtime counts for the program's metrics recorder (crate `metrics`), all in one place.
//!
//! | name | kind | counts |
//! |---|---|---|
//! | `archipelago_records_total` | counter | records made |
//! | `archipelago_events_total` | counter | events evolved |
//! | `archipelago_messages_sent_total` | counter | messages sent, also to oneself |
//! | `archipelago_answers_total` | counter | requests answered, errors included |
//! | `archipelago_duplicates_total` | counter | requests that had been decided before |
//! | `archipelago_dead_letters_total` | counter | dead letters made |
//! | `archipelago_busy_total` | counter | asks refused: an island or a queue is full |
//! | `archipelago_commits_total` | counter | commits that became durable |
//! | `archipelago_commit_bytes_total` | counter | their bytes, headers and padding included |
//! | `archipelago_commit_seconds` | histogram | seconds of a commit with its flush |
//!
//! Rules:
//! 1. Reported per round of a worker that did something, and per commit; never per event. Without
//!    a recorder a report costs some tens of nanoseconds.
//! 2. No labels: one process is one system. Figures by island are `Archipelago::stats`.
//!
//! It doesn't know who reads them.

use std::time::Duration;

use archipelago_core::island::Counters;

/// Figures of a worker's round.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    made: Counters,
    pub(crate) answers: u64,
    pub(crate) busy: u64,
}

impl Tally {
    /// Adds what an island has done since `before`, which becomes `now`.
    pub(crate) const fn add(&mut self, before: &mut Counters, now: Counters) {
        self.made.records += now.records - before.records;
        self.made.events += now.events - before.events;
        self.made.sends += now.sends - before.sends;
        self.made.duplicates += now.duplicates - before.duplicates;
        self.made.dead_letters += now.dead_letters - before.dead_letters;
        *before = now;
    }

    /// Reports what was gathered, and starts anew.
    pub(crate) fn report(&mut self) {
        if *self == Self::default() {
            return;
        }
        let Self { made, answers, busy } = std::mem::take(self);
        metrics::counter!("archipelago_records_total").increment(made.records);
        metrics::counter!("archipelago_events_total").increment(made.events);
        metrics::counter!("archipelago_messages_sent_total").increment(made.sends);
        metrics::counter!("archipelago_answers_total").increment(answers);
        if made.duplicates + made.dead_letters + busy > 0 {
            metrics::counter!("archipelago_duplicates_total").increment(made.duplicates);
            metrics::counter!("archipelago_dead_letters_total").increment(made.dead_letters);
            metrics::counter!("archipelago_busy_total").increment(busy);
        }
    }
}

/// Reports a commit that became durable.
pub(crate) fn committed(bytes: u64, time: Duration) {
    metrics::counter!("archipelago_commits_total").increment(1);
    metrics::counter!("archipelago_commit_bytes_total").increment(bytes);
    metrics::histogram!("archipelago_commit_seconds").record(time.as_secs_f64());
    tracing::trace!(bytes, ?time, "committed");
}
