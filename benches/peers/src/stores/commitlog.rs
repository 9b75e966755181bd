//! commitlog: segments of messages, each with a checksum that a read compares.
//!
//! Rules:
//! 1. It numbers messages itself, so it holds one island's rows, in order.
//!
//! It doesn't know what the bytes mean.

use std::path::Path;

use archipelago_benches::rounds::Failed;
use commitlog::message::{MessageBuf, MessageSet};
use commitlog::{CommitLog, LogOptions, ReadLimit};

use super::{Row, Store};

/// Bytes of one append and of one read.
const BYTES_MAX: usize = 4 << 20;

/// A log.
pub struct Log(CommitLog);

impl Store for Log {
    type Choice = ();

    fn open(folder: &Path, (): ()) -> Result<Self, Failed> {
        let mut options = LogOptions::new(folder);
        options.message_max_bytes(2 * BYTES_MAX);
        Ok(Self(CommitLog::new(options)?))
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Failed> {
        for rows in rows.chunks(1000) {
            let mut messages = MessageBuf::default();
            for (_, bytes) in rows {
                messages.push(bytes).map_err(|error| format!("{error:?}"))?;
            }
            self.0.append(&mut messages)?;
        }
        Ok(self.0.flush()?)
    }

    fn each(&self, mut row: impl FnMut(&[u8]) -> Result<(), Failed>) -> Result<u64, Failed> {
        let (mut next, end) = (0, self.0.next_offset());
        while next < end {
            let messages = self.0.read(next, ReadLimit::max_bytes(BYTES_MAX))?;
            for message in messages.iter() {
                row(message.payload())?;
                next = message.offset() + 1;
            }
        }
        Ok(next)
    }

    fn rest(mut self) -> Result<(), Failed> {
        Ok(self.0.flush()?)
    }
}
