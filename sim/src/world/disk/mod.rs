//! A disk with two images: what a reader sees, and what a loss of power would leave.
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

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archipelago::journal::{Segment, Storage};
use archipelago_core::journal::frame::{SECTOR, SegmentNumber};

use super::hash::Rolling;

/// A fake disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    files: Mutex<BTreeMap<SegmentNumber, File>>,
    trap: Mutex<Option<Trap>>,
}

/// What goes wrong with the next verb of its kind. The verb fails; the process cannot know how far
/// it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trap {
    /// No segment can be made: the disk is full.
    Create,
    /// A write fails: nothing of it is there.
    WriteNothing,
    /// A write fails in its middle.
    WriteHalf,
    /// A flush fails; see rule 3.
    Flush,
}

/// A file as a reader sees it. Most of a sector is padding, so only what stands before its last
/// zeros is kept: a journal of many small commits then costs what it says.
#[derive(Clone, Debug)]
struct File {
    bytes: u64,
    sectors: Vec<Sector>,
    /// What would be left, by sector, where it differs from what is seen.
    dirty: BTreeMap<usize, Sector>,
    /// The same, of sectors that no flush will touch: a flush failed.
    forgotten: BTreeMap<usize, Sector>,
}

/// A sector without its last zeros.
type Sector = Box<[u8]>;

fn trimmed(bytes: &[u8]) -> Sector {
    // Whole chunks without a branch inside: a third of the time of small commits was spent here.
    let zero = |chunk: &&[u8; 64]| chunk.iter().fold(0, |any, byte| any | byte) == 0;
    let zeros = bytes.as_rchunks().1.iter().rev().take_while(zero).count() * 64;
    let upto = bytes.len() - zeros;
    let upto = bytes[..upto].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes[..upto].into()
}

fn whole(sector: &[u8]) -> [u8; SECTOR] {
    let mut bytes = [0; SECTOR];
    bytes[..sector.len()].copy_from_slice(sector);
    bytes
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
    /// Sets a trap, or takes it away.
    pub(super) fn set_trap(&self, trap: Option<Trap>) {
        *self.trap.lock().unwrap_or_else(PoisonError::into_inner) = trap;
    }

    /// Whether one of these traps is set; it works once.
    fn falls_into(&self, traps: &[Trap]) -> Option<Trap> {
        let mut set = self.trap.lock().unwrap_or_else(PoisonError::into_inner);
        set.take_if(|trap| traps.contains(trap))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SegmentNumber, File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power goes: only what is safe stays, and of the rest what `fate` leaves of (segment,
    /// sector). Returns how many sectors were torn.
    pub(super) fn lose_power(&self, mut fate: impl FnMut(SegmentNumber, usize) -> Fate) -> u64 {
        let mut torn = 0;
        for (number, file) in self.lock().iter_mut() {
            let mut differing = std::mem::take(&mut file.dirty);
            // What was written again after a failed flush is in both; the first is what is safe.
            for (sector, safe) in std::mem::take(&mut file.forgotten) {
                differing.insert(sector, safe);
            }
            for (sector, safe) in differing {
                match fate(*number, sector) {
                    Fate::Lost => file.sectors[sector] = safe,
                    Fate::Kept => {}
                    Fate::Torn { upto, noise } => {
                        torn += 1;
                        file.sectors[sector] = tear(&file.sectors[sector], upto, noise);
                    }
                }
            }
        }
        torn
    }

    /// A flush fails: nothing became safe, and no later flush will try these sectors again.
    fn fail_flush(&self, segment: SegmentNumber) {
        if let Some(file) = self.lock().get_mut(&segment) {
            for (sector, safe) in std::mem::take(&mut file.dirty) {
                file.forgotten.entry(sector).or_insert(safe);
            }
        }
    }

    /// A hash of all that is seen: at the end of a world, all that is safe.
    pub(super) fn digest(&self) -> u64 {
        let mut rolling = Rolling::default();
        for (number, file) in self.lock().iter() {
            rolling.add(u64::from(number.0));
            file.sectors.iter().for_each(|sector| rolling.add_bytes(sector));
        }
        rolling.value()
    }
}

/// A torn sector: a part of the new bytes, then noise.
fn tear(seen: &[u8], upto: usize, noise: u64) -> Sector {
    let mut bytes = whole(seen);
    let mut state = noise;
    for byte in &mut bytes[upto.min(SECTOR)..] {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    trimmed(&bytes)
}

impl File {
    fn new(bytes: u64) -> Self {
        let sectors = (bytes as usize).div_ceil(SECTOR);
        let sectors = std::iter::repeat_with(Sector::default).take(sectors).collect();
        Self { bytes, sectors, dirty: BTreeMap::new(), forgotten: BTreeMap::new() }
    }

    fn read(&self, offset: usize, buffer: &mut [u8]) -> usize {
        let end = (self.bytes as usize).min(offset.saturating_add(buffer.len()));
        let mut at = offset;
        while at < end {
            let (sector, within) = (at / SECTOR, at % SECTOR);
            let count = (SECTOR - within).min(end - at);
            let to = &mut buffer[at - offset..at - offset + count];
            let kept = self.sectors[sector].get(within..).unwrap_or_default();
            let kept = &kept[..kept.len().min(count)];
            to[..kept.len()].copy_from_slice(kept);
            to[kept.len()..].fill(0);
            at += count;
        }
        end.saturating_sub(offset)
    }

    /// Puts bytes into sectors; what stood there is handed to `before`.
    fn write(&mut self, offset: usize, bytes: &[u8], mut before: impl FnMut(usize, Sector)) {
        let mut at = 0;
        while at < bytes.len() {
            let (sector, within) = ((offset + at) / SECTOR, (offset + at) % SECTOR);
            let count = (SECTOR - within).min(bytes.len() - at);
            let new = if count == SECTOR {
                trimmed(&bytes[at..at + count])
            } else {
                let mut all = whole(&self.sectors[sector]);
                all[within..within + count].copy_from_slice(&bytes[at..at + count]);
                trimmed(&all)
            };
            before(sector, std::mem::replace(&mut self.sectors[sector], new));
            at += count;
        }
    }

    /// Puts bytes there as if they had always been safe.
    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.write(offset, bytes, |_, _| {});
    }
}

impl Storage for Disk {
    fn segments(&self) -> io::Result<Vec<Segment>> {
        let segment = |(number, file): (&SegmentNumber, &File)| Segment {
            number: *number,
            bytes: file.bytes,
        };
        Ok(self.lock().iter().map(segment).collect())
    }

    fn create(&self, segment: Segment) -> io::Result<()> {
        if self.falls_into(&[Trap::Create]).is_some() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut files = self.lock();
        if files.contains_key(&segment.number) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(segment.number, File::new(segment.bytes));
        Ok(())
    }

    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let files = self.lock();
        let file = files.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        Ok(file.read(usize::try_from(offset).unwrap_or(usize::MAX), buffer))
    }

    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.lock();
        let file = files.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
        if offset.saturating_add(bytes.len() as u64) > file.bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let trap = self.falls_into(&[Trap::WriteNothing, Trap::WriteHalf]);
        let bytes = match trap {
            None => bytes,
            Some(Trap::WriteHalf) => &bytes[..bytes.len() / 2],
            Some(_) => &[],
        };
        let mut dirty = std::mem::take(&mut file.dirty);
        file.write(offset as usize, bytes, |sector, before| {
            dirty.entry(sector).or_insert(before);
        });
        file.dirty = dirty;
        if trap.is_some() { Err(io::Error::other("the disk failed")) } else { Ok(()) }
    }

    fn sync(&self, segment: SegmentNumber) -> io::Result<()> {
        if self.falls_into(&[Trap::Flush]).is_some() {
            self.fail_flush(segment);
            return Err(io::Error::other("the disk failed"));
        }
        let mut files = self.lock();
        let file = files.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
        for sector in std::mem::take(&mut file.dirty).into_keys() {
            // Written again and flushed at last.
            file.forgotten.remove(&sector);
        }
        Ok(())
    }

    fn forget(&self, segment: SegmentNumber) -> io::Result<()> {
        let mut files = self.lock();
        let file = files.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
        for (sector, safe) in std::mem::take(&mut file.forgotten) {
            file.sectors[sector] = safe;
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
