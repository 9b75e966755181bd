//! The walk over a journal, commit by commit: what is proved at each, see the [module](super).
//! At each commit `crash` comes first, then the fold and the `links`.
//!
//! It doesn't know how a recovery works.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Display;
use std::sync::Arc;

use archipelago::journal::{
    Ending, IslandTail, JournalSettings, Recovered, ScanMode, Storage, scan,
};
use archipelago::replay::OpenError;
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{
    BlockHeader, BlockKind, BlockPlace, Chain, CommitNumber, SegmentNumber,
};
use archipelago_core::journal::record::RecordsView;
use archipelago_core::replay::{Digest, Image, Upcast};

use self::crash::same;
use super::commits::Commit;
use super::ledger::{Ledger, Origin, Pair};
use super::recovery::Recovery;
use super::{Boundary, Flaw, Prefixes, Problem, Rule};

mod crash;
mod links;

/// How many commits are looked ahead for one that proves another durable. The runtime's own journal
/// has it next.
const AHEAD_MAX: usize = 64;
/// What may be spent on starting links beside what the journal pays for, in bytes.
const FREE_BYTES: u64 = 8 << 20;

/// The walk, and where it has got to.
pub(super) struct Walk<I: Island, R> {
    recovery: R,
    storage: Arc<dyn Storage>,
    settings: JournalSettings,
    table: Arc<Table>,
    /// What the whole scan found.
    whole: Recovered,
    /// Where recovery has got to, and the images it made.
    mark: Recovered,
    images: Vec<Image<I>>,
    /// The images folded here.
    fold: Vec<Image<I>>,
    digest_due: Vec<JournalPosition>,
    ledger: Ledger,
    /// Bytes of blocks of each island so far.
    block_bytes: Vec<u64>,
    /// Links, the one to be started next in front.
    turns: VecDeque<Pair>,
    known: BTreeSet<Pair>,
    credit: u64,
    figures: Prefixes,
}

/// A law that is broken, without its place.
type Broken = (Rule, String);

fn broken<T>(rule: Rule, seen: impl Display) -> Result<T, Broken> {
    Err((rule, seen.to_string()))
}

impl<I: Island, R: Recovery<I>> Walk<I, R> {
    pub(super) fn begin(
        recovery: R,
        storage: Arc<dyn Storage>,
        settings: &JournalSettings,
        mut make: impl FnMut(IslandId) -> I,
    ) -> Result<Self, Problem> {
        let table = Arc::new(Table::modulo(settings.islands).map_err(OpenError::from)?);
        let whole = scan::<OpenError>(&*storage, settings, ScanMode::ReadOnly, &mut |_| Ok(()))?;
        let islands = settings.islands as usize;
        let mut born = || (0..settings.islands).map(|id| Image::new(make(IslandId(id)))).collect();
        Ok(Self {
            recovery,
            settings: *settings,
            table,
            mark: Recovered {
                segments: Vec::new(),
                next: BlockPlace { segment: SegmentNumber::FIRST, offset: 0 },
                last: CommitNumber::ZERO,
                chain: Chain::START,
                ending: Ending::Nothing,
                islands: vec![IslandTail::default(); islands],
                bytes: 0,
                torn: None,
            },
            images: born(),
            fold: born(),
            digest_due: vec![JournalPosition(1); islands],
            ledger: Ledger::default(),
            block_bytes: vec![0; islands],
            turns: VecDeque::new(),
            known: BTreeSet::new(),
            credit: FREE_BYTES,
            // The boundary before the first byte.
            figures: Prefixes { boundaries: 1, ..Prefixes::default() },
            whole,
            storage,
        })
    }

    pub(super) fn run(
        mut self,
        mut seen: impl FnMut(Boundary<'_, I>),
    ) -> Result<Prefixes, Problem> {
        let mut ahead: VecDeque<Commit> = VecDeque::new();
        let mut read = (self.mark.next, CommitNumber::ZERO);
        while self.mark.last < self.whole.last {
            let number = self.mark.last.next();
            let enough = |ahead: &VecDeque<Commit>| {
                let proof = ahead.iter().skip(1).any(|later| later.watermark >= number);
                ahead.len() > AHEAD_MAX || !ahead.is_empty() && proof
            };
            while !enough(&ahead) && read.1 < self.whole.last {
                let commit = self.read(read.0, read.1.next())?;
                read = (end_of(&commit), commit.number);
                ahead.push_back(commit);
            }
            let commits = ahead.make_contiguous();
            let (commit, later) = commits.split_first().expect("read just now");
            let at = |(rule, seen)| flaw(rule, commit.number, commit.place, seen);
            self.torn(commit, later).map_err(at)?;
            self.advance(commit).map_err(at)?;
            self.fold(commit).map_err(at)?;
            self.digests(commit)?;
            let links = self.links_due();
            self.start_links(&links).map_err(at)?;
            seen(Boundary {
                commit: commit.number,
                place: commit.place,
                content: commit.content,
                images: &self.images,
                ledger: &self.ledger,
            });
            ahead.pop_front();
        }
        self.finish()
    }

    fn read(&self, next: BlockPlace, number: CommitNumber) -> Result<Commit, Problem> {
        let found = Commit::read(&*self.storage, &self.whole.segments, next, number)?;
        let lost = || flaw(Rule::Journal, number, next, "a scan saw it, now it is not there");
        Ok(found.ok_or_else(lost)?)
    }

    /// Folds the commit's records, and compares what was recovered and what would be re-sent.
    fn fold(&mut self, commit: &Commit) -> Result<(), Broken> {
        self.figures.commits += 1;
        self.figures.boundaries += commit.bytes.len() as u64;
        self.credit += commit.bytes.len() as u64;
        let mut touched: BTreeSet<Pair> = BTreeSet::new();
        for header in data(commit) {
            self.figures.blocks += 1;
            let island = header.island.0 as usize;
            let origin = Origin { commit: commit.number, behind: self.block_bytes[island] };
            let mut links = self.fold_block(commit, header, origin)?;
            self.block_bytes[island] += header.block_bytes();
            links.sort_unstable();
            links.dedup();
            for pair in links {
                if pair.0 == header.island {
                    self.reread(pair, header.here, origin)?;
                }
                if self.known.insert(pair) {
                    self.turns.push_back(pair);
                }
                touched.insert(pair);
            }
        }
        for header in data(commit) {
            let island = header.island.0 as usize;
            let (found, folded) = (&self.images[island], &self.fold[island]);
            let (at, expected) = (found.position, folded.position);
            if at != expected || found.stamp != folded.stamp {
                let seen = format!("island {island} has record {at}, not {expected}");
                return broken(Rule::State, seen);
            }
        }
        for (from, to) in touched {
            let link = &self.ledger.links[&(from, to)];
            let sent = self.images[from.0 as usize].sent_to(to);
            let consumed = self.images[to.0 as usize].applied_from(from);
            if (sent, consumed) != (link.sent, link.consumed) {
                let expected = (link.sent.0, link.consumed.0);
                let seen = format!(
                    "link {from} to {to}: sent {sent}, consumed {consumed}, not {expected:?}"
                );
                return broken(Rule::Resent, seen);
            }
        }
        Ok(())
    }

    /// Folds a block's records; returns the links they touch.
    fn fold_block(
        &mut self,
        commit: &Commit,
        header: &BlockHeader,
        origin: Origin,
    ) -> Result<Vec<Pair>, Broken> {
        let mut touched = Vec::new();
        let mut records = RecordsView::new(&commit.bytes[commit.records(header)]);
        let mut position = header.first;
        let at = |position, what: &dyn Display| {
            (Rule::Journal, format!("island {}, record {position}: {what}", header.island))
        };
        let upcast = Upcast::<I>::from(header.schema).map_err(|error| at(position, &error))?;
        let mut now = Vec::new();
        while let Some(mut record) = records.next_record().map_err(|error| at(position, &error))? {
            if let Some(upcast) = &upcast {
                now.clear();
                upcast.record(&record, &mut now).map_err(|error| at(position, &error))?;
                let whole = RecordsView::new(&now).next_record();
                record = whole.ok().flatten().expect("written just now");
            }
            self.ledger
                .note(header.island, position, &record, origin, |pair| touched.push(pair))
                .map_err(|what| at(position, &what))?;
            self.fold[header.island.0 as usize]
                .apply(&record)
                .map_err(|error| at(position, &error))?;
            self.figures.records += 1;
            position = position.next();
        }
        Ok(touched)
    }

    /// Compares the digests of islands that have grown enough.
    fn digests(&mut self, commit: &Commit) -> Result<(), Problem> {
        for header in data(commit) {
            let island = header.island.0 as usize;
            let position = self.images[island].position;
            if position >= self.digest_due[island] {
                self.digest_due[island] = JournalPosition(position.0 * 2);
                self.compare(island)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, island: usize) -> Result<Digest, Problem> {
        let (found, folded) = (&self.images[island], &self.fold[island]);
        let (digest, expected) = (found.digest()?, folded.digest()?);
        self.figures.digests += 1;
        if digest == expected {
            return Ok(digest);
        }
        let seen =
            format!("island {island} at record {}: {digest}, not {expected}", found.position);
        Err(flaw(Rule::State, self.mark.last, self.mark.next, seen).into())
    }

    /// The last boundary: everything is compared.
    fn finish(mut self) -> Result<Prefixes, Problem> {
        let at = |(rule, seen)| flaw(rule, self.whole.last, self.whole.next, seen);
        same(&self.mark, &self.whole).map_err(|what| at((Rule::Recovers, what)))?;
        let links: Vec<Pair> = self.turns.iter().copied().collect();
        let at = (self.whole.last, self.whole.next);
        self.start_links(&links).map_err(|(rule, seen)| flaw(rule, at.0, at.1, seen))?;
        let mut digest = Digest::default();
        for island in 0..self.images.len() {
            digest = digest.then(self.compare(island)?);
        }
        self.figures.digest = digest;
        Ok(self.figures)
    }
}

fn flaw(rule: Rule, commit: CommitNumber, place: BlockPlace, seen: impl Into<String>) -> Flaw {
    Flaw { rule, commit, place, seen: seen.into() }
}

fn data(commit: &Commit) -> impl Iterator<Item = &BlockHeader> {
    commit.headers.iter().filter(|header| header.kind == BlockKind::Data)
}

/// Where the next commit may start.
fn end_of(commit: &Commit) -> BlockPlace {
    let offset = commit.place.offset + commit.bytes.len() as u32;
    BlockPlace { offset, ..commit.place }
}
