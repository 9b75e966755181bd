//! What a data directory was made for: the file `archipelago.json`.
//!
//! Rules:
//! 1. Written once, when the directory is made: a new file, flushed, renamed, the folder flushed.
//! 2. Slots and the routing hash are fixed in this format version; a directory with others is
//!    refused, because its keys live on other islands.
//! 3. The life and the segment size are the directory's; whoever opens it must agree on the rest.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use archipelago_core::id::Life;
use archipelago_core::journal::frame::SchemaVersion;
use serde::{Deserialize, Serialize};

use super::directory::sync_folder;
use super::error::JournalError;
use super::settings::{Durability, JournalSettings, SEGMENT_BYTES};

/// The name of the description file.
pub const DESCRIPTION_FILE: &str = "archipelago.json";

/// The slots a key hashes to, for ever.
pub const SLOTS: u32 = 4096;

/// The hash that gives a key its slot, for ever.
pub const HASH: &str = "murmur3_x86_32 seed 0";

/// The format of data directories this code makes and reads.
const FORMAT_VERSION: u64 = 1;

/// What a data directory is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Drawn by the caller when the directory is made; the stored one counts from then on.
    pub life: Life,
    /// The number of islands.
    pub islands: u32,
    /// The application's name.
    pub application: String,
    /// What else must not change under a journal: the application's own words.
    pub configuration: String,
    /// The size of a segment in bytes; the stored one counts.
    pub segment_bytes: u64,
}

/// The file, field by field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format_version: u64,
    life: String,
    islands: u32,
    slots: u32,
    hash: String,
    application: String,
    configuration: String,
    segment_bytes: u64,
}

/// The one field that every format version has.
#[derive(Deserialize)]
struct StoredVersion {
    format_version: u64,
}

impl Description {
    /// A description with the usual segment size.
    #[must_use]
    pub fn new(life: Life, islands: u32, application: &str, configuration: &str) -> Self {
        Self {
            life,
            islands,
            application: application.to_owned(),
            configuration: configuration.to_owned(),
            segment_bytes: SEGMENT_BYTES,
        }
    }

    /// What its journal must be told.
    #[must_use]
    pub fn settings(&self, schema: SchemaVersion, durability: Durability) -> JournalSettings {
        JournalSettings {
            life: self.life,
            islands: self.islands,
            segment_bytes: self.segment_bytes,
            schema,
            durability,
        }
    }

    /// Reads the description of the data directory `path`; `None` when it has none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        let file = path.join(DESCRIPTION_FILE);
        let name = file.display().to_string();
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::io("read", name)(error)),
        };
        Self::parse(&text, path).map(Some)
    }

    /// Reads the text of the description of the data directory `path`, which is named in errors.
    ///
    /// # Errors
    /// [`JournalError::Description`], [`JournalError::UnknownFormat`] and
    /// [`JournalError::Mismatch`] for slots or a hash that this version does not have.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, JournalError> {
        let name = path.join(DESCRIPTION_FILE).display().to_string();
        let damaged = |error: serde_json::Error| JournalError::Description {
            file: name.clone(),
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        };
        let version: StoredVersion = serde_json::from_slice(text).map_err(damaged)?;
        if version.format_version != FORMAT_VERSION {
            let (found, known) = (version.format_version, FORMAT_VERSION);
            return Err(JournalError::UnknownFormat { file: name, found, known });
        }
        let stored: Stored = serde_json::from_slice(text).map_err(damaged)?;
        differs(path, "slots", &stored.slots.to_string(), &SLOTS.to_string())?;
        differs(path, "hash", &stored.hash, HASH)?;
        let digits = stored.life.len() == 16 && stored.life.bytes().all(|c| c.is_ascii_hexdigit());
        let life = u64::from_str_radix(&stored.life, 16).ok().filter(|_| digits);
        let Some(life) = life else {
            let reason = format!("life `{}` is not 16 hexadecimal digits", stored.life);
            return Err(JournalError::Description { file: name, line: 1, column: 1, reason });
        };
        Ok(Self {
            life: Life(life),
            islands: stored.islands,
            application: stored.application,
            configuration: stored.configuration,
            segment_bytes: stored.segment_bytes,
        })
    }

    /// Writes the description into the data directory `path`, durably.
    pub(super) fn write(&self, path: &Path) -> Result<(), JournalError> {
        let stored = Stored {
            format_version: FORMAT_VERSION,
            life: format!("{:016x}", self.life.0),
            islands: self.islands,
            slots: SLOTS,
            hash: HASH.to_owned(),
            application: self.application.clone(),
            configuration: self.configuration.clone(),
            segment_bytes: self.segment_bytes,
        };
        let file = path.join(DESCRIPTION_FILE);
        let write = || -> io::Result<()> {
            let mut text = serde_json::to_vec_pretty(&stored)?;
            text.push(b'\n');
            let new = file.with_extension("json.new");
            let mut out = File::create(&new)?;
            out.write_all(&text)?;
            out.sync_all()?;
            fs::rename(&new, &file)?;
            sync_folder(path)
        };
        write().map_err(JournalError::io("write", file.display().to_string()))
    }

    /// Whether a caller who asks for `self` may use a directory made for `stored`.
    pub(super) fn agrees_with(&self, stored: &Self, path: &Path) -> Result<(), JournalError> {
        differs(path, "islands", &stored.islands.to_string(), &self.islands.to_string())?;
        differs(path, "application", &stored.application, &self.application)?;
        differs(path, "configuration", &stored.configuration, &self.configuration)
    }
}

fn differs(
    path: &Path,
    field: &'static str,
    stored: &str,
    asked: &str,
) -> Result<(), JournalError> {
    if stored == asked {
        return Ok(());
    }
    let path = path.display().to_string();
    let (stored, asked) = (stored.to_owned(), asked.to_owned());
    Err(JournalError::Mismatch { path, field, stored, asked })
}
