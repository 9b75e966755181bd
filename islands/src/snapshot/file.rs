//! The form of a snapshot file.
//!
//! ```text
//! "ISLESNAP", u16 version, u16 zero, u32 CRC of the head, u32 its length, the head,
//! then per island: u64 length, its image and unacked messages (core's snapshot form)
//! ```
//! Rules:
//! 1. Numbers are little endian. The head has a checksum, each island its own, and its digest.
//! 2. Whatever does not check is an error in words, never a panic and never half used.
//! 3. Timers, kept replies and messages of an older schema are rewritten as they are read.
//! 4. One island's bytes at a time are in memory.
//!
//! It doesn't know where files are.

use std::io::{self, Read, Write};

use archipelago_core::codec;
use archipelago_core::id::{IslandId, Life};
use archipelago_core::island::Island;
use archipelago_core::journal::frame::{SchemaVersion, body_crc};
use archipelago_core::link::chunk::Chunk;
use archipelago_core::replay::{Image, Upcast};
use serde::{Deserialize, Serialize};

use crate::journal::{Ending, IslandTail, JournalSettings, Recovered};

const MAGIC: &[u8; 8] = b"ISLESNAP";
const VERSION: u16 = 1;
/// More than any head takes: 4,096 islands' tails are below 128 KiB.
const HEAD_BYTES_MAX: u32 = 1 << 20;
/// More than an island's state can be, in bytes: a damaged length must not ask for all memory.
const ISLAND_BYTES_MAX: u64 = 1 << 40;

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The life of the data directory.
    pub life: Life,
    /// [`Island::STATE_VERSION`] of the program that made it.
    pub state_version: u32,
    /// The forms that its timers' commands, kept replies and messages have.
    pub schema: SchemaVersion,
    /// How many islands follow.
    pub islands: u32,
    /// Where each island's journal ended, by number.
    tails: Vec<IslandTail>,
    /// Where the journal goes on.
    end: End,
}

/// Where a journal goes on, as a scan found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    next: archipelago_core::journal::frame::BlockPlace,
    last: archipelago_core::journal::frame::CommitNumber,
    chain: archipelago_core::journal::frame::Chain,
    ending: Ending,
    bytes: u64,
}

impl Taken {
    /// What a scan found, as of this program.
    pub(super) fn of<I: Island>(settings: &JournalSettings, found: &Recovered) -> Self {
        let Recovered { next, last, chain, ending, bytes, .. } = *found;
        Self {
            life: settings.life,
            state_version: I::STATE_VERSION,
            schema: SchemaVersion(I::SCHEMA_VERSION),
            islands: settings.islands,
            tails: found.islands.clone(),
            end: End { next, last, chain, ending, bytes },
        }
    }

    /// Where a scan goes on.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        let End { next, last, chain, ending, bytes } = self.end;
        let islands = self.tails.clone();
        Recovered { segments: Vec::new(), next, last, chain, ending, islands, bytes, torn: None }
    }

    /// Whether this program can use it for the journal of `settings`.
    fn fits<I: Island>(&self, settings: &JournalSettings) -> Result<(), String> {
        if self.life != settings.life {
            let (found, life) = (self.life.0, settings.life.0);
            return Err(format!(
                "it is of another data directory (life {found:016x}, not {life:016x})"
            ));
        }
        if self.islands != settings.islands || self.tails.len() != self.islands as usize {
            let (found, islands) = (self.islands, settings.islands);
            return Err(format!("it is of {found} islands, not {islands}"));
        }
        if self.state_version != I::STATE_VERSION {
            let (found, own) = (self.state_version, I::STATE_VERSION);
            return Err(format!("it has state version {found}, this program has {own}"));
        }
        Ok(())
    }
}

/// By island: messages that are sent and not consumed, as receiver and chunk.
pub type Unacked = Vec<Vec<(IslandId, Chunk)>>;

/// All islands at one commit.
#[derive(Debug)]
pub struct Snapshot<I> {
    /// What it is of.
    pub taken: Taken,
    /// The islands, by number.
    pub images: Vec<Image<I>>,
    /// What each had sent and nobody consumed.
    pub unacked: Unacked,
}

impl<I: Island> Snapshot<I> {
    /// Writes it. Returns the bytes written.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        let mut head = Vec::new();
        codec::encode(&self.taken, &mut head).map_err(io::Error::other)?;
        let mut start = Vec::from(MAGIC);
        start.extend_from_slice(&VERSION.to_le_bytes());
        start.extend_from_slice(&[0; 2]);
        start.extend_from_slice(&body_crc(&head).to_le_bytes());
        start.extend_from_slice(&(head.len() as u32).to_le_bytes());
        out.write_all(&start)?;
        out.write_all(&head)?;
        let mut written = (start.len() + head.len()) as u64;
        let mut island = Vec::new();
        for (image, unacked) in self.images.iter().zip(&self.unacked) {
            island.clear();
            let chunks = unacked.iter().map(|(to, chunk)| (*to, chunk));
            image.save(chunks, &mut island).map_err(io::Error::other)?;
            out.write_all(&(island.len() as u64).to_le_bytes())?;
            out.write_all(&island)?;
            written += 8 + island.len() as u64;
        }
        Ok(written)
    }

    /// Reads one for the journal of `settings`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn read(input: &mut dyn Read, settings: &JournalSettings) -> Result<Self, String> {
        let taken = Taken::read(input)?;
        taken.fits::<I>(settings)?;
        let upcast = Upcast::<I>::from(taken.schema).map_err(|error| error.to_string())?;
        let (mut images, mut all) = (Vec::new(), Vec::new());
        let mut bytes = Vec::new();
        for island in 0..taken.islands {
            let wrong = |what: &dyn std::fmt::Display| format!("island {island}: {what}");
            let length = u64::from_le_bytes(array(input).map_err(|error| wrong(&error))?);
            if length > ISLAND_BYTES_MAX {
                return Err(wrong(&format_args!("its length cannot be {length}")));
            }
            bytes.clear();
            let read = input.take(length).read_to_end(&mut bytes);
            if read.map_err(|error| wrong(&error))? as u64 != length {
                return Err(wrong(&"it is cut off"));
            }
            let (mut image, mut unacked) = Image::load(&bytes).map_err(|error| wrong(&error))?;
            if let Some(upcast) = &upcast {
                upcast.image(&mut image).map_err(|error| wrong(&error))?;
                for (_, chunk) in &mut unacked {
                    *chunk = upcast.chunk(chunk).map_err(|error| wrong(&error))?;
                }
            }
            images.push(image);
            all.push(unacked);
        }
        match input.read(&mut [0]) {
            Ok(0) => Ok(Self { taken, images, unacked: all }),
            Ok(_) => Err("something stands behind its end".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Taken {
    /// Reads the head alone.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(input: &mut dyn Read) -> Result<Self, String> {
        let (magic, version) = (array::<8>(input)?, u16::from_le_bytes(array(input)?));
        let _: [u8; 2] = array(input)?;
        if magic != *MAGIC || version != VERSION {
            return Err(format!("it is not a snapshot of version {VERSION}"));
        }
        let crc = u32::from_le_bytes(array(input)?);
        let length = u32::from_le_bytes(array(input)?);
        if length > HEAD_BYTES_MAX {
            return Err(format!("its head cannot have {length} bytes"));
        }
        let mut head = vec![0; length as usize];
        input.read_exact(&mut head).map_err(|error| error.to_string())?;
        let found = body_crc(&head);
        if found != crc {
            return Err(format!("its head is damaged: checksum {found:08x}, expected {crc:08x}"));
        }
        codec::decode(&head).map_err(|error| error.to_string())
    }
}

fn array<const N: usize>(input: &mut dyn Read) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}
