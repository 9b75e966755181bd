//! Repair by hand: what is wrong with a damaged journal, what a cut there would lose, and the cut.
//!
//! Rules:
//! 1. Nothing is cut unless somebody says where, and only where the damage is: sound commits
//!    before it stay.
//! 2. What is cut is kept first, durably, in a folder of its own with a text that says from where;
//!    only then is anything changed.
//! 3. A cut that is interrupted leaves a journal that is damaged, torn, or cut: never one that
//!    opens with a hole in it.
//! 4. A cut is at the end of a commit, so all islands go back to one moment that once was.
//!
//! It doesn't know what a record is, nor who asks.

mod behind;
mod cut;

use std::fmt;
use std::str::FromStr;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::{BlockPlace, CommitNumber, SECTOR, SegmentNumber};
use archipelago_core::journal::recovery::Verdict;

use super::error::{Damage, JournalError};
use super::life::DataDirectory;
use super::reader::Reader;
use super::scan::{BlockRef, Ending, IslandTail};
use super::settings::{Durability, JournalSettings};
use super::storage::{Segment, Storage};
use super::tail::{check_first_block, check_size, look_behind};

pub use cut::{Cut, REPAIR_FOLDER, RepairError, cut};

/// Where to cut, as an operator says it: `COMMIT`, the first commit to go, or `SEGMENT:OFFSET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutAt {
    /// The first commit to go.
    Commit(CommitNumber),
    /// Where it starts.
    Place(BlockPlace),
}

impl FromStr for CutAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no COMMIT and no SEGMENT:OFFSET, such as 12 or 2:8192");
        match text.split_once(':') {
            None => Ok(Self::Commit(CommitNumber(text.parse().map_err(|_| wrong())?))),
            Some((segment, offset)) => {
                let segment = SegmentNumber(segment.parse().map_err(|_| wrong())?);
                let offset = offset.parse().map_err(|_| wrong())?;
                Ok(Self::Place(BlockPlace { segment, offset }))
            }
        }
    }
}

impl fmt::Display for CutAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(commit) => commit.fmt(f),
            Self::Place(place) => write!(f, "{}:{}", place.segment, place.offset),
        }
    }
}

/// Records of one island that stand behind the damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whose.
    pub island: IslandId,
    /// The first position that a cut loses.
    pub from: JournalPosition,
    /// The last position that a sound header behind the damage tells of; there may be more.
    pub upto: JournalPosition,
    /// How many of them are whole and would be there to be read by hand.
    pub readable: u64,
}

impl Lost {
    /// How many records, as far as is known.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.upto.0 + 1 - self.from.0
    }
}

/// What is wrong.
#[derive(Debug)]
pub enum Finding {
    /// Nothing.
    Sound,
    /// A torn tail: opening the directory to write cuts it; nothing acknowledged is lost.
    Torn {
        /// The row of the recovery table.
        label: &'static str,
        /// What was wrong with the bytes.
        detail: String,
    },
    /// Damage: the directory is refused until it is restored or cut.
    Damaged(JournalError),
}

/// A journal looked at from its first commit to the damage, and behind it.
#[derive(Debug)]
pub struct Diagnosis {
    /// What is wrong.
    pub finding: Finding,
    /// Where the sound commits end; a cut goes here.
    pub at: BlockPlace,
    /// The first commit that a cut loses.
    pub commit: CommitNumber,
    /// What the last sound commit is.
    pub ending: Ending,
    /// Bytes of the sound commits, headers and padding included.
    pub bytes: u64,
    /// Where each island's sound journal ends.
    pub islands: Vec<IslandTail>,
    /// The records behind, by island; empty unless damaged.
    pub lost: Vec<Lost>,
    /// Files that are no whole sectors, or shorter than they were made.
    odd: Vec<Segment>,
}

/// Looks at the whole journal of `data`, changes nothing, and gives each sound block to `sink`.
///
/// # Errors
/// [`JournalError::Io`] when files cannot be read, [`JournalError::SegmentBytes`], and what `sink`
/// says. Damage is no error here.
pub fn diagnose(
    data: &DataDirectory,
    sink: &mut dyn FnMut(BlockRef) -> Result<(), JournalError>,
) -> Result<Diagnosis, JournalError> {
    let settings = data.description().settings(Default::default(), Durability::Os);
    settings.check()?;
    let storage = data.storage()?;
    let listed = storage.segments().map_err(JournalError::io("list", "the journal's segments"))?;
    let Sorted { segments, odd, wrong } = sorted(&storage, &settings, &listed)?;
    let mut reader = Reader::new(&storage, &settings, &segments);
    let fault = loop {
        match reader.next_commit()? {
            None => reader.hand_out(sink)?,
            Some(fault) => break fault,
        }
    };
    let row = look_behind(&reader, &fault)?;
    let (at, commit) = (reader.next_place(), reader.reached.last.next());
    let finding = match (wrong, row.verdict) {
        // The content says more exactly where it is than the file does.
        (_, Verdict::Refuse) => {
            Finding::Damaged(JournalError::Damaged(Damage::at(&storage, commit, row.label, fault)))
        }
        (Some(wrong), _) => Finding::Damaged(wrong),
        (None, Verdict::Cut) => Finding::Torn { label: row.label, detail: fault.detail },
        (None, Verdict::End) => Finding::Sound,
    };
    let lost = match finding {
        Finding::Damaged(_) => {
            behind::lost(&storage, &settings, &listed, at, commit, &reader.reached.islands)?
        }
        _ => Vec::new(),
    };
    Ok(Diagnosis {
        finding,
        at,
        commit,
        ending: reader.reached.ending,
        bytes: reader.reached.bytes,
        islands: reader.reached.islands,
        lost,
        odd,
    })
}

/// The files that can be read as the journal, and what is wrong with the others.
struct Sorted {
    segments: Vec<Segment>,
    odd: Vec<Segment>,
    wrong: Option<JournalError>,
}

fn sorted(
    storage: &dyn Storage,
    settings: &JournalSettings,
    listed: &[Segment],
) -> Result<Sorted, JournalError> {
    let mut sorted = Sorted { segments: Vec::new(), odd: Vec::new(), wrong: None };
    let mut number = SegmentNumber::FIRST;
    for segment in listed {
        if segment.number != number {
            let file = storage.name(number);
            sorted.wrong.get_or_insert(JournalError::SegmentMissing { file });
            break;
        }
        number = number.next();
        if let Err(error) = check_size(storage, settings, *segment) {
            sorted.odd.push(*segment);
            sorted.wrong.get_or_insert(error);
        }
        let bytes = segment.bytes - segment.bytes % SECTOR as u64;
        match check_first_block(storage, settings, *segment) {
            Ok(()) => sorted.segments.push(Segment { bytes, ..*segment }),
            Err(error @ JournalError::Io { .. }) => return Err(error),
            Err(error) => {
                sorted.wrong.get_or_insert(error);
                break;
            }
        }
    }
    Ok(sorted)
}
