//! The few verbs a journal asks of a disk; the simulator puts a fake disk behind them.
//!
//! Rules:
//! 1. A segment is made whole, filled with zeros, and is there after a crash or not at all.
//! 2. A write stays inside its segment; a segment never grows or shrinks.
//! 3. After `sync` returns, all earlier writes to that segment survive a loss of power. After a
//!    write or sync failed, nothing is promised about any write since the last good sync.
//! 4. Reads see every earlier write of this process.
//! 5. After `forget`, reads see what the disk holds: a flush that failed may have left bytes in
//!    memory that look written, and that no later flush will write.
//! 6. After `release` a segment is gone for good. Its room may serve a later `create`, which fills
//!    it with zeros like any other: nothing of what it held is ever seen again.

use std::io;

use archipelago_core::journal::frame::SegmentNumber;

/// A segment that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub number: SegmentNumber,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Numbered segments of bytes. See the rules of this module.
pub trait Storage: Send + Sync {
    /// The segments that exist, by number, lowest first.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    fn segments(&self) -> io::Result<Vec<Segment>>;

    /// Makes a segment of `bytes` zeros; returns when it is durable, and its name as well.
    ///
    /// # Errors
    /// `AlreadyExists` when there is one of that number; otherwise what the disk says, such as
    /// "no space left".
    fn create(&self, segment: Segment) -> io::Result<()>;

    /// Reads from `offset` until `buffer` is full or the segment ends; returns the bytes read.
    ///
    /// # Errors
    /// `NotFound` when there is no such segment; otherwise what the disk says.
    fn read_at(&self, segment: SegmentNumber, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// A segment will be read, its blocks not one after the other: a storage that reads ahead by
    /// itself should do so now. Nothing depends on it.
    fn will_read(&self, segment: SegmentNumber) {
        let _ = segment;
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// `InvalidInput` when the bytes would reach past the segment's end; otherwise what the disk
    /// says.
    fn write_at(&self, segment: SegmentNumber, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes all earlier writes to the segment durable.
    ///
    /// # Errors
    /// What the disk says. It must not be tried again.
    fn sync(&self, segment: SegmentNumber) -> io::Result<()>;

    /// Drops what is cached of a segment, so that reads come from the disk. It comes after a
    /// `sync`; a storage without a cache has nothing to do.
    ///
    /// # Errors
    /// What the disk says.
    fn forget(&self, segment: SegmentNumber) -> io::Result<()>;

    /// Lets go of a segment that nobody needs; returns when that is durable.
    ///
    /// # Errors
    /// What the disk says; `Unsupported` where segments are kept as long as the storage is.
    fn release(&self, segment: SegmentNumber) -> io::Result<()> {
        let _ = segment;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How an operator finds the segment: its path, for messages.
    fn name(&self, segment: SegmentNumber) -> String;
}

/// The error of a write that would leave its segment.
pub(super) fn past_the_end(offset: u64, bytes: usize, segment_bytes: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{bytes} bytes at offset {offset} reach past the segment's {segment_bytes} bytes"),
    )
}

/// Whether a write stays inside its segment.
pub(super) fn fits(offset: u64, bytes: usize, segment_bytes: u64) -> bool {
    offset.checked_add(bytes as u64).is_some_and(|end| end <= segment_bytes)
}
