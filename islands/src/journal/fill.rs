//! Fills files with zeros while commits go on beside it.
//!
//! Rules:
//! 1. When it returns, the file holds so many zeros, on the disk.
//! 2. The zeros go past the page cache, where the system lets them: copied through it they would
//!    cost the cores as much as the commits do, and the commits' flushes would wait for theirs.
//! 3. Where they cannot, each chunk is flushed before the next: a commit meanwhile waits on the
//!    disk for no more than that.
//!
//! It doesn't know what the files are for.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use archipelago_core::journal::frame::SECTOR;

/// A chunk: so many bytes are written at a time.
const CHUNK: usize = 256 << 10;

/// How zeros get to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    PastTheCache,
    ThroughIt,
}

/// Makes `path`, or what is there, a file of `bytes` zeros; returns when they are durable.
///
/// # Errors
/// Those of the file system; the file is then of no use.
pub(super) fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    match fill_by(Way::PastTheCache, path, bytes) {
        // Not every file system can, nor any if the length is no whole number of sectors.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            fill_by(Way::ThroughIt, path, bytes)
        }
        done => done,
    }
}

fn fill_by(way: Way, path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = open(way, path)?;
    file.set_len(bytes)?;
    // The disk reads them from where a sector may begin.
    let zeros = vec![0; CHUNK + SECTOR];
    let zeros = &zeros[zeros.as_ptr().align_offset(SECTOR)..][..CHUNK];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(CHUNK as u64);
        file.write_all(&zeros[..now as usize])?;
        if way == Way::ThroughIt {
            file.sync_data()?;
        }
        left -= now;
    }
    file.sync_all()
}

fn open(way: Way, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(target_os = "linux")]
    if way == Way::PastTheCache {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::DIRECT.bits().cast_signed());
    }
    #[cfg(not(target_os = "linux"))]
    if way == Way::PastTheCache {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_all_zeros_and_of_its_length_whatever_it_was_and_whichever_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (chunk, sector) = (CHUNK as u64, SECTOR as u64);
        // Whole sectors; and lengths that cannot go past the cache.
        for bytes in [sector, 2 * chunk, 2 * chunk + sector, 5, sector + 1, chunk + 100] {
            for before in [0, 7, 3 * chunk as usize] {
                std::fs::write(&path, vec![1; before]).unwrap();
                fill(&path, bytes).unwrap();
                let all = std::fs::read(&path).unwrap();
                assert_eq!(all.len() as u64, bytes);
                assert!(all.iter().all(|byte| *byte == 0), "{bytes} over {before}");
            }
            fill_by(Way::ThroughIt, &path, bytes).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), vec![0; bytes as usize]);
        }
    }

    #[test]
    fn a_place_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = fill(&folder.path().join("no/file"), SECTOR as u64).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
