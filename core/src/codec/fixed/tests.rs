//! The fixed layout, laid out and read back.
//!
//! It doesn't know where a value stands in a journal.

use proptest::prelude::*;
use zerocopy::little_endian::{I16, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{TooMany, UpTo};
use crate::bytes::{Malformed, Part, Reader, put_slice};
use crate::codec::Wire;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
struct Line {
    product: U32,
    quantity: U16,
}

fixed! {
    #[derive(Debug, PartialEq)]
    enum Event {
        /// The last one.
        Closed = 9,
        Cancelled(U64) = 1,
        Placed { order: U64, gift: bool, by: I16, lines: UpTo<Line, 3> } = 0,
        Pair([U16; 2]) = 4,
    }
}

fixed! {
    /// A reply.
    #[derive(Debug, PartialEq)]
    struct Placed { order: U64, gift: bool }
}

fixed! {
    #[derive(Debug, PartialEq)]
    struct Open { numbers: UpTo<U16, 2> }
}

/// The longest: a tag, 11 bytes of fields, and 3 lines with their number.
const SIZE: usize = 1 + 11 + 1 + 3 * 6;

fn line() -> impl Strategy<Value = Line> {
    any::<(u32, u16)>()
        .prop_map(|(product, quantity)| Line { product: product.into(), quantity: quantity.into() })
}

fn event() -> impl Strategy<Value = Event> {
    let lines = prop::collection::vec(line(), 0..4);
    let placed = (any::<u64>(), any::<bool>(), any::<i16>(), lines);
    prop_oneof![
        Just(Event::Closed),
        any::<u64>().prop_map(|order| Event::Cancelled(order.into())),
        any::<[u16; 2]>().prop_map(|pair| Event::Pair(pair.map(U16::from))),
        placed.prop_map(|(order, gift, by, lines)| Event::Placed {
            order: order.into(),
            gift,
            by: by.into(),
            lines: UpTo::new(&lines).unwrap(),
        }),
    ]
}

/// The part that `room` begins with.
fn part_of(room: &[u8]) -> Part<'_> {
    let mut part = None;
    let mut keep = |first| -> Result<(), Malformed> {
        part = Some(first);
        Ok(())
    };
    Reader::new(room).parts_in((1, "an event"), room, &mut keep).unwrap();
    part.unwrap()
}

fn bytes_of(event: &Event) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.encode(&mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn a_value_takes_its_own_bytes_and_comes_back_whatever_is_behind(
        event in event(),
        behind in prop::collection::vec(any::<u8>(), 0..2 * SIZE),
    ) {
        let alone = bytes_of(&event);
        let own = match &event {
            Event::Closed => 1,
            Event::Cancelled(_) => 9,
            Event::Pair(_) => 5,
            Event::Placed { lines, .. } => 13 + 6 * lines.len(),
        };
        prop_assert_eq!(alone.len(), own);
        prop_assert_eq!(&Event::decode(&alone).unwrap(), &event);

        let mut in_a_room = Vec::new();
        put_slice(&mut in_a_room, &alone);
        in_a_room.extend_from_slice(&behind);
        let part = part_of(&in_a_room);
        prop_assert_eq!((part.bytes(), part.room().len()), (&alone[..], own + behind.len()));
        let seen = Event::with(part, |seen| (*seen == event, format!("{seen:?}"))).unwrap();
        prop_assert_eq!(seen, (true, format!("{event:?}")));
    }

    #[test]
    fn every_other_length_is_refused_whatever_is_behind(
        event in event(),
        length in 0..=SIZE + 1,
        behind in prop::collection::vec(any::<u8>(), SIZE + 1),
    ) {
        let alone = bytes_of(&event);
        prop_assume!(length != alone.len());
        let whole = [&alone[..], &behind].concat();
        let mut in_a_room = Vec::new();
        put_slice(&mut in_a_room, &whole[..length]);
        in_a_room.extend_from_slice(&whole[length..]);
        let part = part_of(&in_a_room);
        let in_its_room = Event::with(part, |_| ());
        // Shorter bytes are not even looked past; longer ones can begin as another number of lines.
        prop_assert!(in_its_room.is_err());
        prop_assert!(Event::decode(&whole[..length]).is_err());
    }

    #[test]
    fn bytes_are_read_by_their_tag_and_count_or_refused(
        mut bytes: [u8; SIZE],
        tag in 0..11_u8,
        count in 0..6_u8,
    ) {
        (bytes[0], bytes[12]) = (tag, count);
        let own = match tag {
            0 => 13 + 6 * usize::from(count),
            1 => 9,
            4 => 5,
            9 => 1,
            _ => 0,
        };
        let can_be = own > 0 && own <= SIZE && (tag != 0 || bytes[9] < 2);
        let decoded = Event::decode(&bytes[..own.min(SIZE)]);
        prop_assert_eq!(decoded.is_ok(), can_be);
        if let Ok(event) = decoded {
            prop_assert_eq!(bytes_of(&event), &bytes[..own]);
        }
    }
}

#[test]
fn the_layout_is_what_the_page_says() {
    let line = |product: u32| Line { product: product.into(), quantity: 0x0605.into() };
    let lines = UpTo::new(&[line(0x0403_0201), line(7)]).unwrap();
    let placed = Event::Placed { order: 1.into(), gift: true, by: (-2).into(), lines };
    let placed_bytes =
        [0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 254, 255, 2, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 5, 6];
    assert_eq!(bytes_of(&placed), placed_bytes);
    assert_eq!((placed.kind().as_str(), size_of::<Event>()), ("Placed", SIZE));
    assert_eq!(bytes_of(&Event::Closed), [9]);
    let mut bytes = Vec::new();
    let reply = Placed { order: 3.into(), gift: false };
    reply.encode(&mut bytes).unwrap();
    assert_eq!(bytes, [3, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((Placed::decode(&bytes), reply.kind().as_str()), (Ok(reply), ""));
    bytes.clear();
    let open = Open { numbers: UpTo::new(&[5.into()]).unwrap() };
    open.encode(&mut bytes).unwrap();
    assert_eq!((&bytes[..], Open::decode(&bytes)), (&[1, 5, 0][..], Ok(open)));
}

#[test]
fn a_refusal_says_why() {
    let why = |bytes: &[u8]| Event::decode(bytes).unwrap_err().to_string();
    let ends = |bytes: &[u8], end: &str| assert!(why(bytes).ends_with(end), "{}", why(bytes));
    ends(&[], "0 bytes are not a archipelago_core::codec::fixed::tests::Event: there is nothing");
    ends(&[3], "no variant has the tag 3");
    ends(
        &[9, 0],
        "2 bytes are not a archipelago_core::codec::fixed::tests::Event: \
                   what begins so has 1",
    );
    let mut placed = [0; 13];
    placed[9] = 2;
    ends(&placed, "a field has a value that it cannot have");
    placed[12] = 200;
    ends(&placed, "what begins so has 1213");
    assert!(Placed::decode(&[0; 8]).unwrap_err().to_string().ends_with("what begins so has 9"));
}

#[test]
fn more_items_than_there_is_room_for_are_refused_and_those_that_are_not_there_are_not_seen() {
    let items = [1, 2, 3].map(U16::from);
    assert_eq!(UpTo::<_, 2>::new(&items), Err(TooMany { count: 3, room: 2 }));
    let (one, same) = ([2, 1, 0, 2, 0, 9, 9], [2, 1, 0, 2, 0, 7, 7]);
    let [one, same] = [one, same].map(|bytes| UpTo::<U16, 3>::read_from_bytes(&bytes).unwrap());
    assert_eq!((one, one.len(), format!("{one:?}")), (same, 2, "[U16(1), U16(2)]".to_owned()));
    assert_eq!(UpTo::<U16, 3>::default().len(), 0);
    let more_than_there_are = UpTo::<U16, 3>::read_from_bytes(&[9; 7]).unwrap();
    assert_eq!(more_than_there_are.len(), 3);
}
