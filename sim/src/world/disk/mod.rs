//! A disk that keeps two images: what a reader sees, and what a loss of power would leave.
//!
//! Rules:
//! 1. A write is seen at once and safe after a sync. A segment and its name are safe when made.
//! 2. A loss of power leaves of every sector written and not synced: the old bytes, the new ones,
//!    or a torn mixture, as the world says. A process that is killed loses nothing seen.
//! 3. A flush that failed forgets what it was to flush: a later one says "done" without doing it,
//!    as real kernels do. What was seen stays seen until the power goes or the cache is dropped.
//! 4. A disk can have lied ([`lie`]): only then are bytes wrong that were synced.
//!
//! It doesn't know what is written on it.

pub(super) mod lie;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archipelago::journal::{Segment, Storage};
use archipelago_core::journal::frame::{SECTOR, SegmentNumber};

use super::hash::Rolling;

/// A fake disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    files: Mutex<BTreeMap<SegmentNumber, File>>,
}

#[derive(Clone, Debug)]
struct File {
    seen: Vec<u8>,
    safe: Vec<u8>,
    /// Sectors that differ.
    dirty: BTreeSet<usize>,
    /// Sectors that differ and that no flush will touch: a flush failed.
    forgotten: BTreeSet<usize>,
}

/// What becomes of an unsynced sector when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The old bytes.
    Lost,
    /// The new bytes.
    Kept,
    /// So many of the new bytes, then noise.
    Torn {
        /// How many.
        upto: usize,
        /// What the noise is made of.
        noise: u64,
    },
}

impl Disk {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SegmentNumber, File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power goes: only what is safe stays, and of the rest what `fate` leaves of (segment,
    /// sector). Returns how many sectors were torn.
    pub(super) fn lose_power(&self, mut fate: impl FnMut(SegmentNumber, usize) -> Fate) -> u64 {
        let mut torn = 0;
        for (number, file) in self.lock().iter_mut() {
            let mut differing = std::mem::take(&mut file.dirty);
            differing.append(&mut file.forgotten);
            for sector in differing {
                let range = sector * SECTOR..(sector + 1) * SECTOR;
                let (safe, seen) = (&mut file.safe[range.clone()], &mut file.seen[range]);
                match fate(*number, sector) {
                    Fate::Lost => {}
                    Fate::Kept => safe.copy_from_slice(seen),
                    Fate::Torn { upto, noise } => {
                        torn += 1;
                        tear(safe, seen, upto, noise);
                    }
                }
                seen.copy_from_slice(safe);
            }
        }
        torn
    }

    /// A flush fails: nothing became safe, and no later flush will try these sectors again.
    pub(super) fn fail_flush(&self, segment: SegmentNumber) {
        if let Some(file) = self.lock().get_mut(&segment) {
            let mut dirty = std::mem::take(&mut file.dirty);
            file.forgotten.append(&mut dirty);
        }
    }

    /// A hash of all that is safe.
    pub(super) fn digest(&self) -> u64 {
        let mut rolling = Rolling::default();
        for (number, file) in self.lock().iter() {
            rolling.add(u64::from(number.0));
            rolling.add_bytes(&file.safe);
        }
        rolling.value()
    }
}

/// A torn sector: a part of the new bytes, then noise.
fn tear(safe: &mut [u8], seen: &[u8], upto: usize, noise: u64) {
    let upto = upto.min(SECTOR);
    safe[..upto].copy_from_slice(&seen[..upto]);
    let mut state = noise;
    for byte in &mut safe[upto..] {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        *byte = (state >> 56) as u8;
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
        let (dirty, forgotten) = (BTreeSet::new(), BTreeSet::new());
        files.insert(segment.number, File { seen: zeros.clone(), safe: zeros, dirty, forgotten });
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
        for sector in start / SECTOR..(start + bytes.len()).div_ceil(SECTOR) {
            file.forgotten.remove(&sector);
            file.dirty.insert(sector);
        }
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

    fn forget(&self, segment: SegmentNumber) -> io::Result<()> {
        let mut files = self.lock();
        let file = files.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
        for sector in std::mem::take(&mut file.forgotten) {
            let range = sector * SECTOR..(sector + 1) * SECTOR;
            file.seen[range.clone()].copy_from_slice(&file.safe[range]);
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

    const ONE: SegmentNumber = SegmentNumber(1);

    fn written() -> Disk {
        let disk = Disk::default();
        disk.create(Segment { number: ONE, bytes: 8 * SECTOR as u64 }).unwrap();
        disk.write_at(ONE, 0, &[7; SECTOR]).unwrap();
        disk.sync(ONE).unwrap();
        disk.write_at(ONE, SECTOR as u64, &[9; 3 * SECTOR]).unwrap();
        disk
    }

    fn first_bytes(disk: &Disk) -> Vec<u8> {
        let mut bytes = vec![0; 8 * SECTOR];
        disk.read_at(ONE, 0, &mut bytes).unwrap();
        bytes.chunks(SECTOR).map(|sector| sector[0]).collect()
    }

    #[test]
    fn a_loss_of_power_keeps_what_was_synced_and_does_the_rest_as_told() {
        let disk = written();
        let torn = disk.lose_power(|_, sector| match sector {
            1 => Fate::Lost,
            2 => Fate::Kept,
            _ => Fate::Torn { upto: 1, noise: 5 },
        });
        assert_eq!((torn, first_bytes(&disk)), (1, vec![7, 0, 9, 9, 0, 0, 0, 0]));
        let mut sector = [0; SECTOR];
        disk.read_at(ONE, 3 * SECTOR as u64, &mut sector).unwrap();
        assert!(sector[1..].iter().any(|byte| *byte != 9 && *byte != 0), "the rest is noise");
    }

    #[test]
    fn a_failed_flush_is_forgotten_by_the_next_one() {
        let disk = written();
        disk.fail_flush(ONE);
        disk.sync(ONE).unwrap();
        assert_eq!(first_bytes(&disk)[1], 9, "it is still seen");
        disk.lose_power(|_, _| Fate::Lost);
        assert_eq!(first_bytes(&disk)[..2], [7, 0], "and was never safe");
    }
}
