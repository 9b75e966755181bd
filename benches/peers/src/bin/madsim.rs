//! The ring on madsim, as one would write it for speed.
//!
//! Rules:
//! 1. Style `raw`: typed values over an `Endpoint`, without a codec; madsim keeps that for those
//!    who simulate other libraries on it. Style `bytes`: `send_to` and `recv_from`, for
//!    applications.
//!    Style `tcp`: one connection to the next node.
//! 2. The network's latency is madsim's default, 1 to 10 ms: virtual time costs nothing here.
//!
//! It doesn't know what others do.

#[cfg(not(madsim))]
compile_error!("build this inside benches/peers: madsim wants --cfg madsim");

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use archipelago_bench_peers::stream::pass_on;
use archipelago_bench_peers::{Ring, Seen, TOKEN_BYTES, Token, contend};
use madsim::net::{Endpoint, TcpListener, TcpStream};
use madsim::runtime::Runtime;

const TAG: u64 = 1;
const PORT: u16 = 4000;

fn main() -> ExitCode {
    contend(&["raw", "bytes", "tcp"], run)
}

fn run(ring: Ring, style: &str) -> Result<u64, String> {
    let runtime = Runtime::with_seed_and_config(1, madsim::Config::default());
    let seen = Arc::new(Seen::default());
    for node in 0..ring.nodes {
        let handle = runtime.create_node().ip(address(node).ip()).build();
        let seen = Arc::clone(&seen);
        match style {
            "raw" => drop(handle.spawn(raw(ring, node, seen))),
            "bytes" => drop(handle.spawn(bytes(ring, node, seen))),
            _ => drop(handle.spawn(tcp(ring, node, seen))),
        }
    }
    runtime.block_on(async {
        while seen.deliveries() < ring.deliveries() {
            madsim::time::sleep(Duration::from_millis(5)).await;
        }
    });
    match seen.is_all_of(ring) {
        true => Ok(seen.deliveries()),
        false => Err("a token was delivered twice".to_owned()),
    }
}

fn address(node: u32) -> SocketAddr {
    (Ipv4Addr::from(0x0a00_0001 + node), PORT).into()
}

/// Lets all nodes bind before the first message.
async fn all_bind() {
    madsim::time::sleep(Duration::from_millis(2)).await;
}

async fn raw(ring: Ring, node: u32, seen: Arc<Seen>) -> io::Result<()> {
    let (endpoint, next) = (Endpoint::bind(address(node)).await?, address(ring.next(node)));
    all_bind().await;
    for token in ring.tokens_of(node) {
        endpoint.send_to_raw(next, TAG, Box::new(token)).await?;
    }
    loop {
        let (token, _) = endpoint.recv_from_raw(TAG).await?;
        let token = *token.downcast::<Token>().expect("only tokens are sent");
        if let Some(token) = seen.pass(token) {
            endpoint.send_to_raw(next, TAG, Box::new(token)).await?;
        }
    }
}

async fn bytes(ring: Ring, node: u32, seen: Arc<Seen>) -> io::Result<()> {
    let (endpoint, next) = (Endpoint::bind(address(node)).await?, address(ring.next(node)));
    all_bind().await;
    for token in ring.tokens_of(node) {
        endpoint.send_to(next, TAG, &token.to_bytes()).await?;
    }
    let mut bytes = [0; TOKEN_BYTES];
    loop {
        endpoint.recv_from(TAG, &mut bytes).await?;
        if let Some(token) = seen.pass(Token::from_bytes(bytes)) {
            endpoint.send_to(next, TAG, &token.to_bytes()).await?;
        }
    }
}

async fn tcp(ring: Ring, node: u32, seen: Arc<Seen>) -> io::Result<()> {
    let listener = TcpListener::bind(address(node)).await?;
    all_bind().await;
    let out = TcpStream::connect(address(ring.next(node))).await?;
    let (from, _) = listener.accept().await?;
    let going = ring.tokens_of(node).flat_map(Token::to_bytes).collect();
    pass_on(from, out, going, &seen).await
}
