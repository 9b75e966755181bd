//! The reports of `journal check` and `journal repair`.

use std::io::{self, Write};

use archipelago::journal::repair::Lost;
use serde::Serialize;

use super::super::failure::Failure;
use super::super::report::Report;
use super::super::text::{bytes, thousands};

/// What a journal holds and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The directory.
    pub directory: String,
    /// Whose it is.
    pub application: String,
    /// Its life, in hexadecimal.
    pub life: String,
    /// Sound commits, seals included.
    pub commits: u64,
    /// Seals among them.
    pub seals: u64,
    /// Records in them.
    pub records: u64,
    /// Their bytes, headers and padding included.
    pub bytes: u64,
    /// Whether the last of them is a seal.
    pub sealed: bool,
    /// Where each island's sound journal ends.
    pub islands: Vec<TailView>,
    /// A torn tail: opening to write cuts it.
    pub torn: Option<TornView>,
    /// Damage: the directory is refused.
    pub damage: Option<DamageView>,
    /// A sound block whose records are not whole: a defect of who wrote it, not of the disk.
    pub malformed: Option<String>,
}

/// Where an island's journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TailView {
    /// The island.
    pub island: u32,
    /// Its last position; 0 when it has none.
    pub position: u64,
}

/// A torn tail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TornView {
    /// Where it starts, as SEGMENT:OFFSET.
    pub at: String,
    /// What it is.
    pub what: String,
    /// What was wrong with the bytes.
    pub detail: String,
}

/// Damage, and what a cut loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DamageView {
    /// What is wrong, and where.
    pub what: String,
    /// Where a cut would go, as SEGMENT:OFFSET.
    pub cut_at: String,
    /// The first commit that a cut would lose.
    pub commit: u64,
    /// The records behind it, by island.
    pub lost: Vec<LostView>,
}

/// Records of one island that a cut loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LostView {
    /// The island.
    pub island: u32,
    /// The first position.
    pub from: u64,
    /// The last position that is known.
    pub upto: u64,
    /// How many that are.
    pub records: u64,
    /// How many of them are whole.
    pub readable: u64,
}

impl From<&Lost> for LostView {
    fn from(lost: &Lost) -> Self {
        Self {
            island: lost.island.0,
            from: lost.from.0,
            upto: lost.upto.0,
            records: lost.records(),
            readable: lost.readable,
        }
    }
}

fn render_lost(lost: &[LostView], out: &mut dyn Write) -> io::Result<()> {
    if lost.is_empty() {
        return writeln!(out, "  no record that a sound header tells of");
    }
    for LostView { island, from, upto, records, readable } in lost {
        writeln!(
            out,
            "  island {island}: {} records, positions {from} to {upto}, {readable} of them whole",
            thousands(*records)
        )?;
    }
    Ok(())
}

impl Report for CheckReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}, life {}", self.directory, self.application, self.life)?;
        writeln!(
            out,
            "{} sound commits ({} of them seals), {} records, {}; {}",
            thousands(self.commits),
            thousands(self.seals),
            thousands(self.records),
            bytes(self.bytes),
            if self.sealed { "sealed" } else { "the last commit is not sealed" }
        )?;
        if let Some(TornView { at, what, detail }) = &self.torn {
            writeln!(out, "torn tail at {at}: {what} ({detail}); opening to write cuts it off")?;
        }
        if let Some(DamageView { what, cut_at, commit, lost }) = &self.damage {
            writeln!(out, "damaged: {what}")?;
            writeln!(out, "a cut there (--cut-at {commit}, or {cut_at}) loses:")?;
            render_lost(lost, out)?;
        }
        if let Some(malformed) = &self.malformed {
            writeln!(out, "records that are not whole: {malformed}")?;
        }
        Ok(())
    }

    fn verdict(&self) -> Result<(), Failure> {
        match (&self.damage, &self.malformed) {
            (Some(damage), _) => Err(Failure::check(damage.what.clone())),
            (None, Some(malformed)) => Err(Failure::check(malformed.clone())),
            (None, None) => Ok(()),
        }
    }
}

/// What was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// The directory.
    pub directory: String,
    /// What was wrong.
    pub damage: String,
    /// Where it was cut, as SEGMENT:OFFSET.
    pub cut_at: String,
    /// The first commit that is gone.
    pub commit: u64,
    /// The folder that keeps what was cut.
    pub kept: String,
    /// The records that are gone, by island.
    pub lost: Vec<LostView>,
}

impl Report for RepairReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{}: cut at {}: commit {} is gone",
            self.directory, self.cut_at, self.commit
        )?;
        writeln!(out, "it was damaged: {}", self.damage)?;
        writeln!(out, "lost:")?;
        render_lost(&self.lost, out)?;
        writeln!(out, "kept in {}: about.txt there says how to put it back", self.kept)
    }
}
