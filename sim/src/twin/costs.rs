//! What things cost, and the documented file they are kept in.
//!
//! Rules:
//! 1. A cost is linear: so much per call and so much per each thing handled in it, in picoseconds.
//!    One table ([`SECTIONS`]) names them all, for the program and for the file.
//! 2. A file has every number of the table and no other: a missing or unknown one is refused by
//!    name.
//! 3. A flush of the disk is drawn from ten measured values, the 5 %, 15 % … 95 % points: what
//!    waits for many flushes one after the other waits for the slow ones too.
//!
//! It doesn't know how costs are measured.

use std::fmt::Write as _;

use super::network::mix;

/// Sections of the table, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Ask,
    Message,
    Control,
    Tick,
    Drain,
    Seal,
    Durable,
    Commit,
    Memory,
    Disk,
    Thread,
    Core,
    Client,
}

/// The most numbers of one section.
pub(super) const NUMBERS: usize = 5;
/// How often each thing a section names was handled, in the order of the table.
pub(super) type Counts = [u64; NUMBERS];

type Named = (&'static str, &'static str);

/// Section, what it is, its numbers and what each is paid for.
pub(super) const SECTIONS: [(&str, &str, &[Named]); 13] = [
    (
        "ask",
        "An island decides a client's request: decide, encode, evolve",
        &[
            ("request", "each request"),
            ("event", "each event"),
            ("send", "each message sent"),
            ("byte", "each byte of the record"),
        ],
    ),
    (
        "message",
        "An island takes a data frame and decides its messages",
        &[
            ("frame", "each frame"),
            ("record", "each message decided"),
            ("event", "each event"),
            ("send", "each message sent"),
            ("byte", "each byte of the records"),
        ],
    ),
    ("control", "An island takes a control frame", &[("frame", "each frame")]),
    ("tick", "An island looks at its timers and links", &[("tick", "each look")]),
    (
        "drain",
        "What may leave an island leaves",
        &[
            ("island", "each island looked at"),
            ("answer", "each answer"),
            ("frame", "each frame made"),
        ],
    ),
    ("seal", "An island's block is closed", &[("block", "each block")]),
    ("durable", "An island hears that a block is durable", &[("block", "each block")]),
    (
        "commit",
        "The journaler makes a commit's image and notes it durable",
        &[
            ("commit", "each commit"),
            ("block", "each block in it"),
            ("byte", "each byte of the image"),
        ],
    ),
    (
        "memory",
        "An image is written to a journal in memory",
        &[("write", "each write"), ("byte", "each byte")],
    ),
    (
        "disk",
        "An image is written to a file; the flush is below",
        &[
            ("write", "each write"),
            ("byte", "each byte"),
            ("segment_fill", "filling the next segment with zeros, on a thread of its own"),
            ("segment_flush", "waiting until that is on the disk"),
            ("flush", "each flush: the part of it that needs a core"),
        ],
    ),
    (
        "thread",
        "Threads and what passes between them",
        &[
            ("round", "each round of a worker"),
            ("hop", "each thing put into or taken from another thread's queue"),
            ("wake", "waking a thread whose core is idle, for whoever wakes it"),
            ("latency", "from then until it runs"),
        ],
    ),
    (
        "core",
        "Threads that share a core",
        &[
            ("wake", "waking a thread whose core is busy, for whoever wakes it"),
            ("switch", "each change from one thread to another"),
            ("spin", "looking at an empty channel before others are let go first"),
            ("yield", "letting others go first, when nobody waits"),
            ("cold", "what a woken thread's first work takes longer: its caches are cold"),
        ],
    ),
    (
        "client",
        "The client's own work",
        &[
            ("request", "each request made and admitted"),
            ("line", "each line of an order"),
            ("answer", "each answer taken"),
        ],
    ),
];

/// How many points of the flush are kept.
const FLUSHES: usize = 10;

/// What everything costs on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Cores that threads share.
    pub cores: u32,
    pub(super) ps: [Counts; SECTIONS.len()],
    pub(super) flush_ns: [u64; FLUSHES],
}

/// A file of costs that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; `archipelago sim calibrate --out FILE` writes such a file")]
pub struct BadCosts(String);

impl Default for Costs {
    /// Round numbers of a small machine of 2026, to calibrate and to test with; for predictions
    /// measure your own.
    fn default() -> Self {
        Self {
            cores: 2,
            ps: [
                [1_500_000, 100_000, 200_000, 3_000, 0],
                [200_000, 800_000, 100_000, 200_000, 3_000],
                [100_000, 0, 0, 0, 0],
                [200_000, 0, 0, 0, 0],
                [150_000, 200_000, 150_000, 0, 0],
                [50_000, 0, 0, 0, 0],
                [50_000, 0, 0, 0, 0],
                [1_000_000, 150_000, 400, 0, 0],
                [300_000, 300, 0, 0, 0],
                [3_000_000, 300, 8_000_000_000, 30_000_000_000, 20_000_000],
                [150_000, 50_000, 2_000_000, 20_000_000, 0],
                [800_000, 1_500_000, 2_000_000, 400_000, 2_000_000],
                [1_500_000, 30_000, 400_000, 0, 0],
            ],
            flush_ns: [1_000_000; FLUSHES],
        }
    }
}

impl Costs {
    /// What handling so much costs, in nanoseconds.
    pub(super) fn of(&self, section: Section, counts: Counts) -> u64 {
        let prices = &self.ps[section as usize];
        prices.iter().zip(counts).map(|(price, count)| price * count).sum::<u64>() / 1000
    }

    /// What one thing of a section costs, by its place there, in nanoseconds.
    pub(super) const fn one(&self, section: Section, place: usize) -> u64 {
        self.ps[section as usize][place] / 1000
    }

    /// How long flush number `number` takes, in nanoseconds.
    pub(super) const fn flush(&self, seed: u64, number: u64) -> u64 {
        self.flush_ns[(mix(seed, number) % FLUSHES as u64) as usize]
    }

    /// Keeps the 5 %, 15 % … 95 % points of these flushes, in nanoseconds; of none, nothing.
    pub fn set_flushes(&mut self, mut nanos: Vec<u64>) {
        nanos.sort_unstable();
        if !nanos.is_empty() {
            for (at, point) in self.flush_ns.iter_mut().enumerate() {
                *point = nanos[nanos.len() * (2 * at + 1) / (2 * FLUSHES)];
            }
        }
    }

    /// As a documented file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# What things cost on one machine, measured by `archipelago sim calibrate`; read by\n\
             # `sim sweep` and `sim validate`. Numbers without a unit in their name are\n\
             # picoseconds (1,000 are a nanosecond).\n\n\
             # Cores that threads share.\n",
        );
        let _ = writeln!(text, "cores = {}", self.cores);
        text.push_str("# A flush of the disk in nanoseconds: its 5 %, 15 % ... 95 % points.\n");
        let _ = writeln!(text, "flush_ns = {:?}", self.flush_ns);
        for ((section, what, numbers), prices) in SECTIONS.iter().zip(&self.ps) {
            let _ = write!(text, "\n# {what}.\n[{section}]\n");
            for ((name, each), price) in numbers.iter().zip(prices) {
                let _ = writeln!(text, "{:<32}# {each}", format!("{name} = {price}"));
            }
        }
        text
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// [`BadCosts`]: no TOML (with line and column), or a number missing, unknown or out of range
    /// (by name).
    pub fn from_toml(text: &str) -> Result<Self, BadCosts> {
        let mut table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| BadCosts(error.to_string().trim().to_owned()))?;
        let mut costs = Self::default();
        let cores = number(&mut table, "", "cores")?;
        costs.cores = u32::try_from(cores)
            .ok()
            .filter(|cores| (1..=4096).contains(cores))
            .ok_or_else(|| BadCosts(format!("cores = {cores}: there are 1 to 4096")))?;
        let flushes = table.remove("flush_ns");
        let flushes = flushes.as_ref().and_then(toml::Value::as_array).map(|all| {
            let all = all.iter().map(|one| one.as_integer().and_then(|n| u64::try_from(n).ok()));
            all.collect::<Option<Vec<u64>>>()
        });
        costs.flush_ns = flushes
            .flatten()
            .and_then(|all| all.try_into().ok())
            .filter(|all: &[u64; FLUSHES]| all.iter().all(|nanos| *nanos <= COST_MAX))
            .ok_or_else(|| BadCosts(format!("flush_ns must be {FLUSHES} whole numbers")))?;
        for ((section, _, names), prices) in SECTIONS.iter().zip(&mut costs.ps) {
            let Some(toml::Value::Table(mut numbers)) = table.remove(*section) else {
                return Err(BadCosts(format!("the section [{section}] is missing")));
            };
            for ((name, _), price) in names.iter().zip(prices) {
                *price = number(&mut numbers, section, name)?;
            }
            if let Some((name, _)) = numbers.into_iter().next() {
                return Err(BadCosts(format!("[{section}] knows no {name}")));
            }
        }
        match table.into_iter().next() {
            None => Ok(costs),
            Some((name, _)) => Err(BadCosts(format!("nothing is called {name}"))),
        }
    }
}

/// The largest cost: 1,000 seconds in picoseconds. So no sum of a run overflows.
const COST_MAX: u64 = 1_000_000_000_000_000;

fn number(table: &mut toml::Table, section: &str, name: &str) -> Result<u64, BadCosts> {
    let place = if section.is_empty() { name.to_owned() } else { format!("[{section}] {name}") };
    match table.remove(name) {
        Some(toml::Value::Integer(number)) => u64::try_from(number)
            .ok()
            .filter(|number| *number <= COST_MAX)
            .ok_or_else(|| BadCosts(format!("{place} = {number}: it must be 0 to {COST_MAX}"))),
        Some(_) => Err(BadCosts(format!("{place} must be a whole number"))),
        None => Err(BadCosts(format!("{place} is missing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_all_and_reads_back() {
        let mut costs = Costs { cores: 7, ..Costs::default() };
        costs.ps[Section::Client as usize][2] = 123_456;
        costs.set_flushes((1..=100).rev().collect());
        assert_eq!(costs.flush_ns, [6, 16, 26, 36, 46, 56, 66, 76, 86, 96]);
        let text = costs.to_toml();
        assert_eq!(Costs::from_toml(&text), Ok(costs));
        assert!(text.contains("answer = 123456"), "{text}");
    }

    #[test]
    fn what_is_missing_unknown_or_no_number_is_refused_by_name() {
        let text = Costs::default().to_toml();
        let refused = |text: &str| Costs::from_toml(text).unwrap_err().to_string();
        let cases = [
            (text.replace("cores = 2", ""), "cores is missing"),
            (text.replace("cores = 2", "cores = 0"), "cores = 0: there are 1 to 4096"),
            (text.replace("[drain]", "[drain]\nfast = 1"), "[drain] knows no fast"),
            (text.replace("latency = 20000000", "latency = -1"), "[thread] latency = -1"),
            (text.replace("latency = 20000000", "latency = \"x\""), "must be a whole number"),
            (text.replace("[drain]", "[strain]"), "the section [drain] is missing"),
            (format!("more = 1\n{text}"), "nothing is called more"),
            (text.replace("flush_ns = [1000000, ", "flush_ns = ["), "flush_ns must be 10 whole"),
            ("cores =".to_owned(), "line 1"),
        ];
        for (text, expected) in cases {
            let said = refused(&text);
            assert!(said.contains(expected), "{said}: {expected}");
        }
    }

    #[test]
    fn a_cost_is_the_sum_of_its_parts() {
        let mut costs = Costs::default();
        costs.ps[Section::Commit as usize] = [1_000_000, 2_000, 500, 0, 0];
        assert_eq!(costs.of(Section::Commit, [1, 3, 4096, 0, 0]), 1000 + 6 + 2048);
        assert_eq!(costs.one(Section::Commit, 0), 1000);
    }
}
