//! Programs that run a token ring on other simulators: `benches/peers`.
//!
//! A program takes `--nodes N --tokens T --hops H`, runs that ring once, and prints one line of
//! JSON: a [`Told`].
//!
//! It doesn't know how they are built; `benches/beside_peers.sh` does.

use std::path::{Path, PathBuf};
use std::process::Command;

use archipelago_benches::rounds::{Contender, Failed, Took};
use serde::Deserialize;

use super::ring::Size;

/// Name, program, style. A stream glues tokens to lumps: see `benches/README.md`.
const PEERS: [(&str, &str, &str); 4] = [
    ("madsim", "madsim", "raw"),
    ("turmoil", "turmoil", "udp"),
    ("madsim-stream", "madsim", "tcp"),
    ("turmoil-stream", "turmoil", "tcp"),
];

/// A run that would take more CPU time makes fewer hops.
const CPU_NANOS_MAX: u64 = 10_000_000_000;

/// What a program says of one run.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Told {
    /// Deliveries that the nodes counted.
    deliveries: u64,
    /// CPU time of the run, in nanoseconds.
    cpu_nanos: u64,
}

/// A peer.
struct Peer {
    program: PathBuf,
    style: &'static str,
}

/// All peers in `folder`, on the ring of `size`.
///
/// # Errors
/// One that cannot run.
pub(super) fn contenders<'a>(folder: &Path, size: Size) -> Result<Vec<Contender<'a>>, Failed> {
    let contender = |(name, program, style): &(&'static str, &str, &'static str)| {
        let peer = Peer { program: folder.join(program), style };
        let size = peer.bearable(size).map_err(|why| format!("{name}: {why}"))?;
        Ok(Contender::new(*name, move || {
            let told = peer.once(size)?;
            let Told { deliveries: count, cpu_nanos } = told;
            Ok(Took { count, nanos: cpu_nanos, cpu_nanos })
        }))
    };
    PEERS.iter().map(contender).collect()
}

impl Peer {
    /// The size that keeps a run below the limit, as a short run foretells.
    fn bearable(&self, size: Size) -> Result<Size, Failed> {
        let hops = size.hops.div_ceil(100);
        let told = self.once(Size { hops, ..size })?;
        let most = u64::from(hops).saturating_mul(CPU_NANOS_MAX) / told.cpu_nanos.max(1);
        let most = u32::try_from(most).unwrap_or(u32::MAX).max(hops);
        Ok(Size { hops: size.hops.min(most), ..size })
    }

    fn once(&self, size: Size) -> Result<Told, Failed> {
        let ring = [("--nodes", size.nodes), ("--tokens", size.tokens), ("--hops", size.hops)];
        let mut command = Command::new(&self.program);
        command.args(["--style", self.style]);
        for (name, value) in ring {
            command.arg(name).arg(value.to_string());
        }
        let output = command.output();
        let output = output.map_err(|error| format!("{}: {error}", self.program.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("it ended with {}: {}", output.status, said.trim()).into());
        }
        let told: Told = serde_json::from_slice(&output.stdout)?;
        match told.deliveries == size.deliveries() {
            true => Ok(told),
            false => Err(format!("{} of {} deliveries", told.deliveries, size.deliveries()).into()),
        }
    }
}
