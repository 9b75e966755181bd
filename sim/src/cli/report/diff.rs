//! The report of `diff`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Failure, Report};
use crate::cli::text::{Facts, thousands};

/// How two journals compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiffReport {
    /// How many islands A and B have.
    pub islands: [u32; 2],
    /// Records that are the same, from each island's first one on.
    pub records_same: u64,
    /// Whether both were made with the same settings and workload.
    pub settings_same: bool,
    /// The islands that differ, each with its first difference.
    pub differ: Vec<IslandDiffView>,
    /// Islands with records that are the same but for their stamps.
    pub clocks_part: u64,
}

/// The first difference of an island.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IslandDiffView {
    /// The island.
    pub island: u32,
    /// Records that are the same, from the first on.
    pub records_same: u64,
    /// The record that differs, or that only one journal has.
    pub position: u64,
    /// What came in there, and from whom (in A, if both have it).
    pub input: String,
    /// Which journal has no such record: A or B.
    pub ended: Option<String>,
    /// In what the two records differ.
    pub parts: Vec<SidesView>,
}

/// The first entry of a part that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SidesView {
    /// Which part.
    pub part: String,
    /// Which of its entries, from 1.
    pub entry: usize,
    /// A's in words, if it has one.
    pub a: Option<String>,
    /// B's in words, if it has one.
    pub b: Option<String>,
}

impl Report for DiffReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut facts = Facts::default();
        let [a, b] = self.islands;
        let other = if a == b { String::new() } else { format!("in A, {b} in B") };
        facts.add("islands", a.to_string(), other);
        facts.add("records", thousands(self.records_same), "are the same in both");
        facts.add("islands that differ", self.differ.len().to_string(), "");
        facts.write(out)?;
        if !self.settings_same {
            writeln!(out, "The two were made with other settings, or of another workload.")?;
        }
        if self.clocks_part > 0 {
            let islands = self.clocks_part;
            writeln!(out, "On {islands} islands stamps differ: two runs. They do not count.")?;
        }
        for island in &self.differ {
            let IslandDiffView { island, position, input, ended, parts, .. } = island;
            writeln!(out, "island {island}  position {position}")?;
            writeln!(out, "  input  {input}")?;
            if let Some(ended) = ended {
                writeln!(out, "  {ended} ends before it")?;
            }
            for SidesView { part, entry, a, b } in parts {
                writeln!(out, "  {part}, entry {entry}")?;
                writeln!(out, "    A  {}", a.as_deref().unwrap_or("nothing"))?;
                writeln!(out, "    B  {}", b.as_deref().unwrap_or("nothing"))?;
            }
        }
        Ok(())
    }

    fn verdict(&self) -> Result<(), Failure> {
        match self.differ.as_slice() {
            [] => Ok(()),
            [first, ..] => Err(Failure::check(format!(
                "the journals differ on {} islands: island {} from record {} on",
                self.differ.len(),
                first.island,
                first.position
            ))),
        }
    }
}
