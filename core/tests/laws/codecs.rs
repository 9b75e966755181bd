//! Records, chunks and snapshots as bytes: what is written is read back, and whatever bytes come,
//! reading says no or reads something else, and never panics.
//!
//! It doesn't know kernels.

use archipelago_core::bytes::Malformed;
use archipelago_core::codec;
use archipelago_core::id::{
    Asker, ClientId, IslandId, JournalPosition, LinkSeq, RequestNumber, Slot, TimerNumber,
};
use archipelago_core::island::Decision;
use archipelago_core::journal::record::{
    self, Cause, Entry, RECORD_BYTES_MAX, RecordView, RecordsView, Source,
};
use archipelago_core::link::chunk::{ChunkBuilder, Message};
use archipelago_core::replay::Image;
use archipelago_core::time::{Millis, Stamp};
use proptest::prelude::*;

use crate::net::ledger::{Command, Event, Ledger, Reply};

fn asker() -> impl Strategy<Value = Asker> {
    (any::<u128>(), 0_u16..4096, any::<u64>()).prop_map(|(client, slot, number)| Asker {
        client: ClientId(client),
        slot: Slot(slot),
        number: RequestNumber(number),
    })
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (asker(), any::<u64>()).prop_map(|(asker, below)| Source::Client {
            asker,
            answered_below: RequestNumber(below)
        }),
        (any::<u32>(), any::<u64>(), any::<(u32, u32, u64)>()).prop_map(
            |(from, number, (hops, island, position))| Source::Island {
                from: IslandId(from),
                number: LinkSeq(number),
                cause: Cause {
                    hops,
                    island: IslandId(island),
                    position: JournalPosition(position)
                },
            }
        ),
        any::<u64>().prop_map(|number| Source::Timer(TimerNumber(number))),
    ]
}

fn decision() -> impl Strategy<Value = Decision<Ledger>> {
    let events = prop::collection::vec(any::<(u8, u64)>(), 0..4);
    let sends = prop::collection::vec(any::<(u32, Vec<u8>)>(), 0..4);
    let replies = prop::collection::vec(asker(), 0..3);
    let timers = prop::collection::vec(any::<(u64, u64)>(), 0..3);
    let cancelled = prop::collection::vec(any::<u64>(), 0..3);
    (events, sends, replies, timers, cancelled).prop_map(
        |(events, sends, replies, timers, cancelled)| Decision {
            events: events
                .into_iter()
                .map(|(account, units)| Event::Minted { account, units })
                .collect(),
            sends: sends
                .into_iter()
                .map(|(to, load)| (IslandId(to), Command::Load(load)))
                .collect(),
            replies: replies.into_iter().map(|asker| (asker, Reply::Done)).collect(),
            timers: timers
                .into_iter()
                .map(|(number, at)| (TimerNumber(number), Millis(at), Command::Ring { ticket: at }))
                .collect(),
            cancelled: cancelled.into_iter().map(TimerNumber).collect(),
        },
    )
}

/// Reads all of it, whatever it is.
fn read_all(body: &[u8]) -> Result<usize, Malformed> {
    let (mut entries, mut records) = (0, RecordsView::new(body));
    while let Some(record) = records.next_record()? {
        record.walk(|_| {
            entries += 1;
            Ok::<(), Malformed>(())
        })?;
    }
    Ok(entries)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_comes_back_and_damage_never_panics(
        source in source(),
        decision in decision(),
        input in prop::collection::vec(any::<u8>(), 0..300),
        dead in prop::option::of("\\PC{0,40}"),
        damage in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = Vec::new();
        let mut next = 0;
        record::write(&mut body, &source, Stamp(77), &input, dead.as_deref(), &decision, |_| {
            next += 1;
            LinkSeq(next)
        }).unwrap();
        let view = RecordView::parse(&body[4..]).unwrap();
        prop_assert_eq!((view.source, view.stamp, view.input), (source, Stamp(77), &input[..]));
        prop_assert_eq!(view.dead, dead.as_deref());
        let mut back = Decision::<Ledger>::default();
        view.walk(|entry| {
            match entry {
                Entry::Event(bytes) => back.events.push(codec::decode(bytes).unwrap()),
                Entry::Send { to, number, command } => {
                    assert_eq!(number.0, back.sends.len() as u64 + 1);
                    back.sends.push((to, codec::decode(command).unwrap()));
                }
                Entry::Reply { asker, reply } => {
                    back.replies.push((asker, codec::decode(reply).unwrap()));
                }
                Entry::Timer { number, deadline, command } => {
                    back.timers.push((number, deadline, codec::decode(command).unwrap()));
                }
                Entry::Cancelled(number) => back.cancelled.push(number),
            }
            Ok::<(), Malformed>(())
        }).unwrap();
        prop_assert_eq!(format!("{back:?}"), format!("{decision:?}"));
        prop_assert!(read_all(&body[..cut.index(body.len()).max(1)]).is_err(), "cut off");
        for (at, flip) in damage {
            let at = at.index(body.len());
            body[at] ^= flip;
            let _ = read_all(&body);
        }
    }

    #[test]
    fn any_bytes_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let _ = read_all(&bytes);
        let view = RecordView::parse(bytes.as_slice());
        let _ = view.map(|view| view.walk(|_| Ok::<(), Malformed>(())));
        let _ = Message::parse(&bytes);
        prop_assert!(Image::<Ledger>::load(&bytes).is_err());
    }

    #[test]
    fn a_snapshot_with_a_flipped_bit_or_cut_off_is_refused(
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut image = Image::new(Ledger::default());
        image.stamp = Stamp(77);
        image.timers.set(TimerNumber(1), Millis(5), b"later");
        let mut chunk = ChunkBuilder::default();
        let message = Message { stamp: Stamp(9), cause: Cause::default(), command: b"go" };
        chunk.push(LinkSeq(4), &message);
        let chunk = chunk.finish().unwrap();
        let mut bytes = Vec::new();
        image.save([(IslandId(2), &chunk)].into_iter(), &mut bytes).unwrap();
        let (back, unacked) = Image::<Ledger>::load(&bytes).unwrap();
        prop_assert_eq!(back.stamp, image.stamp);
        prop_assert_eq!(back.digest().unwrap(), image.digest().unwrap());
        prop_assert_eq!(unacked, vec![(IslandId(2), chunk)]);
        let at = at.index(bytes.len());
        prop_assert!(Image::<Ledger>::load(&bytes[..at]).is_err());
        bytes[at] ^= 1 << bit;
        prop_assert!(Image::<Ledger>::load(&bytes).is_err());
    }
}

#[test]
fn the_bytes_of_a_record_do_not_change() {
    let asker = Asker { client: ClientId(0x0102), slot: Slot(0x0304), number: RequestNumber(300) };
    let other = Asker { number: RequestNumber(1), ..asker };
    let decision = Decision::<Ledger> {
        events: vec![Event::Rang { ticket: 5 }],
        sends: vec![(IslandId(2), Command::Ring { ticket: 6 })],
        replies: vec![(asker, Reply::Done), (other, Reply::Other)],
        timers: vec![(TimerNumber(8), Millis(130), Command::Twice)],
        cancelled: vec![TimerNumber(7)],
    };
    let mut body = Vec::new();
    let source = Source::Client { asker, answered_below: RequestNumber(9) };
    let written =
        record::write(&mut body, &source, Stamp(0x11), b"in", None, &decision, |_| LinkSeq(3));
    written.unwrap();
    let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "4d000000",
        "f8",
        "1100000000000000",
        "02010000000000000000000000000000",
        "0403",
        "ac02",
        "09",
        "02696e",
        "01",
        "020505",
        "01",
        "0203020506",
        "02",
        "000100",
        "01",
        "02010000000000000000000000000000",
        "0403",
        "01",
        "0104",
        "01",
        "088201",
        "0109",
        "0107",
    ];
    assert_eq!(hex, expected.concat());
    assert!(body.len() < RECORD_BYTES_MAX);
}
