//! The data directory: made once, opened by one, refused when it is something else.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use archipelago_core::id::Life;

use super::{Story, close, commit, read};
use crate::journal::{
    DESCRIPTION_FILE, DataDirectory, Description, GroupJournal, JournalError, JournalSettings,
    LOCK_FILE, ScanMode, Storage,
};

fn description() -> Description {
    let mut description = Description::new(Life(0xa11ce), super::ISLANDS, "shop", "v1");
    description.segment_bytes = 8192;
    description
}

fn settings(data: &DataDirectory) -> JournalSettings {
    data.description().settings(Default::default(), Default::default())
}

/// Writes one block and closes.
fn fill(path: &Path) {
    let data = DataDirectory::create_or_open(path, &description()).unwrap();
    let disk = Arc::new(data.storage().unwrap());
    let (recovered, _) = read(&*disk, &settings(&data), ScanMode::Repair).unwrap();
    let mut journal = GroupJournal::resume(disk, settings(&data), &recovered).unwrap();
    commit(&mut journal, vec![Story::new(2).block(0, 1, 10)]);
    close(journal);
}

fn message(result: Result<DataDirectory, JournalError>) -> String {
    let message = result.expect_err("it must be refused").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn a_directory_is_made_then_opened_with_its_own_life() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/data");
    fill(&path);
    let mut asked = description();
    asked.life = Life(5);
    asked.segment_bytes = 4096;
    let data = DataDirectory::create_or_open(&path, &asked).unwrap();
    assert_eq!(data.description(), &description(), "the stored life and segment size count");
    drop(data);
    let data = DataDirectory::open_read_only(&path).unwrap();
    let (recovered, told) =
        read(&data.storage().unwrap(), &settings(&data), ScanMode::ReadOnly).unwrap();
    assert_eq!((recovered.last.0, told.len()), (2, 1));
}

#[test]
fn opening_for_something_else_names_both_values() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let asked = [
        (Description { islands: 8, ..description() }, "islands `4`, but is opened with `8`"),
        (Description { application: "x".into(), ..description() }, "application `shop`"),
        (Description { configuration: "v2".into(), ..description() }, "configuration `v1`"),
    ];
    for (asked, expected) in asked {
        let message = message(DataDirectory::create_or_open(folder.path(), &asked));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_second_writer_and_a_reader_beside_a_writer_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = || DataDirectory::create_or_open(folder.path(), &description());
    let data = open().unwrap();
    let storage = data.storage().unwrap();
    drop(data);
    assert!(message(open()).ends_with("is in use by another process"), "storage keeps the lock");
    let reader = message(DataDirectory::open_read_only(folder.path()));
    assert!(reader.ends_with("is in use by another process"), "{reader}");
    drop(storage);
    let one = DataDirectory::open_read_only(folder.path()).unwrap();
    let _two = DataDirectory::open_read_only(folder.path()).unwrap();
    assert!(open().is_err(), "readers keep a writer out");
    drop((one, _two));
    open().unwrap();
}

#[test]
fn reading_what_is_not_there_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let message = message(DataDirectory::open_read_only(folder.path()));
    assert!(message.ends_with("holds no Archipelago journal (archipelago.json is missing)"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fill(folder.path());
    fs::remove_file(folder.path().join(LOCK_FILE)).unwrap();
    DataDirectory::open_read_only(folder.path()).unwrap();
    assert!(!folder.path().join(LOCK_FILE).exists());
}

#[test]
fn a_directory_of_somebody_else_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "do not touch").unwrap();
    let message = message(DataDirectory::create_or_open(folder.path(), &description()));
    assert!(message.contains("is not empty"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn segments_without_a_description_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    fs::remove_file(folder.path().join(DESCRIPTION_FILE)).unwrap();
    let message = message(DataDirectory::create_or_open(folder.path(), &description()));
    assert!(message.contains("archipelago.json is missing"), "{message}");
}

#[test]
fn a_crash_at_any_point_of_making_a_directory_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    fs::create_dir(&path).unwrap();
    fs::write(path.join(LOCK_FILE), "").unwrap();
    fs::write(path.join("archipelago.json.new"), "{ half").unwrap();
    let data = DataDirectory::create_or_open(&path, &description()).unwrap();
    // The description is there, the folder of segments is not: a reader finds nothing.
    drop(data);
    let data = DataDirectory::open_read_only(&path).unwrap();
    assert_eq!(data.storage().unwrap().segments().unwrap(), []);
    assert!(!path.join("journal").exists(), "reading makes nothing");
    drop(data);
    // Or it holds half of the first segment.
    fs::create_dir(path.join("journal")).unwrap();
    fs::write(path.join("journal/00000001.segment.new"), "half").unwrap();
    fill(&path);
    let data = DataDirectory::open_read_only(&path).unwrap();
    assert!(!data.storage().unwrap().segments().unwrap().is_empty());
}

#[test]
fn a_damaged_description_is_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let file = folder.path().join(DESCRIPTION_FILE);
    let good = fs::read_to_string(&file).unwrap();
    let open = || DataDirectory::open_read_only(folder.path());

    fs::write(&file, good.replace("\"islands\": 4", "\"islands\": ?")).unwrap();
    let broken = message(open());
    assert!(broken.contains("archipelago.json line 4 column"), "{broken}");
    fs::write(&file, good.replace("\"life\": \"", "\"life\": \"x")).unwrap();
    assert!(message(open()).contains("16 hexadecimal digits"));
    fs::write(&file, good.replace("_version\": 1", "_version\": 9")).unwrap();
    assert!(message(open()).contains("format version 9, this code reads version 1"));
    fs::write(&file, good.replace("\"slots\": 4096", "\"slots\": 64")).unwrap();
    assert!(message(open()).contains("slots `64`"));
    for len in 0..good.trim_end().len() {
        fs::write(&file, &good[..len]).unwrap();
        assert!(open().is_err(), "{len} bytes");
    }
}
