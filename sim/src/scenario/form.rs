//! The form of a scenario file, as TOML gives it.
//!
//! Rules:
//! 1. A key that is not here is refused, with its place.
//! 2. What a value may be is checked by whoever uses it; each keeps its place for that.
//!
//! It doesn't know what the words mean.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// Words with values that are looked at one by one.
pub(super) type Words = BTreeMap<Spanned<String>, Spanned<toml::Value>>;
/// A text with its place.
pub(super) type Text = Spanned<String>;
/// A number with its place.
pub(super) type Number = Spanned<u64>;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    /// How many islands; 8 without it.
    pub(super) islands: Option<Number>,
    /// How many seeds; 100 without it.
    pub(super) seeds: Option<Number>,
    /// The first seed; 0 without it.
    pub(super) from: Option<u64>,
    #[serde(default)]
    pub(super) workload: Workload,
    #[serde(default)]
    pub(super) product: Vec<Product>,
    #[serde(default)]
    pub(super) limits: LimitsForm,
    /// A preset, and numbers by the names of `Faults`.
    #[serde(default)]
    pub(super) faults: Words,
    /// Faults that know what messages say.
    #[serde(default)]
    pub(super) drop: Vec<Message>,
    #[serde(default)]
    pub(super) late: Vec<Message>,
    #[serde(default)]
    pub(super) twice: Vec<Message>,
    #[serde(default)]
    pub(super) script: Vec<Line>,
    /// The laws to hold; all without it.
    pub(super) checks: Option<Vec<Text>>,
    /// Marks that the seeds must hit together.
    #[serde(default)]
    pub(super) sometimes: Vec<Text>,
    /// Figures that each world must end with.
    #[serde(default)]
    pub(super) expect: Words,
}

/// What is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    /// Generated commands.
    pub(super) commands: Option<Number>,
    /// Generated products, without `[[product]]`.
    pub(super) products: Option<Number>,
    pub(super) customers: Option<Number>,
    /// The most units that a generated product begins with.
    pub(super) units_max: Option<Number>,
    pub(super) policy: Option<Text>,
    /// The most units that a grant of the lease brings on top.
    pub(super) chunk: Option<Number>,
    /// How long an order waits for other islands.
    pub(super) deadline_ms: Option<Number>,
    /// How many accepted orders of a customer can be cancelled.
    pub(super) orders_kept: Option<Number>,
    /// Mean time between two commands.
    pub(super) every_us: Option<Number>,
    /// Orders from a file, beside the scenario's.
    pub(super) orders: Option<Text>,
    /// Only so many of them.
    pub(super) orders_max: Option<Number>,
    /// Stock of each product, in percent of the units that those ask for.
    pub(super) stock_percent: Option<Number>,
}

/// A product and its first units.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Product {
    pub(super) code: Text,
    pub(super) units: Number,
}

/// What bounds each island.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsForm {
    pub(super) window: Option<Number>,
    pub(super) held_max: Option<Number>,
    pub(super) kept_max: Option<Number>,
    pub(super) clients_max: Option<Number>,
    pub(super) timers_max: Option<Number>,
    pub(super) spilled_max: Option<Number>,
}

/// Some messages and what becomes of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) message: Text,
    pub(super) from: Option<Number>,
    pub(super) to: Option<Number>,
    /// Every so many; each without it.
    pub(super) every: Option<Number>,
    /// For `late`: by how much.
    pub(super) by_us: Option<Number>,
}

/// A line of the script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) at_ms: Number,
    #[serde(rename = "do")]
    pub(super) verb: Text,
    pub(super) island: Option<Number>,
    pub(super) islands: Option<Vec<Number>>,
    pub(super) ways: Option<Text>,
    pub(super) for_ms: Option<Number>,
    pub(super) by_ms: Option<Spanned<i64>>,
    pub(super) number: Option<Text>,
    pub(super) login: Option<Text>,
    pub(super) product: Option<Text>,
    pub(super) units: Option<Number>,
    pub(super) lines: Option<Spanned<BTreeMap<Text, Number>>>,
    pub(super) expect: Option<Text>,
}
