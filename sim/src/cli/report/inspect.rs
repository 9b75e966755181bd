//! The report of `inspect`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

/// Records in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InspectReport {
    /// The records, in the order of islands and positions.
    pub records: Vec<RecordView>,
}

/// One record in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecordView {
    /// The island whose record it is.
    pub island: u32,
    /// Its place in the island's journal, from 1.
    pub position: u64,
    /// When: milliseconds since 1970, a point, and the counter.
    pub stamp: String,
    /// What came in, and from whom.
    pub input: String,
    /// What happened.
    pub events: Vec<String>,
    /// What was sent.
    pub sends: Vec<SendView>,
    /// What was answered, if anything was.
    pub reply: Option<String>,
}

/// One send of a record in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SendView {
    /// The island it goes to.
    pub to: u32,
    /// Its number on the link, from 1.
    pub number: u64,
    /// What it says.
    pub message: String,
}

impl Report for InspectReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.records.is_empty() {
            return writeln!(out, "no records there");
        }
        for record in &self.records {
            let RecordView { island, position, stamp, .. } = record;
            writeln!(out, "island {island}  position {position}  stamp {stamp}")?;
            writeln!(out, "  input  {}", record.input)?;
            for event in &record.events {
                writeln!(out, "  event  {event}")?;
            }
            for SendView { to, number, message } in &record.sends {
                writeln!(out, "  send   to island {to}, number {number}: {message}")?;
            }
            if let Some(reply) = &record.reply {
                writeln!(out, "  reply  {reply}")?;
            }
        }
        Ok(())
    }
}
