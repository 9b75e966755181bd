//! A journal looked at afterwards: decided again, by its own decider and by others; at a point; why
//! a record is there; compared with another journal. Real threads, real files.
//!
//! It doesn't know how records are laid out.

use std::path::Path;
use std::time::Duration;

use archipelago::core::id::{Asker, JournalPosition};
use archipelago::core::journal::record::Source;
use archipelago::core::time::Stamp;
use archipelago::replay::{At, FirstDifference, Log, OpenError, Part, RecordAt, Side, diff};
use archipelago::snapshot::{Keep, archive, take_at_rest};
use archipelago::{AskError, Island, IslandId, Millis, Settled, Turn, builder};
use serde::{Deserialize, Serialize};

/// A shop that has every order packed by the next island, which answers after a while.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Shop {
    rule: Rule,
    units: u64,
    waiting: Vec<Asker>,
}

/// The rule that a later version changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Rule {
    #[default]
    TakeAll,
    /// Orders of more units are refused.
    AtMost(u64),
    /// As `TakeAll`, but packed by another island.
    PackElsewhere,
    /// As `TakeAll`, but it answers wrongly.
    AnswerWrongly,
}

#[derive(Debug, Serialize, Deserialize)]
enum Command {
    Order { units: u64 },
    Pack(Packing),
    Explode,
}

#[derive(Debug, Serialize, Deserialize)]
enum Packing {
    Start { units: u64 },
    Ready { units: u64 },
    Done { units: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Ordered { units: u64, asker: Asker },
    Packed { units: u64 },
    Refused,
}

impl Island for Shop {
    type Command = Command;
    type Event = Event;
    type Reply = Result<u64, String>;

    fn decide(&self, command: Command, turn: &mut Turn<Self>) {
        let next = |by| IslandId((turn.island().0 + by) % turn.islands());
        match command {
            Command::Explode => panic!("as asked"),
            Command::Order { units } => {
                if matches!(self.rule, Rule::AtMost(most) if units > most) {
                    turn.emit(Event::Refused);
                    return turn.reply(Err("too many".to_owned()));
                }
                let to = next(if self.rule == Rule::PackElsewhere { 2 } else { 1 });
                let asker = turn.asker().expect("clients order");
                turn.emit(Event::Ordered { units, asker });
                turn.send(to, Command::Pack(Packing::Start { units }));
            }
            Command::Pack(Packing::Start { units }) => {
                turn.timer(Millis(1), Command::Pack(Packing::Ready { units }));
            }
            Command::Pack(Packing::Ready { units }) => {
                let back = next(turn.islands() - 1);
                turn.emit(Event::Packed { units });
                turn.send(back, Command::Pack(Packing::Done { units }));
            }
            Command::Pack(Packing::Done { units }) => {
                let more = u64::from(self.rule == Rule::AnswerWrongly);
                turn.reply_to(self.waiting[0], Ok(self.units + units + more));
                turn.emit(Event::Packed { units });
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Ordered { asker, .. } => self.waiting.push(*asker),
            Event::Packed { units } => {
                self.units += units;
                self.waiting = self.waiting.split_off(self.waiting.len().min(1));
            }
            Event::Refused => {}
        }
    }
}

const ISLANDS: u32 = 3;

fn shop(rule: Rule) -> impl Fn(IslandId) -> Shop {
    move |_| Shop { rule, ..Shop::default() }
}

/// Orders of 1, 2, 3 … units, one after the other, each by a key of its own; then a panic.
fn make_journal(data: &Path, orders: u64) {
    let sea = builder().islands(ISLANDS).journal(data).open(shop(Rule::TakeAll)).unwrap();
    let client = sea.client("me").unwrap();
    for units in 1..=orders {
        let answer = client.ask(format!("key {units}"), Command::Order { units }).unwrap().wait();
        assert!(answer.unwrap().is_ok());
    }
    let dead = client.ask("key", Command::Explode).unwrap().wait();
    assert!(matches!(dead, Err(AskError::DeadLetter(_))), "{dead:?}");
    assert_eq!(sea.close(Duration::from_secs(20)).unwrap().settled, Settled::Yes);
}

/// An order is decided, packed (two records, the second one a timer's), and answered.
const RECORDS_AN_ORDER: u64 = 4;

#[test]
fn what_was_recorded_is_decided_again_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 30);
    let log = Log::open(folder.path()).unwrap();
    for threads in [1, 2, 8] {
        let mut read = 0;
        let again = log.again().threads(threads).watch(|bytes| read = bytes);
        let verified = again.verify(shop(Rule::TakeAll)).unwrap();
        assert_eq!((verified.differing, &verified.first), (0, &None), "{verified}");
        assert_eq!(verified.decided.records, 30 * RECORDS_AN_ORDER + 1);
        assert!(read > 0 && read <= log.bytes_max().unwrap(), "{read}");
    }
}

#[test]
fn the_first_record_that_is_decided_otherwise_is_named_with_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 10);
    let log = Log::open(folder.path()).unwrap();
    let verified = log.again().verify(shop(Rule::AtMost(6))).unwrap();
    assert_eq!(verified.differing, 4);
    let first = verified.first.unwrap();
    assert!(first.input.contains("Order { units: 7 }"), "the first of four: {first}");
    assert!(first.place_words.contains("00000001.segment, offset "), "{first}");
    let parts: Vec<Part> = first.parts.iter().map(|differs| differs.part).collect();
    assert_eq!(parts, [Part::Events, Part::Sends, Part::Replies]);
    let [events, sends, replies] = &first.parts[..] else { unreachable!() };
    assert!(events.left.as_ref().unwrap().starts_with("Ordered { units: 7, asker: "), "{first}");
    assert_eq!(events.right.as_deref(), Some("Refused"));
    assert!(sends.left.as_ref().unwrap().contains("Pack(Start { units: 7 })"), "{first}");
    assert_eq!((&sends.right, &replies.left), (&None, &None));
    assert!(replies.right.as_ref().unwrap().ends_with("Err(\"too many\")"), "{first}");
    // The record is where the difference says, and no earlier one has an order of 7 or more.
    let mut seen = None;
    log.records(|at: RecordAt<'_>| -> Result<(), OpenError> {
        let order = archipelago::replay::words::input::<Command>(&at.record);
        if seen.is_none() && order.ends_with("Order { units: 7 }") {
            seen = Some((at.island, at.position, at.place));
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, Some((first.island, first.position, first.place)));
}

#[test]
fn exactly_the_orders_that_another_rule_refuses_differ() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 40);
    let log = Log::open(folder.path()).unwrap();
    for most in [0, 17, 39, 40, 100] {
        let what_if = log.again().examples(100).what_if(shop(Rule::AtMost(most))).unwrap();
        let kinds: Vec<String> = what_if.kinds.keys().map(ToString::to_string).collect();
        let expected = if most < 40 { vec!["Order → events, sends, replies"] } else { vec![] };
        assert_eq!(kinds, expected);
        let mut orders: Vec<u64> = what_if
            .kinds
            .values()
            .flat_map(|kind| &kind.first)
            .map(|found| {
                let units = found.input.split("units: ").nth(1).unwrap();
                units.trim_end_matches(" }").parse().unwrap()
            })
            .collect();
        orders.sort_unstable();
        assert_eq!(orders, (most + 1..=40).collect::<Vec<u64>>());
        assert_eq!(what_if.differing(), 40_u64.saturating_sub(most));
    }
}

#[test]
fn a_receiver_or_a_reply_alone_is_a_difference_of_its_own_kind() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 12);
    let log = Log::open(folder.path()).unwrap();
    let kinds = |rule| {
        let what_if = log.again().examples(2).what_if(shop(rule)).unwrap();
        let of = |(kind, found): (&archipelago::replay::Kind, _)| {
            let found: &archipelago::replay::KindDiffers = found;
            (kind.to_string(), found.records, found.first.len())
        };
        what_if.kinds.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(kinds(Rule::PackElsewhere), [("Order → sends".to_owned(), 12, 2)]);
    assert_eq!(kinds(Rule::AnswerWrongly), [("Pack.Done → replies".to_owned(), 12, 2)]);
    assert_eq!(kinds(Rule::TakeAll), []);
}

#[test]
fn a_log_at_a_point_has_what_came_before_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 20);
    let open = || Log::open(folder.path()).unwrap();
    let mut all = Vec::new();
    let gather = |log: &Log, into: &mut Vec<(Stamp, IslandId, JournalPosition)>| {
        log.records(|at: RecordAt<'_>| -> Result<(), OpenError> {
            into.push((at.record.stamp, at.island, at.position));
            Ok(())
        })
        .unwrap();
        into.sort_unstable();
    };
    gather(&open(), &mut all);
    for (nth, (stamp, island, position)) in all.iter().copied().enumerate() {
        if nth % 7 > 0 {
            continue;
        }
        let expected: Vec<_> = all.iter().copied().filter(|(at, ..)| *at <= stamp).collect();
        for point in [At::Record(island, position), At::Time(stamp)] {
            let log = open().at(point).unwrap();
            let mut seen = Vec::new();
            gather(&log, &mut seen);
            assert_eq!(seen, expected, "{point}");
            for threads in [1, 3] {
                let restored = log.restore(threads, shop(Rule::TakeAll)).unwrap();
                assert_eq!(restored.figures.records, expected.len() as u64);
                assert_eq!(restored.images[island.0 as usize].position, position);
                for (from, image) in restored.images.iter().enumerate() {
                    for (to, sent) in &image.sent {
                        let to = &restored.images[to.0 as usize];
                        assert!(to.applied_from(IslandId(from as u32)) <= *sent, "no cause");
                    }
                }
            }
            assert_eq!(log.again().verify(shop(Rule::TakeAll)).unwrap().differing, 0);
        }
    }
}

#[test]
fn a_point_that_the_journal_does_not_have_is_refused_with_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 3);
    let refused = |point: &str| {
        Log::open(folder.path()).unwrap().at(point.parse().unwrap()).unwrap_err().to_string()
    };
    assert_eq!(refused("3:1"), "island 3, record 1: the journal has islands 0 to 2");
    let error = refused("0:9999");
    assert!(error.starts_with("island 0, record 9999: island 0 has records 1 to "), "{error}");
    assert!(refused("0:0").contains("island 0 has records 1 to "));
    for time in ["17", "99999999999999"] {
        let error = refused(time);
        assert!(error.contains("the journal's records are stamped "), "{error}");
    }
    let empty = tempfile::tempdir().unwrap();
    let sea = builder().islands(2).journal(empty.path()).open(shop(Rule::TakeAll)).unwrap();
    drop(sea);
    let error = Log::open(empty.path()).unwrap().at("0:1".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "island 0, record 1: the journal holds no records");
}

#[test]
fn a_chain_of_causes_leads_to_the_request_and_back_to_what_it_caused() {
    let folder = tempfile::tempdir().unwrap();
    make_journal(folder.path(), 15);
    let log = Log::open(folder.path()).unwrap();
    let causes = log.causes().unwrap();
    let mut answers = 0;
    let mut ids = Vec::new();
    log.records(|at: RecordAt<'_>| -> Result<(), OpenError> {
        ids.push((at.island, at.position));
        Ok(())
    })
    .unwrap();
    for id in ids {
        let record = causes.record(id).unwrap().unwrap();
        let chain = causes.chain(record.clone()).unwrap();
        assert!(matches!(chain[0].view().source, Source::Client { .. }), "it begins with a client");
        assert_eq!(chain.last(), Some(&record));
        for pair in chain.windows(2) {
            let caused = causes.caused_by(&pair[0]);
            assert_eq!(caused, [(pair[1].island, pair[1].position)], "forwards as backwards");
        }
        if matches!(record.view().source, Source::Timer(_)) {
            assert_eq!(chain.len(), 3);
        }
        if chain.len() == 4 {
            answers += 1;
            assert!(causes.caused_by(&record).is_empty());
        }
    }
    assert_eq!(answers, 15);
    assert!(causes.record((IslandId(9), JournalPosition(1))).unwrap().is_none());
    assert!(causes.record((IslandId(0), JournalPosition(999))).unwrap().is_none());
}

#[test]
fn two_journals_are_compared_to_the_first_difference_of_each_island() {
    let (a, b, c) = (tempdir(), tempdir(), tempdir());
    make_journal(a.path(), 9);
    make_journal(b.path(), 9);
    make_journal(c.path(), 12);
    let open = |folder: &tempfile::TempDir| Log::open(folder.path()).unwrap();
    let compare = |left, right| diff::<Shop>(&open(left), &open(right)).unwrap();
    for island in compare(&a, &a) {
        assert_eq!((island.first, island.clocks_part), (FirstDifference::None, None));
    }
    for island in compare(&a, &b) {
        assert_eq!(island.first, FirstDifference::None, "the clock alone does not count");
        assert!(island.same == 0 || island.clocks_part == Some(JournalPosition(1)));
    }
    let longer = compare(&a, &c);
    let ended = |island: &archipelago::replay::IslandDiff| match &island.first {
        FirstDifference::Ends { ended, position, .. } => {
            assert_eq!((*ended, position.0), (Side::Left, island.same + 1));
        }
        FirstDifference::Record { position, input, parts } => {
            // The panic of `a` stands where `c` has another order.
            assert_eq!(position.0, island.same + 1);
            assert!(input.contains("Explode"), "{input}");
            assert!(parts.iter().any(|differs| differs.part == Part::Input), "{parts:?}");
        }
        FirstDifference::None => {}
    };
    longer.iter().for_each(ended);
    assert!(longer.iter().any(|island| island.first != FirstDifference::None));
}

fn tempdir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn where_the_beginning_is_archived_deciding_again_begins_at_the_snapshot_and_says_so() {
    let folder = tempdir();
    let round = |orders: u64| {
        let builder = builder().islands(ISLANDS).segment_bytes(1 << 16);
        let sea = builder.journal(folder.path()).open(shop(Rule::TakeAll)).unwrap();
        let client = sea.client("me").unwrap();
        for units in 1..=orders {
            let answer = client.ask(format!("key {units}"), Command::Order { units }).unwrap();
            assert!(answer.wait().unwrap().is_ok());
        }
        assert_eq!(sea.close(Duration::from_secs(20)).unwrap().settled, Settled::Yes);
    };
    for _ in 0..2 {
        round(30);
        take_at_rest(folder.path(), shop(Rule::TakeAll)).unwrap();
    }
    round(10);
    let whole = Log::open(folder.path()).unwrap().again().verify(shop(Rule::TakeAll)).unwrap();
    assert_eq!((whole.decided.after, whole.decided.records), (None, 70 * RECORDS_AN_ORDER));
    let archived = archive::<Shop>(folder.path(), &Keep::Nowhere).unwrap();
    assert!(!archived.segments.is_empty());

    let log = Log::open(folder.path()).unwrap();
    let rest = log.again().verify(shop(Rule::TakeAll)).unwrap();
    assert_eq!((rest.differing, rest.decided.records), (0, 10 * RECORDS_AN_ORDER));
    assert!(rest.decided.after > Some(archived.snapshot), "{rest}");
    // The rule is part of the state, so the snapshot's rule counts: nothing differs.
    assert_eq!(log.again().what_if(shop(Rule::AtMost(5))).unwrap().differing(), 0);
    for refused in [log.causes().err(), log.at("0:1".parse().unwrap()).err()] {
        assert!(matches!(refused, Some(OpenError::NoBeginning { .. })), "{refused:?}");
    }
}
