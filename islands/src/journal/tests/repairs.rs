//! Cuts by hand: what was refused opens after one, and what was cut can be put back.

use std::fs;
use std::path::Path;

use archipelago_core::journal::frame::HEADER_BYTES;

use super::recovery::{Folder, Medium as _, TWO, all_cases, changed, every_row, write};
use super::{Story, commit, read, settings};
use crate::journal::repair::{CutAt, Finding, RepairError, cut, diagnose};
use crate::journal::{DataDirectory, GroupJournal, SEGMENTS_FOLDER, ScanMode};

/// All files of a journal.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(path.join(SEGMENTS_FOLDER))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".segment"))
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// What `about.txt` says, with the same plain steps: `cp` and `dd`.
fn put_back(path: &Path, kept: &Path) {
    for entry in fs::read_dir(kept).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(entry.path()).unwrap();
        let journal = path.join(SEGMENTS_FOLDER);
        if let Some((number, from)) = name.split_once(".from-") {
            let file = journal.join(format!("{number}.segment"));
            let mut whole = fs::read(&file).unwrap();
            whole.truncate(from.parse().unwrap());
            whole.extend(bytes);
            fs::write(&file, whole).unwrap();
        } else if name.ends_with(".segment") {
            fs::write(journal.join(name), bytes).unwrap();
        }
    }
}

/// A refused directory is cut where it says, opens, goes on, and can be put back.
fn cut_opens(folder: &Folder, name: &str) {
    let path = folder.0.path();
    let open = || DataDirectory::open_to_repair(path).unwrap();
    let found = diagnose(&open(), &mut |_| Ok(())).unwrap();
    let before = files(path);
    if !matches!(found.finding, Finding::Damaged(_)) {
        assert!(matches!(cut(&open(), None), Err(RepairError::Sound { .. })), "{name}");
        assert_eq!(files(path), before, "{name}: nothing was cut");
        return;
    }
    let asked = cut(&open(), None).unwrap_err().to_string();
    assert!(asked.contains(&format!("--cut-at {}", found.commit)), "{name}: {asked}");
    let beyond = Some(CutAt::Commit(found.commit.next()));
    assert!(matches!(cut(&open(), beyond), Err(RepairError::Elsewhere { .. })), "{name}");
    assert_eq!(files(path), before, "{name}: nothing was cut");

    let done = cut(&open(), Some(CutAt::Place(found.at))).unwrap();
    let (recovered, _) =
        read(&*folder.storage(), &settings(3), ScanMode::ReadOnly).unwrap_or_else(|error| {
            panic!("{name}: after the cut: {error}");
        });
    assert_eq!(recovered.last.next(), found.commit, "{name}");
    assert_eq!(recovered.torn, None, "{name}");
    let about = fs::read_to_string(done.kept.join("about.txt")).unwrap();
    for lost in &done.lost {
        let words = format!("{} records of island {}", lost.records(), lost.island);
        assert!(about.contains(&words), "{name}: {about}");
    }
    let after = files(path);
    put_back(path, &done.kept);
    assert_eq!(files(path), before, "{name}: cut and put back is as it was");

    // A second cut keeps its part under the next number; then the journal goes on.
    let again = cut(&open(), Some(CutAt::Commit(found.commit))).unwrap();
    assert!(again.kept.ends_with("repair/002"), "{name}: {}", again.kept.display());
    assert_eq!(files(path), after, "{name}");
    let mut story = Story::new(3);
    story.next = recovered.islands.iter().map(|tail| tail.upto.next()).collect();
    let mut journal =
        GroupJournal::resume_without_threads(folder.storage(), settings(3), &recovered).unwrap();
    commit(&mut journal, vec![story.block(3, 1, 9000)]);
    drop(journal);
    read(&*folder.storage(), &settings(3), ScanMode::ReadOnly).unwrap();
}

#[test]
fn every_row_and_every_harm_to_files_in_directories_and_a_cut_opens_what_was_refused() {
    assert_eq!(all_cases(Folder::new, cut_opens), every_row());
}

#[test]
fn what_a_cut_loses_is_said_by_island_and_position() {
    let folder = Folder::new();
    write(&folder);
    changed(&folder, TWO, |bytes| bytes[HEADER_BYTES + 5] ^= 1);
    let data = DataDirectory::open_to_repair(folder.0.path()).unwrap();
    let found = diagnose(&data, &mut |_| Ok(())).unwrap();
    let lost: Vec<_> = found
        .lost
        .iter()
        .map(|lost| (lost.island.0, lost.from.0, lost.upto.0, lost.readable))
        .collect();
    // Commit 3 (islands 0 and 1; the body of 0 is damaged), 4 (0, 1, 2) and 5 (0).
    assert_eq!(lost, [(0, 5, 10, 4), (1, 3, 6, 4), (2, 1, 2, 2)]);
}

#[test]
fn a_place_to_cut_is_a_commit_or_a_segment_and_offset() {
    assert_eq!("12".parse::<CutAt>().unwrap().to_string(), "12");
    assert_eq!("2:8192".parse::<CutAt>().unwrap().to_string(), "2:8192");
    for wrong in ["", "x", "1:", ":1", "1:2:3", "-1", "99999999999999999999", "1:4294967296"] {
        assert!(wrong.parse::<CutAt>().unwrap_err().contains("COMMIT"), "{wrong}");
    }
}
