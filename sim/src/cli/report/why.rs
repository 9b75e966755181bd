//! The report of `why`.

use std::io::{self, Write};

use serde::Serialize;

use super::{RecordView, Report};
use crate::cli::text::thousands;

/// Causes, one story a record asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhyReport {
    /// How many records were asked for, also if not all are shown.
    pub matches: u64,
    /// The stories.
    pub stories: Vec<StoryView>,
}

/// Records, each after its cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoryView {
    /// The records.
    pub steps: Vec<StepView>,
    /// Records that were known and not shown, because there were too many; what these caused in
    /// turn is not counted.
    pub left_out: u64,
}

/// A record in a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// How many causes lie between the first record and this one.
    pub depth: usize,
    /// The record.
    pub record: RecordView,
}

impl Report for WhyReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        for story in &self.stories {
            let last = story.steps.len().saturating_sub(1);
            for (at, StepView { depth, record }) in story.steps.iter().enumerate() {
                // Of those on the way only what came in matters, and whether somebody heard of it.
                let indent = "  ".repeat(*depth);
                if at == last && story.left_out == 0 {
                    record.render(&indent, out)?;
                } else {
                    record.render_head(&indent, out)?;
                }
            }
            if story.left_out > 0 {
                let left_out = thousands(story.left_out);
                writeln!(out, "{left_out} more, and what they caused: raise --limit")?;
            }
        }
        let shown = self.stories.len() as u64;
        if shown < self.matches {
            writeln!(out, "{} of {} records with these words", thousands(shown), self.matches)?;
        }
        Ok(())
    }
}
