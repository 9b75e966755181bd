//! The walk over a journal, commit by commit: what is proved at each, see the [module](super).
//!
//! It doesn't know how a recovery works.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Display;
use std::sync::Arc;

use archipelago::journal::{
    Ending, IslandTail, JournalError, JournalSettings, Recovered, ScanMode, Storage, scan,
};
use archipelago::replay::OpenError;
use archipelago_core::command::route::Table;
use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{
    BlockHeader, BlockKind, BlockPlace, Chain, CommitNumber, HEADER_BYTES, SegmentNumber,
};
use archipelago_core::journal::record::RecordsView;
use archipelago_core::replay::{Digest, Image};

use super::commits::Commit;
use super::ledger::{Ledger, Origin, Owed, Pair};
use super::recovery::{Nobody, Recovery, Start};
use super::torn::{Case, Expected, cases, judge_every_byte};
use super::view::{Left, View};
use super::{Boundary, Flaw, Prefixes, Problem, Rule};

/// How many commits are looked ahead for one that proves another durable. The runtime's own journal
/// has it next.
const AHEAD_MAX: usize = 64;
/// What starting one link costs beside reading its messages, in bytes of journal.
const LINK_BYTES: u64 = 8 << 10;
/// What may be spent on starting links beside what the journal pays for, in bytes.
const FREE_BYTES: u64 = 8 << 20;

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

    /// What a crash leaves, or cannot leave, of the next commit.
    fn torn(&mut self, commit: &Commit, later: &[Commit]) -> Result<(), Broken> {
        let falls = later.first().is_some_and(|next| next.watermark < commit.watermark);
        if falls {
            return broken(Rule::Journal, "the watermark of the commit after it is lower");
        }
        judge_every_byte(commit).map_err(|seen| (Rule::Refuses, seen))?;
        let unproved = later.iter().take_while(|later| later.watermark < commit.number).count();
        let (unacknowledged, rest) = later.split_at(unproved);
        for case in cases(commit, unacknowledged, rest.first()) {
            self.recover(case)?;
        }
        Ok(())
    }

    fn recover(&mut self, case: Case<'_>) -> Result<(), Broken> {
        let told = |view: &[(&Commit, Left)]| {
            let said =
                view.iter().map(|(commit, left)| format!("commit {} {left:?}", commit.number));
            said.collect::<Vec<_>>().join(", ")
        };
        let Case { pieces, mode, expected } = case;
        let view = View::new(&self.mark, pieces.clone());
        let settings = View::settings(&self.settings);
        self.figures.recoveries += 1;
        let found = self.recovery.go_on(&view, &settings, mode, &self.mark, &mut self.images);
        match (found, expected) {
            (Ok(found), Expected::End | Expected::Cut) => {
                if let Err(what) = self.is_as_before(&found, expected) {
                    return broken(Rule::Refuses, format_args!("{what}; left: {}", told(&pieces)));
                }
            }
            (Err(error), Expected::End | Expected::Cut) => {
                return broken(Rule::Recovers, format_args!("{error}; left: {}", told(&pieces)));
            }
            (Err(OpenError::Journal(JournalError::Damaged(_))), Expected::Refusal) => {}
            (Err(error), Expected::Refusal) => {
                return broken(Rule::Refuses, format_args!("{error}; left: {}", told(&pieces)));
            }
            (Ok(found), Expected::Refusal) => {
                let seen = format!("opens at {}; left: {}", found.last, told(&pieces));
                return broken(Rule::Refuses, seen);
            }
        }
        if mode == ScanMode::Repair {
            let read = ScanMode::ReadOnly;
            let again = self.recovery.go_on(&view, &settings, read, &self.mark, &mut self.images);
            let clean = again.map_err(|error| error.to_string());
            let clean = clean.and_then(|found| self.is_as_before(&found, Expected::End));
            if let Err(what) = clean {
                let left = told(&pieces);
                return broken(Rule::Recovers, format_args!("after a cut: {what}; left: {left}"));
            }
        }
        Ok(())
    }

    /// Whether a recovery has found nothing new.
    fn is_as_before(&self, found: &Recovered, expected: Expected) -> Result<(), String> {
        same(found, &self.mark)?;
        if found.torn.is_none() != (expected == Expected::End) {
            return Err(format!("expected {expected:?}, found {:?}", found.torn));
        }
        let moved = self.images.iter().zip(&self.mark.islands);
        match moved.enumerate().find(|(_, (image, tail))| image.position != tail.upto) {
            None => Ok(()),
            Some((island, (image, _))) => {
                Err(format!("island {island} has moved to record {}", image.position))
            }
        }
    }

    /// Recovers the whole commit. Noise in its padding is no harm: every other commit has some.
    fn advance(&mut self, commit: &Commit) -> Result<(), Broken> {
        let last = commit.headers.last().expect("a commit has blocks");
        let end = commit.body(last).end;
        let noise = commit.number.0.is_multiple_of(2) && end < commit.bytes.len();
        let left = if noise { Left::UptoNoise(end) } else { Left::Whole };
        let view = View::new(&self.mark, vec![(commit, left)]);
        let settings = View::settings(&self.settings);
        let mode = ScanMode::ReadOnly;
        self.figures.recoveries += 1;
        let found = self
            .recovery
            .go_on(&view, &settings, mode, &self.mark, &mut self.images)
            .or_else(|error| broken(Rule::Recovers, format_args!("whole: {error}")))?;
        let mut islands = self.mark.islands.clone();
        for header in data(commit) {
            let tail = IslandTail { upto: header.upto(), place: Some(header.here) };
            islands[header.island.0 as usize] = tail;
        }
        let start = commit.body(last).start - HEADER_BYTES;
        let header = commit.bytes[start..].first_chunk().expect("a header is there");
        let sealed = last.kind == BlockKind::Seal;
        let expected = Recovered {
            segments: Vec::new(),
            next: end_of(commit),
            last: commit.number,
            chain: Chain::of(header),
            ending: if sealed { Ending::Seal } else { Ending::Data },
            islands,
            bytes: self.mark.bytes + commit.bytes.len() as u64,
            torn: None,
        };
        same(&found, &expected).map_err(|what| (Rule::Recovers, what))?;
        if found.torn.is_some() {
            return broken(Rule::Recovers, format_args!("whole: {:?}", found.torn));
        }
        self.mark = found;
        Ok(())
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
        let mut records = RecordsView::new(&commit.bytes[commit.body(header)]);
        let mut position = header.first;
        let at = |position, what: &dyn Display| {
            (Rule::Journal, format!("island {}, record {position}: {what}", header.island))
        };
        while let Some(record) = records.next_record().map_err(|error| at(position, &error))? {
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

    /// Reads what a block has sent on a link again, and compares.
    fn reread(&mut self, pair: Pair, block: BlockPlace, origin: Origin) -> Result<(), Broken> {
        let link = &self.ledger.links[&pair];
        let here = |at: &&Origin| at.commit == origin.commit && at.behind == origin.behind;
        let count = link.origins.iter().rev().take_while(here).count();
        self.figures.messages += count as u64;
        let mut expected = link.owed.iter().skip(link.owed.len() - count);
        let mut left = count;
        let mut first = link.owed.get(link.owed.len() - count).map(|owed| owed.number);
        while let Some(number) = first.filter(|_| left > 0) {
            let storage = &self.storage;
            let tail = Some(block);
            let chunk = self.recovery.reread(storage, self.settings.life, pair, tail, number);
            let chunk = chunk.ok_or_else(|| {
                (Rule::Resent, format!("link {pair:?}: message {number} is not read again"))
            })?;
            let messages = Owed::read(chunk.first, chunk.count, &chunk.bytes)
                .or_else(|error| broken(Rule::Resent, error))?;
            let asked = expected.by_ref().take(messages.len());
            if messages.is_empty() || !messages.iter().eq(asked) {
                let seen = format!("link {pair:?}: other messages from {number} on are read again");
                return broken(Rule::Resent, seen);
            }
            left -= messages.len();
            first = Some(chunk.last().next());
        }
        Ok(())
    }

    /// Compares the digests of islands that have grown enough.
    fn digests(&mut self, commit: &Commit) -> Result<(), Problem> {
        for header in data(commit) {
            let island = header.island.0 as usize;
            let position = self.images[island].position;
            if position >= self.digest_due[island] {
                self.digest_due[island] = JournalPosition(position.0 + 1 + position.0 / 4);
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

    /// The links whose turn it is, as far as they are paid for.
    fn links_due(&mut self) -> Vec<Pair> {
        let mut due = Vec::new();
        for _ in 0..self.turns.len() {
            let pair = self.turns[0];
            let behind = self.block_bytes[pair.0.0 as usize];
            let oldest = self.ledger.links[&pair].origins.front();
            let cost = LINK_BYTES + 2 * oldest.map_or(0, |oldest| behind - oldest.behind);
            if cost > self.credit {
                return due;
            }
            self.credit -= cost;
            self.turns.rotate_left(1);
            due.push(pair);
        }
        self.figures.full_starts += 1;
        due
    }

    /// Starts links for real, and compares what they send.
    fn start_links(&mut self, links: &[Pair]) -> Result<(), Broken> {
        self.figures.links_started += links.len() as u64;
        let mut islands = BTreeMap::new();
        let mut expected: BTreeMap<Pair, Vec<Owed>> = BTreeMap::new();
        for (from, to) in links {
            for island in [from, to] {
                let (image, tails) = (&self.images[island.0 as usize], &self.mark.islands);
                islands.entry(*island).or_insert_with(|| {
                    let (position, stamp) = (image.position, image.stamp);
                    let links_only = Image { position, stamp, ..Image::new(Nobody) };
                    (links_only, tails[island.0 as usize].place)
                });
            }
            let sent = self.images[from.0 as usize].sent_to(*to);
            let consumed = self.images[to.0 as usize].applied_from(*from);
            if let Some((image, _)) = islands.get_mut(from) {
                image.sent.insert(*to, sent);
            }
            if let Some((image, _)) = islands.get_mut(to) {
                image.applied.insert(*from, consumed);
            }
            let owed = &self.ledger.links[&(*from, *to)].owed;
            if !owed.is_empty() {
                expected.insert((*from, *to), owed.iter().cloned().collect());
            }
        }
        let storage = Arc::clone(&self.storage);
        let table = Arc::clone(&self.table);
        let start = Start { storage, life: self.settings.life, table, islands };
        let sent = self.recovery.restart(start).map_err(|what| (Rule::Resent, what))?;
        if sent == expected {
            return Ok(());
        }
        let pairs = expected.keys().chain(sent.keys());
        let wrong = pairs.copied().find(|pair| sent.get(pair) != expected.get(pair));
        let numbers = |of: &BTreeMap<Pair, Vec<Owed>>| {
            let numbers = wrong.and_then(|pair| of.get(&pair)).into_iter().flatten();
            numbers.take(8).map(|owed| owed.number.0).collect::<Vec<_>>()
        };
        let seen = format!(
            "link {wrong:?} sends {:?} again, not {:?} (the first of each)",
            numbers(&sent),
            numbers(&expected)
        );
        broken(Rule::Resent, seen)
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

/// Whether two recoveries ended alike, the segments aside.
fn same(found: &Recovered, expected: &Recovered) -> Result<(), String> {
    let told = |of: &Recovered| {
        format!("commit {}, {}, {:?}, {} bytes", of.last, of.next, of.ending, of.bytes)
    };
    let equal = found.next == expected.next
        && found.last == expected.last
        && found.chain == expected.chain
        && found.ending == expected.ending
        && found.islands == expected.islands
        && found.bytes == expected.bytes;
    if equal {
        return Ok(());
    }
    Err(format!("ends at {}; expected {}", told(found), told(expected)))
}
