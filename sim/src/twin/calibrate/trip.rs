//! What a thread that was woken does slower, from serial round trips of the real runtime.
//!
//! Rules:
//! 1. One request at a time, of one line, on two islands of two threads, in memory. Products are
//!    so few that all units stay with their broker: most requests ask the other island and wait
//!    for three commits, and every step on the way wakes a thread that sleeps.
//! 2. It is what the twin lacks of the measured time, for each wake: its time is linear in that, so
//!    two runs of it say how much. Each is the middle of several seeds, because threads stand on
//!    other cores in each pass.
//! 3. Requests are timed in small batches; of each batch the middle of several passes counts.
//!
//! It doesn't know what wakes cost those who wake, nor when a woken thread gets its core.

use std::time::Instant;

use archipelago::builder;
use archipelago_core::id::RequestNumber;

use super::workload::{Shape, orders};
use super::{Unmeasured, median, nanos};
use crate::twin::costs::{Costs, Section};
use crate::twin::network::Delivery;
use crate::twin::plan::{Failed, Media, Pace, Plan};
use crate::twin::run::run;
use crate::workload::warehouse::Warehouse;

const SHAPE: Shape =
    Shape { orders: 1_500, products: 1_000, customers: 50, lines_log: 0, stock: 3 };
const ISLANDS: u32 = 2;
/// Requests whose mean is one measurement.
const BATCH: u64 = 30;
/// Passes over the same requests.
const PASSES: usize = 7;
/// Seeds of the twin.
const SEEDS: u64 = 9;
/// A cost to try, in nanoseconds.
const TRIED: u64 = 20_000;
/// Its place in the section.
const COLD: usize = 4;

/// Sets what a woken thread's first work takes longer.
pub(super) fn measure(costs: &mut Costs) -> Result<(), Unmeasured> {
    let mut passes = Vec::new();
    for _ in 0..PASSES {
        passes.push(real(costs.cores.min(ISLANDS)).map_err(Unmeasured::Runtime)?);
    }
    let batches = passes.first().map_or(0, Vec::len);
    let middle = |batch: usize| {
        let mut times: Vec<u64> = passes.iter().map(|pass| pass[batch]).collect();
        median(&mut times)
    };
    let real: u64 = (0..batches).map(middle).sum();
    let mut twin = |cold: u64| {
        costs.ps[Section::Core as usize][COLD] = cold * 1000;
        let one = |seed| {
            let plan = Plan {
                islands: ISLANDS,
                threads: costs.cores.min(ISLANDS),
                costs: costs.clone(),
                delivery: Delivery::default(),
                media: Media::Memory,
                pace: Pace::Serial,
                seed,
            };
            let (setup, asks) = orders(&SHAPE);
            run(&plan, setup, asks.into_iter(), |_| Warehouse::default()).map(|done| done.nanos)
        };
        let times: Result<Vec<u64>, Failed> = (1..=SEEDS).map(one).collect();
        times.map(|mut times| median(&mut times))
    };
    let (without, with) = (twin(0)?, twin(TRIED)?);
    let cold = real.saturating_sub(without) * TRIED / with.saturating_sub(without).max(1);
    costs.ps[Section::Core as usize][COLD] = cold * 1000;
    Ok(())
}

/// One pass on the real runtime: nanoseconds of each batch of requests.
fn real(threads: u32) -> Result<Vec<u64>, String> {
    let sea = builder().islands(ISLANDS).threads(threads as usize).in_memory();
    let sea = sea.open(|_| Warehouse::default()).map_err(|error| error.to_string())?;
    let client = sea.client("calibration").map_err(|error| error.to_string())?;
    let completions = client.completions();
    let (setup, asks) = orders(&SHAPE);
    let mut number = RequestNumber::ZERO;
    let mut ask = |ask: super::workload::Request| {
        number = number.next();
        completions.ask_as(number, &ask.key, ask.command).map_err(|(why, _)| why.to_string())?;
        completions.next().answer.map(|_| ()).map_err(|why| why.to_string())
    };
    setup.into_iter().try_for_each(&mut ask)?;
    let (mut times, mut began) = (Vec::new(), Instant::now());
    for (at, request) in asks.into_iter().enumerate() {
        ask(request)?;
        if (at as u64 + 1).is_multiple_of(BATCH) {
            times.push(nanos(began));
            began = Instant::now();
        }
    }
    Ok(times)
}
