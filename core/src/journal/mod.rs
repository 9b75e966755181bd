//! **Journal**: the third station. One input makes one record; records make blocks.
//!
//! Rules:
//! 1. A record = the input, its events, its sends with their link numbers, its replies, its timers
//!    and its stamp. It is applied whole or not at all.
//! 2. Restore reads events and steps over the rest by length; verify and what-if read the input.
//!
//! It doesn't know files, nor what the bytes of a command or an event mean.

pub mod frame;
pub mod record;
