//! **The every-prefix oracle**: a journal may end at any of its bytes, and a crash is what ends it
//! there. For each byte boundary it is proved that recovery is right:
//! 1. *State = fold(prefix)*: the images recovered are those that folding the records of the whole
//!    commits in the prefix gives.
//! 2. *Re-sent = the unacknowledged tail*: what a start sends again on each link is what the prefix
//!    sent and did not consume, under the same numbers, with the same bytes, and nothing else.
//! 3. *Nothing is refused that a crash can leave, nothing is accepted that it cannot*: torn at any
//!    byte, with zeros or noise behind, with a sector lost; a commit missing whose flush was lost
//!    (later commits that were written before it was known durable are cut, one written after it
//!    is a refusal).
//!
//! Recovering each prefix from its start would cost the square of the journal. Why one pass is
//! enough, and what each step takes from the runtime's own code:
//! - **Commits.** A commit counts whole or not at all, so all boundaries from one commit's content
//!   to the next one's are one state. Recovery behind commit n is recovery behind n - 1 gone on:
//!   the runtime's reader ([`scan_on`]) and [`apply_block`] run from there, on a storage that holds
//!   only what is behind. What they leave must be, field by field, what the whole scan finds in the
//!   end.
//! - **Bytes.** What the reader makes of a torn commit depends on its bytes only by two functions,
//!   which are asked at every byte; a dozen torn states a commit go through the real recovery (the
//!   module `torn` has the argument).
//! - **State.** Images of the oracle's own are folded record by record. Both are functions of the
//!   state before and the same bytes, so equal digests stay equal unless a step differs; positions
//!   and stamps are compared at every commit, digests of an island each time its records have
//!   doubled, and at the end. So digesting stays in proportion to the journal as long as a
//!   state does.
//! - **Links.** What a restart sends on a link is what its blocks hold above the consumed number.
//!   At every commit the images' numbers must be the ledger's, and the commit's own messages are
//!   read again by the runtime ([`Rereader`]); blocks never change, so what was read rightly once
//!   is read rightly later. Beside this, links are started for real (kernel, driver, hello, reading
//!   again), in turn, as often as the bytes they read are paid for by bytes of journal; all of them
//!   at the end, and in a small journal (8 MiB of such reading) at every commit.
//! - **Lost flushes.** Watermarks never fall. So what the first commit behind n with a watermark of
//!   n or more proves, all later ones prove.
//!
//! The tests hold this against the naive form at every boundary of small journals: the real restore
//! of a torn copy, and a real start of every island.
//!
//! It doesn't know what islands mean, nor who wrote the journal.
//!
//! [`scan_on`]: archipelago::journal::scan_on
//! [`apply_block`]: archipelago::drive::apply_block
//! [`Rereader`]: archipelago::drive::Rereader

use std::fmt;
use std::sync::Arc;

use archipelago::journal::{JournalSettings, Storage};
use archipelago::replay::OpenError;
use archipelago_core::codec::CodecError;
use archipelago_core::id::IslandId;
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockPlace, CommitNumber};
use archipelago_core::replay::{Digest, Image};

mod commits;
mod crc;
mod ledger;
mod recovery;
mod torn;
mod view;
mod walk;

pub use ledger::{Ledger, Owed, Pair};
pub use recovery::{Nobody, Product, Recovery, Start, restart};

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefixes {
    /// Byte boundaries.
    pub boundaries: u64,
    /// Commits, seals included.
    pub commits: u64,
    /// Blocks.
    pub blocks: u64,
    /// Records.
    pub records: u64,
    /// Messages sent, each read again.
    pub messages: u64,
    /// States after a crash that went through the real recovery.
    pub recoveries: u64,
    /// Links started for real.
    pub links_started: u64,
    /// Commits after which every link was.
    pub full_starts: u64,
    /// Images whose digests were compared.
    pub digests: u64,
    /// The digest of all islands at the end.
    pub digest: Digest,
}

/// What recovery has to keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// State = fold(prefix).
    State,
    /// Re-sent = the unacknowledged tail, nothing else.
    Resent,
    /// Nothing is refused that a crash can leave.
    Recovers,
    /// Nothing is accepted that a crash cannot leave, or that is not whole.
    Refuses,
    /// The journal itself keeps to the rules of links and watermarks.
    Journal,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "state = fold(prefix)",
            Self::Resent => "re-sent = the unacknowledged tail",
            Self::Recovers => "what a crash leaves is recovered",
            Self::Refuses => "what is not whole, or no crash can leave, is not accepted",
            Self::Journal => "the journal keeps to its rules",
        })
    }
}

/// A boundary at which recovery is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: commit {commit} at {place}: {seen}")]
pub struct Flaw {
    /// What is broken.
    pub rule: Rule,
    /// The commit at which, or in which, the journal ends.
    pub commit: CommitNumber,
    /// Where it starts.
    pub place: BlockPlace,
    /// What was seen.
    pub seen: String,
}

/// Why the check did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Recovery is wrong somewhere.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// The journal cannot be opened as it is.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The storage cannot be read.
    #[error("cannot read the journal: {0}")]
    Io(#[from] std::io::Error),
    /// A state refuses to be serialised.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// All boundaries that end with one commit whole: what they recover to.
pub struct Boundary<'a, I> {
    /// The commit.
    pub commit: CommitNumber,
    /// Where it starts.
    pub place: BlockPlace,
    /// How many of its bytes must be there for it to be whole.
    pub content: usize,
    /// The images recovered.
    pub images: &'a [Image<I>],
    /// What the links owe.
    pub ledger: &'a Ledger,
}

/// Checks every byte boundary of a journal; `make` makes an island as it is born. A torn tail that
/// the journal has already is passed over.
///
/// # Errors
/// [`Problem`]: the first flaw, or why the journal cannot be read.
pub fn check<I: Island>(
    storage: Arc<dyn Storage>,
    settings: &JournalSettings,
    make: impl FnMut(IslandId) -> I,
) -> Result<Prefixes, Problem> {
    check_with(Product, storage, settings, make, |_| {})
}

/// As [`check`], of a recovery of one's own; `seen` is shown what each commit's boundaries recover
/// to.
///
/// # Errors
/// As [`check`].
pub fn check_with<I: Island>(
    recovery: impl Recovery<I>,
    storage: Arc<dyn Storage>,
    settings: &JournalSettings,
    make: impl FnMut(IslandId) -> I,
    seen: impl FnMut(Boundary<'_, I>),
) -> Result<Prefixes, Problem> {
    walk::Walk::begin(recovery, storage, settings, make)?.run(seen)
}
