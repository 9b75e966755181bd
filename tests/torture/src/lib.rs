//! What the torture and the fuzzer share: chance, what journals hold, and the decoders to feed.

#![forbid(unsafe_code)]

pub mod chance;
pub mod content;
pub mod targets;
