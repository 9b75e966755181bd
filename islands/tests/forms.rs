//! Events of both forms, by serde and of fixed fields: decided, journaled and replayed alike; and
//! what a replay says of an event that cannot be evolved or read.
#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use archipelago::core::codec::Wire;
use archipelago::core::fixed;
use archipelago::core::id::JournalPosition;
use archipelago::replay::Log;
use archipelago::{Island, OpenError, Settled, SnapshotPolicy, Turn, builder};
use serde::{Deserialize, Serialize};
use zerocopy::little_endian::U64;

#[derive(Debug, Serialize, Deserialize)]
enum Plain {
    Added(u64),
    Doubled,
}

fixed! {
    #[derive(Debug)]
    enum Fixed {
        Added(U64) = 0,
        Doubled = 1,
    }
}

/// What both say.
trait Form: Wire {
    fn added(units: u64) -> Self;
    fn doubled() -> Self;
    /// The units that were added; none when they were doubled.
    fn units(&self) -> Option<u64>;
}

impl Form for Plain {
    fn added(units: u64) -> Self {
        Self::Added(units)
    }

    fn doubled() -> Self {
        Self::Doubled
    }

    fn units(&self) -> Option<u64> {
        match self {
            Self::Added(units) => Some(*units),
            Self::Doubled => None,
        }
    }
}

impl Form for Fixed {
    fn added(units: u64) -> Self {
        Self::Added(units.into())
    }

    fn doubled() -> Self {
        Self::Doubled
    }

    fn units(&self) -> Option<u64> {
        match self {
            Self::Added(units) => Some(units.get()),
            Self::Doubled => None,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
struct Count<F> {
    units: u64,
    /// Adding so many panics.
    trap: u64,
    form: PhantomData<fn(F)>,
}

impl<F> Count<F> {
    fn new(trap: u64) -> Self {
        Self { units: 0, trap, form: PhantomData }
    }
}

impl<F: Form> Island for Count<F> {
    type Command = u64;
    type Event = F;
    type Reply = ();

    /// Adds, and doubles after each tenth.
    fn decide(&self, units: u64, turn: &mut Turn<Self>) {
        turn.emit(F::added(units));
        if units.is_multiple_of(10) {
            turn.emit(F::doubled());
        }
        turn.reply(());
    }

    fn evolve(&mut self, event: &F) {
        match event.units() {
            Some(units) => {
                assert_ne!(units, self.trap, "as asked");
                self.units = self.units.wrapping_add(units);
            }
            None => self.units = self.units.wrapping_mul(2),
        }
    }
}

const COMMANDS: u64 = 1000;

fn units() -> u64 {
    (1..=COMMANDS).fold(0_u64, |sum, units| {
        let sum = sum.wrapping_add(units);
        if units.is_multiple_of(10) { sum.wrapping_mul(2) } else { sum }
    })
}

fn make_journal<F: Form>(data: &Path) {
    let sea = builder().islands(1).journal(data).snapshots(SnapshotPolicy::NEVER);
    let sea = sea.open(|_| Count::<F>::new(0)).unwrap();
    let client = sea.client("me").unwrap();
    for units in 1..=COMMANDS {
        client.tell("key", units).unwrap();
    }
    drop(client);
    let closed = sea.close(Duration::from_secs(20)).unwrap();
    assert_eq!(closed.settled, Settled::Yes);
    assert_eq!(closed.images[0].state.units, units());
}

fn comes_back<F: Form>() {
    let folder = tempfile::tempdir().unwrap();
    make_journal::<F>(folder.path());
    let log = Log::open(folder.path()).unwrap();
    let restored = log.restore(1, |_| Count::<F>::new(0)).unwrap();
    assert_eq!(restored.images[0].state.units, units());
    assert_eq!(restored.figures.events, COMMANDS + COMMANDS / 10);
    // Records stand many in a block: the very one is named, wherever it is.
    for trap in [1, 2, 300, 301, COMMANDS] {
        let failed = log.restore(1, |_| Count::<F>::new(trap)).unwrap_err();
        let OpenError::Record { position, ref reason, .. } = failed else {
            panic!("{failed}");
        };
        assert_eq!(position, JournalPosition(trap), "{failed}");
        assert!(reason.contains("evolve panicked"), "{failed}");
    }
}

#[test]
fn events_by_serde_come_back_and_one_that_panics_is_named() {
    comes_back::<Plain>();
}

#[test]
fn events_of_fixed_fields_come_back_and_one_that_panics_is_named() {
    comes_back::<Fixed>();
}

#[test]
fn events_of_the_other_form_are_refused_with_their_record() {
    let folder = tempfile::tempdir().unwrap();
    make_journal::<Plain>(folder.path());
    let failed = Log::open(folder.path()).unwrap().restore(1, |_| Count::<Fixed>::new(0));
    let failed = failed.unwrap_err();
    let OpenError::Record { position, ref reason, .. } = failed else { panic!("{failed}") };
    assert_eq!(position, JournalPosition(1), "{failed}");
    assert!(reason.contains("Fixed: what begins so has 9"), "{failed}");
}
