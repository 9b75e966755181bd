//! Every decoder, fed with bytes that may be anything: the targets of the fuzzer.
//!
//! Rules:
//! 1. A target panics when a decoder does, or when what it took in does not come back as it was.
//! 2. Where a checksum guards the way in, the bytes are tried as they are, and once more with the
//!    checksum made right: else chance would never get past it.
//!
//! Control frames are not among them: they travel inside a process, as values.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use archipelago::core::bytes::Reader;
use archipelago::core::codec::{decode, encode};
use archipelago::core::id::{IslandId, JournalPosition, Life, LinkSeq, Session};
use archipelago::core::journal::frame::{
    BlockHeader, HEADER_BYTES, MAGIC, SECTOR, SchemaVersion, SegmentNumber, body_crc,
};
use archipelago::core::journal::record::RecordsView;
use archipelago::core::link::chunk::Message;
use archipelago::core::link::frame::{Envelope, Parcel};
use archipelago::core::replay::Image;
use archipelago::journal::{
    BlockRef, Description, Durability, GroupJournal, JournalError, JournalSettings, Memory,
    ScanMode, Segment, Storage, scan,
};
use archipelago::{Island, Turn};
use serde::{Deserialize, Serialize};

use crate::content::block;

/// A decoder, fed.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 7] = [
    ("header", header),
    ("record", record),
    ("message", message),
    ("codec", codec),
    ("description", description),
    ("snapshot", snapshot),
    ("journal", journal),
];

/// A value of every shape that the codec knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shapes {
    /// Numbers and options.
    pub numbers: (u8, i16, u32, i64, u128, bool, Option<u64>, char),
    /// Texts and bytes.
    pub texts: Vec<String>,
    /// Maps of enums.
    pub map: BTreeMap<u32, Shape>,
}

/// An enum of every kind of variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// Nothing.
    #[default]
    Unit,
    /// One value.
    One(Box<Shapes>),
    /// Named fields.
    Named {
        /// A list.
        list: Vec<u16>,
        /// A text.
        text: String,
    },
}

impl Island for Shapes {
    type Command = Shapes;
    type Event = Shape;
    type Reply = String;
    fn decide(&self, _: Shapes, _: &mut Turn<Self>) {}
    fn evolve(&mut self, event: &Shape) {
        if let Shape::Named { text, .. } = event {
            self.texts = vec![text.clone()];
        }
    }
}

/// A block's header.
pub fn header(bytes: &[u8]) {
    let tried = |bytes: &[u8]| {
        let Ok((header, _)) = BlockHeader::decode(bytes) else { return };
        let again = header.encode();
        // Zero bytes that a reader steps over, and an offset without a segment, are not kept.
        assert_eq!(BlockHeader::decode(&again).map(|(again, _)| again), Ok(header));
    };
    tried(bytes);
    if let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() {
        tried(&sound(*bytes));
    }
}

/// The same header with a right mark, version, length of the trailer and checksum.
fn sound(mut header: [u8; HEADER_BYTES]) -> [u8; HEADER_BYTES] {
    header[..4].copy_from_slice(&MAGIC);
    // An odd byte is version 1, an even one a trailer.
    let trailer = header[4].is_multiple_of(2);
    header[4..6].copy_from_slice(&(1 + u16::from(trailer)).to_le_bytes());
    header[88..92].copy_from_slice(&(u32::from(trailer) * 20).to_le_bytes());
    header[6] = 1 + header[6] % 2;
    let crc = body_crc(&header[..92]);
    header[92..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Records, read and applied to an island.
pub fn record(bytes: &[u8]) {
    let mut image = Image::new(Shapes::default());
    let mut records = RecordsView::new(bytes);
    while let Ok(Some(record)) = records.next_record() {
        let walked = record.walk(|_| Ok::<(), archipelago::core::bytes::Malformed>(()));
        if image.apply(&record).is_ok() {
            assert_eq!(walked, Ok(()), "what was applied is whole");
        } else {
            // Half changed: not to be used.
            image = Image::new(Shapes::default());
        }
    }
}

/// Messages of a link.
pub fn message(bytes: &[u8]) {
    let envelope =
        Envelope { from: IslandId(0), to: IslandId(1), life: Life(1), session: Session(1) };
    let count = u32::from(bytes.first().copied().unwrap_or_default());
    let parcel = Parcel {
        envelope,
        first: LinkSeq(1),
        count,
        bytes: Arc::new(bytes.to_vec()),
        range: 0..bytes.len(),
    };
    for found in parcel.messages() {
        let Ok((_, message)) = found else { break };
        if let Ok(message) = Message::parse(message) {
            let _ = decode::<Shapes>(message.command);
        }
    }
    let _ = Message::parse(bytes);
    let mut reader = Reader::new(bytes);
    while reader.varint("a number").is_ok() && reader.part("a part").is_ok() {}
}

/// The codec of users' values.
pub fn codec(bytes: &[u8]) {
    let Ok(value) = decode::<Shapes>(bytes) else { return };
    let mut again = Vec::new();
    encode(&value, &mut again).expect("what was decoded can be encoded");
    assert_eq!(decode::<Shapes>(&again), Ok(value), "it comes back");
}

/// A data directory's description.
pub fn description(bytes: &[u8]) {
    if let Err(error) = Description::parse(bytes, Path::new("data")) {
        assert!(error.to_string().contains("data"), "{error}");
    }
}

/// A snapshot.
pub fn snapshot(bytes: &[u8]) {
    let _ = Image::<Shapes>::load(bytes);
    if bytes.len() < 14 {
        return;
    }
    let mut sound = bytes.to_vec();
    sound[..8].copy_from_slice(b"ARCHSNAP");
    sound[8..10].copy_from_slice(&1_u16.to_le_bytes());
    let crc = body_crc(&sound[14..]);
    sound[10..14].copy_from_slice(&crc.to_le_bytes());
    let Ok((image, unacked)) = Image::<Shapes>::load(&sound) else { return };
    let mut again = Vec::new();
    let chunks = unacked.iter().map(|(to, chunk)| (*to, chunk));
    image.save(chunks, &mut again).expect("what was loaded can be saved");
    assert!(Image::<Shapes>::load(&again).is_ok(), "and loaded again");
}

const SEGMENT_BYTES: u64 = 4 * SECTOR as u64;

fn settings() -> JournalSettings {
    JournalSettings {
        life: Life(7),
        islands: 4,
        segment_bytes: SEGMENT_BYTES,
        schema: SchemaVersion(1),
        durability: Durability::Disk,
    }
}

/// A sound journal of a few commits, to be damaged.
fn base() -> &'static Memory {
    static BASE: OnceLock<Memory> = OnceLock::new();
    BASE.get_or_init(|| {
        let disk = Arc::new(Memory::new());
        let found = read(&disk, ScanMode::Repair).expect("nothing is there");
        let mut journal =
            GroupJournal::resume_without_threads(disk.clone(), settings(), &found).expect("new");
        for commit in 0..6 {
            let mut blocks = (0..3)
                .map(|island| block(IslandId(island), JournalPosition(1 + commit * 4), 4))
                .collect();
            journal.commit(&mut blocks).expect("a commit");
        }
        journal.close().expect("a seal");
        Memory::clone(&disk)
    })
}

fn read(disk: &Memory, mode: ScanMode) -> Result<archipelago::journal::Recovered, JournalError> {
    scan(disk, &settings(), mode, &mut |_: BlockRef| Ok::<(), JournalError>(()))
}

/// A whole journal. The bytes are edits of a sound one: segment, sector, offset in it, length, then
/// the bytes; every other edit of a header gets a right checksum.
pub fn journal(bytes: &[u8]) {
    let disk = base().clone();
    let mut rest = bytes;
    while let Some(([segment, sector, low, high, len], after)) = rest.split_first_chunk::<5>() {
        let segments = disk.segments().expect("memory");
        let Segment { number, bytes } = segments[usize::from(*segment) % segments.len()];
        let at = u64::from(*sector) * SECTOR as u64
            + u64::from(u16::from_le_bytes([*low, *high])) % SECTOR as u64;
        let at = at % bytes;
        let (edit, after) = after.split_at(after.len().min(usize::from(*len)));
        let edit = &edit[..edit.len().min((bytes - at) as usize)];
        disk.write_at(number, at, edit).expect("inside");
        if segment % 2 == 1 {
            mend(&disk, number, at);
        }
        rest = after;
    }
    if let Ok(seen) = read(&disk, ScanMode::ReadOnly) {
        let cut = read(&disk, ScanMode::Repair).expect("what can be looked at can be opened");
        assert_eq!((cut.last, cut.next), (seen.last, seen.next));
        let again = read(&disk, ScanMode::ReadOnly).expect("and looked at again");
        assert_eq!((again.last, again.next, again.torn), (seen.last, seen.next, None));
    }
}

/// Gives the header at the start of the sector around `at` a right checksum.
fn mend(disk: &Memory, segment: SegmentNumber, at: u64) {
    let start = at - at % SECTOR as u64;
    let mut header = [0; HEADER_BYTES];
    if disk.read_at(segment, start, &mut header).is_ok() {
        disk.write_at(segment, start, &sound(header)).expect("inside");
    }
}
