//! One body of rules for every storage, run over each.

use std::io::ErrorKind;

use archipelago_core::journal::frame::SegmentNumber;

use crate::journal::{Access, Directory, Memory, Segment, Storage};

/// Checks the rules of the [`Storage`] trait on a storage without segments.
fn keeps_the_rules(disk: &dyn Storage) {
    let (first, second) = (SegmentNumber(1), SegmentNumber(2));
    assert_eq!(disk.segments().unwrap(), []);
    assert_eq!(disk.read_at(first, 0, &mut [0; 8]).unwrap_err().kind(), ErrorKind::NotFound);

    let segments =
        [Segment { number: first, bytes: 8192 }, Segment { number: second, bytes: 4096 }];
    disk.create(segments[0]).unwrap();
    disk.create(segments[1]).unwrap();
    assert_eq!(disk.segments().unwrap(), segments);
    assert_eq!(disk.create(segments[0]).unwrap_err().kind(), ErrorKind::AlreadyExists);

    let mut all = vec![1; 9000];
    assert_eq!(disk.read_at(first, 0, &mut all).unwrap(), 8192);
    assert!(all[..8192].iter().all(|byte| *byte == 0), "a new segment is all zeros");
    assert_eq!(disk.read_at(first, 9000, &mut all).unwrap(), 0);

    disk.write_at(first, 4096, b"hello").unwrap();
    disk.write_at(first, 8190, b"xy").unwrap();
    disk.write_at(first, 4097, b"a").unwrap();
    disk.sync(first).unwrap();
    let mut some = [9; 8];
    assert_eq!(disk.read_at(first, 4094, &mut some).unwrap(), 8);
    assert_eq!(&some, b"\0\0hallo\0");
    assert_eq!(disk.read_at(first, 8190, &mut some).unwrap(), 2);
    assert_eq!(&some[..2], b"xy");
    assert_eq!(disk.read_at(second, 0, &mut some).unwrap(), 8);
    assert_eq!(some, [0; 8], "segments are separate");

    let outside = disk.write_at(first, 8191, b"xy").unwrap_err();
    assert_eq!(outside.kind(), ErrorKind::InvalidInput);
    assert_eq!(disk.segments().unwrap(), segments, "a segment never grows");
    assert!(disk.write_at(SegmentNumber(3), 0, b"x").is_err());
    assert!(disk.sync(SegmentNumber(3)).is_err());
}

#[test]
fn memory_keeps_the_rules_of_storage() {
    keeps_the_rules(&Memory::new());
}

#[test]
fn a_directory_keeps_the_rules_of_storage() {
    let folder = tempfile::tempdir().unwrap();
    keeps_the_rules(&Directory::open(&folder.path().join("new"), Access::ReadWrite).unwrap());
}

#[test]
fn a_directory_ignores_files_that_are_not_segments() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Directory::open(folder.path(), Access::ReadWrite).unwrap();
    for name in ["00000001.segment.new", "1.segment", "00000000.segment", "+0000001.segment", "x"] {
        std::fs::write(folder.path().join(name), "left by a crash").unwrap();
    }
    assert_eq!(disk.segments().unwrap(), []);
    disk.create(Segment { number: SegmentNumber(1), bytes: 4096 }).unwrap();
    assert_eq!(disk.segments().unwrap().len(), 1);
}

#[test]
fn a_directory_reads_more_segments_than_it_keeps_open() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Directory::open(folder.path(), Access::ReadWrite).unwrap();
    for number in 1..=60 {
        disk.create(Segment { number: SegmentNumber(number), bytes: 4096 }).unwrap();
        disk.write_at(SegmentNumber(number), 7, &[number as u8]).unwrap();
    }
    for number in (1..=60).rev() {
        let mut byte = [0];
        disk.read_at(SegmentNumber(number), 7, &mut byte).unwrap();
        assert_eq!(byte, [number as u8]);
    }
    assert_eq!(disk.open_files(), 40);
}

#[test]
fn a_read_only_directory_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let segment = Segment { number: SegmentNumber(1), bytes: 4096 };
    Directory::open(folder.path(), Access::ReadWrite).unwrap().create(segment).unwrap();
    let disk = Directory::open(folder.path(), Access::ReadOnly).unwrap();
    assert!(disk.write_at(segment.number, 0, b"x").is_err());
    let missing = Directory::open(&folder.path().join("missing"), Access::ReadOnly);
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!folder.path().join("missing").exists());
}
