//! The journal that the golden files hold: the same inputs, written by today's code.
//!
//! Rules:
//! 1. Every kind of block and every tag of a record is in version 1, and a number of more than one
//!    byte. Version 2 adds a block with a trailer, beside one without.
//! 2. It is written through the public ways only: a data directory, its storage, a journal.
//! 3. It draws nothing and reads no clock.
//!
//! It doesn't know what the files should look like.

use std::path::Path;
use std::sync::Arc;

use archipelago::core::codec::encode;
use archipelago::core::id::{
    Asker, ClientId, IslandId, JournalPosition, Life, LinkSeq, RequestNumber, Slot, TimerNumber,
};
use archipelago::core::island::Decision;
use archipelago::core::journal::frame::{Block, SchemaVersion};
use archipelago::core::journal::record::{Cause, Source, write};
use archipelago::core::journal::trailer::Trailer;
use archipelago::core::replay::Digest;
use archipelago::core::time::{Millis, Stamp};
use archipelago::journal::{
    DataDirectory, Description, Durability, GroupJournal, JournalError, ScanMode, scan,
};
use archipelago::{Island, Turn};
use serde::{Deserialize, Serialize};

/// An island whose words are texts: their bytes are a length and the text.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Texts;

impl Island for Texts {
    type Command = String;
    type Event = String;
    type Reply = String;
    fn decide(&self, _: String, _: &mut Turn<Self>) {}
    fn evolve(&mut self, _: &String) {}
}

/// What the directory is made for.
pub(crate) fn description() -> Description {
    let mut description = Description::new(Life(0x1122_3344_5566_7788), 4, "golden", "v1");
    description.segment_bytes = 8192;
    description
}

pub(crate) fn asker(client: u128, slot: u16, number: u64) -> Asker {
    Asker { client: ClientId(client), slot: Slot(slot), number: RequestNumber(number) }
}

/// A request with an answer, events, a message and a timer.
pub(crate) fn request(stamp: u64) -> Vec<u8> {
    let me = asker(0xa1a2_a3a4, 7, 300);
    let decision = Decision::<Texts> {
        events: vec!["sold".to_owned(), "low".to_owned()],
        sends: vec![(IslandId(2), "lend".to_owned())],
        replies: vec![(me, "yes".to_owned())],
        timers: vec![(TimerNumber(1), Millis(500), "late".to_owned())],
        ..Decision::default()
    };
    let source = Source::Client { asker: me, answered_below: RequestNumber(299) };
    record(&source, Stamp(stamp), "buy", None, &decision)
}

/// A message, with an answer to somebody who asked before and a timer taken back.
fn message() -> Vec<u8> {
    let cause = Cause { hops: 2, island: IslandId(3), position: JournalPosition(300) };
    let source = Source::Island { from: IslandId(1), number: LinkSeq(1), cause };
    let decision = Decision::<Texts> {
        replies: vec![(asker(0xb1b2_b3b4, 4095, 1), "no".to_owned())],
        cancelled: vec![TimerNumber(1)],
        ..Decision::default()
    };
    record(&source, Stamp(0x10001), "lend", None, &decision)
}

/// A timer that became a dead letter.
fn dead_letter() -> Vec<u8> {
    let source = Source::Timer(TimerNumber(1));
    record(&source, Stamp(0x20000), "late", Some("it panicked"), &Decision::default())
}

/// A command that needs more than a segment of the usual size.
fn large() -> Vec<u8> {
    let source = Source::Client { asker: asker(1, 0, 1), answered_below: RequestNumber(1) };
    record(&source, Stamp(0x30000), &"large ".repeat(1500), None, &Decision::default())
}

fn record(
    source: &Source,
    stamp: Stamp,
    input: &str,
    dead: Option<&str>,
    decision: &Decision<Texts>,
) -> Vec<u8> {
    let (mut bytes, mut out) = (Vec::new(), Vec::new());
    encode(input, &mut bytes).expect("a text can be encoded");
    write(&mut out, source, stamp, &bytes, dead, decision, |_| LinkSeq(1)).expect("it is small");
    out
}

/// Which golden files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::One, Self::Two];

    /// The folder's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "version-1",
            Self::Two => "version-2",
        }
    }
}

/// The trailer of version 2.
pub(crate) const TRAILER: Trailer =
    Trailer { state_version: 3, digest: Digest(0x1f1e_1d1c_1b1a_1918_1716_1514_1312_1110) };

fn block(island: u32, first: u64, records: u32, body: Vec<u8>) -> Block {
    let (island, first) = (IslandId(island), JournalPosition(first));
    Block { island, first, records, body, trailer: None }
}

fn commits(version: Version) -> Vec<Vec<Block>> {
    match version {
        Version::One => vec![
            vec![block(0, 1, 1, request(0x10000)), block(2, 1, 1, message())],
            vec![block(0, 2, 2, [dead_letter(), request(0x20001)].concat())],
            vec![block(1, 1, 1, large())],
        ],
        Version::Two => vec![vec![
            Block { trailer: Some(TRAILER), ..block(0, 1, 1, request(0x10000)) },
            block(2, 1, 1, message()),
        ]],
    }
}

/// Makes the directory anew at `path`.
pub(crate) fn make(path: &Path, version: Version) {
    let data = DataDirectory::create_or_open(path, &description()).expect("a new directory");
    let settings = data.description().settings(SchemaVersion(9), Durability::Disk);
    let storage = Arc::new(data.storage().expect("its storage"));
    let mut nothing = |_| -> Result<(), JournalError> { Ok(()) };
    let found = scan(&*storage, &settings, ScanMode::Repair, &mut nothing).expect("it is empty");
    let mut journal =
        GroupJournal::resume_without_threads(storage, settings, &found).expect("a journal");
    for mut blocks in commits(version) {
        journal.commit(&mut blocks).expect("a commit");
    }
    journal.close().expect("a seal");
}
