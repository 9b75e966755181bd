//! **Command**: the first station. A key becomes a slot, a slot an island; a client's request is
//! decided once.
//!
//! Rules:
//! 1. key → murmur3_x86_32 (seed 0) → slot (its low 12 bits, fixed for ever) → island, by a table.
//! 2. A command is routed once, at the edge; replay never hashes.
//! 3. (client, number) is decided once; its first reply is kept until the client says it has it.
//!
//! It doesn't know what a command means, nor how it travelled.

pub mod dedup;
mod kept;
pub mod route;
mod session;
