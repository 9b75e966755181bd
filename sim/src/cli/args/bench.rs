//! Arguments of `bench`.
//!
//! It doesn't know how anything is measured.

use std::path::PathBuf;

use archipelago_benches::session::Effort;
use clap::{Args, ValueEnum};

use crate::cli::report::Output;

const EXAMPLES: &str = "\
Examples:
  archipelago bench                               replay, live orders and links: a minute or two
  archipelago bench all --dir target/bench        every part, journals kept for the next time
  archipelago bench replay --events 10000000 --rounds 7
  archipelago bench replay --orders online_retail.csv.gz
  archipelago bench islands history keys --events 10000000 --svg curves
  archipelago bench live --json > live.json       tables go to standard error then

How to read a table: contenders ran in turns (A, B, C, A, B, C, …), so that a machine that slows
down slows all of them. The rate is the median, with the least and the most beside it; the ratio is
to the first line, the median of the ratios round by round. \"busy\" is the CPU time of the process
in percent of the time that passed: a contender with one thread shows less than 100 when others
took its processor, and then its figures say less.

Exit codes: 0 measured, 1 a run did not end as it must, 2 bad usage or input.";

/// `bench`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// What to measure [default: replay, live, links]
    #[arg(value_name = "PART", value_enum)]
    pub parts: Vec<Part>,
    /// How much, and where.
    #[command(flatten)]
    pub effort: Effort,
    /// Replay the journal of these orders too, run on a warehouse with half of the units ordered
    #[arg(long, value_name = "FILE")]
    pub orders: Option<PathBuf>,
    /// Draw curves into this folder, as SVG
    #[arg(long, value_name = "DIR")]
    pub svg: Option<PathBuf>,
    /// The folder with the programs of benches/peers: rings on other simulators, beside ours
    #[arg(long, value_name = "DIR")]
    pub peers: Option<PathBuf>,
    /// Print one JSON object: each run of each contender, with machine, commit and command
    #[arg(long)]
    json: bool,
    /// One case of `memory`, in a process of its own.
    #[arg(long, hide = true)]
    pub memory_case: Option<usize>,
}

impl BenchArgs {
    /// How to report.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output::of(self.json)
    }

    /// What is asked for, in the order of the parts, each once.
    #[must_use]
    pub fn asked(&self) -> Vec<Part> {
        let parts: &[Part] = match self.parts.is_empty() {
            true => &[Part::Replay, Part::Live, Part::Links],
            false => &self.parts,
        };
        let all = Part::value_variants().iter().copied();
        let asked = all.filter(|part| parts.contains(part) || parts.contains(&Part::All));
        asked.filter(|part| *part != Part::All).collect()
    }
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// A shop's journal restored and verified, beside a loop over a vector of the same events
    Replay,
    /// Live orders, flushed before the reply and in memory, beside what the disk and the kernels
    /// alone allow; and how long each takes at half that load
    Live,
    /// Messages between islands on two threads: one way, and there and back
    Links,
    /// Starts: from a snapshot, and with everything replayed
    Start,
    /// Which island a key belongs to
    Routing,
    /// The simulator: a token ring, and how fast idle time passes
    Simulator,
    /// A curve: restoring from 1 to 4,096 islands, on one thread and on two
    Islands,
    /// A curve: restoring ever longer histories, up to --events
    History,
    /// A curve: restoring states of 1,000 to 10 million customers
    Keys,
    /// What memory islands, clients and open orders take
    Memory,
    /// Everything
    All,
}
