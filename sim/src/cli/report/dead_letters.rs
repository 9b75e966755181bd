//! The report of `dead-letters`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

/// Dead letters in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeadLettersReport {
    /// How many there are, also beyond the limit.
    pub count: u64,
    /// How many of them were put back.
    pub put_back: u64,
    /// The first ones.
    pub letters: Vec<LetterView>,
}

/// One dead letter in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LetterView {
    /// The island that could not decide it.
    pub island: u32,
    /// The position of its record there.
    pub position: u64,
    /// When: milliseconds since 1970, a point, and the counter.
    pub stamp: String,
    /// Who brought it.
    pub asked: String,
    /// What it says.
    pub command: String,
    /// Why it failed.
    pub reason: String,
    /// The record of the same island in which it was asked again.
    pub put_back: Option<u64>,
}

impl Report for DeadLettersReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        for letter in &self.letters {
            let LetterView { island, position, stamp, .. } = letter;
            writeln!(out, "island {island}  position {position}  stamp {stamp}")?;
            writeln!(out, "  input   {}: {}", letter.asked, letter.command)?;
            writeln!(out, "  reason  {}", letter.reason)?;
            if let Some(record) = letter.put_back {
                writeln!(out, "  put back as record {record}")?;
            }
        }
        let left_out = self.count - self.letters.len() as u64;
        let more = if left_out > 0 { format!(", {left_out} not shown") } else { String::new() };
        writeln!(out, "{} dead letters, {} of them put back{more}", self.count, self.put_back)
    }
}
