//! The reports of `verify` and `what-if`.

use std::io::{self, Write};

use archipelago::replay::{Difference, Kind, KindDiffers, OtherState};
use serde::Serialize;

use super::{Failure, Report};
use crate::cli::text::{Facts, rate, share, thousands};

/// Whether a journal's decisions are decided again as they were recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Records decided again.
    pub records: u64,
    /// Recorded events applied on the way.
    pub events: u64,
    /// Records that differ.
    pub differing: u64,
    /// Digests of states in the journal, compared with those of the states on the way.
    pub digests_compared: u64,
    /// The first of them in the order of the journal.
    pub first: Option<DifferenceView>,
    /// The first block whose records lead to another state than when they were decided.
    pub other_state: Option<OtherStateView>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Records decided per second.
    pub records_per_second: f64,
    /// The commit of the snapshot it began from, where what came before is archived.
    pub after_commit: Option<u64>,
}

/// In what the decisions of this program differ from the recorded ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WhatIfReport {
    /// Records decided again.
    pub records: u64,
    /// Recorded events applied on the way.
    pub events: u64,
    /// Records that differ.
    pub differing: u64,
    /// The differences by kind; a record is in one of them.
    pub kinds: Vec<KindView>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Records decided per second.
    pub records_per_second: f64,
    /// The commit of the snapshot it began from, where what came before is archived.
    pub after_commit: Option<u64>,
}

/// A block whose records lead to another state than when they were decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OtherStateView {
    /// Whose block.
    pub island: u32,
    /// Its first record, from 1.
    pub first: u64,
    /// Its last record.
    pub last: u64,
    /// The last record up to which nothing is in doubt.
    pub sure: u64,
    /// Its file and offset.
    pub place: String,
    /// The digest in the journal, in hexadecimal.
    pub recorded: String,
    /// That of the replayed state.
    pub replayed: String,
    /// All of it in words, and what to do.
    pub message: String,
}

impl OtherStateView {
    /// Of what was found.
    #[must_use]
    pub fn of(other: &OtherState) -> Self {
        Self {
            island: other.island.0,
            first: other.first.0,
            last: other.last.0,
            sure: other.sure.0,
            place: other.place_words.clone(),
            recorded: other.recorded.to_string(),
            replayed: other.replayed.to_string(),
            message: other.to_string(),
        }
    }
}

/// One kind of difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindView {
    /// The kind of command: names of variants, such as `Stock.Need`.
    pub command: String,
    /// Which parts of the record differ.
    pub parts: Vec<String>,
    /// How many records.
    pub records: u64,
    /// The first of them, as many as asked for.
    pub first: Vec<DifferenceView>,
}

impl KindView {
    /// Of what was found.
    #[must_use]
    pub fn of(kind: &Kind, found: &KindDiffers) -> Self {
        Self {
            command: kind.command.clone(),
            parts: kind.parts.iter().map(ToString::to_string).collect(),
            records: found.records,
            first: found.first.iter().map(DifferenceView::of).collect(),
        }
    }
}

/// One record that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DifferenceView {
    /// Whose record.
    pub island: u32,
    /// Its place in the island's journal, from 1.
    pub position: u64,
    /// When: milliseconds since 1970, a point, and the counter.
    pub stamp: String,
    /// File, and offset in bytes, of its block.
    pub place: String,
    /// What came in, and from whom.
    pub input: String,
    /// What differs, part by part.
    pub parts: Vec<PartView>,
}

/// The first entry of a part that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartView {
    /// Which part.
    pub part: String,
    /// Which of its entries, from 1.
    pub entry: usize,
    /// The recorded one in words, if there is one.
    pub recorded: Option<String>,
    /// The one decided again in words, if there is one.
    pub decided: Option<String>,
}

impl DifferenceView {
    /// Of what was found.
    #[must_use]
    pub fn of(difference: &Difference) -> Self {
        let parts = difference.parts.iter().map(|differs| PartView {
            part: differs.part.to_string(),
            entry: differs.entry,
            recorded: differs.left.clone(),
            decided: differs.right.clone(),
        });
        Self {
            island: difference.island.0,
            position: difference.position.0,
            stamp: difference.stamp.to_string(),
            place: difference.place_words.clone(),
            input: difference.input.clone(),
            parts: parts.collect(),
        }
    }

    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { island, position, stamp, place, input, .. } = self;
        writeln!(out, "island {island}  position {position}  stamp {stamp}  ({place})")?;
        writeln!(out, "  input  {input}")?;
        for PartView { part, entry, recorded, decided } in &self.parts {
            writeln!(out, "  {part}, entry {entry}")?;
            writeln!(out, "    recorded  {}", recorded.as_deref().unwrap_or("nothing"))?;
            writeln!(out, "    decided   {}", decided.as_deref().unwrap_or("nothing"))?;
        }
        Ok(())
    }
}

fn facts(
    out: &mut dyn Write,
    records: u64,
    events: u64,
    digests: Option<u64>,
    seconds: f64,
) -> io::Result<()> {
    let mut facts = Facts::default();
    facts.add("records", thousands(records), "decided again");
    facts.add("events", thousands(events), "applied as recorded");
    if let Some(digests) = digests {
        facts.add("digests", thousands(digests), "of states, compared");
    }
    let speed = format!("{} records a second", rate(super::per_second(records, seconds)));
    facts.add("seconds", format!("{seconds:.3}"), speed);
    facts.write(out)
}

fn began(out: &mut dyn Write, after: Option<u64>) -> io::Result<()> {
    match after {
        None => Ok(()),
        Some(commit) => writeln!(
            out,
            "It began from the snapshot after commit {commit}: what came before is archived."
        ),
    }
}

impl Report for VerifyReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let digests = Some(self.digests_compared);
        facts(out, self.records, self.events, digests, self.seconds)?;
        began(out, self.after_commit)?;
        if let Some(other) = &self.other_state {
            writeln!(out, "{}.", other.message)?;
        }
        match &self.first {
            None => writeln!(out, "Every record is decided again as it stands."),
            Some(first) => {
                writeln!(out, "{} records differ; the first:", thousands(self.differing))?;
                first.render(out)
            }
        }
    }

    fn verdict(&self) -> Result<(), Failure> {
        let Some(first) = &self.first else {
            return self.other_state.as_ref().map_or(Ok(()), |other| {
                let OtherStateView { island, first, last, place, .. } = other;
                Err(Failure::check(format!(
                    "island {island}, records {first} to {last} lead to another state ({place})"
                )))
            });
        };
        let parts: Vec<&str> = first.parts.iter().map(|differs| differs.part.as_str()).collect();
        Err(Failure::check(format!(
            "island {}, record {} is decided otherwise now: {} differ ({})",
            first.island,
            first.position,
            parts.join(", "),
            first.place
        )))
    }
}

impl Report for WhatIfReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        facts(out, self.records, self.events, None, self.seconds)?;
        began(out, self.after_commit)?;
        if self.kinds.is_empty() {
            return writeln!(out, "This program would have decided every record as it stands.");
        }
        let percent = share(self.differing, self.records);
        let differing = thousands(self.differing);
        writeln!(out, "{differing} records ({percent}) would have been decided otherwise, each")?;
        writeln!(out, "given the past as it was recorded:")?;
        for kind in &self.kinds {
            let parts = kind.parts.join(", ");
            writeln!(out, "{:>9}  {}: {parts}", thousands(kind.records), kind.command)?;
        }
        for kind in &self.kinds {
            writeln!(out, "\n{}: {}, the first", kind.command, kind.parts.join(", "))?;
            kind.first.iter().try_for_each(|difference| difference.render(out))?;
        }
        Ok(())
    }
}
