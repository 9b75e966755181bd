//! A stretch of a journal that is read island by island: its blocks' headers are known and sound,
//! their bodies have not been read.
//!
//! Rules:
//! 1. Blocks are in journal order, so those of one island are in its order.
//! 2. Every commit of a stretch is known to be durable: a body that is not sound is damage.
//!
//! It doesn't know who reads which island.

use std::sync::Arc;

use archipelago_core::journal::frame::{
    BlockHeader, BodySum, FrameError, HEADER_BYTES, SegmentNumber,
};

use super::error::JournalError;
use super::scan::{BlockRef, Recovered, ScanMode, scan_on};
use super::settings::JournalSettings;
use super::storage::Storage;
use super::window::READ_BYTES;

/// See the module.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(super) blocks: Vec<BlockHeader>,
}

impl Stretch {
    /// Its blocks, in journal order.
    pub(crate) fn blocks(self) -> Vec<BlockHeader> {
        self.blocks
    }
}

/// Reads bodies, one after the other, into a buffer that is used again.
pub(crate) struct Bodies<'a> {
    storage: &'a dyn Storage,
    settings: &'a JournalSettings,
    /// Where the scan began.
    from: Option<&'a Recovered>,
    buffer: Arc<Vec<u8>>,
}

impl<'a> Bodies<'a> {
    pub(crate) fn of(
        storage: &'a dyn Storage,
        settings: &'a JournalSettings,
        from: Option<&'a Recovered>,
    ) -> Self {
        Self { storage, settings, from, buffer: Arc::default() }
    }

    /// The block of a header.
    ///
    /// # Errors
    /// When the body is not sound, what a scan says of it; [`JournalError::Io`].
    pub(crate) fn read(&mut self, header: BlockHeader) -> Result<BlockRef, JournalError> {
        let (segment, start) = (header.here.segment, u64::from(header.here.offset));
        let len = header.body_bytes as usize;
        if Arc::get_mut(&mut self.buffer).is_none() {
            self.buffer = Arc::default();
        }
        let buffer = Arc::get_mut(&mut self.buffer).expect("nobody else has it, or it is new");
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        let mut sum = BodySum::default();
        let mut at = start + HEADER_BYTES as u64;
        for piece in buffer[..len].chunks_mut(READ_BYTES as usize) {
            let read = self.storage.read_at(segment, at, piece);
            let read =
                read.map_err(|error| JournalError::io("read", self.storage.name(segment))(error))?;
            sum.add(&piece[..read]);
            at += piece.len() as u64;
        }
        match header.check_sum(sum) {
            Ok(()) => Ok(BlockRef { header, buffer: Arc::clone(&self.buffer), range: 0..len }),
            Err(source) => Err(self.judge(segment, start, source)),
        }
    }

    /// Reads in order up to what is not sound: what that means and how it is told is one matter.
    fn judge(&self, segment: SegmentNumber, offset: u64, source: FrameError) -> JournalError {
        let mut sink = |_: BlockRef| Ok::<(), JournalError>(());
        let Self { storage, settings, from, .. } = self;
        match scan_on(*storage, settings, ScanMode::ReadOnly, *from, &mut sink) {
            Err(error) => error,
            // The disk gave other bytes this time.
            Ok(_) => JournalError::NoBlock { file: storage.name(segment), offset, source },
        }
    }
}
