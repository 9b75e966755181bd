//! One commit, torn: every byte boundary inside it, and the states a lost flush leaves or cannot
//! leave.
//!
//! The parts that decide about a torn commit are two product functions: a header is
//! [`BlockHeader::decode`]d, and a body's checksum compared. The rest of the reader sees only what
//! they say. So, for a cut at byte b of the commit's content:
//! 1. b in a block that is not the last: the next block's header reads as zeros, and no header
//!    decodes from zeros. Not whole, whatever the cut block says.
//! 2. b in the first block's header: decoding says that no block starts here, or that the header's
//!    checksum is wrong; nothing else, since other answers are refused. Each cut is decoded.
//! 3. b in the last block's header: decoding fails. Each cut is decoded.
//! 4. b in the last block's body: its checksum differs. All cuts are judged in one pass ([`crc`]).
//! 5. b at or after the content's end: the same bytes as the whole commit.
//!
//! A few cuts of each kind, and cuts with noise or commits behind them, are given to the real
//! recovery: [`cases`].
//!
//! It doesn't know images or links.
//!
//! [`crc`]: super::crc

use archipelago::journal::ScanMode;
use archipelago_core::journal::frame::{BlockHeader, FrameError, HEADER_BYTES, SECTOR};

use super::commits::Commit;
use super::crc::unseen_cut;
use super::view::Left;

/// What recovery has to make of what a crash left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The journal ends before the commit, and nothing stands behind.
    End,
    /// It ends before the commit, and something is cut off.
    Cut,
    /// It is refused: a crash cannot leave this.
    Refusal,
}

/// A state after a crash, to be recovered.
pub(super) struct Case<'a> {
    pub(super) pieces: Vec<(&'a Commit, Left)>,
    pub(super) mode: ScanMode,
    pub(super) expected: Expected,
}

/// Judges the cut at every byte of the commit; says which one would be taken for the whole commit,
/// or would be refused.
pub(super) fn judge_every_byte(commit: &Commit) -> Result<(), String> {
    let zeros = BlockHeader::decode(&[0; HEADER_BYTES]);
    if !matches!(zeros, Err(FrameError::Empty)) {
        return Err(format!("a header of zeros is read as {zeros:?}"));
    }
    let (Some(first), Some(last)) = (commit.headers.first(), commit.headers.last()) else {
        return Err("a commit without blocks".to_owned());
    };
    judge_header(commit, first)?;
    if first.here != last.here {
        judge_header(commit, last)?;
    }
    let body = commit.body(last);
    match unseen_cut(&commit.bytes[body.clone()]) {
        Some(cut) => Err(format!("cut at byte {} it still has its checksum", body.start + cut)),
        None => Ok(()),
    }
}

fn judge_header(commit: &Commit, header: &BlockHeader) -> Result<(), String> {
    let start = commit.body(header).start - HEADER_BYTES;
    let whole = &commit.bytes[start..start + HEADER_BYTES];
    let content = HEADER_BYTES - whole.iter().rev().take_while(|byte| **byte == 0).count();
    let mut torn = [0; HEADER_BYTES];
    for cut in 1..content {
        torn[cut - 1] = whole[cut - 1];
        match BlockHeader::decode(&torn) {
            Err(FrameError::Magic | FrameError::HeaderChecksum { .. }) => {}
            other => return Err(format!("cut at byte {} it is read as {other:?}", start + cut)),
        }
    }
    Ok(())
}

/// What a crash may have left of `commit` and of those behind it, and what it cannot have left:
/// `unacknowledged` were written before `commit` was known to be durable, `acknowledged` is the
/// first that was written after.
pub(super) fn cases<'a>(
    commit: &'a Commit,
    unacknowledged: &'a [Commit],
    acknowledged: Option<&'a Commit>,
) -> Vec<Case<'a>> {
    let (content, read, repair) = (commit.content, ScanMode::ReadOnly, ScanMode::Repair);
    let case = |left: Left, mode, expected| Case { pieces: vec![(commit, left)], mode, expected };
    let mut cases = vec![case(Left::Upto(0), read, Expected::End)];
    let cuts = [1, HEADER_BYTES / 2, HEADER_BYTES, content / 2, content - 1];
    let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < content).collect();
    cuts.sort_unstable();
    cuts.dedup();
    for cut in cuts {
        cases.push(case(Left::Upto(cut), read, Expected::Cut));
    }
    cases.push(case(Left::UptoNoise(content - 1), read, Expected::Cut));
    cases.push(case(Left::UptoNoise(content / 2), repair, Expected::Cut));
    let sectors = commit.bytes.len() / SECTOR;
    for sector in [0, sectors / 2] {
        let lost = sector * SECTOR..(sector + 1) * SECTOR;
        let seen = commit.bytes[lost.clone()].iter().any(|byte| *byte != 0);
        if seen && sectors > sector + 1 {
            // Where only zeros are left, nobody can tell that anything was written.
            let outside = commit.bytes.iter().enumerate().filter(|(at, _)| !lost.contains(at));
            let left = { outside }.any(|(_, byte)| *byte != 0);
            let expected = if left { Expected::Cut } else { Expected::End };
            cases.push(case(Left::Without(lost), read, expected));
        }
    }
    let behind = |left: Left, later: &mut dyn Iterator<Item = (&'a Commit, Left)>, expected| {
        let pieces = std::iter::once((commit, left)).chain(later).collect();
        Case { pieces, mode: read, expected }
    };
    let whole = || unacknowledged.iter().map(|later| (later, Left::Whole));
    if !unacknowledged.is_empty() {
        cases.push(behind(Left::Upto(0), &mut whole(), Expected::Cut));
        cases.push(behind(Left::Upto(content - 1), &mut whole(), Expected::Cut));
        cases.push(behind(Left::Upto(0), &mut whole().rev().take(1), Expected::Cut));
    }
    if let Some(proof) = acknowledged {
        let header = || std::iter::once((proof, Left::Upto(HEADER_BYTES)));
        cases.push(behind(Left::Upto(0), &mut header(), Expected::Refusal));
        let proof = std::iter::once((proof, Left::Whole));
        let mut all = whole().chain(proof);
        cases.push(behind(Left::Upto(content - 1), &mut all, Expected::Refusal));
    }
    cases
}

#[cfg(test)]
mod tests {
    use archipelago::drive::Book;
    use archipelago::journal::{
        Durability, JournalError, JournalSettings, Memory, Recovered, Storage, scan,
    };
    use archipelago_core::id::{IslandId, JournalPosition, Life};
    use archipelago_core::journal::frame::{Block, SchemaVersion};

    use super::*;
    use crate::oracle::crc::hide;

    const SETTINGS: JournalSettings = JournalSettings {
        life: Life(3),
        islands: 1,
        segment_bytes: 4096,
        schema: SchemaVersion(1),
        durability: Durability::Disk,
    };

    fn recovered(storage: &dyn Storage) -> Recovered {
        let nothing = |_| Ok::<_, JournalError>(());
        scan(storage, &SETTINGS, ScanMode::ReadOnly, &mut { nothing }).unwrap()
    }

    /// A journal of one commit, of one block with this body.
    fn journal(body: &[u8]) -> (Memory, Commit) {
        let storage = Memory::new();
        let mut book = Book::resume(SETTINGS, &recovered(&storage)).unwrap();
        let (island, first) = (IslandId(0), JournalPosition(1));
        let block = Block { island, first, records: 1, body: body.to_vec(), trailer: None };
        let commit = book.prepare(&mut vec![block]).unwrap().unwrap();
        storage.create(commit.create().unwrap()).unwrap();
        storage.write_at(commit.place().segment, 0, commit.image()).unwrap();
        let found = recovered(&storage);
        let commit = Commit::read(&storage, &found.segments, commit.place(), commit.number());
        (storage, commit.unwrap().unwrap())
    }

    #[test]
    fn a_cut_that_a_checksum_cannot_see_is_found() {
        let mut body = b"promised".to_vec();
        judge_every_byte(&journal(&body).1).unwrap();
        body.extend_from_slice(b"lost");
        body.extend_from_slice(&hide(b"lost"));
        let (storage, commit) = journal(&body);
        let seen = judge_every_byte(&commit).unwrap_err();
        assert_eq!(seen, format!("cut at byte {} it still has its checksum", HEADER_BYTES + 8));
        // So it is: the reader takes the torn commit for a whole one.
        let cut = HEADER_BYTES + 8;
        storage.write_at(commit.place.segment, cut as u64, &vec![0; 4096 - cut]).unwrap();
        assert_eq!(recovered(&storage).last, commit.number);
    }
}
