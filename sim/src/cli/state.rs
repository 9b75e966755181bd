//! `state warehouse`: what the journal leads to, by product or by order.

use super::args::StateArgs;
use super::failure::Failure;
use super::report::StateReport;

/// Finds the state.
///
/// # Errors
/// When there is no journal in the directory, or it cannot be read (exit 2).
pub fn warehouse(args: &StateArgs) -> Result<StateReport, Failure> {
    let data = args.data.display();
    Err(Failure::input(format!("state warehouse {data}: the runtime is not connected yet")))
}
