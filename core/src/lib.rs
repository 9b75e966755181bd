//! The kernel of Archipelago: **an island decides one command at a time and says what shall
//! happen; one input makes one record; nothing leaves before its record is durable.**
//!
//! Values go in, values come out: no threads, files, sockets, clock or entropy. The runtime
//! (`archipelago`) drives it with threads and files, the simulator with fakes.
//!
//! The folders read as the way of a command: [`command`] → [`island`] → journal → link → replay.
#![forbid(unsafe_code)]

pub mod codec;
pub mod command;
pub mod id;
pub mod island;
pub mod journal;
pub mod lookup;
pub mod time;
