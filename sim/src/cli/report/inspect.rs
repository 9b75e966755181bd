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

impl RecordView {
    /// Writes all of it, each line after `indent`.
    pub(in crate::cli) fn render(&self, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let Self { island, position, stamp, .. } = self;
        writeln!(out, "{indent}island {island}  position {position}  stamp {stamp}")?;
        writeln!(out, "{indent}  input  {}", self.input)?;
        for event in &self.events {
            writeln!(out, "{indent}  event  {event}")?;
        }
        for SendView { to, number, message } in &self.sends {
            writeln!(out, "{indent}  send   to island {to}, number {number}: {message}")?;
        }
        self.render_reply(indent, out)
    }

    /// Writes what came in, and what was answered.
    pub(super) fn render_head(&self, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let Self { island, position, stamp, .. } = self;
        writeln!(out, "{indent}island {island}  position {position}  stamp {stamp}")?;
        writeln!(out, "{indent}  input  {}", self.input)?;
        self.render_reply(indent, out)
    }

    fn render_reply(&self, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        match &self.reply {
            Some(reply) => writeln!(out, "{indent}  reply  {reply}"),
            None => Ok(()),
        }
    }
}

impl Report for InspectReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.records.is_empty() {
            return writeln!(out, "no records there");
        }
        self.records.iter().try_for_each(|record| record.render("", out))
    }
}
