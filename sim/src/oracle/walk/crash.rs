//! At each commit: what a crash leaves of it, through the real recovery; then all of it.
//!
//! It doesn't know what stands in a record.

use archipelago::journal::{Ending, IslandTail, JournalError, Recovered, ScanMode};
use archipelago::replay::OpenError;
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{BlockKind, Chain, HEADER_BYTES};

use super::{Broken, Walk, broken, data, end_of};
use crate::oracle::Rule;
use crate::oracle::commits::Commit;
use crate::oracle::recovery::Recovery;
use crate::oracle::torn::{Case, Expected, cases, judge_every_byte};
use crate::oracle::view::{Left, View};

impl<I: Island, R: Recovery<I>> Walk<I, R> {
    /// What a crash leaves, or cannot leave, of the next commit.
    pub(super) fn torn(&mut self, commit: &Commit, later: &[Commit]) -> Result<(), Broken> {
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
    pub(super) fn advance(&mut self, commit: &Commit) -> Result<(), Broken> {
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
}

/// Whether two recoveries ended alike, the segments aside.
pub(super) fn same(found: &Recovered, expected: &Recovered) -> Result<(), String> {
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
