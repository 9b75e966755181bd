//! A disk that keeps two images: what a reader sees, and what a loss of power would leave.
//!
//! Rules:
//! 1. A write is seen at once and safe after a sync. A segment and its name are safe when made.
//! 2. A crash decides for every sector written and not synced: it is kept, lost, or torn (random
//!    bytes), drawn from the seed.
//!
//! It doesn't know what is written on it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archipelago::journal::{Segment, Storage};
use archipelago_core::journal::frame::{SECTOR, SegmentNumber};

use super::dice::{Dice, Stream};

/// A fake disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    files: Mutex<BTreeMap<SegmentNumber, File>>,
}

#[derive(Debug)]
struct File {
    seen: Vec<u8>,
    safe: Vec<u8>,
    /// Sectors that differ.
    dirty: BTreeSet<usize>,
}

impl Disk {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SegmentNumber, File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process (and the machine) goes down for the `crash`th time: only what is safe stays, and
    /// of the rest what the dice leave.
    pub(super) fn crash(&self, dice: &Dice, crash: u64) {
        for (number, file) in self.lock().iter_mut() {
            for sector in std::mem::take(&mut file.dirty) {
                let about = u64::from(number.0) << 32 | sector as u64;
                let range = sector * SECTOR..(sector + 1) * SECTOR;
                match dice.below(Stream::Disk, crash << 1 | 1, about, 3) {
                    0 => {}
                    1 => file.safe[range.clone()].copy_from_slice(&file.seen[range]),
                    _ => tear(&mut file.safe[range.clone()], &file.seen[range], dice, about),
                }
            }
            file.seen.clone_from(&file.safe);
        }
    }
}

/// A torn sector: a part of the new bytes, then noise.
fn tear(safe: &mut [u8], seen: &[u8], dice: &Dice, about: u64) {
    let upto = dice.below(Stream::Disk, about, 1, SECTOR as u64) as usize;
    safe[..upto].copy_from_slice(&seen[..upto]);
    for (at, byte) in safe.iter_mut().enumerate().skip(upto) {
        *byte = dice.bits(Stream::Disk, about, at as u64) as u8;
    }
}

impl Storage for Disk {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        let segment = |(number, file): (&SegmentNumber, &File)| Segment {
            number: *number,
            bytes: file.seen.len() as u64,
        };
        Ok(self.lock().iter().map(segment).collect())
    }

    fn create(&self, segment: Segment) -> io::Result<()> {
        let mut files = self.lock();
        if files.contains_key(&segment.number) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let zeros = vec![0; segment.bytes as usize];
        let file = File { seen: zeros.clone(), safe: zeros, dirty: BTreeSet::new() };
        files.insert(segment.number, file);
        Ok(())
    }

    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let files = self.lock();
        let file = files.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(file.seen.len());
        let bytes = &file.seen[start..file.seen.len().min(start + buffer.len())];
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.lock();
        let file = files.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
        let start = offset as usize;
        let target = file.seen.get_mut(start..start + bytes.len());
        target.ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(bytes);
        file.dirty.extend(start / SECTOR..(start + bytes.len()).div_ceil(SECTOR));
        Ok(())
    }

    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        let mut files = self.lock();
        let file = files.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
        for sector in std::mem::take(&mut file.dirty) {
            let range = sector * SECTOR..((sector + 1) * SECTOR).min(file.seen.len());
            file.safe[range.clone()].copy_from_slice(&file.seen[range]);
        }
        Ok(())
    }

    fn name(&self, segment: SegmentNumber) -> String {
        format!("simulated segment {segment}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_what_was_synced_and_draws_the_rest() {
        let number = SegmentNumber(1);
        let left = |seed| {
            let disk = Disk::default();
            disk.create(Segment { number, bytes: 64 * SECTOR as u64 }).unwrap();
            disk.write_at(number, 0, &[7; SECTOR]).unwrap();
            disk.sync(number).unwrap();
            disk.write_at(number, SECTOR as u64, &[9; 60 * SECTOR]).unwrap();
            disk.crash(&Dice::new(seed), 1);
            let mut bytes = vec![0; 64 * SECTOR];
            disk.read_at(number, 0, &mut bytes).unwrap();
            bytes
        };
        let bytes = left(3);
        assert_eq!(bytes, left(3), "a seed is a promise");
        assert!(bytes[..SECTOR].iter().all(|byte| *byte == 7));
        let sectors = || bytes[SECTOR..61 * SECTOR].chunks(SECTOR);
        let lost = sectors().filter(|sector| sector.iter().all(|byte| *byte == 0)).count();
        let kept = sectors().filter(|sector| sector.iter().all(|byte| *byte == 9)).count();
        assert!(lost > 5 && kept > 5 && lost + kept < 55, "{lost} lost, {kept} kept");
    }
}
