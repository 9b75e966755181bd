//! What a loss of power must leave: all that was acknowledged before it, in a directory on a file
//! system that lost its unwritten pages. `.ci/power` makes the losses.
//!
//! Rules: an acknowledgement counts when its whole line stood in the child's output, in a file on
//! another disk, before the power went.
//!
//! It doesn't know how the power goes.

use std::path::Path;

use crate::kill::{self, Kind};
use crate::tally::Tally;

/// Checks the directory at `data` against the lines in the file `said`.
pub(crate) fn check(kind: Kind, data: &Path, said: &Path, tally: &mut Tally) -> Result<(), String> {
    let text =
        std::fs::read_to_string(said).map_err(|error| format!("{}: {error}", said.display()))?;
    let mut acknowledged = vec![0; kind.islands()];
    // A line without its end was not heard.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        kill::hear(line, &mut acknowledged)?;
    }
    kind.check(data, &acknowledged, tally)
}
