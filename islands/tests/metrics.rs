//! What the runtime reports to a metrics recorder. The recorder is the process's, so this stands
//! alone in its file.
//!
//! It doesn't know exporters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use archipelago::command::AskError;
use archipelago::core::id::RequestNumber;
use archipelago::journal::IdleSeal;
use archipelago::{Durability, Island, Turn, builder};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, Arc<Sum>>>>);

/// A counter's value; of a histogram, how many values there were.
#[derive(Default)]
struct Sum {
    value: AtomicU64,
    reports: AtomicU64,
}

impl CounterFn for Sum {
    fn increment(&self, by: u64) {
        self.value.fetch_add(by, Ordering::Relaxed);
        self.reports.fetch_add(1, Ordering::Relaxed);
    }
    fn absolute(&self, _: u64) {
        unreachable!("the runtime counts up")
    }
}

impl HistogramFn for Sum {
    fn record(&self, seconds: f64) {
        assert!((0.0..60.0).contains(&seconds), "{seconds}");
        self.increment(1);
    }
}

impl Kept {
    fn sum(&self, key: &Key) -> Arc<Sum> {
        Arc::clone(self.0.lock().unwrap().entry(key.name().to_owned()).or_default())
    }

    fn value(&self, name: &str) -> u64 {
        let kept = self.0.lock().unwrap();
        kept.get(name).map_or(0, |sum| sum.value.load(Ordering::Relaxed))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.sum(key))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.sum(key))
    }
}

/// Emits `n` events and one message to itself for `Events(n)`; leaves `Wait` unanswered.
#[derive(Default, Serialize, Deserialize)]
struct Busybody;

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Events(u32),
    Hear,
    Wait,
    Explode,
}

impl Island for Busybody {
    type Command = Command;
    type Event = ();
    type Reply = ();

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        match command {
            Command::Events(n) => {
                (0..n).for_each(|_| turn.emit(()));
                turn.send(turn.island(), Command::Hear);
                turn.reply(());
            }
            Command::Hear | Command::Wait => {}
            Command::Explode => panic!("as asked"),
        }
    }

    fn evolve(&mut self, (): &()) {}
}

#[test]
fn every_figure_is_reported_and_adds_up() {
    let kept = Kept::default();
    assert!(metrics::set_global_recorder(kept.clone()).is_ok());
    let data = tempfile::tempdir().unwrap();
    let built = builder().islands(4).threads(2).unanswered_max(1).journal(data.path());
    let built = built.durability(Durability::Os).idle_seal(IdleSeal::Never);
    let sea = built.open(|_| Busybody).unwrap();
    let client = sea.client("me").unwrap();
    let ask = |number, command: fn() -> Command| loop {
        match client.ask_as(RequestNumber(number), "key", command()) {
            Err(AskError::Busy(_)) => std::thread::yield_now(),
            taken => break taken.unwrap().wait(),
        }
    };
    let refused_before = sea.busy();
    for number in 1..=100 {
        ask(number, || Command::Events(3)).unwrap();
    }
    ask(100, || Command::Events(3)).unwrap();
    ask(101, || Command::Explode).unwrap_err();
    let waiting = sea.ask("key", Command::Wait).unwrap();
    assert!(sea.ask("key", Command::Wait).is_err());
    let (busy, stats) = (sea.busy(), sea.stats().unwrap());
    assert!(busy > refused_before);
    let closed = sea.close(Duration::from_millis(200)).unwrap();
    assert!(waiting.wait().is_err());

    let records: u64 = closed.images.iter().map(|image| image.position.0).sum();
    let commits = kept.value("archipelago_commits_total");
    for (name, expected) in [
        ("archipelago_records_total", records),
        ("archipelago_events_total", 300),
        ("archipelago_messages_sent_total", 100),
        ("archipelago_answers_total", 102),
        ("archipelago_duplicates_total", 1),
        ("archipelago_dead_letters_total", 1),
        ("archipelago_busy_total", busy),
        ("archipelago_commit_seconds", commits),
    ] {
        assert_eq!(kept.value(name), expected, "{name}");
    }
    assert_eq!(stats.iter().map(|island| island.counters.events).sum::<u64>(), 300);
    // The seal of the close is a commit too; it is the journal's own.
    assert_eq!(commits, closed.commits - 1);
    let sealed = closed.journal_bytes - kept.value("archipelago_commit_bytes_total");
    assert!(commits > 0 && sealed == 4096, "{sealed}");
    let reports =
        kept.0.lock().unwrap()["archipelago_events_total"].reports.load(Ordering::Relaxed);
    assert!(reports < 2 * records + 100, "reported per round: {reports}");
}
