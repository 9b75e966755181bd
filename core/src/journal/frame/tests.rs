//! Headers: their bytes, what is refused, and what has no meaning.
//!
//! It doesn't know bodies.

use proptest::prelude::*;

use super::*;

fn header() -> BlockHeader {
    BlockHeader {
        kind: BlockKind::Data,
        island: IslandId(3),
        records: 2,
        first: JournalPosition(7),
        life: Life(0x1122_3344_5566_7788),
        commit: CommitNumber(5),
        watermark: CommitNumber(4),
        index: 1,
        blocks: 2,
        chain: Chain(0xdead_beef),
        previous: Some(BlockPlace { segment: SegmentNumber(1), offset: 4096 }),
        here: BlockPlace { segment: SegmentNumber(2), offset: 8300 },
        schema: SchemaVersion(9),
        body_bytes: 3,
        body_crc: crc32fast::hash(b"abc"),
        trailer_bytes: 0,
    }
}

#[test]
fn the_bytes_of_format_version_1_stay_as_they_are() {
    let golden = "49534c45 0100 01 00 03000000 02000000 0700000000000000 8877665544332211\
         0500000000000000 0400000000000000 01000000 02000000 efbeadde 01000000 00100000\
         02000000 6c200000 09000000 03000000 c2412435 00000000";
    let golden: String = golden.split_whitespace().collect();
    let bytes = header().encode();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(&hex[..184], golden);
    assert_eq!(&hex[184..], "a07fa296");
}

#[test]
fn a_header_and_its_body_come_back() {
    let bytes = header().encode();
    let (decoded, chain) = BlockHeader::decode(&bytes).unwrap();
    assert_eq!(decoded, header());
    assert_eq!(chain, Chain::of(&bytes));
    assert_eq!(decoded.upto(), JournalPosition(8));
    decoded.check_body(b"abc").unwrap();
    assert!(matches!(decoded.check_body(b"abd"), Err(FrameError::BodyChecksum { .. })));
}

#[test]
fn every_flipped_bit_of_a_header_is_noticed() {
    let bytes = header().encode();
    for bit in 0..HEADER_BYTES * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(BlockHeader::decode(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn zeros_are_nothing_and_a_newer_format_is_named() {
    assert_eq!(BlockHeader::decode(&[0; HEADER_BYTES]), Err(FrameError::Empty));
    assert_eq!(BlockHeader::decode(&[0; 95]), Err(FrameError::Short { len: 95 }));
    let mut newer = header().encode();
    newer[4] = 3;
    let crc = crc32fast::hash(&newer[..92]);
    put_u32(&mut newer, 92, crc);
    assert_eq!(BlockHeader::decode(&newer), Err(FrameError::Version { version: 3 }));
}

#[test]
fn a_trailer_makes_it_version_2_and_any_other_length_has_no_meaning() {
    let with = BlockHeader { trailer_bytes: 20, body_bytes: 23, ..header() };
    let bytes = with.encode();
    assert_eq!((bytes[4], &bytes[88..92]), (2, &[20, 0, 0, 0][..]));
    assert_eq!(BlockHeader::decode(&bytes).unwrap().0, with);
    assert_eq!(with.records_bytes(), 3);
    let changed = |version: u8, length: u32, body: u32| {
        let mut bytes = with.encode();
        bytes[4] = version;
        put_u32(&mut bytes, 80, body);
        put_u32(&mut bytes, 88, length);
        let crc = crc32fast::hash(&bytes[..92]);
        put_u32(&mut bytes, 92, crc);
        BlockHeader::decode(&bytes).map(|(header, _)| header.trailer_bytes)
    };
    assert_eq!((changed(1, 0, 23), changed(2, 0, 23), changed(2, 20, 23)), (Ok(0), Ok(0), Ok(20)));
    for (version, length, body) in [(1, 20, 23), (2, 19, 23), (2, 40, 99), (2, 20, 19)] {
        let field = Err(FrameError::Field { field: "trailer" });
        assert_eq!(changed(version, length, body), field, "{version} {length} {body}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
        let _ = BlockHeader::decode(&bytes);
    }
}
