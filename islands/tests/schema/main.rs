//! A journal opened by a program whose commands, events and replies have other forms: what was
//! written is read as if it had been decided now.
//!
//! Rules: the older till writes with the running system; what the newer one makes of it is looked
//! at in its images, and driven as kernels, so that no clock is waited for.
//!
//! It doesn't know how records are rewritten.

mod tills;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archipelago::core::codec::decode;
use archipelago::core::command::route::Table;
use archipelago::core::id::{Asker, Session};
use archipelago::core::island::{Admitted, Answer, Kernel, Output, Request};
use archipelago::core::journal::frame::{BlockPlace, SegmentNumber};
use archipelago::core::journal::record::Source;
use archipelago::core::replay::Image;
use archipelago::drive::{Driver, Rereader};
use archipelago::journal::{DataDirectory, Durability, Durable};
use archipelago::replay::{Log, OpenError};
use archipelago::snapshot::{Folder, Keep, Unacked, archive, newest};
use archipelago::{
    DigestPolicy, Island, IslandId, Limits, Millis, RequestNumber, SchemaVersion, Turn, builder,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tills::{New, NewCommand, Old, OldCommand, OldEvent, Purse, noted};

/// The next program after that one.
type Newer = New<1>;

const ISLANDS: u32 = 2;
/// Longer than any test takes: its timers never fire in the older program.
const AGES: u64 = 3_600_000;

fn born<I: Default>(_: IslandId) -> I {
    I::default()
}

/// Keys of both islands.
fn key(island: u32) -> String {
    let table = Table::modulo(ISLANDS).unwrap();
    let mut keys = (0..).map(|number| format!("key {number}"));
    keys.find(|key| table.island_of(key.as_bytes()) == IslandId(island)).unwrap()
}

fn limits() -> Limits {
    Limits { digests: DigestPolicy::every(1), ..Limits::default() }
}

/// Has the older program decide `commands`, one after the other; then two snapshots are made, if
/// that is asked for.
fn write(data: &Path, commands: &[(u32, OldCommand)], snapshots: u32) {
    let sea = builder().islands(ISLANDS).limits(limits()).segment_bytes(8192);
    let sea = sea.durability(Durability::Os).journal(data).open(born::<Old>).unwrap();
    let client = sea.client("me").unwrap();
    for (island, command) in commands {
        let _ = client.ask(key(*island), command.clone()).unwrap().wait();
    }
    // What is sent to an island that has stopped never arrives.
    let stops = commands.iter().any(|(_, command)| matches!(command, OldCommand::Stop));
    let time = Duration::from_millis(if stops { 200 } else { 20_000 });
    sea.settle(time).unwrap();
    for _ in 0..snapshots {
        sea.client("another").unwrap().tell(key(0), OldCommand::Odd { cents: 2 }).unwrap();
        sea.settle(time).unwrap();
        assert!(sea.snapshot().unwrap().is_some());
    }
}

fn purses<const SCHEMA: u32>(images: &[Image<New<SCHEMA>>]) -> Vec<Purse> {
    images.iter().map(|image| image.state.0.clone()).collect()
}

fn restored(data: &Path) -> Vec<Image<Newer>> {
    Log::open(data).unwrap().restore(2, born::<Newer>).unwrap().images
}

fn commands() -> impl Strategy<Value = Vec<(u32, OldCommand)>> {
    let command = prop_oneof![
        3 => (0_u64..1000).prop_map(|cents| OldCommand::Pay { cents }),
        2 => (0..ISLANDS, 0_u64..1000).prop_map(|(to, cents)| OldCommand::HandOn { to, cents }),
        1 => (0_u64..1000).prop_map(|cents| OldCommand::Later { millis: AGES, cents }),
        1 => (0_u64..9).prop_map(|cents| OldCommand::Odd { cents }),
    ];
    prop::collection::vec((0..ISLANDS, command), 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Decided again by the newer program, every record is the rewritten one to the byte: events,
    /// messages, replies, timers and dead letters. And the state is that of the newer program.
    #[test]
    fn what_the_older_program_wrote_is_as_if_the_newer_one_had_decided_it(commands in commands()) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        write(data, &commands, 0);
        let log = Log::open(data).unwrap();
        let verified = log.again().verify(born::<Newer>).unwrap();
        prop_assert_eq!((verified.differing, &verified.first), (0, &None), "{}", verified);
        // Digests of another schema say nothing.
        prop_assert_eq!((verified.decided.digests, verified.other_state), (0, None));
        drop(log);
        let fresh = tempfile::tempdir().unwrap();
        let sea = builder().islands(ISLANDS).journal(fresh.path()).open(born::<Newer>).unwrap();
        for (island, command) in commands {
            let _ = sea.ask(key(island), noted(command)).unwrap().wait();
        }
        sea.settle(Duration::from_secs(20)).unwrap();
        drop(sea);
        prop_assert_eq!(purses(&restored(data)), purses(&restored(fresh.path())));
    }

    /// Where forms have not changed, rewriting changes no byte.
    #[test]
    fn without_upcasts_of_its_own_a_program_reads_the_same_bytes(commands in commands()) {
        #[derive(Default, Serialize, Deserialize)]
        struct Same(Old);
        impl Island for Same {
            type Command = OldCommand;
            type Event = OldEvent;
            type Reply = u64;
            const SCHEMA_VERSION: u32 = 7;
            fn decide(&self, _: OldCommand, _: &mut Turn<Self>) {}
            fn evolve(&mut self, _: &OldEvent) {}
        }
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &commands, 0);
        let log = Log::open(folder.path()).unwrap();
        let (mut written, mut now) = (Vec::new(), Vec::new());
        log.records(|at| -> Result<(), OpenError> {
            written.push((at.island, at.position, at.record.bytes().to_vec()));
            Ok(())
        })
        .unwrap();
        log.records_as::<Same, _>(|at| -> Result<(), OpenError> {
            assert_eq!(at.schema, SchemaVersion(7));
            now.push((at.island, at.position, at.record.bytes().to_vec()));
            Ok(())
        })
        .unwrap();
        prop_assert_eq!(written, now);
    }
}

/// The place of the last block of an island that sends nothing.
const NOWHERE: BlockPlace = BlockPlace { segment: SegmentNumber(1), offset: 0 };

/// The newer program's islands, driven by hand from what a replay or a snapshot gave.
struct Driven {
    drivers: Vec<Driver<Newer>>,
    /// Where each one's messages are read again from: no new ones are sent.
    tails: Vec<Option<BlockPlace>>,
    rereader: Rereader,
}

impl Driven {
    fn new(data: &Path, images: Vec<Image<Newer>>, unacked: Unacked) -> Self {
        let directory = DataDirectory::open_read_only(data).unwrap();
        let life = directory.description().life;
        let storage = Arc::new(directory.storage().unwrap());
        let table = Arc::new(Table::modulo(ISLANDS).unwrap());
        let mut tails = vec![None; ISLANDS as usize];
        let log = Log::open(data).unwrap();
        log.records_as::<Newer, _>(|at| -> Result<(), OpenError> {
            tails[at.island.0 as usize] = Some(at.place);
            Ok(())
        })
        .map_or_else(|error| assert!(matches!(error, OpenError::NoBeginning { .. })), |_| ());
        let start = |(at, (image, unacked))| {
            let island = IslandId(at as u32);
            let (table, session) = (Arc::clone(&table), Session(1));
            let mut kernel = Kernel::start(island, table, life, session, limits(), image);
            kernel.adopt(unacked);
            Driver::new(island, kernel, tails[at])
        };
        let drivers = images.into_iter().zip(unacked).enumerate().map(start).collect();
        Self { drivers, tails, rereader: Rereader::new::<Newer>(storage, life) }
    }

    /// Lets everything travel, and all timers fire.
    fn come_to_rest(&mut self, now: Millis) {
        for _ in 0..20 {
            let mut frames = Vec::new();
            let rereader = &mut self.rereader;
            for driver in &mut self.drivers {
                driver.tick(now);
                if let Some(block) = driver.seal() {
                    let (upto, body) = (block.upto(), block.body);
                    let island = block.island;
                    let place = self.tails[island.0 as usize].unwrap_or(NOWHERE);
                    driver.durable(Durable { island, upto, place, body });
                }
                let reread = |from, tail, to, first| rereader.reread(from, tail, to, first);
                driver.drain(0, |frame| frames.push(frame), reread, |_| {});
            }
            for frame in frames {
                self.drivers[frame.envelope().to.0 as usize].receive(now, &frame);
            }
        }
    }

    fn purses(&self) -> Vec<Purse> {
        self.drivers.iter().map(|driver| driver.image().state.0.clone()).collect()
    }
}

/// Who asked last for a payment of 1,000.
fn last_payment(data: &Path) -> (Asker, RequestNumber) {
    let mut found = None;
    let walked = Log::open(data).unwrap().records(|at| -> Result<(), OpenError> {
        if let Source::Client { asker, answered_below } = at.record.source
            && let Ok(OldCommand::Pay { cents: 1000 }) = decode(at.record.input)
        {
            found = Some((asker, answered_below));
        }
        Ok(())
    });
    walked.unwrap();
    found.unwrap()
}

/// A kept reply, a timer that is set, and messages to an island that has stopped.
fn write_what_is_open(data: &Path, snapshots: u32) -> (Asker, RequestNumber) {
    let later = OldCommand::Later { millis: AGES, cents: 100 };
    let mut commands = vec![(0, later), (1, OldCommand::Stop)];
    commands.extend((1..=5).map(|cents| (0, OldCommand::HandOn { to: 1, cents: cents * 10 })));
    commands.push((0, OldCommand::Pay { cents: 1000 }));
    write(data, &commands, snapshots);
    last_payment(data)
}

/// What must come of it: 1,000 and 100 on island 0, 150 on island 1, a tenth of each a fee.
fn check_what_was_open(
    data: &Path,
    images: Vec<Image<Newer>>,
    unacked: Unacked,
    (asker, answered_below): (Asker, RequestNumber),
) {
    // The kept reply is heard by who asks again, as a text.
    let table = Arc::new(Table::modulo(ISLANDS).unwrap());
    let (life, session) = (archipelago::core::id::Life(1), Session(1));
    let image = images[0].clone();
    let mut kernel = Kernel::start(IslandId(0), table, life, session, limits(), image);
    let command = noted(OldCommand::Pay { cents: 1000 });
    let again = kernel.ask(Millis(0), Request { asker, answered_below, command }).unwrap();
    assert_eq!(again, Admitted::Again);
    let mut heard = Vec::new();
    kernel.seal();
    kernel.drain(|output| {
        if let Output::Answer(_, Answer::Reply(reply)) = output {
            heard.push(reply);
        }
    });
    assert_eq!(heard, ["1000"]);
    // The timer fires, and the messages arrive.
    let mut driven = Driven::new(data, images, unacked);
    driven.come_to_rest(Millis(u64::MAX >> 20));
    let purse = |cents, fees| Purse { cents, fees, notes: Vec::new() };
    assert_eq!(driven.purses(), [purse(990, 110), purse(135, 15)]);
    assert!(driven.drivers.iter().all(|driver| driver.kernel().counters().dead_letters == 0));
}

fn nothing_unacked() -> Unacked {
    (0..ISLANDS).map(|_| Vec::new()).collect()
}

#[test]
fn after_a_replay_what_was_open_goes_on_in_the_new_form() {
    let folder = tempfile::tempdir().unwrap();
    let asked = write_what_is_open(folder.path(), 0);
    check_what_was_open(folder.path(), restored(folder.path()), nothing_unacked(), asked);
}

#[test]
fn from_a_snapshot_with_an_archived_beginning_what_was_open_goes_on_in_the_new_form() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let asked = write_what_is_open(data, 2);
    assert!(!archive::<Old>(data, &Keep::Nowhere).unwrap().segments.is_empty());
    let directory = DataDirectory::open_read_only(data).unwrap();
    let settings = directory.description().settings(Default::default(), Durability::Os);
    let storage = directory.storage().unwrap();
    let (found, passed) = newest::<Newer>(&Folder::of(data), &storage, &settings).unwrap();
    let found = found.unwrap();
    assert_eq!((found.taken.schema, passed), (SchemaVersion(0), vec![]));
    assert!(found.unacked.iter().any(|own| !own.is_empty()), "messages travel with it");
    check_what_was_open(data, found.images, found.unacked, asked);
    drop((directory, storage));
    // The whole system starts from it too.
    let sea = builder().islands(ISLANDS).journal(data).open(born::<Newer>).unwrap();
    assert!(sea.started_from().is_some());
    let say = NewCommand { note: "new".to_owned(), what: OldCommand::Pay { cents: 10 } };
    assert_eq!(sea.ask(key(1), say).unwrap().wait().unwrap(), "10");
    assert!(sea.settle(Duration::from_secs(20)).is_ok());
    let purse = sea.query(IslandId(1), |till: &Newer| till.0.clone()).unwrap().wait().unwrap();
    assert_eq!((purse.cents, purse.notes), (135 + 9, vec!["new".to_owned()]));
}

#[test]
fn what_a_newer_program_wrote_is_refused_and_what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    write(data, &[(0, OldCommand::Pay { cents: 5 })], 0);
    let sea = builder().islands(ISLANDS).limits(limits()).journal(data);
    let sea = sea.open(born::<Newer>).unwrap();
    let say = NewCommand { note: "new".to_owned(), what: OldCommand::Pay { cents: 10 } };
    sea.ask(key(0), say).unwrap().wait().unwrap();
    drop(sea);
    // Both schemas stand in the journal now; the newer program reads both, and its own digest.
    let both = Log::open(data).unwrap().restore(1, born::<Newer>).unwrap();
    assert_eq!((both.figures.records, both.figures.digests), (2, 1));
    let told = |error: OpenError| match error {
        OpenError::Form { island, position, reason, .. } => {
            (island.0, position.0, reason.to_string())
        }
        error => panic!("{error}"),
    };
    let refused = Log::open(data).unwrap().restore(1, born::<Old>).unwrap_err();
    let (island, position, reason) = told(refused);
    assert_eq!((island, position), (0, 2));
    assert!(reason.contains("schema version 1") && reason.contains("up to 0"), "{reason}");
    // The next program says how to read version 1 as if it were version 0: it cannot.
    let refused = Log::open(data).unwrap().restore(1, born::<New<2>>).unwrap_err();
    let (island, position, reason) = told(refused);
    assert_eq!((island, position), (0, 2));
    assert!(reason.contains("of schema version 1 cannot be read"), "{reason}");
}
