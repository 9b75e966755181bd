//! The kernel of Archipelago: **an island decides one command at a time and says what shall
//! happen; one input makes one record; nothing leaves before its record is durable.**
//!
//! Values go in, values come out: no threads, files, sockets, clock or entropy. The runtime
//! (`archipelago`) drives it with threads and files; a simulator can drive it with fakes.
//!
//! What it is not: something to embed. An application implements [`island::Island`] and opens it
//! with `archipelago::builder`. Who writes a driver needs [`island::Kernel`] and this loop:
//!
//! ```text
//! start (from an image)                           once
//! ask / receive / tick                            inputs, one at a time
//! seal ─▶ journal the block ─▶ durable            then what it caused may leave
//! drain ─▶ carry frames, hand over answers,       after each batch of inputs
//!          read again from the journal ─▶ refill
//! ```
//!
//! The folders read as the way of a command:
//! [`command`] → [`island`] → [`journal`] → [`link`] → [`replay`].
#![forbid(unsafe_code)]

pub mod bytes;
pub mod codec;
pub mod command;
pub mod dense;
pub mod id;
pub mod island;
pub mod journal;
pub mod kind;
pub mod link;
pub mod lookup;
pub mod replay;
pub mod time;
