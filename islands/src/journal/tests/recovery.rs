//! The recovery table on real directories and in memory: every row, every damage of files. What is
//! refused says where, whose, and what to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use archipelago_core::id::Life;
use archipelago_core::journal::frame::{BlockHeader, HEADER_BYTES, SECTOR, SegmentNumber};
use archipelago_core::journal::recovery::{TABLE, Verdict};

use super::{ISLANDS, Story, Told, commit, read, settings};
use crate::journal::{
    DataDirectory, Description, GroupJournal, JournalError, Memory, SEGMENTS_FOLDER, ScanMode,
    Storage,
};

const ONE: u32 = 1;
pub(super) const TWO: u32 = 2;
const THREE: u32 = 3;

/// Where a journal stands: segments as bytes that can be changed.
pub(super) trait Medium {
    fn storage(&self) -> Arc<dyn Storage>;
    fn bytes(&self, segment: u32) -> Vec<u8>;
    fn put(&self, segment: u32, bytes: Vec<u8>);
    fn lose(&self, segment: u32);
}

impl Medium for Arc<Memory> {
    fn storage(&self) -> Arc<dyn Storage> {
        self.clone()
    }
    fn bytes(&self, segment: u32) -> Vec<u8> {
        self.image(SegmentNumber(segment))
    }
    fn put(&self, segment: u32, bytes: Vec<u8>) {
        self.replace(SegmentNumber(segment), bytes);
    }
    fn lose(&self, segment: u32) {
        self.remove(SegmentNumber(segment));
    }
}

/// A data directory.
pub(super) struct Folder(pub(super) tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        drop(DataDirectory::create_or_open(folder.0.path(), &description()).unwrap());
        folder
    }

    fn file(&self, segment: u32) -> PathBuf {
        self.0.path().join(SEGMENTS_FOLDER).join(format!("{segment:08}.segment"))
    }
}

impl Medium for Folder {
    fn storage(&self) -> Arc<dyn Storage> {
        let data = DataDirectory::create_or_open(self.0.path(), &description()).unwrap();
        Arc::new(data.storage().unwrap())
    }
    fn bytes(&self, segment: u32) -> Vec<u8> {
        fs::read(self.file(segment)).unwrap()
    }
    fn put(&self, segment: u32, bytes: Vec<u8>) {
        fs::write(self.file(segment), bytes).unwrap();
    }
    fn lose(&self, segment: u32) {
        // A directory entry that was never flushed: the bytes may be there, the name is not.
        fs::rename(self.file(segment), self.file(segment).with_extension("segment.new")).unwrap();
    }
}

fn description() -> Description {
    let mut description = Description::new(Life(0xa11ce), ISLANDS, "test", "");
    description.segment_bytes = 3 * SECTOR as u64;
    description
}

/// Five commits over three segments of three sectors: 1 at 1:0, 2 at 1:4096, 3 at 2:0 over two
/// sectors, 4 at 2:8192, 5 at 3:0.
pub(super) fn write(medium: &dyn Medium) -> Vec<Told> {
    let mut story = Story::new(3);
    let storage = medium.storage();
    let (recovered, _) = read(&*storage, &settings(3), ScanMode::Repair).unwrap();
    let mut journal =
        GroupJournal::resume_without_threads(Arc::clone(&storage), settings(3), &recovered)
            .unwrap();
    for sizes in [vec![20], vec![100, 40], vec![600, 5000], vec![30, 30, 30], vec![77]] {
        let blocks =
            (0..).zip(sizes).map(|(island, bytes)| story.block(island, 2, bytes)).collect();
        commit(&mut journal, blocks);
    }
    drop(journal);
    read(&*storage, &settings(3), ScanMode::ReadOnly).unwrap().1
}

pub(super) fn changed(medium: &dyn Medium, segment: u32, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = medium.bytes(segment);
    change(&mut bytes);
    medium.put(segment, bytes);
}

/// Changes a header and gives it a right checksum again.
fn forged(medium: &dyn Medium, segment: u32, at: usize, change: impl FnOnce(&mut BlockHeader)) {
    changed(medium, segment, |bytes| {
        let (mut header, _) = BlockHeader::decode(&bytes[at..]).unwrap();
        change(&mut header);
        bytes[at..at + HEADER_BYTES].copy_from_slice(&header.encode());
    });
}

/// What must come of a damage.
enum Must {
    /// It opens, with the first so many commits; nothing that a crash could not have taken is gone.
    Open(u64),
    /// It is refused, and says all of this.
    Refuse(&'static [&'static str]),
}

type Harm = fn(&dyn Medium);

/// Name, the row's label (none: the files are refused before the content), the harm, the outcome.
type Case = (&'static str, Option<&'static str>, Harm, Must);

const GARBAGE: [u8; 100] = [0x5a; 100];

const CASES: &[Case] = &[
    ("nothing", Some("clean end"), |_| {}, Must::Open(5)),
    (
        "torn tail: its start never came",
        Some("torn write, its start is missing"),
        |m| {
            changed(m, THREE, |b| {
                b[..SECTOR].fill(0);
                b[SECTOR..SECTOR + 100].copy_from_slice(&GARBAGE);
            })
        },
        Must::Open(4),
    ),
    (
        "a hole before a commit that does not acknowledge it",
        Some("unacknowledged commits behind one that was never written"),
        |m| {
            changed(m, TWO, |b| b[2 * SECTOR..].fill(0));
            forged(m, THREE, 0, |h| h.watermark.0 = 3);
        },
        Must::Open(3),
    ),
    (
        "a commit wiped out",
        Some("an acknowledged commit is missing"),
        |m| changed(m, TWO, |b| b[2 * SECTOR..].fill(0)),
        Must::Refuse(&["offset 8192", "commit 4"]),
    ),
    (
        "torn tail: a body cut off",
        Some("torn write"),
        |m| changed(m, THREE, |b| b[120..].fill(0)),
        Must::Open(4),
    ),
    (
        "torn tail with remains",
        Some("torn write with remains"),
        |m| {
            changed(m, THREE, |b| {
                b[100] ^= 1;
                b[SECTOR..SECTOR + 100].copy_from_slice(&GARBAGE);
            })
        },
        Must::Open(4),
    ),
    (
        "torn before a commit that does not acknowledge it",
        Some("torn write before unacknowledged commits"),
        |m| {
            changed(m, TWO, |b| b[2 * SECTOR + 100] ^= 1);
            forged(m, THREE, 0, |h| h.watermark.0 = 3);
        },
        Must::Open(3),
    ),
    (
        "a damaged body in the middle",
        Some("an acknowledged commit is damaged"),
        |m| changed(m, TWO, |b| b[HEADER_BYTES + 5] ^= 1),
        Must::Refuse(&["offset 0", "commit 3", "island 0", "position 5", "body's checksum"]),
    ),
    (
        "a damaged header in the middle",
        Some("an acknowledged commit is damaged"),
        |m| changed(m, ONE, |b| b[SECTOR + 17] ^= 1),
        Must::Refuse(&["offset 4096", "commit 2", "header's checksum"]),
    ),
    (
        "a misdirected block",
        Some("a sound block does not follow the one before"),
        |m| {
            changed(m, TWO, |b| {
                let one = m.bytes(ONE);
                b[2 * SECTOR..].copy_from_slice(&one[..SECTOR]);
            })
        },
        Must::Refuse(&[
            "offset 8192",
            "commit 4",
            "island 0",
            "position 1",
            "it says it stands at segment 1 offset 0",
        ]),
    ),
    (
        "a stale block of an earlier life",
        Some("a block of another data directory"),
        |m| forged(m, TWO, 2 * SECTOR, |h| h.life.0 = 5),
        Must::Refuse(&[
            "offset 8192",
            "commit 4",
            "island 0",
            "position 7",
            "its life is 0000000000000005",
        ]),
    ),
    (
        "a block longer than its file",
        Some("the segment was shortened"),
        |m| forged(m, TWO, 2 * SECTOR, |h| h.body_bytes = 1 << 20),
        Must::Refuse(&["offset 8192", "commit 4", "island 0"]),
    ),
    (
        "a block of a newer version",
        Some("a block this code cannot read"),
        |m| {
            changed(m, TWO, |b| {
                let header = &mut b[2 * SECTOR..][..HEADER_BYTES];
                header[4] = 3;
                let crc = archipelago_core::journal::frame::body_crc(&header[..92]);
                header[92..].copy_from_slice(&crc.to_le_bytes());
            })
        },
        Must::Refuse(&[
            "offset 8192",
            "commit 4",
            "format version 3, this code reads versions 1 and 2",
        ]),
    ),
    ("a missing file", None, |m| m.lose(TWO), Must::Refuse(&["is missing", "put the file back"])),
    (
        "the first file missing",
        None,
        |m| m.lose(ONE),
        Must::Refuse(&["is missing", "put the file back"]),
    ),
    (
        "an empty file",
        None,
        |m| m.put(TWO, Vec::new()),
        Must::Refuse(&["has 0 bytes", "made with 12288"]),
    ),
    (
        "a shortened file",
        None,
        |m| changed(m, TWO, |b| b.truncate(2 * SECTOR + 50)),
        Must::Refuse(&["has 8242 bytes", "made with 12288"]),
    ),
    (
        "a last file shortened",
        None,
        |m| changed(m, THREE, |b| b.truncate(SECTOR)),
        Must::Refuse(&["has 4096 bytes"]),
    ),
    (
        "a file grown by garbage",
        None,
        |m| changed(m, TWO, |b| b.extend(GARBAGE)),
        Must::Refuse(&["has 12388 bytes", "not a multiple of 4096"]),
    ),
    (
        "a file grown by a sector of garbage",
        None,
        |m| changed(m, TWO, |b| b.extend([0x5a; SECTOR])),
        Must::Open(5),
    ),
    (
        "a last file grown by a sector of garbage",
        None,
        |m| changed(m, THREE, |b| b.extend([0x5a; SECTOR])),
        Must::Open(5),
    ),
    (
        "swapped files",
        Some("a sound block does not follow the one before"),
        |m| {
            let one = m.bytes(ONE);
            m.put(ONE, m.bytes(TWO));
            m.put(TWO, one);
        },
        Must::Refuse(&["offset 0", "it says it stands at segment 2 offset 0"]),
    ),
    (
        "a file twice",
        Some("a sound block does not follow the one before"),
        |m| m.put(4, m.bytes(TWO)),
        Must::Refuse(&["it says it stands at segment 2 offset 0"]),
    ),
    (
        "a file over another",
        Some("a sound block does not follow the one before"),
        |m| m.put(TWO, m.bytes(ONE)),
        Must::Refuse(&["it says it stands at segment 1 offset 0"]),
    ),
    // What no log can see: see the rules of the journal.
    ("the last file removed", None, |m| m.lose(THREE), Must::Open(4)),
];

/// Runs all cases on media of one kind; returns the labels that were seen.
pub(super) fn all_cases<M: Medium>(
    make: impl Fn() -> M,
    after: impl Fn(&M, &str),
) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    for (name, label, harm, must) in CASES {
        let medium = make();
        let told = write(&medium);
        harm(&medium);
        let storage = medium.storage();
        let found = read(&*storage, &settings(3), ScanMode::ReadOnly);
        let repaired = read(&*storage, &settings(3), ScanMode::Repair);
        match must {
            Must::Open(last) => {
                let (recovered, blocks) = found.unwrap_or_else(|error| panic!("{name}: {error}"));
                let expected: Vec<_> =
                    told.iter().filter(|one| one.commit.0 <= *last).cloned().collect();
                assert_eq!((recovered.last.0, blocks), (*last, expected.clone()), "{name}");
                assert_eq!(repaired.unwrap().1, expected, "{name}");
                let torn = recovered.torn.map(|torn| torn.label);
                seen.extend(torn);
                assert_eq!(label.filter(|label| *label != "clean end"), torn.and(*label), "{name}");
            }
            Must::Refuse(parts) => {
                for error in [found.unwrap_err(), repaired.unwrap_err()] {
                    let message = error.to_string();
                    for part in parts.iter().chain(label) {
                        assert!(message.contains(part), "{name}: {part} in: {message}");
                    }
                    assert!(message.contains("segment"), "{name}: the file in: {message}");
                    let to_do = ["restore", "put the file back"];
                    assert!(to_do.iter().any(|one| message.contains(one)), "{name}: {message}");
                    assert!(!message.contains('\n'), "{name}: {message}");
                    if let JournalError::Damaged(damage) = error {
                        seen.insert(damage.label);
                    }
                }
            }
        }
        if *label == Some("clean end") {
            seen.insert("clean end");
        }
        drop(storage);
        after(&medium, name);
    }
    seen
}

pub(super) fn every_row() -> BTreeSet<&'static str> {
    TABLE.iter().map(|row| row.label).collect()
}

#[test]
fn every_row_and_every_harm_to_files_in_memory() {
    assert_eq!(all_cases(|| Arc::new(Memory::new()), |_, _| {}), every_row());
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_refused_by_its_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    write(&folder);
    fs::set_permissions(folder.file(TWO), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(folder.file(TWO)).is_ok() {
        eprintln!("skipped: this user reads what nobody may read");
        return;
    }
    let data = DataDirectory::open_read_only(folder.0.path()).unwrap();
    let error = read(&data.storage().unwrap(), &settings(3), ScanMode::ReadOnly).unwrap_err();
    assert!(error.to_string().contains("00000002.segment"), "{error}");
}

/// The verdicts of the cases are those of their rows.
#[test]
fn the_cases_agree_with_the_table() {
    for (name, label, _, must) in CASES {
        let Some(row) = TABLE.iter().find(|row| Some(row.label) == *label) else { continue };
        let refused = matches!(must, Must::Refuse(_));
        assert_eq!(row.verdict == Verdict::Refuse, refused, "{name}");
    }
}
