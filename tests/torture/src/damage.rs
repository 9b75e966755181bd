//! Damage of single files: a byte changed, a file cut to a length, noise appended.
//!
//! Rules:
//! 1. Each harm is done to a fresh copy of a sound journal. Outcomes: refused by name; or open,
//!    with every record right. A record may be gone only where no log can tell: the last commit
//!    of a journal without a seal after it.
//! 2. What is open is opened to write as well, and must say the same again.

use std::path::{Path, PathBuf};

use archipelago::journal::{JournalError, LOCK_FILE, Recovered, SEGMENTS_FOLDER};
use tempfile::TempDir;

use crate::chance::Chance;
use crate::content::{End, look, open, write};
use crate::tally::Tally;

/// Of the tortured journals' segments.
const SEGMENT_BYTES: u64 = 16 << 10;

/// What may be gone after a harm, without a word but "torn tail".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MayLose {
    /// No record at all; the seal holds none.
    Nothing,
    /// The last commit.
    TheLastCommit,
    /// All behind some commit.
    TheEnd,
}

/// A sound journal, and its bytes to go back to.
pub(crate) struct Sound {
    segment_bytes: u64,
    _place: TempDir,
    pub(crate) data: PathBuf,
    pub(crate) recovered: Recovered,
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
}

impl Sound {
    /// A journal of some dozens of commits over several segments, sealed.
    pub(crate) fn new(seed: u64) -> Self {
        Self::of(seed, SEGMENT_BYTES, 24, End::Sealed)
    }

    pub(crate) fn of(seed: u64, segment_bytes: u64, commits: u64, end: End) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let data = place.path().join("data");
        let recovered = write(&data, segment_bytes, commits, seed, end);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(data.join(SEGMENTS_FOLDER)).expect("segments") {
            let path = entry.expect("an entry").path();
            files.push((path.clone(), std::fs::read(&path).expect("a segment")));
        }
        files.sort();
        Self { segment_bytes, _place: place, data, recovered, files }
    }

    /// All segments as they were, and nothing else.
    pub(crate) fn restore(&self) {
        let folder = self.data.join(SEGMENTS_FOLDER);
        for entry in std::fs::read_dir(&folder).expect("segments") {
            let path = entry.expect("an entry").path();
            if !self.files.iter().any(|(known, _)| *known == path) {
                std::fs::remove_file(&path).expect("it can be removed");
            }
        }
        for (path, bytes) in &self.files {
            std::fs::write(path, bytes).expect("a segment can be written");
        }
    }

    /// What comes of the harm that was done.
    pub(crate) fn outcome(&self, may: MayLose) -> Result<&'static str, String> {
        let seen = match look(&self.data) {
            Ok(seen) => seen,
            Err(error) => return self.named(&error),
        };
        let opened = open(&self.data, self.segment_bytes)
            .map_err(|error| format!("it can be looked at, not opened: {error}"))?;
        if opened.recovered.last != seen.last {
            return Err("looking and opening differ".to_owned());
        }
        drop(opened);
        let again = look(&self.data).map_err(|error| format!("refused after opening: {error}"))?;
        if again.last != seen.last || again.torn.is_some() {
            return Err("opened twice, it is not the same".to_owned());
        }
        let lost = self.recovered.last.0.saturating_sub(seen.last.0);
        let kept = match may {
            MayLose::Nothing => seen.islands == self.recovered.islands,
            MayLose::TheLastCommit => lost <= 1,
            MayLose::TheEnd => true,
        };
        if !kept {
            return Err(format!("records are gone without a word, {lost} commits"));
        }
        if seen.islands == self.recovered.islands {
            let silent = lost == 0 && seen.torn.is_none();
            Ok(if silent { "harmless, nothing to say" } else { "harmless, cut as a torn tail" })
        } else {
            Ok("the end is gone, as no log can see")
        }
    }

    /// A refusal names a file of this directory.
    fn named(&self, error: &JournalError) -> Result<&'static str, String> {
        let message = error.to_string();
        let named = message.contains(".segment") || message.contains("archipelago.json");
        if !named || message.contains('\n') {
            return Err(format!("refused without the file's name: {message}"));
        }
        Ok(match error {
            JournalError::Damaged(_) => "refused: file, offset, commit",
            _ => "refused: file",
        })
    }

    pub(crate) fn file(&self, at: usize) -> &Path {
        &self.files[at].0
    }
}

/// Changes one random byte in each of `copies` copies.
pub(crate) fn flips(copies: u64, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let sealed = Sound::new(seed);
    let unsealed = Sound::of(seed, SEGMENT_BYTES, 24, End::Unsealed);
    let mut chance = Chance::new(seed, 2);
    for copy in 0..copies {
        let (sound, done, may) = if copy % 4 == 3 {
            (&unsealed, "a byte changed in a copy, no seal", MayLose::TheLastCommit)
        } else {
            (&sealed, "a byte changed in a copy, sealed", MayLose::Nothing)
        };
        sound.restore();
        let (path, bytes) = &sound.files[chance.below(sound.files.len() as u64) as usize];
        let mut bytes = bytes.clone();
        // Half of the flips where something was written: most of a file is zeros.
        let mut at = chance.below(bytes.len() as u64) as usize;
        while chance.below(2) == 0 && bytes[at] == 0 && bytes.iter().any(|byte| *byte != 0) {
            at = chance.below(bytes.len() as u64) as usize;
        }
        bytes[at] ^= 1 + chance.below(255) as u8;
        std::fs::write(path, &bytes).map_err(|error| error.to_string())?;
        let outcome = sound
            .outcome(may)
            .map_err(|breach| format!("{breach}: copy {copy}, {} byte {at}", path.display()))?;
        tally.add(done, outcome, 1);
    }
    description_flips(&sealed, tally)
}

/// Changes each byte of the description, to every value of one bit.
fn description_flips(sound: &Sound, tally: &mut Tally) -> Result<(), String> {
    sound.restore();
    let file = sound.data.join("archipelago.json");
    let whole = std::fs::read(&file).map_err(|error| error.to_string())?;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            std::fs::write(&file, &bytes).map_err(|error| error.to_string())?;
            let outcome = match open(&sound.data, SEGMENT_BYTES) {
                Err(_) => "refused",
                Ok(opened) if opened.recovered.last == sound.recovered.last => "harmless",
                Ok(_) => return Err(format!("archipelago.json byte {at} bit {bit}: lost")),
            };
            tally.add("a bit changed in the description", outcome, 1);
        }
    }
    std::fs::write(&file, &whole).map_err(|error| error.to_string())
}

/// Cuts each file to every length (or each `step`-th), and once more fills with zeros from there
/// on.
pub(crate) fn lengths(step: usize, tally: &mut Tally) -> Result<(), String> {
    let sound = Sound::of(7, 8 << 10, 3, End::Sealed);
    for (path, bytes) in &sound.files {
        sound.restore();
        for len in (0..bytes.len()).step_by(step) {
            std::fs::write(path, &bytes[..len]).map_err(|error| error.to_string())?;
            let outcome = sound
                .outcome(MayLose::Nothing)
                .map_err(|breach| format!("{breach}: cut to {len}"))?;
            tally.add("a file cut to a length", outcome, 1);
        }
        sound.restore();
    }
    // A tail that never came, in a journal of one segment: zeros from each byte on.
    let (path, bytes) = &sound.files[0];
    for (other, _) in &sound.files[1..] {
        std::fs::remove_file(other).map_err(|error| error.to_string())?;
    }
    let mut commits = 0;
    for len in (0..bytes.len()).step_by(step) {
        let mut lost = bytes.clone();
        lost[len..].fill(0);
        std::fs::write(path, &lost).map_err(|error| error.to_string())?;
        let seen = look(&sound.data).map_err(|error| format!("refused: {error}: from {len}"))?;
        if seen.last.0 < commits {
            return Err(format!("a longer journal holds less: zeros from {len}"));
        }
        commits = seen.last.0;
        tally.add("zeros from a byte on, nothing behind", "a prefix of whole commits", 1);
    }
    Ok(())
}

/// Appends random bytes to a random file.
pub(crate) fn garbage(times: u64, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let sound = Sound::new(seed);
    let mut chance = Chance::new(seed, 3);
    for time in 0..times {
        sound.restore();
        let file = chance.below(sound.files.len() as u64) as usize;
        let mut bytes = sound.files[file].1.clone();
        // Half of them whole sectors: a file of an odd size is refused at once.
        let sectors = time % 2 == 0;
        let len = if sectors { 4096 * (1 + chance.below(4)) } else { 1 + chance.below(20_000) };
        bytes.extend((0..len).map(|_| chance.draw() as u8));
        std::fs::write(sound.file(file), &bytes).map_err(|error| error.to_string())?;
        let outcome = sound.outcome(MayLose::Nothing).map_err(|breach| {
            format!("{breach}: {len} bytes behind {}", sound.file(file).display())
        })?;
        tally.add("garbage appended to a file", outcome, 1);
    }
    // The lock is no part of the journal.
    std::fs::write(sound.data.join(LOCK_FILE), b"noise").map_err(|error| error.to_string())?;
    sound.restore();
    let outcome = sound.outcome(MayLose::Nothing)?;
    tally.add("garbage in the lock file", outcome, 1);
    Ok(())
}
