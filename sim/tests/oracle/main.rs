//! The every-prefix oracle: its one pass finds at every byte what recovering from each byte finds,
//! and it finds recoveries that are wrong.
//!
//! It doesn't know how the oracle goes about it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use archipelago::drive::restore;
use archipelago::journal::{JournalError, Memory, ScanMode, Storage};
use archipelago::replay::OpenError;
use archipelago_core::command::route::Table;
use archipelago_core::id::IslandId;
use archipelago_core::journal::frame::{BlockHeader, BlockPlace, CommitNumber, HEADER_BYTES};
use archipelago_core::replay::{Digest, Image};
use archipelago_sim::oracle::{
    Owed, Pair, Prefixes, Problem, Product, Recovery, Rule, Start, check_with, restart,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

mod sea;
mod wrong;

use sea::{ISLANDS, Sea, Step, Toy, steps};
use wrong::Wrong;

/// What the oracle says that the boundaries of a commit recover to.
struct Said {
    commit: CommitNumber,
    place: BlockPlace,
    content: usize,
    digests: Vec<Digest>,
    owed: BTreeMap<Pair, Vec<Owed>>,
}

fn digests(images: &[Image<Toy>]) -> Vec<Digest> {
    images.iter().map(|image| image.digest().unwrap()).collect()
}

fn ask_the_oracle(
    recovery: impl Recovery<Toy>,
    sea: &Sea,
) -> Result<(Prefixes, Vec<Said>), Problem> {
    let mut said = vec![];
    let storage: Arc<dyn Storage> = Arc::<Memory>::clone(&sea.storage);
    let found = check_with(
        recovery,
        storage,
        &sea.settings,
        |_| Toy::default(),
        |boundary| {
            said.push(Said {
                commit: boundary.commit,
                place: boundary.place,
                content: boundary.content,
                digests: digests(boundary.images),
                owed: boundary.ledger.owed(),
            });
        },
    )?;
    Ok((found, said))
}

/// All segments, and what they hold up to byte `upto`, counted over all of them; zeros behind.
fn torn(whole: &Memory, upto: u64) -> Memory {
    let torn = Memory::new();
    let mut left = upto;
    for segment in whole.segments().unwrap() {
        let mut bytes = vec![0; segment.bytes.min(left) as usize];
        whole.read_at(segment.number, 0, &mut bytes).unwrap();
        torn.create(segment).unwrap();
        torn.write_at(segment.number, 0, &bytes).unwrap();
        left -= bytes.len() as u64;
    }
    torn
}

/// All segments, with only so many bytes at these places.
fn copy_of(whole: &Memory, left: impl Iterator<Item = (BlockPlace, usize)>) -> Memory {
    let copy = Memory::new();
    whole.segments().unwrap().into_iter().for_each(|segment| copy.create(segment).unwrap());
    for (place, len) in left {
        let mut bytes = vec![0; len];
        whole.read_at(place.segment, place.offset.into(), &mut bytes).unwrap();
        copy.write_at(place.segment, place.offset.into(), &bytes).unwrap();
    }
    copy
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

/// The journal's bytes, segment after segment.
fn bytes_of(whole: &Memory) -> Vec<u8> {
    let mut all = Vec::new();
    for segment in whole.segments().unwrap() {
        let start = all.len();
        all.resize(start + segment.bytes as usize, 0);
        whole.read_at(segment.number, 0, &mut all[start..]).unwrap();
    }
    all
}

/// Recovers the journal that ends at byte `upto` from its beginning, as an application would.
fn naively(
    sea: &Sea,
    upto: u64,
) -> (CommitNumber, Vec<Digest>, impl FnOnce() -> BTreeMap<Pair, Vec<Owed>>) {
    let storage = Arc::new(torn(&sea.storage, upto));
    let mut make = |_| Toy::default();
    let found = restore(&*storage, &sea.settings, ScanMode::Repair, 1, &mut make).unwrap();
    let (last, digests) = (found.recovered.last, digests(&found.images));
    let life = sea.settings.life;
    let start = move || {
        let tails = found.recovered.islands;
        let islands = found.images.into_iter().zip(tails).enumerate();
        let islands =
            islands.map(|(id, (image, tail))| (IslandId(id as u32), (image, tail.place))).collect();
        let table = Arc::new(Table::modulo(ISLANDS).unwrap());
        restart::<Toy, _>(Start { storage, life, table, islands }).unwrap()
    };
    (last, digests, start)
}

#[test]
fn one_pass_says_at_every_byte_what_recovering_there_finds() {
    let mut runner = runner(96);
    let totals = Cell::new((0_usize, 0_usize, 0_u64));
    let ran = runner.run(&steps(40), |steps| {
        let sea = Sea::after(&steps);
        let (found, said) = ask_the_oracle(Product, &sea).unwrap();
        prop_assert_eq!(found.full_starts, found.commits, "a small journal starts all links");
        let segments = sea.storage.segments().unwrap();
        let before = |place: BlockPlace| -> u64 {
            let earlier = segments.iter().filter(|segment| segment.number < place.segment);
            earlier.map(|segment| segment.bytes).sum::<u64>() + u64::from(place.offset)
        };
        let nothing = vec![Image::new(Toy::default()).digest().unwrap(); ISLANDS as usize];
        let bytes = bytes_of(&sea.storage);
        // A cut behind a zero leaves the same bytes as the cut before it.
        let upto = (0..=bytes.len()).filter(|upto| *upto == 0 || bytes[upto - 1] != 0);
        for (count, upto) in upto.enumerate() {
            let whole =
                said.iter().rfind(|said| before(said.place) + said.content as u64 <= upto as u64);
            let (last, digests, start) = naively(&sea, upto as u64);
            prop_assert_eq!(last, whole.map_or(CommitNumber::ZERO, |said| said.commit));
            prop_assert_eq!(&digests, whole.map_or(&nothing, |said| &said.digests));
            let ends =
                whole.is_some_and(|said| before(said.place) + said.content as u64 == upto as u64);
            if ends || count % 32 == 0 {
                let owed = whole.map(|said| said.owed.clone()).unwrap_or_default();
                let (boundaries, sends, commits) = totals.get();
                let more = owed.values().map(Vec::len).sum::<usize>();
                totals.set((boundaries, sends + more, commits));
                prop_assert_eq!(start(), owed);
            }
            let (boundaries, sends, commits) = totals.get();
            totals.set((boundaries + 1, sends, commits));
        }
        let (boundaries, sends, commits) = totals.get();
        totals.set((boundaries, sends, commits + found.commits));
        Ok(())
    });
    ran.unwrap();
    let (boundaries, sends, commits) = totals.get();
    let enough = boundaries > 8_000 && sends > 1_000 && commits > 100;
    assert!(enough, "{totals:?} is too little to say");
}

#[test]
fn a_lost_flush_is_cut_or_refused_naively_as_the_watermarks_say() {
    let totals = Cell::new((0, 0));
    let ran = runner(192).run(&steps(40), |steps| {
        let sea = Sea::after(&steps);
        let (_, said) = ask_the_oracle(Product, &sea).unwrap();
        let watermark = |said: &Said| {
            let mut bytes = [0; HEADER_BYTES];
            sea.storage.read_at(said.place.segment, said.place.offset.into(), &mut bytes).unwrap();
            BlockHeader::decode(&bytes).unwrap().0.watermark
        };
        for (lost, said_lost) in said.iter().enumerate() {
            for upto in lost + 1..=said.len() {
                for kept in [0, said_lost.content / 2, said_lost.content - 1] {
                    let left = said[..upto].iter().enumerate().map(|(at, said)| {
                        (said.place, if at == lost { kept } else { said.content })
                    });
                    let storage = copy_of(&sea.storage, left);
                    let mut make = |_| Toy::default();
                    let (settings, mode) = (&sea.settings, ScanMode::Repair);
                    let found = restore(&storage, settings, mode, 1, &mut make);
                    let proved = said[lost + 1..upto]
                        .iter()
                        .any(|later| watermark(later) >= said_lost.commit);
                    let (cuts, refusals) = totals.get();
                    if proved {
                        let damaged = |error: &OpenError| {
                            matches!(error, OpenError::Journal(JournalError::Damaged(_)))
                        };
                        prop_assert!(found.is_err_and(|error| damaged(&error)));
                        totals.set((cuts, refusals + 1));
                    } else {
                        let last = found.unwrap().recovered.last;
                        prop_assert_eq!(last.next(), said_lost.commit);
                        totals.set((cuts + u64::from(upto > lost + 1), refusals));
                    }
                }
            }
        }
        Ok(())
    });
    ran.unwrap();
    let (cuts, refusals) = totals.get();
    assert!(cuts > 100 && refusals > 100, "{totals:?} is too little to say");
}

#[test]
fn a_wrong_recovery_is_found_by_its_rule() {
    let telling = |island, number| Step::Ask { island, times: 3, number };
    let mut story = Vec::new();
    for round in 0..6 {
        story.extend([telling(round % ISLANDS, u64::from(round) * 7 + 1), Step::Commit]);
        story.extend([telling(1, 4), telling(2, 10), Step::Commit, Step::Done, Step::Done]);
        story.extend([Step::Deliver(3), Step::Commit, Step::Done, Step::Deliver(30)]);
    }
    let sea = Sea::after(&story);
    let (found, said) = ask_the_oracle(Product, &sea).unwrap();
    assert!(found.records > 30 && said.iter().any(|said| !said.owed.is_empty()));
    for (wrong, rule) in [
        (Wrong::LastRecordDropped, Rule::State),
        (Wrong::OtherState, Rule::State),
        (Wrong::TornAccepted, Rule::Refuses),
        (Wrong::TornRefused, Rule::Recovers),
        (Wrong::CutForgotten, Rule::Recovers),
        (Wrong::LossAccepted, Rule::Refuses),
        (Wrong::OneTooMany, Rule::Resent),
        (Wrong::FreedEarly, Rule::Resent),
        (Wrong::Twice, Rule::Resent),
        (Wrong::ReadLate, Rule::Resent),
        (Wrong::ReadShort, Rule::Resent),
    ] {
        match ask_the_oracle(wrong, &sea).map(|(found, _)| found) {
            Err(Problem::Flaw(flaw)) => assert_eq!(flaw.rule, rule, "{wrong:?}: {flaw}"),
            other => panic!("{wrong:?} is not found: {other:?}"),
        }
    }
}

#[test]
fn the_command_line_checks_a_journal_and_ends_with_the_digest_of_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sea").display().to_string();
    let archipelago = |words: &str| -> serde_json::Value {
        let words = format!("archipelago {words} --json --data");
        let args = words.split_whitespace().chain([data.as_str()]).map(std::ffi::OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = archipelago_sim::cli::main_with(args, &mut out, &mut err);
        assert_eq!(exit.code(), 0, "{}", String::from_utf8_lossy(&err));
        serde_json::from_slice(&out).unwrap()
    };
    archipelago("run warehouse --commands 300 --islands 3 --durability os");
    let (replay, found) = (archipelago("replay"), archipelago("sim prefixes"));
    assert_eq!((&found["digest"], &found["records"]), (&replay["digest"], &replay["records"]));
    assert_eq!(found["messages"], replay["sends_suppressed"]);
    assert!(found["boundaries"].as_u64() > replay["bytes"].as_u64());
}
