//! The reports of `sim calibrate`, `sim sweep` and `sim validate`.
//!
//! It doesn't know how the numbers were found.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::report::{Latency, Report};
use crate::cli::text::{micros, rate, table};

/// What things cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CalibrateReport {
    /// The costs, as the file.
    pub costs: String,
    /// Where they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Report for CalibrateReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.file {
            Some(file) => writeln!(out, "costs: {file}"),
            None => write!(out, "{}", self.costs),
        }
    }
}

/// One run of the twin.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SweepRow {
    /// How islands get stock that they lack.
    pub policy: String,
    /// How many islands.
    pub islands: u32,
    /// Threads that drive them.
    pub threads: u32,
    /// Microseconds that a message takes.
    pub delay_us: u64,
    /// By how many later ones it may be overtaken.
    pub reorder: u32,
    /// Orders answered.
    pub orders: u64,
    /// Orders accepted.
    pub accepted: u64,
    /// Orders answered per virtual second.
    pub orders_per_second: f64,
    /// Admission to durable reply.
    pub latency_us: Latency,
    /// Messages between islands, per order.
    pub messages_per_order: f64,
    /// Percent of orders that needed no message.
    pub local_percent: f64,
    /// Commits of the journal.
    pub commits: u64,
    /// Virtual time, in seconds.
    pub virtual_seconds: f64,
}

/// All runs of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SweepReport {
    /// What a reply waits for.
    pub durability: String,
    /// One row a run.
    pub rows: Vec<SweepRow>,
    /// Files written.
    pub files: Vec<String>,
}

impl Report for SweepReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let head = [
            "policy",
            "islands",
            "delay µs",
            "reorder",
            "orders/s",
            "median",
            "99 %",
            "99.9 %",
            "messages",
            "local",
            "accepted",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(|row| {
            vec![
                row.policy.clone(),
                row.islands.to_string(),
                row.delay_us.to_string(),
                row.reorder.to_string(),
                rate(row.orders_per_second),
                micros(row.latency_us.p50),
                micros(row.latency_us.p99),
                micros(row.latency_us.p999),
                format!("{:.2}", row.messages_per_order),
                format!("{:.1} %", row.local_percent),
                row.accepted.to_string(),
            ]
        }));
        table(&rows, out)?;
        self.files.iter().try_for_each(|file| writeln!(out, "written: {file}"))
    }
}

/// Prediction and measurement of one setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ValidateRow {
    /// What a reply waits for.
    pub durability: String,
    /// How many islands.
    pub islands: u32,
    /// Orders per second that the twin predicts.
    pub predicted: f64,
    /// Orders per second of the real runs: the median.
    pub measured: f64,
    /// The slowest and the fastest of them.
    pub slowest: f64,
    /// The fastest.
    pub fastest: f64,
    /// How far the prediction is from the median, in percent of it.
    pub error_percent: f64,
    /// Messages per order, predicted.
    pub messages_predicted: f64,
    /// Messages per order, the median of the real runs.
    pub messages_measured: f64,
    /// The median latency predicted, in microseconds.
    pub latency_us_predicted: u64,
    /// The median over the real runs of their median latency, in microseconds.
    pub latency_us_measured: u64,
}

/// Predictions beside measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ValidateReport {
    /// Real runs of each setting.
    pub runs: u32,
    /// The error allowed, in percent.
    pub within_percent: u32,
    /// One row a setting.
    pub rows: Vec<ValidateRow>,
}

impl Report for ValidateReport {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let head = [
            "reply waits for",
            "islands",
            "predicted",
            "measured",
            "error",
            "slowest",
            "fastest",
            "messages",
            "measured",
            "median",
            "measured",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(|row| {
            vec![
                row.durability.clone(),
                row.islands.to_string(),
                rate(row.predicted),
                rate(row.measured),
                format!("{:+.1} %", row.error_percent),
                rate(row.slowest),
                rate(row.fastest),
                format!("{:.2}", row.messages_predicted),
                format!("{:.2}", row.messages_measured),
                micros(row.latency_us_predicted),
                micros(row.latency_us_measured),
            ]
        }));
        table(&rows, out)?;
        let runs = self.runs;
        writeln!(out, "Orders a second; measured: the median of {runs} runs (short ones: more).")
    }

    fn verdict(&self) -> Result<(), Failure> {
        let within = f64::from(self.within_percent);
        match self.rows.iter().find(|row| row.error_percent.abs() > within) {
            None => Ok(()),
            Some(row) => Err(Failure::check(format!(
                "{} islands, {}: the prediction is off by {:+.1} %, more than {within} %",
                row.islands, row.durability, row.error_percent
            ))),
        }
    }
}
