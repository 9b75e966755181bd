//! `run warehouse`: the workload on islands, from the first submission to the report.

use super::args::RunArgs;
use super::failure::Failure;
use super::progress::Progress;
use super::report::RunReport;
use crate::workload::warehouse::demand::{Demand, Shape};
use crate::workload::warehouse::orders::Orders;
use crate::workload::warehouse::work::Work;

/// Runs the warehouse.
///
/// # Errors
/// Bad input (exit 2), or a reply that contradicts one given before (exit 1).
pub fn warehouse(args: &RunArgs) -> Result<RunReport, Failure> {
    let _work = work(args)?;
    Err(Failure::input("run warehouse: the runtime is not connected yet"))
}

/// The workload that the arguments ask for, with returns whether they are submitted or not.
///
/// # Errors
/// What is wrong with the order file.
pub fn work(args: &RunArgs) -> Result<Work, Failure> {
    match &args.orders {
        Some(file) => {
            let _progress = Progress::unknown("reading orders");
            Ok(Orders::load(file)?.into())
        }
        None => {
            let _progress = Progress::unknown("counting the generated orders");
            let shape = Shape { orders: args.commands, seed: args.seed, ..Shape::default() };
            Ok(Work::from(&Demand::new(shape)?))
        }
    }
}
