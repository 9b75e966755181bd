//! What the disk costs: writing a commit's image, flushing it, and making a segment; and what
//! memory in its place costs.
//!
//! Rules:
//! 1. It is measured through the journal's own storage, in a folder that is removed afterwards.
//! 2. A flush needs a core for a part of its time: to ask the disk, and to hear from it.
//! 3. Images go one after the other into a segment that is filled with zeros, as a journal's do.
//!
//! It doesn't know what is in an image.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use archipelago::journal::{Access, Directory, Memory, SEGMENT_BYTES, Segment, Storage};
use archipelago_core::journal::frame::{SECTOR, SegmentNumber};

use super::{fit, median, nanos};
use crate::twin::costs::{Costs, Section};

/// Sectors of the images written, and how many of each.
const SECTORS: [u64; 5] = [1, 2, 4, 16, 48];
const WRITES: u64 = 50;
/// Segments filled in memory.
const PASSES: usize = 9;
/// Segments made.
const SEGMENTS: u32 = 3;
/// How long that takes.
const PAUSE: Duration = Duration::from_micros(50);

/// Measures the section `disk` and the flushes on the disk of `folder`.
pub(super) fn measure(folder: &Path, costs: &mut Costs) -> io::Result<()> {
    let place = tempfile::Builder::new().prefix("archipelago-disk-").tempdir_in(folder)?;
    let storage = Directory::open(&place.path().join("segments"), Access::ReadWrite)?;
    let (mut made, mut filled) = (Vec::new(), Vec::new());
    for number in 1..=SEGMENTS {
        let segment = Segment { number: SegmentNumber(number), bytes: SEGMENT_BYTES };
        let began = Instant::now();
        storage.create(segment)?;
        made.push(nanos(began));
        filled.push(fill(&place.path().join("zeros"))?);
    }
    // The fastest: whoever takes longer waits for memory or the disk, and needs no core for that.
    let (made, filled) = (median(&mut made), filled.into_iter().min().unwrap_or(0));
    let (mut rows, mut flushes, mut working) = (Vec::new(), Vec::new(), Vec::new());
    let (segment, mut offset) = (SegmentNumber(1), 0);
    let image = vec![7; SECTORS[SECTORS.len() - 1] as usize * SECTOR];
    for at in 0..WRITES * SECTORS.len() as u64 {
        let bytes = SECTORS[(at % SECTORS.len() as u64) as usize] as usize * SECTOR;
        let began = Instant::now();
        storage.write_at(segment, offset, &image[..bytes])?;
        rows.push(([1, bytes as u64, 0, 0, 0], nanos(began)));
        offset += bytes as u64;
        let (began, worked) = (Instant::now(), core_time());
        storage.sync(segment)?;
        flushes.push(nanos(began));
        working.push(core_time().saturating_sub(worked));
        pause();
    }
    let [write, byte, ..] = fit::fit(&medians(rows));
    let flush = made.saturating_sub(filled);
    let working = median(&mut working) * 1000;
    costs.ps[Section::Disk as usize] = [write, byte, filled * 1000, flush * 1000, working];
    costs.set_flushes(flushes);
    Ok(())
}

/// Measures the section `memory`: a whole segment, because memory that grows is paid in lumps.
pub(super) fn measure_memory(costs: &mut Costs) -> io::Result<()> {
    let (number, image) = (SegmentNumber(1), [7; SECTOR]);
    let mut times = Vec::new();
    for _ in 0..PASSES {
        let memory = Memory::new();
        memory.create(Segment { number, bytes: SEGMENT_BYTES })?;
        let began = Instant::now();
        for offset in (0..SEGMENT_BYTES).step_by(SECTOR) {
            memory.write_at(number, offset, &image)?;
        }
        times.push(nanos(began));
    }
    let byte = median(&mut times) * 1000 / SEGMENT_BYTES;
    costs.ps[Section::Memory as usize] = [0, byte, 0, 0, 0];
    Ok(())
}

/// Flushes of small commits, in nanoseconds.
pub(super) fn flushes(folder: &Path, flushes: &mut Vec<u64>) -> io::Result<()> {
    let place = tempfile::Builder::new().prefix("archipelago-disk-").tempdir_in(folder)?;
    let storage = Directory::open(&place.path().join("segments"), Access::ReadWrite)?;
    let number = SegmentNumber(1);
    let small = &SECTORS[..3];
    let bytes = WRITES * small[small.len() - 1] * SECTOR as u64;
    storage.create(Segment { number, bytes })?;
    let (image, mut offset) = (vec![7; bytes as usize], 0);
    for at in 0..WRITES {
        let bytes = small[at as usize % small.len()] * SECTOR as u64;
        storage.write_at(number, offset, &image[..bytes as usize])?;
        offset += bytes;
        let began = Instant::now();
        storage.sync(number)?;
        flushes.push(nanos(began));
        pause();
    }
    Ok(())
}

/// What this thread has had of the cores so far, in nanoseconds; 0 where that cannot be known.
#[cfg(target_os = "linux")]
fn core_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(not(target_os = "linux"))]
const fn core_time() -> u64 {
    0
}

/// Between two commits something is decided, and the thread that writes sleeps.
fn pause() {
    std::thread::sleep(PAUSE);
}

/// How long it takes to fill a file of a segment's size with zeros without waiting for the disk.
fn fill(path: &Path) -> io::Result<u64> {
    let zeros = vec![0; SEGMENT_BYTES as usize];
    let began = Instant::now();
    fs::write(path, zeros)?;
    let took = nanos(began);
    fs::remove_file(path)?;
    Ok(took)
}

type Row = ([u64; 5], u64);

/// One row for each size: its median.
fn medians(rows: Vec<Row>) -> Vec<Row> {
    let of = |sectors: &u64| {
        let bytes = sectors * SECTOR as u64;
        let mut times: Vec<u64> =
            rows.iter().filter(|row| row.0[1] == bytes).map(|row| row.1).collect();
        ([1, bytes, 0, 0, 0], median(&mut times))
    };
    SECTORS.iter().map(of).collect()
}
