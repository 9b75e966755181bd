//! What the client of `run warehouse` costs, measured on the real one.
//!
//! Rules:
//! 1. Its orders are unlike those of any file: lines by powers of two, enough stock of everything.
//! 2. Of submissions the middle one counts for each number of lines; answers are taken when all
//!    are there.
//!
//! It doesn't know what the numbers are for.

use std::time::{Duration, Instant};

use archipelago::builder;
use archipelago::patterns::stock::Units;
use archipelago_core::id::RequestNumber;

use crate::cli::failure::Failure;
use crate::cli::harness::History;
use crate::cli::submit::Submitter;
use crate::twin::calibrate::{ClientCosts, line, median};
use crate::workload::warehouse::action::{Action, Line, Order, ProductIndex};
use crate::workload::warehouse::{BadName, ProductCode, Warehouse};

/// Products, and orders in one pass.
const PRODUCTS: u64 = 256;
const ORDERS: u64 = 420;
/// Passes measured; one before them warms up.
const PASSES: u64 = 9;
/// An order has 1, 2, 4 … 64 lines.
const LINES_LOG: u64 = 7;
/// How long after a pass all answers are there.
const REST: Duration = Duration::from_millis(60);

/// Measures the client on a small sea in memory.
///
/// # Errors
/// When the sea cannot be opened or does not answer.
pub(super) fn measure() -> Result<ClientCosts, Failure> {
    let sea = builder().islands(2).in_memory().open(|_| Warehouse::default())?;
    let client = sea.client("calibration").map_err(|error| Failure::input(error.to_string()))?;
    let history = History::default();
    let mut submitter = Submitter::new(&client, &history);
    let codes: Result<Vec<_>, BadName> =
        (0..PRODUCTS).map(|at| ProductCode::try_from(&*format!("M{at}"))).collect();
    let codes = codes.map_err(|bad| Failure::check(bad.to_string()))?;
    let mut number = 0;
    for code in &codes {
        number += 1;
        submitter.submit_product(RequestNumber(number), *code, Units(10_000_000))?;
    }
    submitter.drain()?;
    let mut by_lines = vec![Vec::new(); LINES_LOG as usize];
    let mut answers = Vec::new();
    for pass in 0..=PASSES {
        for at in 0..ORDERS {
            number += 1;
            let size = number * 5 % LINES_LOG;
            let order = order(number, 1 << size);
            let before = submitter.submitted().orders;
            let began = Instant::now();
            submitter.submit_action(RequestNumber(number), &order, &codes)?;
            let took = began.elapsed().as_nanos() as u64;
            if pass > 0 && at > 20 && submitter.submitted().orders == before {
                by_lines[size as usize].push(took);
            }
        }
        let before = submitter.submitted().orders;
        std::thread::sleep(REST);
        let began = Instant::now();
        submitter.drain()?;
        let taken = submitter.submitted().orders - before;
        if pass > 0 && taken > 0 {
            answers.push(began.elapsed().as_nanos() as u64 * 1000 / taken);
        }
    }
    let points = by_lines.iter_mut().enumerate().filter(|(_, times)| !times.is_empty());
    let points: Vec<(u64, u64)> = points.map(|(size, times)| (1 << size, median(times))).collect();
    let (request, line) = line(&points);
    Ok(ClientCosts { request, line, answer: median(&mut answers) })
}

fn order(number: u64, lines: u64) -> Action {
    let line = |at| {
        let product = ProductIndex(((number * 7 + at) % PRODUCTS) as u32);
        Line { product, units: 1 + (at % 3) as u32 }
    };
    Action::Order(Order {
        number: format!("X{number}").into(),
        login: format!("{}", 20_000 + number % 61).into(),
        lines: (0..lines).map(line).collect(),
    })
}
