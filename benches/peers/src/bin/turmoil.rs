//! The ring on turmoil, as one would write it for speed.
//!
//! Rules:
//! 1. A tick moves each message by at most one hop, whatever its length, and costs something for
//!    each host and each pair of hosts. So the least latency is the fastest: at most one tick.
//! 2. Style `tcp`: one connection to the next node; what has arrived is taken at once and passed on
//!    with one write. Style `udp`: a datagram a token.
//! 3. Buffers hold all tokens, so nothing is lost.
//!
//! It doesn't know what others do.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use archipelago_bench_peers::stream::pass_on;
use archipelago_bench_peers::{Ring, Seen, TOKEN_BYTES, Token, contend};
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

const PORT: u16 = 4000;

fn main() -> ExitCode {
    contend(&["tcp", "udp"], run)
}

fn run(ring: Ring, style: &str) -> Result<u64, String> {
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .simulation_duration(Duration::MAX)
        .min_message_latency(Duration::ZERO)
        .max_message_latency(Duration::from_millis(1))
        .tcp_capacity(ring.tokens as usize + 16)
        .udp_capacity(ring.tokens as usize + 16)
        .build();
    let seen = Rc::new(Seen::default());
    for node in 0..ring.nodes {
        let seen = Rc::clone(&seen);
        match style {
            "tcp" => sim.host(name(node), move || tcp(ring, node, Rc::clone(&seen))),
            _ => sim.host(name(node), move || udp(ring, node, Rc::clone(&seen))),
        }
    }
    while seen.deliveries() < ring.deliveries() {
        sim.step().map_err(|error| error.to_string())?;
    }
    match seen.is_all_of(ring) {
        true => Ok(seen.deliveries()),
        false => Err("a token was delivered twice".to_owned()),
    }
}

fn name(node: u32) -> String {
    format!("node{node}")
}

async fn udp(ring: Ring, node: u32, seen: Rc<Seen>) -> turmoil::Result {
    let socket = UdpSocket::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), PORT)).await?;
    let next = (turmoil::lookup(name(ring.next(node))), PORT);
    // Let all bind first: a datagram to a port that is not bound is lost.
    tokio::time::sleep(Duration::from_millis(2)).await;
    for token in ring.tokens_of(node) {
        socket.send_to(&token.to_bytes(), next).await?;
    }
    let mut bytes = [0; TOKEN_BYTES];
    loop {
        socket.recv_from(&mut bytes).await?;
        if let Some(token) = seen.pass(Token::from_bytes(bytes)) {
            socket.send_to(&token.to_bytes(), next).await?;
        }
    }
}

async fn tcp(ring: Ring, node: u32, seen: Rc<Seen>) -> turmoil::Result {
    let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), PORT)).await?;
    // Let all bind first.
    tokio::time::sleep(Duration::from_millis(2)).await;
    // A connection is made when it is accepted, so a ring must do both at once.
    let out = TcpStream::connect((turmoil::lookup(name(ring.next(node))), PORT));
    let (out, (from, _)) = tokio::try_join!(out, listener.accept())?;
    let going = ring.tokens_of(node).flat_map(Token::to_bytes).collect();
    Ok(pass_on(from, out, going, &seen).await?)
}
