//! The digests of states in a journal: each replay compares its own, and the first block whose
//! records lead to another state is named. Real threads, real files.
//!
//! It doesn't know how a digest is laid out.

use std::path::Path;
use std::time::Duration;

use archipelago::journal::{DataDirectory, Durability, JournalError, ScanMode, scan};
use archipelago::replay::{At, Log, OpenError, OtherState};
use archipelago::snapshot::take_at_rest;
use archipelago::{DigestPolicy, Island, IslandId, Limits, Settled, Turn, builder};
use serde::{Deserialize, Serialize};

/// A sum of what was added. From the addition number `WRONG_FROM` on it adds `WRONG_BY` more than
/// it should; it decides as it always did.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sum<const STATE: u32, const WRONG_FROM: u64, const WRONG_BY: u64> {
    additions: u64,
    sum: u64,
}

type Right = Sum<0, { u64::MAX }, 0>;

impl<const STATE: u32, const WRONG_FROM: u64, const WRONG_BY: u64> Island
    for Sum<STATE, WRONG_FROM, WRONG_BY>
{
    type Command = u64;
    type Event = u64;
    type Reply = ();
    const STATE_VERSION: u32 = STATE;

    fn decide(&self, number: u64, turn: &mut Turn<Self>) {
        turn.emit(number);
        turn.reply(());
    }

    fn evolve(&mut self, number: &u64) {
        self.additions += 1;
        self.sum = self.sum.wrapping_add(*number);
        if self.additions >= WRONG_FROM {
            self.sum = self.sum.wrapping_add(WRONG_BY);
        }
    }
}

fn born<I: Default>(_: IslandId) -> I {
    I::default()
}

/// Adds 1 to `additions` on one island, one after the other, so that each is a block. Digests are
/// taken every `every` records.
fn make_journal(data: &Path, additions: u64, every: u64) {
    let limits = Limits { digests: DigestPolicy::every(every), ..Limits::default() };
    let sea = builder().islands(1).limits(limits).durability(Durability::Os);
    let sea = sea.journal(data).open(born::<Right>).unwrap();
    for number in 1..=additions {
        sea.ask("key", number).unwrap().wait().unwrap();
    }
    assert_eq!(sea.close(Duration::from_secs(20)).unwrap().settled, Settled::Yes);
}

fn restored<I: Island + Default>(data: &Path) -> Result<u64, OpenError> {
    Ok(Log::open(data)?.restore(1, born::<I>)?.figures.digests)
}

fn other_state<T: std::fmt::Debug>(found: Result<T, OpenError>) -> OtherState {
    match found {
        Err(OpenError::OtherState(other)) => *other,
        found => panic!("{found:?}"),
    }
}

/// The last records of the blocks that hold a digest.
fn digests_behind(data: &Path) -> Vec<u64> {
    let directory = DataDirectory::open_read_only(data).unwrap();
    let settings = directory.description().settings(Default::default(), Durability::Os);
    let mut found = Vec::new();
    scan(&directory.storage().unwrap(), &settings, ScanMode::ReadOnly, &mut |block| {
        found.extend(block.trailer().map(|_| block.header.upto().0));
        Ok::<(), JournalError>(())
    })
    .unwrap();
    found
}

#[test]
fn every_replay_compares_the_digests_and_a_restart_goes_on_taking_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    make_journal(data, 25, 10);
    assert_eq!(digests_behind(data), [10, 20]);
    assert_eq!(restored::<Right>(data).unwrap(), 2);
    let verified = Log::open(data).unwrap().again().verify(born::<Right>).unwrap();
    assert_eq!((verified.decided.digests, verified.other_state), (2, None));
    let snapshot = take_at_rest::<Right>(data, born).unwrap();
    assert!(snapshot.file.is_some());
    make_journal(data, 25, 10);
    assert_eq!(digests_behind(data), [10, 20, 35, 45]);
    assert_eq!(restored::<Right>(data).unwrap(), 4);
    // From the snapshot on there are two.
    let sea = builder().islands(1).journal(data).open(born::<Right>).unwrap();
    assert!(sea.started_from().is_some());
    assert_eq!(sea.recovery().0.digests, 2);
}

#[test]
fn the_first_block_after_evolve_has_changed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    make_journal(data, 50, 10);
    // One bit is another from record 33 on: seen behind record 40.
    type Wrong = Sum<0, 33, 1>;
    let other = other_state(restored::<Wrong>(data));
    assert_eq!((other.island.0, other.first.0, other.last.0, other.sure.0), (0, 40, 40, 30));
    assert_ne!(other.recorded, other.replayed);
    let words = other.to_string();
    let offset = format!("00000001.segment, offset {}", other.place.offset);
    for part in [&*offset, "island 0, records 40 to 40", "after record 30", "STATE_VERSION"] {
        assert!(words.contains(part), "{words}");
    }
    // A start says the same; so does whoever makes a snapshot.
    let opened = builder().islands(1).journal(data).open(born::<Wrong>).map(|_| ());
    assert_eq!(other_state(opened), other);
    assert_eq!(other_state(take_at_rest::<Wrong>(data, born)), other);
    // To verify tells it beside the decisions, which are as they were.
    let verified = Log::open(data).unwrap().again().verify(born::<Wrong>).unwrap();
    assert_eq!((verified.differing, verified.decided.digests), (0, 3));
    assert_eq!(verified.other_state, Some(other));
    // To ask what another decider would do does not.
    let what_if = Log::open(data).unwrap().again().what_if(born::<Wrong>).unwrap();
    assert_eq!((what_if.differing(), what_if.decided.digests), (0, 0));
}

#[test]
fn islands_that_are_born_otherwise_are_told_at_the_first_digest() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 12, 4);
    let log = Log::open(folder.path()).unwrap();
    let richer = |_| Right { additions: 0, sum: 1 };
    let other = other_state(log.restore(1, richer).map(|restored| restored.figures));
    assert_eq!((other.last.0, other.sure.0), (4, 0));
}

#[test]
fn a_digest_of_another_state_version_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 50, 10);
    assert_eq!(restored::<Sum<1, 33, 1>>(folder.path()).unwrap(), 0);
    // What changed on purpose goes on with digests of its own.
    let limits = Limits { digests: DigestPolicy::every(1), ..Limits::default() };
    let sea = builder().islands(1).limits(limits).journal(folder.path());
    let sea = sea.open(born::<Sum<1, 33, 1>>).unwrap();
    sea.ask("key", 51).unwrap().wait().unwrap();
    drop(sea);
    assert_eq!(restored::<Sum<1, 33, 1>>(folder.path()).unwrap(), 1);
}

#[test]
fn a_point_inside_a_block_compares_nothing_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    make_journal(data, 25, 10);
    let upto = |position: u64| {
        let point = At::Record(IslandId(0), archipelago::core::id::JournalPosition(position));
        let log = Log::open(data).unwrap().at(point).unwrap();
        log.restore(1, born::<Right>).unwrap().figures.digests
    };
    assert_eq!([upto(9), upto(10), upto(19), upto(25)], [0, 1, 1, 2]);
}

#[test]
fn no_policy_no_digests() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { digests: DigestPolicy::NEVER, ..Limits::default() };
    let sea = builder().islands(1).limits(limits).journal(folder.path());
    let sea = sea.open(born::<Right>).unwrap();
    (0..100).for_each(|number| sea.ask("key", number).unwrap().wait().unwrap());
    drop(sea);
    assert_eq!(digests_behind(folder.path()), [0_u64; 0]);
}
