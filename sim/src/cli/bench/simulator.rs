//! What the simulator costs: deliveries on a token ring, and idle time.
//!
//! Rules:
//! 1. Told in CPU time: worlds have one thread. The bare loop passes the same tokens round a ring
//!    of counters, with a queue between them and nothing else.
//!
//! It doesn't know how a world runs.

use std::collections::VecDeque;
use std::path::Path;

use archipelago_benches::rounds::{Clock, Contender, Failed, Took};
use archipelago_benches::session::Session;
use archipelago_benches::table::grouped;

use super::idle::{self, Idle};
use super::peers;
use super::ring::{self, Size};

/// Rings, by nodes; and those of a short run.
const NODES: [&[u32]; 2] = [&[3, 8, 50, 1000], &[3, 8]];
/// Tokens in flight, for each node.
const TOKENS_PER_NODE: [u32; 2] = [1, 8];
/// Deliveries of all tokens in a short run.
const SHORT: u32 = 20_000;
/// Deliveries of all tokens, and at least so many for each node, so that a ring of a thousand is
/// not measured while it starts.
const DELIVERIES: (u32, u32) = (400_000, 4_000);

/// Rings and idle warehouses; rings beside peers, if the folder with their programs is given.
///
/// # Errors
/// The first run that failed.
pub(super) fn simulator(session: &mut Session<'_>, others: Option<&Path>) -> Result<(), Failed> {
    let short = session.effort.short;
    for per_node in TOKENS_PER_NODE {
        for &nodes in NODES[usize::from(short)] {
            let tokens = nodes * per_node;
            let (deliveries, each) = DELIVERIES;
            let deliveries = if short { SHORT } else { deliveries.max(each * nodes) };
            let size = Size { nodes, tokens, hops: deliveries.div_ceil(tokens) };
            let mut contenders = vec![bare(size), ours(size)];
            if let Some(folder) = others {
                contenders.extend(peers::contenders(folder, size)?);
            }
            let title = format!(
                "Token ring: {} nodes, {} tokens",
                grouped(nodes.into()),
                grouped(tokens.into())
            );
            session.hold_by(Clock::Cpu, title, "deliveries", contenders)?;
        }
    }
    warehouses(session)
}

fn bare<'a>(size: Size) -> Contender<'a> {
    Contender::new("bare loop over a queue", move || {
        let (counted, took) = Took::time(size.deliveries(), || {
            let mut nodes = vec![(0_u64, 0_u64); size.nodes as usize];
            let launched = (0..size.tokens).map(|token| (token % size.nodes, size.hops));
            let mut queue: VecDeque<(u32, u32)> = launched.collect();
            while let Some((at, left)) = queue.pop_front() {
                let (passed, sum) = &mut nodes[at as usize];
                *passed += 1;
                *sum += u64::from(left);
                if left > 1 {
                    queue.push_back(((at + 1) % size.nodes, left - 1));
                }
            }
            nodes.iter().map(|(passed, _)| passed).sum::<u64>()
        });
        match counted == size.deliveries() {
            true => Ok(took),
            false => Err(format!("{counted} deliveries").into()),
        }
    })
}

fn ours<'a>(size: Size) -> Contender<'a> {
    let mut seed = 0;
    Contender::new("archipelago, journal and checks on", move || {
        seed += 1;
        let (figures, took) = Took::time(size.deliveries(), || ring::run(size, seed));
        match figures?.messages {
            messages if messages == size.deliveries() => Ok(took),
            messages => Err(format!("{messages} messages").into()),
        }
    })
}

/// How much faster than real time a warehouse of 8 islands passes.
fn warehouses(session: &mut Session<'_>) -> Result<(), Failed> {
    session.say("Warehouse, 8 islands, virtual seconds per CPU second\n")?;
    session.say(&format!("{:>8} {:>16} {:>16}", "faults", "a command every", "median"))?;
    let (short, rounds) = (session.effort.short, session.effort.rounds());
    // A swarm goes on crashing while nobody asks, so its idle seconds cost CPU time.
    for (preset, virtual_seconds) in [("calm", 10_000), ("swarm", 300)] {
        for command_every_us in [1_000, 100_000, 1_000_000, 10_000_000] {
            let virtual_seconds = if short { virtual_seconds / 10 } else { virtual_seconds };
            let commands = (virtual_seconds * 1_000_000 / command_every_us).clamp(5, 2_000);
            let idle = Idle { islands: 8, commands, command_every_us };
            let factor = idle::factor(idle, preset.parse()?, rounds)?;
            let every = format!("{} ms", grouped(command_every_us / 1000));
            session.say(&format!("{preset:>8} {every:>16} {:>16}", grouped(factor)))?;
        }
    }
    session.say("")
}
