//! Tests of the stock on a small net: random interleavings, checked at every step.

mod net;
mod scenarios;
mod serial;
mod split;
