//! Islands on any number of threads: each gets all its blocks in order; what goes wrong is told.

use std::io;
use std::sync::Mutex;

use archipelago_core::id::{IslandId, JournalPosition};
use archipelago_core::journal::frame::SegmentNumber;
use proptest::prelude::*;

use super::*;
use crate::journal::tests::{ISLANDS, Story};
use crate::journal::{JournalError, Memory, Segment};

/// The blocks that came, of the islands of one part.
#[derive(Debug, Default)]
struct Seen {
    blocks: Vec<(IslandId, JournalPosition)>,
    at_most: usize,
    then: Then,
}

#[derive(Clone, Copy, Debug, Default)]
enum Then {
    #[default]
    GoesOn,
    Lingers,
    Fails,
    Panics,
}

impl Work for Seen {
    fn take(&mut self, block: &BlockRef) -> Result<(), OpenError> {
        if self.blocks.len() >= self.at_most {
            match self.then {
                Then::GoesOn => {}
                Then::Lingers => std::thread::sleep(std::time::Duration::from_millis(1)),
                Then::Fails => return Err(OpenError::Positions { reason: "enough".to_owned() }),
                Then::Panics => panic!("enough"),
            }
        }
        self.blocks.push((block.header.island, block.header.first));
        Ok(())
    }
}

/// Parts that do `then` with the block behind the first `at_most`.
fn parts(threads: usize, then: Then, at_most: usize) -> Vec<Seen> {
    parts_of(ISLANDS, threads, then, at_most)
}

fn parts_of(islands: u32, threads: usize, then: Then, at_most: usize) -> Vec<Seen> {
    let islands = share_out((0..islands).collect(), threads);
    islands.iter().map(|_| Seen { then, at_most, ..Seen::default() }).collect()
}

fn run(story: &Story, threads: usize, parts: Vec<Seen>) -> Result<Vec<Seen>, OpenError> {
    run_in(ScanMode::ReadOnly, story, threads, parts)
}

fn run_in(
    mode: ScanMode,
    story: &Story,
    threads: usize,
    parts: Vec<Seen>,
) -> Result<Vec<Seen>, OpenError> {
    let mode = (mode, None);
    let mut watched = 0;
    let mut watch = |_: &BlockHeader| watched += 1;
    let (_, parts) = spread(&*story.disk, &story.settings, mode, (threads, parts), &mut watch)?;
    assert_eq!(watched, parts.iter().map(|part| part.blocks.len()).sum::<usize>());
    Ok(parts)
}

#[test]
fn what_was_dealt_comes_back_in_order() {
    for threads in 0..40 {
        let dealt = share_out((0..37).collect(), threads);
        assert_eq!(gather(dealt), (0..37).collect::<Vec<_>>());
    }
    assert_eq!(share_out((0..37).collect(), 1).len(), 1);
    assert_eq!(share_out((0..37).collect(), 2).len(), 2 * PARTS_A_THREAD);
    assert_eq!(share_out(vec![1, 2], 9).len(), 2);
}

#[test]
fn an_error_ends_it_and_a_panic_goes_on_to_who_asked() {
    let commits: Vec<_> = (0..40).map(|at| vec![(at % ISLANDS, 900)]).collect();
    let story = Story::new(2).written(&commits);
    for threads in [1, 2, 3] {
        let failed = run(&story, threads, parts(threads, Then::Fails, 3)).unwrap_err();
        assert!(failed.to_string().contains("enough"), "{failed}");
        let panics = || run(&story, threads, parts(threads, Then::Panics, 3));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    }
}

/// Each part has less than a batch when together they have more than may wait.
#[test]
fn many_parts_with_little_each_do_not_wait_for_each_other() {
    const MANY: u32 = 24;
    for body_bytes in [100, 3000] {
        let commits = vec![(0..MANY).map(|island| (island, body_bytes)).collect(); 60];
        let story = Story::of(MANY, 256).written(&commits);
        let parts = run(&story, 3, parts_of(MANY, 3, Then::GoesOn, 0)).unwrap();
        assert_eq!(parts.len(), 24);
        assert!(parts.iter().all(|part| part.blocks.len() == 60));
    }
}

#[test]
fn damage_changes_nothing_on_the_disk_though_the_end_is_torn_and_seen_first() {
    let commits: Vec<_> = (0..40).map(|_| (0..ISLANDS).map(|at| (at, 900)).collect()).collect();
    let story = Story::new(2).written(&commits);
    let (_, told) = story.read(ScanMode::ReadOnly).unwrap();
    // In the last stretch, and behind all of them.
    let of = |commit: u64| told.iter().rfind(|block| block.commit.0 == commit).unwrap().place;
    for hit in [of(36), of(40)] {
        let mut image = story.disk.image(hit.segment);
        image[hit.offset as usize + 500] ^= 4;
        story.disk.replace(hit.segment, image);
    }
    let images = |story: &Story| -> Vec<_> {
        let segments = story.disk.segments().unwrap();
        segments.iter().map(|segment| story.disk.image(segment.number)).collect()
    };
    let before = images(&story);
    for threads in [1, 2, 3] {
        let parts = parts(threads, Then::Lingers, 0);
        let found = run_in(ScanMode::Repair, &story, threads, parts).unwrap_err();
        assert!(matches!(found, OpenError::Journal(JournalError::Damaged(_))), "{found}");
        assert!(images(&story) == before, "a torn tail was cut, on {threads} threads");
    }
}

proptest! {
    #[test]
    fn each_island_gets_all_its_blocks_in_order_on_any_number_of_threads(
        segment_sectors in 1_usize..5,
        commits in prop::collection::vec(
            prop::collection::btree_map(0..ISLANDS, 1_usize..3000, 1..4),
            1..80,
        ),
        threads in 1_usize..5,
    ) {
        let commits: Vec<Vec<_>> =
            commits.into_iter().map(|blocks| blocks.into_iter().collect()).collect();
        let story = Story::new(segment_sectors).written(&commits);
        let parts = run(&story, threads, parts(threads, Then::GoesOn, 0)).unwrap();
        let count = parts.len();
        for (at, part) in parts.iter().enumerate() {
            assert!(part.blocks.iter().all(|(island, _)| island.0 as usize % count == at));
        }
        for island in 0..ISLANDS {
            let of = |found: &&(IslandId, JournalPosition)| found.0.0 == island;
            let found = parts.iter().flat_map(|part| part.blocks.iter().filter(of));
            let found: Vec<u64> = found.map(|(_, first)| first.0).collect();
            let written = commits.iter().flatten().filter(|(other, _)| *other == island).count();
            assert_eq!(found, (1..=written as u64).collect::<Vec<_>>());
        }
    }
}

/// A disk that remembers what it was told to read ahead.
struct Told<'a> {
    disk: &'a Memory,
    told: Mutex<Vec<SegmentNumber>>,
}

impl Told<'_> {
    fn told(&self) -> Vec<SegmentNumber> {
        self.told.lock().unwrap().clone()
    }
}

impl Storage for Told<'_> {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        self.disk.segments()
    }
    fn create(&self, segment: Segment) -> io::Result<()> {
        self.disk.create(segment)
    }
    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(segment, offset, buffer)
    }
    fn will_read(&self, segment: SegmentNumber) {
        self.told.lock().unwrap().push(segment);
    }
    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.write_at(segment, offset, bytes)
    }
    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        self.disk.sync(segment)
    }
    fn forget(&self, segment: SegmentNumber) -> io::Result<()> {
        self.disk.forget(segment)
    }
    fn name(&self, segment: SegmentNumber) -> String {
        self.disk.name(segment)
    }
}

#[test]
fn a_disk_is_told_of_each_segment_once_and_before_its_turn_while_others_are_worked_on() {
    let commits: Vec<_> = (0..200).map(|_| (0..ISLANDS).map(|at| (at, 900)).collect()).collect();
    let story = Story::new(2).written(&commits);
    for threads in [1, 2] {
        let disk = Told { disk: &story.disk, told: Mutex::default() };
        let mut grew = 0;
        let mut before = 0;
        let mut watch = |header: &BlockHeader| {
            let told = disk.told();
            assert!(told.contains(&header.here.segment), "{:?} is read untold", header.here);
            grew += usize::from(told.len() > before);
            before = told.len();
        };
        let mode = (ScanMode::ReadOnly, None);
        let parts = (threads, parts(threads, Then::GoesOn, 0));
        spread(&disk, &story.settings, mode, parts, &mut watch).unwrap();
        let told = disk.told();
        let segments = disk.segments().unwrap();
        assert!(segments.len() > 24, "more than two stretches: {}", segments.len());
        assert!(told.is_sorted_by(|one, next| one < next), "in order and once: {told:?}");
        // The end is read in order, and the disk sees to it by itself.
        assert!(told.len() + 3 >= segments.len(), "{told:?} of {}", segments.len());
        if threads == 1 {
            assert!(grew > told.len() / 2, "one by one: {grew} times of {}", told.len());
        }
    }
}
