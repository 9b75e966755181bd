//! A decision: one choice of a world that is not the default. A list of them, with the seed and the
//! configuration, is the whole of a world.
//!
//! Rules:
//! 1. The default of every choice is the number 0 and does no harm: a frame comes at once, a commit
//!    takes its least time, nothing crashes. A command is asked only if a decision says so.
//! 2. What else a fault needs (whom it hits, for how long) is drawn from the seed and the fault's
//!    own number: taking one decision away shifts no other.
//!
//! It doesn't know how a world carries it out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Request `a` is asked at `value` nanoseconds.
    Ask,
    /// Request `a` is asked a second time, `value` microseconds after the first.
    Again,
    /// Frame `b` of pair `a` travels `value` microseconds longer than the least.
    Delay,
    /// Frame `b` of pair `a` is lost.
    Lose,
    /// Frame `b` of pair `a` comes twice, the copy `value` microseconds later than the least.
    Double,
    /// Commit `a` takes `value` microseconds longer.
    Slow,
    /// The process goes down at a boundary of commit `a`: which one is `value`.
    Boundary,
    /// The disk fails commit `a`: how is `value`.
    DiskError,
    /// Crash `a` of the process, at `value` nanoseconds.
    Crash,
    /// What crash `a` does to an unsynced sector `b` (segment and sector): 0 loses it.
    Sector,
    /// At crash `a` the disk turns out to have lied: how is `value`.
    Lie,
    /// Crash `a` of one island, at `value` nanoseconds.
    Fall,
    /// Cut `a` of links, at `value` nanoseconds.
    Cut,
    /// Clog `a` of one link, at `value` nanoseconds: its frames come when it is over.
    Clog,
    /// Pause `a` of one island, at `value` nanoseconds.
    Pause,
    /// Step `a` of one island's clock, at `value` nanoseconds.
    Step,
    /// The clock of island `a` drifts: `value` says how much.
    Drift,
    /// Island `b` saves a snapshot after commit `a`; it restarts from its latest one.
    Save,
    /// What stays broken for ever when the rest is healed.
    Leave,
}

/// One choice that is not the default. See [`Kind`] for what the numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Decision {
    /// What is chosen.
    pub kind: Kind,
    /// What it is about.
    pub a: u64,
    /// What it is about, more closely.
    pub b: u64,
    /// The choice; never 0.
    pub value: u64,
}

/// A pair of islands as one number.
pub(super) const fn pair(from: u32, to: u32) -> u64 {
    (from as u64) << 32 | to as u64
}

const fn ends(pair: u64) -> (u64, u64) {
    (pair >> 32, pair & 0xffff_ffff)
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { a, b, value, .. } = *self;
        let (from, to) = ends(a);
        let (segment, sector) = ends(b);
        let at = Micros(value / 1000);
        match self.kind {
            Kind::Ask => write!(f, "request {a} is asked at {at}"),
            Kind::Again => write!(f, "request {a} is asked again {} later", Micros(value)),
            Kind::Delay => {
                write!(f, "frame {b} from island {from} to {to} is {} late", Micros(value))
            }
            Kind::Lose => write!(f, "frame {b} from island {from} to {to} is lost"),
            Kind::Double => {
                let late = Micros(value);
                write!(f, "frame {b} from island {from} to {to} comes twice, then {late} late")
            }
            Kind::Slow => write!(f, "commit {a} takes {} longer", Micros(value)),
            Kind::Boundary => {
                { write!(f, "the process goes down {}", super::process::Boundary::of(value)) }
                    .and_then(|()| write!(f, " commit {a}"))
            }
            Kind::DiskError => write!(f, "the disk fails commit {a} (way {value})"),
            Kind::Crash => write!(f, "crash {a} of the process at {at}"),
            Kind::Sector if value == 1 => {
                write!(f, "crash {a} keeps sector {sector} of segment {segment}")
            }
            Kind::Sector => write!(f, "crash {a} tears sector {sector} of segment {segment}"),
            Kind::Lie => write!(f, "at crash {a} the disk has lied (way {value})"),
            Kind::Fall => write!(f, "crash {a} of one island at {at}"),
            Kind::Cut => write!(f, "cut {a} of links at {at}"),
            Kind::Clog => write!(f, "clog {a} of a link at {at}"),
            Kind::Pause => write!(f, "pause {a} of an island at {at}"),
            Kind::Step => write!(f, "step {a} of a clock at {at}"),
            Kind::Drift => write!(f, "the clock of island {a} drifts"),
            Kind::Save => write!(f, "island {b} saves a snapshot after commit {a}"),
            Kind::Leave => write!(f, "a part stays broken for ever"),
        }
    }
}

/// Microseconds of virtual time, to be read.
struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ms", self.0 / 1000, self.0 % 1000)
    }
}
