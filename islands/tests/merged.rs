//! One order of all islands' records: journals of real islands, and journals made by hand whose
//! clocks step as no real ones would.
//!
//! It doesn't know how the order is made.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archipelago::core::bytes::Malformed;
use archipelago::core::id::{Asker, ClientId, JournalPosition, LinkSeq};
use archipelago::core::id::{Life, RequestNumber, Slot};
use archipelago::core::island::Decision;
use archipelago::core::journal::frame::{Block, SchemaVersion};
use archipelago::core::journal::record::{Cause, Entry, RecordView, Source, write};
use archipelago::core::time::Stamp;
use archipelago::drive::{GroupJournal, merged};
use archipelago::journal::{Durability, JournalError, JournalSettings, Memory, ScanMode, scan};
use archipelago::replay::{At, Log, OpenError, Positions, RecordAt};
use archipelago::{AtRest, Island, IslandId, Millis, Settled, Turn, builder};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Passes a token on to an island drawn from its number, and now and then waits a moment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Ring {
    seen: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    number: u64,
    hops: u32,
}

impl Island for Ring {
    type Command = Token;
    type Event = u64;
    type Reply = ();

    fn decide(&self, Token { number, hops }: Token, turn: &mut Turn<Self>) {
        turn.emit(number);
        if turn.asker().is_some() {
            turn.reply(());
        }
        if hops == 0 {
            return;
        }
        let next = Token { number: number.wrapping_mul(31) + 7, hops: hops - 1 };
        if number % 5 == 0 {
            turn.timer(Millis(number % 3), next);
        } else {
            turn.send(IslandId((number % u64::from(turn.islands())) as u32), next);
        }
    }

    fn evolve(&mut self, _: &u64) {
        self.seen += 1;
    }
}

/// What one walk tells of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    stamp: Stamp,
    island: IslandId,
    position: JournalPosition,
    bytes: Vec<u8>,
}

fn seen(at: &RecordAt<'_>) -> Seen {
    let (island, position) = (at.island, at.position);
    Seen { stamp: at.record.stamp, island, position, bytes: at.record.bytes().to_vec() }
}

/// Someone who hands out records in one order.
trait Order {
    fn page(&self, from: Option<&Positions>, most: usize) -> (Vec<Seen>, Positions);

    /// All of it, in pages of these sizes again and again; each goes on from the token's text.
    fn pages(&self, sizes: &[usize]) -> Vec<Seen> {
        let (mut all, mut from) = (Vec::new(), None::<Positions>);
        for size in sizes.iter().cycle() {
            let (page, read) = self.page(from.as_ref(), *size);
            if page.is_empty() {
                return all;
            }
            all.extend(page);
            assert_eq!(read.records(), all.len() as u64);
            from = Some(read.to_string().parse().unwrap());
        }
        unreachable!("sizes are at least 1")
    }
}

impl Order for Log {
    fn page(&self, from: Option<&Positions>, most: usize) -> (Vec<Seen>, Positions) {
        let mut page = Vec::new();
        let read = self.merged(from, |at, _| visit(&mut page, &at, most));
        (page, read.unwrap())
    }
}

impl Order for (&Memory, &JournalSettings) {
    fn page(&self, from: Option<&Positions>, most: usize) -> (Vec<Seen>, Positions) {
        let mut page = Vec::new();
        let read = merged(self.0, self.1, from, |at, _| visit(&mut page, &at, most));
        (page, read.unwrap())
    }
}

fn visit(
    page: &mut Vec<Seen>,
    at: &RecordAt<'_>,
    most: usize,
) -> Result<ControlFlow<()>, OpenError> {
    page.push(seen(at));
    Ok(if page.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
}

/// Every record in journal order.
fn records(log: &Log) -> Vec<Seen> {
    let mut all = Vec::new();
    log.records(|at| {
        all.push(seen(&at));
        Ok::<(), OpenError>(())
    })
    .unwrap();
    all
}

/// Each message is sent before it is consumed, each timer set before it fires, each island's
/// records are in order, and none is missing.
fn is_causal(order: &[Seen]) {
    let mut sent = BTreeSet::new();
    let mut last = BTreeMap::new();
    for Seen { island, position, bytes, .. } in order {
        let before = last.insert(*island, *position).unwrap_or_default();
        assert_eq!(*position, before.next(), "island {island}");
        let record = RecordView::parse(bytes.as_slice()).unwrap();
        let cause = match record.source {
            Source::Client { .. } => None,
            Source::Island { from, number, .. } => Some((from, *island, number.0)),
            Source::Timer(number) => Some((*island, IslandId(u32::MAX), number.0)),
        };
        if let Some(cause) = cause {
            assert!(sent.remove(&cause), "island {island}, record {position}: before its cause");
        }
        let walked = record.walk(|entry| {
            match entry {
                Entry::Send { to, number, .. } => sent.insert((*island, to, number.0)),
                Entry::Timer { number, .. } => sent.insert((*island, IslandId(u32::MAX), number.0)),
                _ => true,
            };
            Ok::<(), Malformed>(())
        });
        walked.unwrap();
    }
}

/// Asks every key for a token of some hops; all that was asked is durable when it returns. A timer
/// may fire just when the islands end, so that what it causes comes in the next life.
fn run(data: &Path, islands: u32, keys: std::ops::Range<u64>) {
    let sea = builder().islands(islands).threads(2).journal(data);
    let sea = sea.open(|_| Ring::default()).unwrap();
    for number in keys {
        let token = Token { number, hops: (number % 7) as u32 };
        sea.tell(number.to_be_bytes(), token).unwrap();
    }
    assert_eq!(sea.settle(Duration::from_secs(20)).unwrap(), AtRest::Yes);
    let settled = sea.close(Duration::from_secs(20)).unwrap().settled;
    assert!(matches!(settled, Settled::Yes | Settled::No { waiting: 0, .. }), "{settled:?}");
}

#[test]
fn all_islands_have_one_order_in_which_causes_come_first_however_it_is_cut_into_pages() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 5, 0..400);
    let log = Log::open(folder.path()).unwrap();
    let mut all = records(&log);
    all.sort();
    let (order, end) = log.page(None, usize::MAX);
    assert_eq!(order, all, "by stamp, island and position");
    assert_eq!(end.records(), all.len() as u64);
    is_causal(&order);
    for sizes in [&[1000_usize][..], &[300, 1, 77], &[all.len()], &[all.len() - 1]] {
        assert_eq!(log.pages(sizes), order, "{sizes:?}");
    }
    assert!(log.page(Some(&end), 1).0.is_empty(), "there is nothing more");
}

#[test]
fn who_has_read_a_closed_journal_reads_on_in_the_order_of_who_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pages, mut from) = (Vec::new(), None);
    for life in 0..4 {
        run(folder.path(), 3, life * 50..life * 50 + 50);
        let log = Log::open(folder.path()).unwrap();
        let (page, read) = log.page(from.as_ref(), usize::MAX);
        assert!(page.len() >= 50);
        pages.extend(page);
        from = Some(read);
    }
    let log = Log::open(folder.path()).unwrap();
    assert_eq!(log.page(None, usize::MAX).0, pages);
    is_causal(&pages);
}

#[test]
fn a_reader_of_a_point_gets_the_beginning_of_the_order() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 3, 0..60);
    let all = Log::open(folder.path()).unwrap().page(None, usize::MAX).0;
    for Seen { stamp, .. } in [&all[0], &all[all.len() / 2], &all[all.len() - 1]] {
        let log = Log::open(folder.path()).unwrap().at(At::Time(*stamp)).unwrap();
        let count = all.iter().filter(|record| record.stamp <= *stamp).count();
        assert_eq!(log.page(None, usize::MAX).0, all[..count]);
        assert_eq!(log.pages(&[7]), all[..count]);
    }
}

#[test]
fn positions_of_another_journal_are_refused_by_what_does_not_fit() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(folder.path(), 2, 0..5);
    run(other.path(), 2, 0..5);
    let (log, other) = (Log::open(folder.path()).unwrap(), Log::open(other.path()).unwrap());
    let refused = |token: &str| {
        let from: Positions = token.parse().unwrap();
        let read = log.merged::<OpenError>(Some(&from), |_, _| panic!("nothing is handed out"));
        read.unwrap_err().to_string()
    };
    let theirs = other.page(None, 3).1.to_string();
    assert!(refused(&theirs).contains("another data directory"), "{}", refused(&theirs));
    let ours = log.page(None, 3).1.to_string();
    let (life, _) = ours.split_once(':').unwrap();
    let beyond = refused(&format!("{life}:0,99999"));
    assert!(beyond.contains("record 99999 of island 1, which ends at"), "{beyond}");
    let short = refused(&format!("{life}:1"));
    assert!(short.contains("name 1 islands, the journal has 2"), "{short}");
}

#[test]
fn nothing_is_handed_out_of_a_journal_that_is_damaged_further_on() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 2, 0..200);
    let first = folder.path().join("journal/00000001.segment");
    let mut bytes = std::fs::read(&first).unwrap();
    let blocks: Vec<usize> =
        (0..bytes.len() - 4).step_by(4096).filter(|at| bytes[*at..].starts_with(b"ISLE")).collect();
    // In the body of the last commit but one: the seal behind proves it durable.
    bytes[blocks[blocks.len() - 2] + 100] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    let log = Log::open(folder.path()).unwrap();
    let read = log.merged::<OpenError>(None, |_, _| panic!("nothing is handed out"));
    assert!(matches!(read, Err(OpenError::Journal(JournalError::Damaged(_)))), "{read:?}");
}

/// One step of a journal made by hand.
#[derive(Clone, Copy, Debug)]
struct Step {
    island: u32,
    /// The island's clock, which may stand anywhere.
    now: u64,
    to: Option<u32>,
    consume: bool,
    /// Whether a commit ends here.
    commit: bool,
}

fn steps() -> impl Strategy<Value = (u32, Vec<Step>)> {
    (1_u32..6).prop_flat_map(|islands| {
        let step = (0..islands, clock(), prop::option::of(0..islands), any::<bool>(), 0..4_u8);
        let step = step.prop_map(|(island, now, to, consume, commit)| {
            let commit = commit == 0;
            Step { island, now, to, consume, commit }
        });
        (Just(islands), prop::collection::vec(step, 1..400))
    })
}

/// Mostly so few moments that islands have equal stamps; sometimes an hour off.
fn clock() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 1000_u64..1004, 1 => 3_601_000_u64..3_601_002, 1 => 0_u64..2]
}

const CLIENT: ClientId = ClientId(7);

/// A journal in which islands obey their stamps and links, and their clocks nothing.
fn by_hand(islands: u32, steps: &[Step]) -> (Arc<Memory>, JournalSettings) {
    let (memory, durability) = (Arc::new(Memory::new()), Durability::Os);
    let (life, schema) = (Life(9), SchemaVersion(0));
    let settings = JournalSettings { life, islands, segment_bytes: 16 << 10, schema, durability };
    let mut sink = |_| Ok::<(), JournalError>(());
    let found = scan(&*memory, &settings, ScanMode::Repair, &mut sink).unwrap();
    let storage: Arc<Memory> = Arc::clone(&memory);
    let mut journal = GroupJournal::resume_without_threads(storage, settings, &found).unwrap();
    let count = islands as usize;
    let mut last = vec![(JournalPosition::ZERO, Stamp::ZERO); count];
    let mut open: Vec<(u32, Vec<u8>)> = vec![(0, Vec::new()); count];
    let mut links: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    // What is durable may be consumed; what is not yet waits for the commit.
    let mut arrived: Vec<VecDeque<(u32, u64, Stamp)>> = vec![VecDeque::new(); count];
    let mut waits = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let island = step.island as usize;
        let message = if step.consume { arrived[island].pop_front() } else { None };
        let number = RequestNumber(at as u64 + 1);
        let asker = Asker { client: CLIENT, slot: Slot(0), number };
        let (source, cause) = match message {
            None => (Source::Client { asker, answered_below: RequestNumber(1) }, Stamp::ZERO),
            Some((from, number, stamp)) => {
                let (from, number) = (IslandId(from), LinkSeq(number));
                (Source::Island { from, number, cause: Cause::default() }, stamp)
            }
        };
        let (position, stamp) = &mut last[island];
        *position = position.next();
        *stamp = stamp.next(cause, Millis(step.now));
        let mut decision = Decision::<Ring>::default();
        if let Some(to) = step.to {
            decision.sends.push((IslandId(to), Token { number: 1, hops: 0 }));
        }
        let number = |to: IslandId| {
            let number = links.entry((step.island, to.0)).or_default();
            *number += 1;
            waits.push((to.0, (step.island, *number, *stamp)));
            LinkSeq(*number)
        };
        let (records, body) = &mut open[island];
        *records += 1;
        write(body, &source, *stamp, &[1], None, &decision, number).unwrap();
        if step.commit || at + 1 == steps.len() {
            let mut blocks = Vec::new();
            for (island, (records, body)) in open.iter_mut().enumerate() {
                let records = std::mem::take(records);
                if records > 0 {
                    let first = JournalPosition(last[island].0.0 + 1 - u64::from(records));
                    let (island, body) = (IslandId(island as u32), std::mem::take(body));
                    blocks.push(Block { island, first, records, body, trailer: None });
                }
            }
            journal.commit(&mut blocks).unwrap();
            waits.drain(..).for_each(|(to, sent)| arrived[to as usize].push_back(sent));
        }
    }
    journal.close().unwrap();
    (memory, settings)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_clocks_do_each_record_comes_once_and_its_cause_before(
        (islands, steps) in steps(),
        sizes in prop::collection::vec(1_usize..40, 1..4),
    ) {
        let (memory, settings) = by_hand(islands, &steps);
        let journal = (&*memory, &settings);
        let (order, end) = journal.page(None, usize::MAX);
        prop_assert_eq!(order.len(), steps.len(), "nothing is lost and nothing doubled");
        prop_assert!(order.windows(2).all(|two| two[0] < two[1]), "by stamp, island, position");
        is_causal(&order);
        prop_assert_eq!(end.records(), steps.len() as u64);
        prop_assert_eq!(journal.pages(&sizes), order.clone());
        for at in [0, order.len() / 3, order.len() - 1] {
            let (page, read) = journal.page(None, at + 1);
            prop_assert_eq!(&page[..], &order[..=at]);
            prop_assert_eq!(journal.page(Some(&read), usize::MAX).0, &order[at + 1..]);
        }
    }
}

#[test]
fn equal_stamps_of_all_islands_are_cut_anywhere() {
    let step = |at: u32| {
        let (now, to, commit) = (5, None, at % 3 == 2);
        Step { island: at % 4, now, to, consume: false, commit }
    };
    let steps: Vec<Step> = (0..40).map(step).collect();
    let (memory, settings) = by_hand(4, &steps);
    let journal = (&*memory, &settings);
    let order = journal.page(None, usize::MAX).0;
    assert_eq!(order[3].stamp, order[0].stamp, "four islands, one stamp");
    for size in 1..=40 {
        assert_eq!(journal.pages(&[size]), order, "pages of {size}");
    }
}

#[test]
fn an_island_that_is_silent_until_the_end_waits_for_nobody_and_nobody_waits_for_it() {
    let step = |at: u64| {
        let island = u32::from(at == 0 || at == 1999);
        Step { island, now: 1000 + at, to: None, consume: false, commit: true }
    };
    let steps: Vec<Step> = (0..2000).map(step).collect();
    let (memory, settings) = by_hand(2, &steps);
    let order = (&*memory, &settings).page(None, usize::MAX).0;
    assert!(order.windows(2).all(|two| two[0] < two[1]) && order.len() == 2000);
    assert_eq!((order[0].island, order[1999].island), (IslandId(1), IslandId(1)));
}
