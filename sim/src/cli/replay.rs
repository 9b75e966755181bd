//! `replay`: the state again from the journal alone; it changes nothing and sends nothing.

use super::args::ReplayArgs;
use super::failure::Failure;
use super::report::ReplayReport;

/// Replays a journal.
///
/// # Errors
/// When there is no journal in the directory, or it cannot be read (exit 2).
pub fn replay(args: &ReplayArgs) -> Result<ReplayReport, Failure> {
    let data = args.data.display();
    Err(Failure::input(format!("replay {data}: the runtime is not connected yet")))
}
