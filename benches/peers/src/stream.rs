//! One node between two byte streams: what has arrived is taken at once, and passed on with one
//! write. That is the fastest way for simulators that charge for each read and write.
//!
//! It doesn't know whose streams they are.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::{Seen, TOKEN_BYTES, Token};

/// Passes tokens on until the stream ends; `going` are those that start here.
///
/// # Errors
/// The streams'.
pub async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut out: impl AsyncWrite + Unpin,
    mut going: Vec<u8>,
    seen: &Seen,
) -> io::Result<()> {
    let mut come = Vec::with_capacity(64 * 1024);
    loop {
        if !going.is_empty() {
            out.write_all(&going).await?;
            out.flush().await?;
            going.clear();
        }
        if from.read_buf(&mut come).await? == 0 {
            return Ok(());
        }
        take_what_is_there(&mut from, &mut come).await?;
        let (tokens, _) = come.as_chunks::<TOKEN_BYTES>();
        for token in tokens {
            if let Some(token) = seen.pass(Token::from_bytes(*token)) {
                going.extend_from_slice(&token.to_bytes());
            }
        }
        let whole = come.len() / TOKEN_BYTES * TOKEN_BYTES;
        come.drain(..whole);
    }
}

/// Reads what has arrived already, without waiting.
async fn take_what_is_there(
    from: &mut (impl AsyncRead + Unpin),
    come: &mut Vec<u8>,
) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let read = poll_fn(|context| {
            let mut buffer = ReadBuf::new(&mut bytes);
            Poll::Ready(match Pin::new(&mut *from).poll_read(context, &mut buffer) {
                Poll::Ready(read) => read.map(|()| buffer.filled().len()),
                Poll::Pending => Ok(0),
            })
        });
        match read.await? {
            0 => return Ok(()),
            count => come.extend_from_slice(&bytes[..count]),
        }
    }
}
