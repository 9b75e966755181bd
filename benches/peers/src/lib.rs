//! What the rings on other simulators share: the token, the arguments, and what is printed. And the
//! shop's replay in other `stores`.
//!
//! A ring takes `--nodes N --tokens T --hops H`, and `--style NAME` if it has several; it runs
//! the ring once and prints one line of JSON: deliveries and CPU time, making the world included.
//!
//! It doesn't know any simulator.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

#[cfg(feature = "stores")]
pub mod dataflow;
#[cfg(feature = "stores")]
pub mod stores;
#[cfg(feature = "simulators")]
pub mod stream;

/// How large the ring is, and how much travels on it.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Nodes.
    pub nodes: u32,
    /// Tokens in flight.
    pub tokens: u32,
    /// Deliveries of each token.
    pub hops: u32,
}

impl Ring {
    /// Deliveries of all tokens.
    pub const fn deliveries(&self) -> u64 {
        self.tokens as u64 * self.hops as u64
    }

    /// The tokens that start at `node`.
    pub fn tokens_of(self, node: u32) -> impl Iterator<Item = Token> {
        let left = self.hops;
        (0..self.tokens)
            .filter(move |number| number % self.nodes == node)
            .map(move |number| Token { number, left })
    }

    /// Who comes after `node`.
    pub const fn next(&self, node: u32) -> u32 {
        (node + 1) % self.nodes
    }
}

/// What travels.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Which it is.
    pub number: u32,
    /// Deliveries still to be made.
    pub left: u32,
}

/// Bytes of a token.
pub const TOKEN_BYTES: usize = 8;

impl Token {
    /// As bytes, by hand: faster than any codec.
    pub fn to_bytes(self) -> [u8; TOKEN_BYTES] {
        (u64::from(self.number) << 32 | u64::from(self.left)).to_le_bytes()
    }

    /// From bytes.
    pub fn from_bytes(bytes: [u8; TOKEN_BYTES]) -> Self {
        let both = u64::from_le_bytes(bytes);
        Self { number: (both >> 32) as u32, left: both as u32 }
    }
}

/// What all nodes have seen. One thread writes it; it is atomic because madsim's tasks are `Send`.
#[derive(Debug, Default)]
pub struct Seen {
    deliveries: AtomicU64,
    left_sum: AtomicU64,
}

impl Seen {
    /// A token was delivered; returns what goes on.
    pub fn pass(&self, token: Token) -> Option<Token> {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        self.left_sum.fetch_add(u64::from(token.left), Ordering::Relaxed);
        (token.left > 1).then(|| Token { left: token.left - 1, ..token })
    }

    /// Deliveries so far.
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// Whether each token was delivered at each of its hops.
    pub fn is_all_of(&self, ring: Ring) -> bool {
        let hops = u64::from(ring.hops);
        let left_sum = u64::from(ring.tokens) * (hops * (hops + 1) / 2);
        (self.deliveries(), self.left_sum.load(Ordering::Relaxed)) == (ring.deliveries(), left_sum)
    }
}

/// Reads the arguments, runs `style` of the ring, prints what it took.
pub fn contend(styles: &[&str], run: impl FnOnce(Ring, &str) -> Result<u64, String>) -> ExitCode {
    let told = arguments(styles).and_then(|(ring, style)| {
        let before = cpu_nanos();
        let deliveries = run(ring, &style)?;
        Ok((deliveries, cpu_nanos() - before))
    });
    match told {
        Ok((deliveries, cpu_nanos)) => {
            println!("{{\"deliveries\":{deliveries},\"cpu_nanos\":{cpu_nanos}}}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(styles: &[&str]) -> Result<(Ring, String), String> {
    let mut ring = Ring { nodes: 3, tokens: 3, hops: 1000 };
    let mut style = styles[0].to_owned();
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} wants a value"))?;
        let number = || value.parse::<u32>().ok().filter(|number| *number > 0);
        let number = || number().ok_or_else(|| format!("{name} {value}: not a number from 1"));
        match &*name {
            "--nodes" => ring.nodes = number()?,
            "--tokens" => ring.tokens = number()?,
            "--hops" => ring.hops = number()?,
            "--style" if styles.contains(&&*value) => style = value,
            "--style" => return Err(format!("there are the styles {}", styles.join(", "))),
            _ => return Err(format!("{name} is unknown")),
        }
    }
    Ok((ring, style))
}

fn cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).expect("CPU time is not negative")
}
