//! `inspect`: the records of a journal in words.

use super::args::InspectArgs;
use super::failure::Failure;
use super::report::InspectReport;

/// Reads records.
///
/// # Errors
/// When there is no journal in the directory, or it cannot be read (exit 2).
pub fn inspect(args: &InspectArgs) -> Result<InspectReport, Failure> {
    let data = args.data.display();
    Err(Failure::input(format!("inspect {data}: the runtime is not connected yet")))
}
